"""`itable firmware`: the program for the device, and what proves it whole."""

from pathlib import Path
from typing import Annotated

import typer

from itable.options import Json, Port
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
    """Write the manifest of single firmware files, without which the table starts no motion.

    `itable deploy` needs none: this is for a device with a big flash that is filled by hand.
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


@app.command()
def show(port: Port = None, json: Json = False) -> None:
    """Say which firmware runs, from which slot and since when, and what was before it."""
    from itable.link import ports

    with ports.connect(port) as client:
        firmware = client.get_firmware()
    if json:
        print_json({"port": client.name, **firmware.model_dump()})
        return
    from itable.screen.deploy import firmware_lines

    out().print(firmware_lines(firmware))


@app.command()
def rollback(port: Port = None, json: Json = False) -> None:
    """Start the firmware before the present one again; in SERVICE, as a deployment.

    It has to prove itself like a new one; if it does not, the present one comes back.
    """
    from itable.deploy.steps import SerialPlace, go_back
    from itable.link import ports
    from itable.screen.deploy import outcome_lines, told

    place = SerialPlace(ports.choose(port))
    with told(quiet=json) as teller:
        outcome = go_back(place, teller)
    if json:
        print_json(outcome.to_dict())
        return
    out().print(outcome_lines(outcome))
