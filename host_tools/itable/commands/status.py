"""`itable status`: what the table does now, once or as a live view."""

import contextlib
import time
from typing import Annotated

import typer

from itable.options import Json, Port
from itable.output import out, print_json


def status(
    port: Port = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Keep showing it until Ctrl-C.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.1, max=60, metavar="S", help="Seconds between two looks.")
    ] = 0.5,
    json: Json = False,
) -> None:
    """Show state, tilt, target, step, time left, head-down clock, inputs and faults.

    With --watch --json each look is one line.
    """
    from itable.link import ports

    with ports.connect(port) as client, contextlib.suppress(KeyboardInterrupt):
        if json:
            print_json(client.status().model_dump())
            while watch:
                time.sleep(every)
                print_json(client.status().model_dump())
            return
        from itable.screen.status import screen

        first = screen(client.status(), client.name)
        if not watch:
            out().print(first)
            return
        from rich.live import Live

        with Live(first, console=out(), auto_refresh=False) as live:
            while True:
                time.sleep(every)
                live.update(screen(client.status(), client.name), refresh=True)
