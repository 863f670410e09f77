"""`itable programme`: weeks of plans for a patient; today's plan; what was done."""

import datetime
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itable import complete
from itable.days import day_of, parsed, today
from itable.errors import InputError
from itable.options import Json, Key, Port, Store
from itable.output import out, print_json

if TYPE_CHECKING:
    from itable.clinic.ladder import Level
    from itable.clinic.programme import Programme, Week
    from itable.plans.loading import Judged
    from itable.store.clinic import Clinic

_EXAMPLES = """
Examples:

- `itable programme new P-017` begins 8 weeks for a beginner: 20° for 1 min up to 45° for 3 min
- `itable programme new P-017 --template kim-2013-60 --from-angle 20` leads to the study's angle
- `itable programme show P-017` shows the calendar: what is due, what was done
- `itable programme next P-017` uploads today's plan
- `itable programme feedback P-017 bad --note "slept badly"` holds the next week back
"""

app = typer.Typer(
    help="Programmes: weeks of plans for a patient.",
    epilog=_EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Patient = Annotated[
    str,
    typer.Argument(
        metavar="PATIENT",
        help="A pseudonym, as in P-017.",
        autocompletion=complete.patients,
    ),
]


@app.command()
def new(
    patient: Patient,
    template: Annotated[
        str,
        typer.Option(
            "--template",
            metavar="NAME",
            help="beginner, kim-2013-30, kim-2013-60.",
            autocompletion=complete.programme_templates,
        ),
    ] = "beginner",
    start: Annotated[
        str | None, typer.Option("--start", metavar="YYYY-MM-DD", help="First day; else today.")
    ] = None,
    weeks: Annotated[
        int | None, typer.Option("--weeks", metavar="8-12", help="Else the template's.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="1-7", help="Sessions a week.")
    ] = None,
    sets: Annotated[
        int | None, typer.Option("--sets", metavar="1-5", help="Sets a session.")
    ] = None,
    from_angle: Annotated[
        float | None, typer.Option("--from-angle", metavar="DEG", help="Angle of the first week.")
    ] = None,
    to_angle: Annotated[
        float | None, typer.Option("--to-angle", metavar="DEG", help="Angle that it leads to.")
    ] = None,
    from_minutes: Annotated[
        float | None, typer.Option("--from-minutes", metavar="MIN", help="Hold of the first week.")
    ] = None,
    to_minutes: Annotated[
        float | None, typer.Option("--to-minutes", metavar="MIN", help="Hold that it leads to.")
    ] = None,
    rest_s: Annotated[
        int, typer.Option("--rest-s", metavar="S", min=10, help="Rest at horizontal between sets.")
    ] = 60,
    replace: Annotated[
        bool, typer.Option("--replace", help="End the programme that runs now.")
    ] = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Begin a programme: angle or time rises by the week, never both at once.

    At most 10° or one minute a week. A week that was reported bad, or in which pain rose by 2 or
    more, holds the next one back; two of them running lead one step down.
    """
    from itable.clinic.ladder import Level, levels
    from itable.clinic.programme import TEMPLATES, Programme

    if template not in TEMPLATES:
        raise InputError(
            f"there is no programme '{template}'",
            where=", ".join(TEMPLATES),
            next_step="choose one of these",
        )
    chosen = TEMPLATES[template]
    days = chosen.days_a_week if days is None else days
    sets = chosen.sets if sets is None else sets
    for name, value, highest in (("--days", days, 7), ("--sets", sets, 5)):
        if not 1 <= value <= highest:
            raise InputError(f"{name} is {value}", next_step=f"give 1 to {highest}")
    first = Level(
        _scaled("--from-angle", from_angle, 1000, chosen.start.tilt_mdeg),
        _scaled("--from-minutes", from_minutes, 60_000, chosen.start.hold_ms),
    )
    goal = Level(
        _scaled("--to-angle", to_angle, 1000, chosen.goal.tilt_mdeg),
        _scaled("--to-minutes", to_minutes, 60_000, chosen.goal.hold_ms),
    )
    made = Programme(
        template,
        today() if start is None else parsed(start),
        levels(first, goal, chosen.weeks if weeks is None else weeks),
        days,
        sets,
        rest_s * 1000,
    )
    for week, level in enumerate(made.levels, 1):
        _judged(made, week, level)
    from itable.store.clinic import Clinic

    with Clinic(store) as clinic:
        clinic.new_programme(patient, made, replace=replace)
        _show(clinic, patient, as_json=json)
    if not json:
        out().print(f"[yellow]caution:[/] {chosen.caution}")
        out().print(f"source: {chosen.source}", style="bright_black")


@app.command()
def show(patient: Patient, store: Store = None, json: Json = False) -> None:
    """Show the calendar: what is due each week, what was done, and why a week was held back."""
    from itable.store.clinic import Clinic

    with Clinic(store) as clinic:
        _show(clinic, patient, as_json=json)


@app.command("next")
def next_plan(
    patient: Patient,
    again: Annotated[
        bool, typer.Option("--again", help="Although today's, or all of the week's, is done.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which plan it is; upload nothing.")
    ] = False,
    plan_out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the plan as a file, too.")
    ] = None,
    store: Store = None,
    port: Port = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Upload today's plan of a patient's programme; the screening is checked first.

    It counts what was pulled: pull the last session before the next.
    """
    from itable.clinic import screening
    from itable.keys import read_key_file
    from itable.store.clinic import Clinic

    secret = None if key is None else read_key_file(key)
    day = today()
    with Clinic(store) as clinic:
        programme = clinic.programme(patient)
        number = programme.week_of(day)
        week = _calendar(clinic, patient, programme, day)[number - 1]
        if not again:
            _stop_when_done(programme, week, day)
        screening.require(clinic.standing(patient))
        if plan_out is not None:
            from itable.files import write_whole

            write_whole(plan_out, programme.plan_text(number, week.level).encode())
        judged = _judged(programme, number, week.level)
        where = None
        if not dry_run:
            judged, where = _upload(clinic, patient, programme, number, week.level, port, secret)
    if json:
        print_json({**judged.to_dict(), "patient": patient, "week": number, "port": where})
        return
    from itable.screen.clinic import level_words

    out().print(
        f"[bold]{patient}[/], week {number} of {programme.weeks}, session"
        f" {week.done + 1} of {week.prescribed}: {level_words(programme, week.level)}"
    )
    if where is None:
        out().print("nothing was uploaded (--dry-run)")
    else:
        out().print(f"stored on the table at {where}", soft_wrap=True)
        out().print("START on the table begins it; then `itable log pull`")


@app.command()
def feedback(
    patient: Patient,
    went: Annotated[str, typer.Argument(metavar="good|bad", help="How the week went.")],
    week: Annotated[
        int | None, typer.Option("--week", metavar="N", help="Else the week of today.")
    ] = None,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="Why; nothing that names the person.")
    ] = "",
    store: Store = None,
    json: Json = False,
) -> None:
    """Report how a week went; after a bad one the next is held back."""
    from itable.clinic.ladder import BAD, GOOD
    from itable.store.clinic import Clinic

    if went not in (GOOD, BAD):
        raise InputError(f"'{went}' is not how a week goes", next_step="say good or bad")
    with Clinic(store) as clinic:
        programme = clinic.programme(patient)
        current = programme.week_of(today())
        number = current if week is None else week
        if not 1 <= number <= current:
            raise InputError(
                f"week {number} cannot be reported",
                next_step=f"give one of the weeks that began: 1 to {current}",
            )
        clinic.report_week(programme.id, number, bad=went == BAD, note=note)
        _show(clinic, patient, as_json=json)


@app.command()
def end(patient: Patient, store: Store = None, json: Json = False) -> None:
    """End a programme; what was done stays."""
    from itable.store.clinic import Clinic

    with Clinic(store) as clinic:
        programme = clinic.programme(patient)
        clinic.end_programme(programme.id)
    if json:
        print_json({"patient": patient, "ended": programme.template})
    else:
        out().print(f"the programme of {patient} is over: {programme.template}")


def _calendar(
    clinic: "Clinic", patient: str, programme: "Programme", day: datetime.date
) -> "list[Week]":
    from itable.clinic.programme import calendar

    sessions = clinic.sessions_of(patient, programme.id)
    return calendar(programme, sessions, clinic.reports(programme.id), day)


def _show(clinic: "Clinic", patient: str, *, as_json: bool) -> None:
    programme = clinic.programme(patient)
    day = today()
    weeks = _calendar(clinic, patient, programme, day)
    if as_json:
        print_json(
            {
                "patient": patient,
                "template": programme.template,
                "start_day": str(programme.start_day),
                "days_a_week": programme.days_a_week,
                "sets": programme.sets,
                "rest_ms": programme.rest_ms,
                "weeks": [week.to_dict() for week in weeks],
            }
        )
        return
    from itable.screen.clinic import calendar as table

    out().print(table(patient, programme, weeks, day))


def _stop_when_done(programme: "Programme", week: "Week", day: datetime.date) -> None:
    """Raise InputError when today's session, or all of the week's, are done (RQ-138)."""
    counted = [one for one in week.sessions if one.how in ("completed", "shortened")]
    days = {day_of(one.start_unix_s) for one in counted if one.start_unix_s}
    if day in days:
        what = "today's session is done"
    elif week.done >= week.prescribed:
        what = f"all {week.prescribed} sessions of week {week.number} are done"
    else:
        return
    following = programme.first_day(week.number + 1)
    raise InputError(
        what,
        where=f"week {week.number}, which ends before {following}",
        next_step="come back on another day; or give --again to repeat it all the same",
    )


def _upload(
    clinic: "Clinic",
    patient: str,
    programme: "Programme",
    number: int,
    level: "Level",
    port: str | None,
    secret: bytes | None,
) -> "tuple[Judged, str]":
    """Put the plan of a week on the table; the plan as it is there, and where that is."""
    from itable.clinic.giving import give
    from itable.link import clock, ports
    from itable.plans.upload import upload as put

    with ports.connect(port) as client:
        device = client.hello().device
        judged = _judged(programme, number, level, client.get_settings().to_settings())
        clock.keep(client, int(time.time()))
        marked, _ = give(
            clinic,
            patient,
            judged,
            device,
            lambda plan: put(client, plan, secret),
            programme_id=programme.id,
            week=number,
        )
        return marked, client.name


def _judged(
    programme: "Programme", number: int, level: "Level", settings: object = None
) -> "Judged":
    """The plan of a week, checked like any file; raises InputError when it does not fit."""
    from itable.plans.loading import load

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_text(programme.plan_text(number, level), "utf-8")
        judged = load(path, settings)  # type: ignore[arg-type]
    if judged.found:
        raise InputError(
            "; ".join(finding.text for finding in judged.found),
            where=f"week {number}: {level.tilt_mdeg / 1000:g}° for {level.hold_ms / 60_000:g} min,"
            f" {programme.sets} sets",
            next_step="choose smaller angles or times, or fewer sets",
        )
    return judged


def _scaled(name: str, value: float | None, factor: int, default: int) -> int:
    if value is None:
        return default
    if not 0 < value <= 90:
        raise InputError(f"{name} is {value:g}", next_step="give a number above 0, at most 90")
    return round(value * factor)
