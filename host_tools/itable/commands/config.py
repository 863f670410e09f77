"""`itable config`: what is set once for this computer."""

from typing import Annotated

import typer

from itable import config
from itable.errors import InputError
from itable.options import Json
from itable.output import out, print_json

app = typer.Typer(help="Settings of itable itself, on this computer.", no_args_is_help=True)

_Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The setting.", autocompletion=lambda: list(config.SETTINGS)
    ),
]


@app.command()
def show(json: Json = False) -> None:
    """Show each setting, and the file that they are in."""
    values = config.load()
    if json:
        print_json({"file": str(config.path()), "settings": values})
        return
    for name, meaning in config.SETTINGS.items():
        value = values.get(name)
        out().print(f"{name}: {'not set' if value is None else value}", markup=False)
        out().print(f"  {meaning}", style="bright_black", markup=False)
    out().print(f"file: {config.path()}", soft_wrap=True, markup=False)


@app.command("set")
def set_value(
    assignment: Annotated[
        str,
        typer.Argument(
            metavar="NAME=VALUE",
            help="The setting and its value.",
            autocompletion=lambda: [f"{name}=" for name in config.SETTINGS],
        ),
    ],
    json: Json = False,
) -> None:
    """Set a setting; comments in the file stay."""
    name, equals, value = assignment.partition("=")
    if not equals or not value:
        raise InputError(
            f"'{assignment}' is no assignment", next_step="write it as port=/dev/ttyACM0"
        )
    config.changed(name, value)
    show(json=json)


@app.command()
def unset(name: _Name, json: Json = False) -> None:
    """Take a setting out."""
    config.changed(name, None)
    show(json=json)
