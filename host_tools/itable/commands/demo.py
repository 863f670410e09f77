"""`itable demo`: a whole prescribed session on a virtual table, with nothing connected."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable import exits
from itable.files import require_writable
from itable.options import Json
from itable.output import out, print_json
from itable.plans.templates import SHIPPED

if TYPE_CHECKING:
    from itable.plans.loading import Judged
    from itable.screen.demo import Report

_TEMPLATE = SHIPPED / "kim-2013-60deg.toml"


def demo(
    out_dir: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where picture, CSV and log go.")
    ] = Path("itable-demo"),
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="Another plan than Kim 2013.")
    ] = None,
    rider_kg: Annotated[float, typer.Option("--rider-kg", help="Who lies on it.")] = 80.0,
    seed: Annotated[int, typer.Option(min=0, help="Another table, other noise.")] = 1,
    json: Json = False,
) -> None:
    """Run the Kim 2013 plan on a virtual table and show what came of it.

    Uploads the plan, presses START, waits for home, pulls the log, and compares what was done with
    the bench's truth. A quarter of an hour of treatment takes well under a minute.
    """
    from itable.plans.loading import load

    judged = load(plan or _TEMPLATE)
    if judged.found:
        from itable.screen.problems import show

        show(judged, out())
        raise typer.Exit(exits.PROBLEM)
    require_writable(out_dir)
    report = _run(judged, out_dir, rider_kg, seed, quiet=json)
    if json:
        print_json(report.to_dict())
    else:
        from itable.screen.demo import table

        out().print(table(report))


def _run(judged: "Judged", folder: Path, rider_kg: float, seed: int, *, quiet: bool) -> "Report":
    from itable.files import write_whole
    from itable.log.about import About
    from itable.log.decode import decode
    from itable.log.export import write_csv
    from itable.log.fetch import fetch
    from itable.log.plot import write_picture
    from itable.screen.demo import Course, Report
    from itable.virtual.judging import judge
    from itable.virtual.session import run_session
    from itable.virtual.table import opened, stepped_client, wait_until_home

    began_s = time.perf_counter()
    with (
        Course(judged, out(), quiet=quiet) as screen,
        opened(seed=seed, rider_kg=rider_kg) as table,
        stepped_client(table) as client,
    ):
        hello = client.hello()
        wait_until_home(table, client)
        course = run_session(table, client, judged, screen.seen)
        screen.say("pulling the log")
        about = About(hello.device, client.get_settings().settings)
        path = folder / "session.itlog"
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        pulled = fetch(client, client.list_log().sessions[0], part)
        write_whole(path, pulled.data)
        part.unlink()
        trace = table.trace
        virtual_ms = table.now_ms
    table_s = time.perf_counter() - began_s
    log = decode(pulled.data)
    verdict, truth = judge(log, trace, course.start_ms)
    png = path.with_suffix(".png")
    write_picture(log, about, png, truth)
    samples, events = write_csv(log, path.with_suffix(".csv"))
    return Report(
        judged=judged,
        log=log,
        verdict=verdict,
        files=(png, samples, events, path),
        virtual_s=virtual_ms / 1000,
        table_s=table_s,
        wall_s=time.perf_counter() - began_s,
    )
