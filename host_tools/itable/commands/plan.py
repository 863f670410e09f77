"""`itable plan`: check, preview, upload."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable import exits
from itable.options import Json, PlanPath, Port, Store
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.plans.loading import Judged
    from itable.store.clinic import Clinic

app = typer.Typer(help="Check, preview and upload plans.", no_args_is_help=True)

TEMPLATES = Path(__file__).parents[1] / "templates"


@app.command()
def check(file: PlanPath, port: Port = None, json: Json = False) -> None:
    """Report every problem in a plan, with its line.

    The limits are those of a table as it leaves the workshop, or with --port, that table's own.
    """
    judged = _judged(file, port)
    if json:
        print_json(judged.to_dict())
    elif not judged.found:
        _print_good(judged)
    _stop_on_problems(judged, printed=json)


@app.command()
def preview(
    file: PlanPath,
    port: Port = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="OUT", help="Write a picture as well.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw how a plan will go, with head-down time, total time and limits."""
    judged = _judged(file, port)
    _stop_on_problems(judged, as_json=json)
    if png is not None:
        from itable.plans.picture import write_png

        write_png(judged, png)
    if json:
        answer = judged.to_dict()
        answer["png"] = None if png is None else str(png)
        print_json(answer)
        return
    from itable.screen import preview as screen

    screen.show(judged, out())
    if png is not None:
        out().print(f"picture: {png}")


@app.command()
def upload(
    file: PlanPath,
    patient: Annotated[
        str | None,
        typer.Option("--patient", metavar="PATIENT", help="Whose it is: a pseudonym, as in P-017."),
    ] = None,
    no_patient: Annotated[
        bool, typer.Option("--no-patient", help="No patient will lie on the table.")
    ] = False,
    store: Store = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Check a plan against the table's own limits and store it there.

    With --patient the screening is checked, and the plan carries the release in its name. Where
    patients are kept, a plan for nobody needs --no-patient.

    The table checks again; until the new plan is whole and verified, the old one stays. A table
    whose clock is more than 2 s off is given the time of this computer.
    """
    from itable.link import clock, ports
    from itable.plans.loading import load
    from itable.plans.upload import upload as put

    load(file)  # a file that is not there needs no table to say so
    if patient is not None and no_patient:
        raise typer.BadParameter("give --patient or --no-patient, not both")
    with ExitStack() as stack:
        clinic = None if patient is None else _cleared(stack, store, patient)
        if clinic is None and not no_patient:
            from itable.clinic.giving import refuse_nobody

            refuse_nobody(store)
        client = stack.enter_context(ports.connect(port))
        judged = load(file, client.get_settings().to_settings())
        if judged.found and not json and not client.status().calibrated:
            out().print(
                f"[yellow]this table was never calibrated and limits itself to"
                f" {judged.settings.tilt_max_mdeg / 1000:g}°: run `itable calibrate`[/]"
            )
        _stop_on_problems(judged, as_json=json)
        clock.keep(client, int(time.time()))
        if clinic is None or patient is None:
            put(client, judged)
        else:
            from itable.clinic.giving import give

            device = client.hello().device
            judged = give(clinic, patient, judged, device, lambda plan: put(client, plan))
    if json:
        print_json({**judged.to_dict(), "port": client.name, "patient": patient})
    else:
        _print_good(judged)
        if patient is None:
            out().print("[bright_black]for no patient: nobody was asked about contraindications[/]")
        out().print(f"stored on the table at {client.name}", soft_wrap=True)
        out().print("START on the table begins it")


@app.command()
def template(
    name: Annotated[
        str | None, typer.Argument(help="Print this template; without a name, list them.")
    ] = None,
    json: Json = False,
) -> None:
    """Print a plan that comes with itable, from a published protocol."""
    known = {path.stem: path for path in sorted(TEMPLATES.glob("*.toml"))}
    if name is None:
        _list_templates(known, as_json=json)
        return
    if name not in known:
        from itable.errors import InputError

        raise InputError(
            f"there is no template '{name}'",
            where=", ".join(known),
            next_step="`itable plan template` lists them",
        )
    text = known[name].read_text("utf-8")
    if json:
        print_json({"name": name, "text": text})
    else:
        typer.echo(text, nl=False)


def _list_templates(known: dict[str, Path], *, as_json: bool) -> None:
    from itable.plans.loading import load

    judged = {name: load(path) for name, path in known.items()}
    if as_json:
        print_json(
            {"templates": [{"template": name, **one.to_dict()} for name, one in judged.items()]}
        )
        return
    for name, one in judged.items():
        out().print(f"[bold]{name}[/]  {one.plan_file.source}")
    out().print("[bright_black]itable plan template NAME > my-plan.toml[/]")


def _cleared(stack: ExitStack, store: str | None, patient: str) -> "Clinic":
    """The store, if this patient may be given a plan; raises NotClearedError (RQ-091)."""
    from itable.clinic.screening import require
    from itable.store.clinic import Clinic

    clinic = stack.enter_context(Clinic(store))
    require(clinic.standing(patient))
    return clinic


def _judged(file: Path, port: str | None) -> "Judged":
    from itable.plans.loading import load

    if port is None:
        return load(file)
    from itable.link import ports

    with ports.connect(port) as client:
        return load(file, client.get_settings().to_settings())


def _print_good(judged: "Judged") -> None:
    from rich.markup import escape

    from itable.screen.chart import clock

    sums = judged.sums()
    out().print(
        f"[green]ok[/] {escape(judged.plan.name)} [bright_black](id {judged.plan.plan_id()})[/]:"
        f" {clock(sums.total_ms)} min in all, {clock(sums.head_down_ms)} head-down"
        f" (at a stretch {clock(sums.head_down_stretch_ms)}), up to {sums.tilt_max_mdeg / 1000:g}°"
    )


def _stop_on_problems(judged: "Judged", *, as_json: bool = False, printed: bool = False) -> None:
    """Print the problems of a plan, if it has any, and end with the exit code for it."""
    if not judged.found:
        return
    if as_json:
        print_json(judged.to_dict())
    elif not printed:
        from itable.screen.problems import show

        show(judged, out())
    raise typer.Exit(exits.PROBLEM)
