"""`itable plan`: make, check, preview, compare, change and upload plans."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable import complete, exits
from itable.files import read_whole, write_whole
from itable.options import Json, Key, PlanPath, Port, Store
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.plans.loading import Judged
    from itable.store.clinic import Clinic

app = typer.Typer(help="Make, check, preview and upload plans.", no_args_is_help=True)


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
    picture: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            "--png",
            metavar="PNG|SVG",
            help="Write a picture as well, as its name ends.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Draw how a plan will go, with head-down time, total time and limits."""
    from itable.pictures import require_picture

    if picture is not None:
        require_picture(picture)
    judged = _judged(file, port)
    _stop_on_problems(judged, as_json=json)
    if picture is not None:
        from itable.plans.picture import write_picture

        write_picture(judged, picture)
    if json:
        answer = judged.to_dict()
        answer["picture"] = None if picture is None else str(picture)
        print_json(answer)
        return
    from itable.screen import preview as screen

    screen.show(judged, out())
    if picture is not None:
        out().print(f"picture: {picture}", soft_wrap=True)


@app.command()
def upload(
    file: PlanPath,
    patient: Annotated[
        str | None,
        typer.Option(
            "--patient",
            metavar="PATIENT",
            help="Whose it is: a pseudonym, as in P-017.",
            autocompletion=complete.patients,
        ),
    ] = None,
    no_patient: Annotated[
        bool, typer.Option("--no-patient", help="No patient will lie on the table.")
    ] = False,
    store: Store = None,
    port: Port = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Check a plan against the table's own limits and store it there.

    With --patient the screening is checked, and the plan carries the release in its name. Where
    patients are kept, a plan for nobody needs --no-patient.

    The table checks again; until the new plan is whole and verified, the old one stays. A table
    whose clock is more than 2 s off is given the time of this computer. A locked table wants
    --key: the file of its clinic's key.
    """
    from itable.keys import read_key_file
    from itable.link import clock, ports
    from itable.plans.loading import load
    from itable.plans.upload import upload as put

    load(file)  # a file that is not there needs no table to say so
    secret = None if key is None else read_key_file(key)
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
            sealed = put(client, judged, secret)
        else:
            from itable.clinic.giving import give

            device = client.hello().device
            judged, sealed = give(
                clinic, patient, judged, device, lambda plan: put(client, plan, secret)
            )
    if json:
        said = {"port": client.name, "patient": patient, "sealed": sealed}
        print_json({**judged.to_dict(), **said})
    else:
        _print_good(judged)
        if patient is None:
            out().print("[bright_black]for no patient: nobody was asked about contraindications[/]")
        how = "stored, sealed," if sealed else "stored"
        out().print(f"{how} on the table at {client.name}", soft_wrap=True)
        out().print("START on the table begins it")


@app.command()
def new(
    template: Annotated[
        str,
        typer.Option(
            "--template",
            "-t",
            metavar="NAME",
            help="The template to begin with; `itable plan templates` lists them.",
            autocompletion=complete.templates,
        ),
    ],
    out_file: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write it there; without, print it."),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Another value than the template's; may be given several times.",
            autocompletion=complete.template_keys,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Make a plan from a template, with its comments, source and cautions.

    A value is named by its key, with as much of its path before it as makes it the only one:
    tilt_deg, return.rest_s, set.2.static.hold_min. Nothing is written that no table could do.
    """
    from rich.markup import escape

    from itable.errors import InputError
    from itable.plans import edit, templates
    from itable.plans.schema import FILE

    path = templates.find(template)
    if out_file is not None and out_file.exists() and not force:
        raise InputError(
            "there is a file already",
            where=str(out_file),
            next_step="name another one, or replace it with --force",
        )
    text = edit.changed(path.read_text("utf-8"), edit.assignments(values or []))
    text = edit.with_schema(text, FILE)
    judged = _possible(out_file or Path(f"{template} (changed)"), text, as_json=json)
    if out_file is not None:
        write_whole(out_file, text.encode())
    if json:
        answer = {**judged.to_dict(), "template": template, "text": text}
        print_json({**answer, "file": None if out_file is None else str(out_file)})
    elif out_file is None:
        typer.echo(text, nl=False)
    else:
        _print_good(judged)
        out().print(f"written to {out_file}", soft_wrap=True)
        if judged.plan.name == templates.name(path) and values:
            out().print(
                f"[yellow]note:[/] it is still called {escape(repr(judged.plan.name))}:"
                f" --set 'name=\"...\"'",
                soft_wrap=True,
            )
        _note_workshop(judged)


@app.command("set")
def set_values(
    file: PlanPath,
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE...",
            help="New values, each named by its key and, where needed, its path.",
            autocompletion=complete.plan_keys,
        ),
    ],
    json: Json = False,
) -> None:
    """Change values of a plan file; its comments and its order stay.

    Says what changed. Nothing is written that no table could do.
    """
    from itable.plans import edit
    from itable.plans.diff import difference
    from itable.plans.loading import load, widest

    before = load(file, widest())
    _stop_on_problems(before, as_json=json)
    text = edit.changed(_text_of(file), edit.assignments(values))
    after = _possible(file, text, as_json=json)
    write_whole(file, text.encode())
    found = difference(before, after)
    if json:
        print_json({**found.to_dict(), "file": str(file)})
        return
    from itable.screen.plan_diff import show

    show(found, out())
    _note_workshop(after)


@app.command()
def diff(
    before: Annotated[
        Path, typer.Argument(metavar="A", help="A plan.", autocompletion=complete.plan_files)
    ],
    after: Annotated[
        Path, typer.Argument(metavar="B", help="Another.", autocompletion=complete.plan_files)
    ],
    json: Json = False,
) -> None:
    """Say in words what changed from plan A to plan B: sets, angles, times, head-down time.

    Both may be beyond the settings of a table, but not beyond what any table can do.
    """
    from itable.plans.diff import difference
    from itable.plans.loading import load, widest

    sides = [load(path, widest()) for path in (before, after)]
    for side in sides:
        _stop_on_problems(side, as_json=json)
    found = difference(*sides)
    if json:
        print_json(found.to_dict())
        return
    from itable.screen.plan_diff import show

    show(found, out())


@app.command()
def templates(json: Json = False) -> None:
    """List the plans that come with itable, and your own in the config folder."""
    from itable.plans import templates as files
    from itable.plans.loading import load, widest

    judged = {name: load(path, widest()) for name, path in files.known().items()}
    if json:
        print_json(
            {"templates": [{"template": name, **one.to_dict()} for name, one in judged.items()]}
        )
        return
    from itable.screen import templates as screen

    screen.show(judged, out())


@app.command()
def schema(
    out_file: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the JSON Schema of plan files, for editors that complete and check TOML."""
    from itable.plans import schema as schemas

    if out_file is not None:
        write_whole(out_file, schemas.text().encode())
    if json:
        print_json({"file": None if out_file is None else str(out_file), "schema": schemas.build()})
    elif out_file is None:
        typer.echo(schemas.text(), nl=False)
    else:
        out().print(f"written to {out_file}", soft_wrap=True)


def _text_of(file: Path) -> str:
    """The text of a plan that was read before, with its line ends."""
    return read_whole(file, "the plan").decode("utf-8-sig")


def _possible(path: Path, text: str, *, as_json: bool) -> "Judged":
    """The verdict on a changed plan; ends with its problems when no table could ever do it."""
    from itable.plans.loading import judged, widest

    found = judged(path, text.encode(), widest())
    _stop_on_problems(found, as_json=as_json)
    return found


def _note_workshop(judged: "Judged") -> None:
    """Say what a table with workshop settings would refuse of a plan that some table can do."""
    from itable.plans.judge import judge
    from itable.plans.loading import limits

    for finding in judge(judged.plan_file, limits.Settings()):
        out().print(
            f"[yellow]note:[/] a table with workshop settings refuses line {finding.line}:"
            f" {finding.text}",
            soft_wrap=True,
        )


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
