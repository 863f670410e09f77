"""`itable firmware`: the program for the device, and what proves it whole."""

from pathlib import Path
from typing import Annotated

import typer

from itable.options import Json
from itable.output import out, print_json

app = typer.Typer(help="The program for the device.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The program for the device."""


@app.command()
def manifest(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="The folder inversion_table as it is copied (default: the one of this itable).",
        ),
    ] = None,
    to: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write it.")
    ] = Path("firmware.manifest"),
    json: Json = False,
) -> None:
    """Write the manifest of the firmware's files, without which the table starts no motion.

    Copy it beside the program: mpremote cp firmware.manifest :
    """
    from itable.errors import InputError
    from itable.files import write_whole
    from itable.firmware import manifest_of, package_files, package_folder

    place = folder or package_folder()
    files = package_files(place) if place is not None and place.is_dir() else []
    if place is None or not files:
        raise InputError(
            "there are no firmware files",
            where=str(place or "this installation"),
            next_step="name the folder inversion_table of the firmware",
        )
    write_whole(to, manifest_of(place))
    if json:
        print_json({"manifest": str(to), "files": len(files)})
        return
    out().print(f"{to}: {len(files)} files. Copy it to the device's root: mpremote cp {to} :")
