"""Patients in the terminal: their list, their sessions, the calendar of a programme."""

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from itable.clinic.ladder import GOOD, Level
from itable.clinic.programme import Programme, Week
from itable.clinic.release import without_mark
from itable.clinic.screening import Standing
from itable.clinic.sessions import Done
from itable.days import day_and_time, day_of
from itable.screen.chart import clock
from itable.screen.lines import blocks

if TYPE_CHECKING:
    from collections.abc import Iterable

_WHOLE = ("due", "days", "pain")
"""Columns whose words are not broken into lines."""
_STYLES = {"completed": "green", "shortened": "yellow", "fault": "red", "cut off": "red"}


def level_words(programme: Programme, level: Level) -> str:
    """A level as people say it: "3 × 30° for 3:00"."""
    sets = f"{programme.sets} × " if programme.sets > 1 else ""
    return f"{sets}{level.tilt_mdeg / 1000:g}° for {clock(level.hold_ms)}"


def patients(
    rows: "Sequence[tuple[str, Standing, Programme | None, int]]", where: str
) -> RenderableType:
    """Every patient, one line each."""
    if not rows:
        return f"There are no patients yet ({where}): `itable screen P-001` makes one known."
    table = _table("patient", "screening", "programme", "sessions", right=("sessions",))
    for name, standing, programme, count in rows:
        table.add_row(
            escape(name),
            _standing(standing),
            "" if programme is None else f"{programme.template}, since {programme.start_day}",
            str(count),
        )
    return table


def sessions(found: Sequence[Done], width: int | None = None) -> RenderableType:
    """The sessions of one patient, oldest first, each with its note below it."""
    if not found:
        return "No session of this patient was pulled yet."
    heads = ("id", "date", "plan", "how", "head-down", "tilt", "pain", "comfort")
    cells = [
        (
            f"@{one.id}",
            day_and_time(one.start_unix_s),
            without_mark(one.plan_name or ""),
            one.how,
            _clock(one.head_down_ms)
            + (f"/{_clock(one.planned_head_down_ms)}" if one.planned_head_down_ms else ""),
            "" if one.max_tilt_mdeg is None else f"{one.max_tilt_mdeg / 1000:.1f}°",
            pain_words(one.pain_before, one.pain_after),
            "" if one.comfort is None else str(one.comfort),
        )
        for one in found
    ]
    right = ("id", "head-down", "tilt", "comfort")
    head, *rows = blocks(heads, cells, right=right, fold=("plan",), width=width)
    parts = [Text(head, "bright_black")]
    for one, row in zip(found, rows, strict=True):
        text = Text(row)
        text.highlight_words((one.how,), _STYLES[one.how])
        parts.append(text)
        if one.note:
            parts.append(Text(f"    “{one.note}”", "yellow"))
    return Group(*parts)


def calendar(
    patient: str, programme: Programme, weeks: "Iterable[Week]", today: datetime.date
) -> RenderableType:
    """A programme by the week; the week of today is marked."""
    weeks = list(weeks)
    table = _table(
        *("", "week", "from", "days", "due", "done", "pain", "remarks"),
        right=("week",),
        padding=(0, 1),
    )
    for week in weeks:
        is_now = programme.first_day(week.number) <= today < programme.first_day(week.number + 1)
        table.add_row(
            Text("▶" if is_now else " ", "bold"),
            str(week.number),
            f"{week.first_day:%d %b}",
            _days(programme, week, today),
            f"{week.prescribed} × {level_words(programme, week.level)}",
            _done(week, begun=today >= week.first_day),
            _mean_pain(week),
            _remarks(week, weeks),
            style="bold" if is_now else "",
        )
    title = Text.assemble(
        (patient, "bold"),
        f"  {programme.template}, {programme.weeks} weeks from {programme.start_day}, ",
        f"{programme.days_a_week} sessions a week",
    )
    return Group(title, Text(), table)


def pain_words(before: float | None, after: float | None) -> str:
    """Pain as in "4 → 2"; "" when nothing was asked."""
    if before is None and after is None:
        return ""
    return " → ".join("?" if value is None else f"{value:.2g}" for value in (before, after))


def _standing(standing: Standing) -> Text:
    if standing.cleared:
        approved = ", approved" if standing.approval is not None else ""
        return Text(f"cleared{approved}", "green")
    if standing.screening is None:
        return Text("never screened", "red")
    return Text("too old" if standing.expired else "needs approval", "red")


def _days(programme: Programme, week: Week, today: datetime.date) -> Text:
    words = Text()
    done = {day_of(one.start_unix_s) for one in week.sessions if one.start_unix_s}
    proposed = programme.days(week.number)
    for offset in range(7):
        day = week.first_day + datetime.timedelta(days=offset)
        style = "green" if day in done else "bold" if day == today else "bright_black"
        words.append(f"{day:%a}"[0] if day in proposed or day in done else "·", style)
    return words


def _done(week: Week, *, begun: bool) -> Text:
    if not begun:
        return Text("")
    parts = [
        f"{count} {how}" for how in ("shortened", "fault", "cut off") if (count := week.count(how))
    ]
    text = f"{week.done}/{week.prescribed}" + (f" ({', '.join(parts)})" if parts else "")
    return Text(text, "green" if week.done >= week.prescribed and not parts else "")


def _mean_pain(week: Week) -> str:
    return pain_words(week.mean("pain_before"), week.mean("pain_after"))


def _remarks(week: Week, weeks: list[Week]) -> Text:
    """Why this week is where it is, and what was said of it."""
    parts = []
    if week.number > 1:
        before = weeks[week.number - 2]
        if before.verdict != GOOD:
            step = "down" if _lower(week.level, before.level) else "held"
            parts.append(f"{step}: {before.why}")
    if week.note:
        parts.append(f"“{week.note}”")
    return Text("; ".join(parts), "yellow")


def _lower(level: Level, than: Level) -> bool:
    return level.tilt_mdeg < than.tilt_mdeg or level.hold_ms < than.hold_ms


def _clock(ms: int | None) -> str:
    return "" if ms is None else clock(ms)


def _table(*names: str, right: Sequence[str], padding: tuple[int, int] = (0, 2)) -> Table:
    table = Table(box=None, header_style="bright_black", pad_edge=False, padding=padding)
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name in _WHOLE)
    return table
