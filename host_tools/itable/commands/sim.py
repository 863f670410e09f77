"""`itable sim`: a virtual table that keeps running, for every other command to work on."""

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable.options import Json
from itable.output import out, print_json

if TYPE_CHECKING:
    from table_bench.virtual import VirtualTable

_LOOK_S = 0.1


def sim(
    realtime: Annotated[
        bool, typer.Option("--realtime", help="As slow as a real table; the same as --speed 1.")
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0, help="Times the wall clock; 0 = as fast as possible.")
    ] = 10.0,
    rider_kg: Annotated[float, typer.Option("--rider-kg", help="Who lies on it.")] = 80.0,
    seed: Annotated[int, typer.Option(min=0, help="Another table, other noise.")] = 1,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Keep its flash here, plan and log included."),
    ] = None,
    json: Json = False,
) -> None:
    """Leave a virtual table running; its port is printed, keys are its buttons.

    Other commands in a second terminal find it by themselves. Without a terminal each character
    that comes in counts as a key, and the end of input leaves it running until SIGTERM.
    """
    from itable.link.registry import Registration
    from itable.virtual.table import opened

    # The usual ways to end it only ask for the end: an exception could come at any line.
    leaving = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda number, frame: leaving.set())
    chosen = 1.0 if realtime else speed
    with (
        opened(seed=seed, rider_kg=rider_kg, state_dir=state) as table,
        Registration(table.serial_port),
    ):
        if json:
            print_json({"port": table.serial_port, "speed": chosen, "seed": seed})
        else:
            out().print(f"virtual table at [bold]{table.serial_port}[/]", soft_wrap=True)
            pace = f"{chosen:g} times real time" if chosen else "as fast as possible"
            out().print(f"[bright_black]{pace}; other commands find it by themselves[/]")
        with table.run_free(chosen or None):
            _serve(table, leaving, quiet=json)


def _serve(table: "VirtualTable", leaving: threading.Event, *, quiet: bool) -> None:
    """Keys in, one line of status out, until q, Ctrl-C or SIGTERM."""
    from rich.live import Live

    from itable.screen.truth import line
    from itable.virtual.keyboard import Keyboard, single_keys
    from itable.virtual.keys import HELP, Hands

    keyboard, hands = Keyboard(), Hands(table)
    live = None
    if out().is_terminal and not quiet:
        out().print(f"[bright_black]{HELP}[/]")
        live = Live(line(table), console=out(), auto_refresh=False, transient=True)
    with single_keys():
        try:
            if live:
                live.start()
            while not leaving.is_set() and all(hands.key(key) for key in keyboard.keys(_LOOK_S)):
                hands.tick()
                if live:
                    live.update(line(table), refresh=True)
        finally:
            if live:
                live.stop()
