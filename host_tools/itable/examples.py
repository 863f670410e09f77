"""An example or more of each command, for its help; a test runs every one through the parser."""

FIRST = {
    "itable demo": "a whole session on a virtual table",
    "itable plan new --template beginner --out monday.toml": "a plan",
    "itable plan upload monday.toml --patient P-017": "the plan on the table",
    "itable log pull --patient P-017": "what was done, from the table",
    "itable report P-017": "one page about it",
}
"""What somebody new may try, and what comes of it."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "plan check": ("itable plan check monday.toml", "itable plan check monday.toml --port COM3"),
    "plan preview": ("itable plan preview monday.toml --out monday.png",),
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
    "log list": (
        "itable log list",
        "itable log list --patient P-017 --since 2026-11-01",
        "itable log list --how shortened --how fault --last 20",
    ),
    "log import": ("itable log import session-00012.itlog --device e661",),
    "log pull": ("itable log pull", "itable log pull 12", "itable log pull --all"),
    "log show": ("itable log show 12",),
    "log plot": ("itable log plot 12 --out session.png", "itable log plot 12 --out session.svg"),
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
    "export": (
        "itable export sessions.parquet",
        "itable export november.csv --since 2026-11-01 --until 2026-11-30",
    ),
    "settings show": ("itable settings show",),
    "settings set": (
        "itable settings set tilt_max 45",
        "itable settings set head_down_max=4min rate_max=2.5",
    ),
    "settings reset": ("itable settings reset",),
    "time show": ("itable time show",),
    "time sync": ("itable time sync", "itable time sync --json"),
    "deploy": ("itable deploy", "itable deploy --check", "itable deploy --from inversion_table"),
    "firmware show": ("itable firmware show",),
    "firmware crash": ("itable firmware crash", "itable firmware crash printed.txt"),
    "firmware rollback": ("itable firmware rollback",),
    "firmware manifest": ("itable firmware manifest firmware",),
    "config show": ("itable config show",),
    "config set": ("itable config set port=/dev/ttyACM0",),
    "config unset": ("itable config unset port",),
    "status": ("itable status --watch", "itable status --json"),
    "doctor": ("itable doctor", "itable doctor --json"),
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


def epilog_of_group(group: str) -> str:
    """The first example of each of a group's commands, as the end of the group's help."""
    lines = [lines[0] for path, lines in EXAMPLES.items() if path.rpartition(" ")[0] == group]
    return "Examples:\n\n" + "\n".join(f"- `{line}`" for line in lines)
