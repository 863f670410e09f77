"""`itable deploy`: put the firmware on a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable.options import Json, Port
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.deploy.steps import Place


def deploy(
    port: Port = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help="The folder inversion_table to put on (default: the one of this itable).",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what would change, and change nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Copy it even if the table has it already.")
    ] = False,
    json: Json = False,
) -> None:
    """Compile the firmware and put it on the table, which proves it or goes back by itself.

    The table asks for a gesture first: at home, nobody on it, hold START and PAUSE for five
    seconds. A new Pico with nothing but MicroPython on it needs none.
    """
    from itable.deploy.steps import SerialPlace
    from itable.deploy.steps import deploy as put
    from itable.firmware import source_folder
    from itable.link import ports
    from itable.screen.deploy import told

    source = source_folder(folder)
    place = SerialPlace(ports.choose(port))
    if check:
        _check(place, source, as_json=json)
        return
    from itable.deploy.pack import make

    with told(quiet=json) as teller:
        outcome = put(place, lambda mpy: make(source, mpy, teller.progress), teller, again=again)
    if json:
        print_json(outcome.to_dict())
        return
    from itable.screen.deploy import outcome_lines

    out().print(outcome_lines(outcome))


def _check(place: "Place", source: Path, *, as_json: bool) -> None:
    """What a deployment would change; a table that runs is only asked."""
    from itable.deploy.pack import make
    from itable.deploy.steps import look

    firmware, files = look(place)
    if files is not None:
        pack = make(source, files.mpy)
        record = files.record
        slot = record["use"] if record is not None else ""
        same = bool(slot) and files.holds(slot, pack.content)
        state = "in SERVICE, or without firmware"
    elif firmware is not None:
        pack = make(source, firmware.mpy)
        slot, same = firmware.slot, firmware.build == pack.build
        state = f"runs {firmware.version}, build {firmware.build or 'not known'}"
    else:
        if as_json:
            print_json({"port": place.name, "changes": True, "runs": "another contract"})
            return
        out().print("the table runs a firmware of another contract: a deployment would replace it")
        return
    if as_json:
        print_json(
            {
                "port": place.name,
                "changes": not same,
                "slot": slot,
                "build": pack.build,
                "version": pack.version,
                "bytes": len(pack.content),
            }
        )
        return
    out().print(f"the table {state}, slot {slot or '–'}", soft_wrap=True)
    if same:
        out().print(f"it has {pack.version}, build {pack.build} already: nothing would change")
        return
    out().print(
        f"a deployment would copy {pack.version}, build {pack.build}"
        f" ({len(pack.content) // 1024} KB for {pack.march}); nothing was written",
        soft_wrap=True,
    )
