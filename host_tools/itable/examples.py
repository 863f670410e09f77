"""An example or more of each command, for its help; a test runs every one through the parser."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "plan check": ("itable plan check monday.toml", "itable plan check monday.toml --port COM3"),
    "plan preview": ("itable plan preview monday.toml --png monday.png",),
    "plan upload": ("itable plan upload monday.toml",),
    "plan templates": ("itable plan templates",),
    "plan new": (
        "itable plan new --template beginner --out monday.toml",
        "itable plan new -t kim-2013-60deg --set tilt_deg=45 --set name=Kim-45 -o kim.toml",
    ),
    "plan set": (
        "itable plan set monday.toml tilt_deg=25",
        "itable plan set monday.toml return.rest_s=90 set.1.hold_min=2",
    ),
    "plan diff": ("itable plan diff monday.toml friday.toml",),
    "plan schema": ("itable plan schema --out plan.schema.json",),
    "log list": ("itable log list",),
    "log pull": ("itable log pull", "itable log pull 12", "itable log pull --all"),
    "log show": ("itable log show 12",),
    "log plot": ("itable log plot 12 --out session.png",),
    "log export": ("itable log export 12 --csv session.csv",),
    "settings show": ("itable settings show",),
    "firmware manifest": ("itable firmware manifest firmware",),
    "config show": ("itable config show",),
    "config set": ("itable config set port=/dev/ttyACM0",),
    "config unset": ("itable config unset port",),
    "status": ("itable status --watch", "itable status --json"),
    "calibrate": ("itable calibrate", "itable calibrate --six"),
    "sim": ("itable sim", "itable sim --realtime"),
    "demo": ("itable demo --out demo", "itable demo --plan monday.toml --rider-kg 65"),
}


def epilog(command: str) -> str | None:
    """The examples of a command as the end of its help; None when it has none."""
    lines = EXAMPLES.get(command)
    if lines is None:
        return None
    return "Examples:\n\n" + "\n\n".join(f"`{line}`" for line in lines)
