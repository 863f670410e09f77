"""An example or more of each command, for its help; a test runs every one through the parser."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "plan check": ("itable plan check monday.toml", "itable plan check monday.toml --port COM3"),
    "plan preview": ("itable plan preview monday.toml --png monday.png",),
    "plan upload": (
        "itable plan upload monday.toml",
        "itable plan upload monday.toml --key clinic.key",
    ),
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
    "log import": ("itable log import session-00012.itlog --device e661",),
    "log pull": ("itable log pull", "itable log pull 12", "itable log pull --all"),
    "log show": ("itable log show 12",),
    "log plot": ("itable log plot 12 --out session.png",),
    "log export": ("itable log export 12 --csv session.csv",),
    "lock new-key": ("itable lock new-key clinic.key",),
    "lock set": ("itable lock set --key clinic.key",),
    "lock status": ("itable lock status",),
    "screen": (
        "itable screen P-017",
        "itable screen P-017 --answers answers.toml",
        'itable screen P-017 --approve --by "Dr. M. Okafor" --reason "treated, 125/80 today"',
    ),
    "patients": ("itable patients", "itable patients P-017"),
    "programme new": ("itable programme new P-017",),
    "programme show": ("itable programme show P-017",),
    "programme next": ("itable programme next P-017",),
    "programme feedback": ("itable programme feedback P-017 bad",),
    "programme end": ("itable programme end P-017",),
    "outcome": ("itable outcome 12 --pain-before 4 --pain-after 2",),
    "report": ("itable report P-017 --out report.html", "itable report 12 --pdf session.pdf"),
    "export": ("itable export sessions.parquet",),
    "settings show": ("itable settings show",),
    "deploy": ("itable deploy", "itable deploy --check", "itable deploy --from inversion_table"),
    "firmware show": ("itable firmware show",),
    "firmware rollback": ("itable firmware rollback",),
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
