"""The options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from itable import complete

Port = Annotated[
    str | None,
    typer.Option(
        "--port",
        "-p",
        envvar="ITABLE_PORT",
        show_envvar=True,
        metavar="PORT",
        help="The table's serial port; found by itself when there is only one table.",
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="ITABLE_STORE",
        show_envvar=True,
        metavar="FILE|URL",
        help="Where sessions are kept: a SQLite file, or a postgresql:// URL; else the user's own.",
    ),
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key",
        envvar="ITABLE_KEY",
        show_envvar=True,
        metavar="FILE",
        help="The file of the clinic's key (`itable lock new-key`).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
PlanPath = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A plan in TOML.", autocompletion=complete.plan_files),
]
