"""`itable firmware`: the program for the device, and what proves it whole."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from itable.options import Json, Port
from itable.output import out, print_json

STDIN = "-"

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
def crash(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="What the table printed; - for what is piped or pasted (default: ask the table).",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help="The folder inversion_table that it was built from (default: this itable's).",
        ),
    ] = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Say what the names in a crash of the firmware mean.

    On a Pico the program's names are short. Those of the sources are found by making it small
    again, which takes some seconds, and are right if it was made from the same sources.
    """
    from itable.care import crash as crashes
    from itable.firmware import package_folder, version_in
    from itable.screen.crash import crash_lines, nothing_lines, source_lines

    source = _source(folder or package_folder())
    firmware = None
    if file is None:
        from itable.link import ports

        with ports.connect(port) as client:
            firmware, found = crashes.kept(client)
    else:
        found = [crashes.given(*_text(file))]
    told: list[tuple[crashes.Crash, str]] = []
    build = ""
    short = any(each.short for each in found)
    if short:
        with nullcontext() if json else out().status("making the program small again ..."):
            names = crashes.names_of(source)
            build = crashes.build_of(source, firmware.mpy) if firmware is not None else ""
            told = [(each, crashes.readable(each.text, names)) for each in found if each.short]
    told += [(each, each.text) for each in found if not each.short]
    version = version_in(source)
    if json:
        print_json(
            {
                "names_of": {"version": version, "build": build, "folder": str(source)},
                "table": firmware.model_dump() if firmware is not None else None,
                "crashes": [{**vars(each), "readable": text} for each, text in told],
            }
        )
        return
    if not told and firmware is not None:
        out().print(nothing_lines(firmware))
        return
    for each, text in told:
        out().print(crash_lines(each, text))
    if short:
        builds = {each.build for each in found if each.short}
        out().print(source_lines(version, build, str(source), builds))


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


def _source(folder: Path | None) -> Path:
    from itable.errors import InputError

    if folder is None or not (folder / "startup.py").is_file():
        raise InputError(
            "there are no firmware files",
            where=str(folder or "this installation"),
            next_step="name the folder inversion_table of the firmware: --from FOLDER",
        )
    return folder


def _text(file: Path) -> tuple[str, str]:
    """(what is in the file, or comes in; where it is from)."""
    from itable.errors import InputError

    if str(file) == STDIN:
        if sys.stdin.isatty():
            typer.echo("Paste what the table printed, then Ctrl-D on a line of its own.", err=True)
        return sys.stdin.buffer.read().decode("utf-8", "replace"), "what came in"
    try:
        return file.read_bytes().decode("utf-8", "replace"), str(file)
    except OSError as error:
        raise InputError(
            f"cannot read: {error.strerror or error}",
            where=str(file),
            next_step="name a file with what the table printed, or - and paste it",
        ) from error
