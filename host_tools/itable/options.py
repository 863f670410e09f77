"""The options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
PlanPath = Annotated[Path, typer.Argument(metavar="FILE", help="A plan in TOML.")]
