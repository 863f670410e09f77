"""`itable time`: the table's clock, which its logs carry."""

import typer

from itable.options import Json, Port
from itable.output import out, print_json

app = typer.Typer(help="The table's clock.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The table's clock."""


@app.command()
def show(port: Port = None, json: Json = False) -> None:
    """Say how far the table's clock is off, and how fast it drifts."""
    import time

    from itable.care import clock
    from itable.link import ports

    with ports.connect(port) as client:
        clock.require_own_clock(time.time())
        reading = clock.measure(client)
    if json:
        print_json({"port": client.name, **reading.to_dict()})
        return
    _tell(clock.off_words(reading), clock.drift_words(reading))
    if not reading.right:
        out().print("next: `itable time sync`")


@app.command()
def sync(port: Port = None, json: Json = False) -> None:
    """Set the table's clock from this computer's, at home, and say how far it was off.

    The table keeps its clock as long as it has power. Its drift is told if it was set long enough
    ago.
    """
    import time

    from itable.care import clock
    from itable.link import ports

    with ports.connect(port) as client:
        clock.require_own_clock(time.time())
        before = clock.measure(client)
        after = clock.set_right(client)
    if json:
        print_json({"port": client.name, "before": before.to_dict(), "after": after.to_dict()})
        return
    was = clock.off_words(before).replace("is right", "was right").replace(" is ", " was ")
    _tell(was, clock.drift_words(before))
    off_s = after.off_s or 0.0
    out().print(f"[green]✓[/] set; now right to {max(abs(off_s), after.within_s):.2f} s")


def _tell(*lines: str) -> None:
    for line in lines:
        if line:
            out().print(line, soft_wrap=True)
