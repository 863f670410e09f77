"""`itable status`: what the table does now, once or as a live view."""

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from itable.options import Json, Port
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.care.watcher import Watcher
    from itable.link.client import Client

_KEY_S = 0.1
"""So often keys are looked for, and the picture is drawn anew."""


def status(
    port: Port = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Keep showing it until q or Ctrl-C.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.1, max=60, metavar="S", help="Seconds between two looks.")
    ] = 0.5,
    json: Json = False,
) -> None:
    """Show state, tilt, target, step, time left, head-down clock, inputs and faults.

    With --watch it goes on, also when the cable is pulled and plugged in again; with --watch --json
    each look is one line, and so is each time that the table stops answering.
    """
    from itable.link import ports

    if not watch:
        with ports.connect(port) as client:
            if json:
                print_json(client.status().model_dump())
            else:
                from itable.screen.status import screen

                out().print(screen(client.status(), client.name))
        return
    from itable.care.watcher import Watcher

    watcher = Watcher(lambda: _connect(port), _connect(port))
    try:
        if json:
            _stream(watcher, every, as_json=True)
        elif not out().is_terminal or out().is_dumb_terminal:
            _stream(watcher, every, as_json=False)
        else:
            _show(watcher, every)
    except KeyboardInterrupt:
        pass  # that is how one leaves
    finally:
        watcher.close()


def _connect(port: str | None) -> "Client":
    """A client that says soon when nobody answers: somebody is looking."""
    from itable.care.watcher import ASK_S, ATTEMPTS
    from itable.link import ports

    return ports.connect(port, attempts=ATTEMPTS, timeout_s=ASK_S)


def _stream(watcher: "Watcher", every: float, *, as_json: bool) -> None:
    """One line for each look; a table that does not answer is told once."""
    from itable.output import print_error
    from itable.screen.watch import line

    answered = True
    while True:
        found = watcher.look()
        if found is not None:
            if as_json:
                print_json(found.model_dump())
            else:
                sys.stdout.write(line(found, lambda: time.strftime("%H:%M:%S")) + "\n")
                sys.stdout.flush()
        elif answered and watcher.error is not None:
            print_error(watcher.error, as_json=as_json)
        answered = found is not None
        time.sleep(every)


def _show(watcher: "Watcher", every: float) -> None:
    """The live view; q leaves. What was seen last stays on the terminal."""
    from rich.live import Live

    from itable.virtual.keyboard import Keyboard, single_keys

    watcher.look()
    looked_s = time.monotonic()
    with single_keys(), contextlib.suppress(KeyboardInterrupt):
        keyboard = Keyboard()
        live = Live(watcher.redraw(), console=out(), screen=True, auto_refresh=False)
        try:  # not `with`: a Ctrl-C in its very beginning would leave the terminal as it is
            live.start(refresh=True)
            while "q" not in keyboard.keys(_KEY_S).lower():
                if time.monotonic() - looked_s >= every:
                    watcher.look()
                    looked_s = time.monotonic()
                live.update(watcher.redraw(), refresh=True)
        finally:
            live.stop()
    out().print(watcher.redraw())
