"""A programme: weeks of plans for one patient, from a published protocol, by the calendar."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from itable.clinic.ladder import BAD, FEW, GOOD, PAIN_WORSE, Level, walked
from itable.clinic.sessions import COMPLETED, SHORTENED, Done
from itable.errors import InputError

RATE_DEG_PER_S = "2.5"
MINUTE_MS = 60_000
DAYS = {1: (0,), 2: (0, 3), 3: (0, 2, 4), 4: (0, 1, 3, 4), 5: (0, 1, 2, 3, 4)}
"""The days of a week that are proposed, counted from the programme's first day."""


@dataclass(frozen=True)
class Template:
    """Where a programme begins and leads to, how often, and who says so."""

    source: str
    caution: str
    start: Level
    goal: Level
    weeks: int
    days_a_week: int
    sets: int


_KIM = (
    "Kim 2013 (n = 47): 0, 30 and 60 deg head-down; three 3-minute sets, 4 days a week, 8 weeks."
    " It keeps the angle of the arm throughout; the rest between the sets is not published."
)
_FULL = (
    "The full angle of the study from the first day: not for a person new to inversion."
    " --from-angle 20 leads there by the week."
)

TEMPLATES = {
    "beginner": Template(
        "Usual advice to beginners: 20 deg for 1 to 2 minutes, later 30 to 60 deg for 2 to 5,"
        " over 8 to 12 weeks. The rises by the week are itable's.",
        "Stop when it hurts, or with pressure in eyes or head.",
        Level(20_000, 60_000),
        Level(45_000, 180_000),
        8,
        4,
        1,
    ),
    "kim-2013-30": Template(_KIM, _FULL, Level(30_000, 180_000), Level(30_000, 180_000), 8, 4, 3),
    "kim-2013-60": Template(_KIM, _FULL, Level(60_000, 180_000), Level(60_000, 180_000), 8, 4, 3),
}


@dataclass(frozen=True)
class Programme:
    """What is prescribed: from `start_day` on, `levels` a week, so many days, sets and rests."""

    template: str
    start_day: datetime.date
    levels: list[Level]
    days_a_week: int
    sets: int
    rest_ms: int
    id: int = 0
    ended: bool = False

    @property
    def weeks(self) -> int:
        """How many weeks it has."""
        return len(self.levels)

    def week_of(self, day: datetime.date) -> int:
        """The week, from 1, that a day lies in. Raises InputError before and after all of them."""
        week = (day - self.start_day).days // 7 + 1
        if day < self.start_day:
            raise InputError(
                f"the programme begins on {self.start_day}",
                next_step="wait for the day; `itable programme show` shows the calendar",
            )
        if week > self.weeks:
            raise InputError(
                f"the programme ended on {self.first_day(self.weeks + 1) - _DAY}",
                next_step="`itable programme new` begins another one",
            )
        return week

    def first_day(self, week: int) -> datetime.date:
        """The first day of a week, which counts from 1."""
        return self.start_day + datetime.timedelta(days=7 * (week - 1))

    def days(self, week: int) -> list[datetime.date]:
        """The days of a week that are proposed; any others of the week do as well."""
        offsets = DAYS.get(self.days_a_week, tuple(range(self.days_a_week)))
        return [self.first_day(week) + datetime.timedelta(days=offset) for offset in offsets]

    def plan_name(self, week: int) -> str:
        """Short, for the patient's mark and the release code come behind it."""
        return f"{self.template} w{week}/{self.weeks}"

    def plan_text(self, week: int, level: Level) -> str:
        """The plan of a week as a plan file; `level` is the one that the patient has reached."""
        template = TEMPLATES.get(self.template)
        source = template.source if template else ""
        angle, hold = f"{level.tilt_mdeg / 1000:g}", f"{level.hold_ms / 1000:g}"
        step = [
            "[[set.step]]",
            f"tilt_deg = {angle}",
            f"rate_deg_per_s = {RATE_DEG_PER_S}",
            f"hold_s = {hold}",
            "",
        ]
        rest = [
            "[[set.step]]",
            "tilt_deg = 0",
            f"rate_deg_per_s = {RATE_DEG_PER_S}",
            f"hold_s = {self.rest_ms / 1000:g}",
            "",
        ]
        lines = [
            f"# Week {week} of {self.weeks} of a programme that itable made.",
            "format = 1",
            f'name = "{self.plan_name(week)}"',
            f'source = "{source}"',
            f'cautions = ["{template.caution if template else ""}"]',
            "",
        ]
        if self.sets > 1:
            lines += ["[[set]]", f"times = {self.sets - 1}", "", *step, *rest]
        lines += ["[[set]]", "", *step]
        return "\n".join(lines)


_DAY = datetime.timedelta(days=1)


@dataclass
class Week:
    """One line of the calendar: what is prescribed, what was done, and what follows from it."""

    number: int
    first_day: datetime.date
    level: Level
    prescribed: int
    sessions: list[Done] = field(default_factory=list)
    report: str = ""
    note: str = ""
    verdict: str = GOOD
    why: str = ""

    @property
    def done(self) -> int:
        """Sessions that were begun and not ended by a fault or the power: they count."""
        return sum(one.how in (COMPLETED, SHORTENED) for one in self.sessions)

    @property
    def adherence_percent(self) -> int:
        """Done against prescribed, 100 at most."""
        return min(100, 100 * self.done // self.prescribed)

    def count(self, how: str) -> int:
        """How many of the week's sessions ended that way."""
        return sum(one.how == how for one in self.sessions)

    def mean(self, name: str) -> float | None:
        """The mean of `pain_before`, `pain_after` or `comfort`; None when nothing was said."""
        values = [value for one in self.sessions if (value := getattr(one, name)) is not None]
        return sum(values) / len(values) if values else None

    def to_dict(self) -> dict[str, object]:
        """The week as `--json` prints it."""
        return {
            "week": self.number,
            "first_day": str(self.first_day),
            "tilt_mdeg": self.level.tilt_mdeg,
            "hold_ms": self.level.hold_ms,
            "prescribed": self.prescribed,
            "done": self.done,
            "adherence_percent": self.adherence_percent,
            "how": {how: self.count(how) for how in ("completed", "shortened", "fault", "cut off")},
            "pain_before": self.mean("pain_before"),
            "pain_after": self.mean("pain_after"),
            "comfort": self.mean("comfort"),
            "report": self.report,
            "note": self.note,
            "verdict": self.verdict,
            "why": self.why,
            "sessions": [one.id for one in self.sessions],
        }


def calendar(
    programme: Programme,
    sessions: Sequence[Done],
    reports: dict[int, tuple[bool, str]],
    today: datetime.date,
) -> list[Week]:
    """Every week with its level after what happened; `reports`: week -> (bad, note).

    A week that is not over is judged by what is known of it; one without a word counts as good.
    """
    weeks = []
    for number in range(1, programme.weeks + 1):
        week = Week(
            number,
            programme.first_day(number),
            programme.levels[0],
            programme.days_a_week,
            [one for one in sessions if one.week == number],
        )
        if number in reports:
            bad, week.note = reports[number]
            week.report = BAD if bad else GOOD
        week.verdict, week.why = _verdict(week, over=today >= programme.first_day(number + 1))
        weeks.append(week)
    reached = walked(programme.weeks, [week.verdict for week in weeks])
    for week, at in zip(weeks, reached, strict=True):
        week.level = programme.levels[at]
    return weeks


def _verdict(week: Week, *, over: bool) -> tuple[str, str]:
    """How a week went, and why. What the therapist reports goes before what the numbers say."""
    if week.report:
        return week.report, f"reported {week.report}"
    changes = [
        one.pain_after - one.pain_before
        for one in week.sessions
        if one.pain_before is not None and one.pain_after is not None
    ]
    if changes and sum(changes) >= PAIN_WORSE * len(changes):
        return BAD, f"pain rose by {sum(changes) / len(changes):g} on average"
    if over and week.done * 2 < week.prescribed:
        return FEW, f"{week.done} of {week.prescribed} sessions"
    return GOOD, ""
