"""Which runs there are: fault x phase x rider x plan x seed, in a fixed order that can be cut.

Runs are laid out in rounds. A round holds every fault (or a sample of the pairs of faults) in
every phase once, in an order and with riders, plans and seeds drawn from the campaign's seed; so
the first N runs are the same on every machine, and any N spread over everything.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from inversion_table.safety.limits import Settings
from inversion_table.session.plan import Plan
from table_bench.campaign.catalogue import CASES
from table_bench.operator import simple_plan
from table_bench.physics import Rider

PHASES = ("home", "tilting", "holding", "paused", "returning", "resting", "jogging")

RIDERS = {
    "50kg": Rider(mass_kg=50, height_m=1.55, com_along_m=-0.02, com_normal_m=0.09),
    "80kg": Rider(mass_kg=80),
    "80kg_restless": Rider(mass_kg=80, restless=3.0),
    "120kg": Rider(mass_kg=120, height_m=1.90, com_along_m=-0.05, com_normal_m=0.12),
    "120kg_head_heavy": Rider(mass_kg=120, height_m=1.90, com_along_m=0.03, com_normal_m=0.12),
}


@dataclass(frozen=True)
class Course:
    """A plan with the device's settings under which it is run."""

    plan: Plan
    settings: Settings
    patience: float = 1.0
    """How long the person waits, as a share of the usual."""


def _course(plan: Plan, patience: float = 1.0, **settings: int) -> Course:
    values = {**Settings().to_dict(), "session_max_ms": 240_000, "rest_ms": 4_000, **settings}
    return Course(plan, Settings.from_dict(values), patience)


QUICK = "quick"
"""For the sample in the tests alone: as little time as a session can take."""

COURSES = {
    QUICK: _course(
        simple_plan((6, 3), rate_deg_per_s=5, rest_s=2, return_rate_deg_per_s=5, name=QUICK),
        patience=0.5,
        rate_max_mdeg_per_s=5_000,
        acceleration_mdeg_per_s2=3_000,
        jog_rate_mdeg_per_s=5_000,
        return_rate_mdeg_per_s=5_000,
        head_down_max_ms=20_000,
        session_max_ms=90_000,
    ),
    "short": _course(
        simple_plan((12, 5), rate_deg_per_s=5, rest_s=4, return_rate_deg_per_s=5, name="short"),
        rate_max_mdeg_per_s=5_000,
        acceleration_mdeg_per_s2=3_000,
        jog_rate_mdeg_per_s=4_000,
        return_rate_mdeg_per_s=4_000,
        head_down_max_ms=35_000,
    ),
    "stairs": _course(
        simple_plan((20, 4), (45, 8), rate_deg_per_s=4, rest_s=4, name="stairs"),
        rate_max_mdeg_per_s=4_000,
        jog_rate_mdeg_per_s=3_000,
        return_rate_mdeg_per_s=3_000,
        head_down_max_ms=60_000,
    ),
    "usual": _course(
        simple_plan((60, 10), rate_deg_per_s=3, rest_s=4, name="usual"),
        return_rate_mdeg_per_s=3_000,
        head_down_max_ms=75_000,
    ),
    "hardest": _course(
        simple_plan((85, 6), rate_deg_per_s=5, rest_s=4, return_rate_deg_per_s=5, name="hardest"),
        tilt_max_mdeg=85_000,
        rate_max_mdeg_per_s=5_000,
        acceleration_mdeg_per_s2=3_000,
        jog_rate_mdeg_per_s=5_000,
        return_rate_mdeg_per_s=5_000,
        head_down_max_ms=60_000,
    ),
}

CAMPAIGN_COURSES = tuple(name for name in COURSES if name != QUICK)


class UnknownRun(ValueError):
    """No run has this id; the text says which part is wrong."""


@dataclass(frozen=True)
class Run:
    """One run; `faults` holds one name of CASES, or two in a run of a pair."""

    faults: tuple[str, ...]
    phase: str
    rider: str
    course: str
    seed: int

    @property
    def run_id(self) -> str:
        """The whole run in one word."""
        return ":".join(
            ("+".join(self.faults), self.phase, self.rider, self.course, f"{self.seed}")
        )


def parse(run_id: str) -> Run:
    """The run with this id; raises UnknownRun."""
    parts = run_id.split(":")
    if len(parts) != 5 or not parts[4].isdecimal():
        raise UnknownRun(f"{run_id!r} is no run id: FAULT[+FAULT]:PHASE:RIDER:PLAN:SEED")
    faults = tuple(parts[0].split("+"))
    for name in faults:
        if name not in CASES:
            raise UnknownRun(f"no fault {name!r}; known: {', '.join(CASES)}")
    known_parts = ((parts[1], PHASES), (parts[2], tuple(RIDERS)), (parts[3], tuple(COURSES)))
    for part, known in known_parts:
        if part not in known:
            raise UnknownRun(f"no {part!r} in {run_id!r}; known: {', '.join(known)}")
    return Run(faults, parts[1], parts[2], parts[3], int(parts[4]))


def runs(count: int, seed: int = 1, pairs: bool = False, course: str | None = None) -> list[Run]:
    """The first `count` runs of the campaign with this seed; all on one `course` if it is given."""
    endless = _endless(random.Random(f"campaign {seed} {pairs}"), pairs, course)
    return [next(endless) for _ in range(count)]


def _endless(draw: random.Random, pairs: bool, course: str | None) -> Iterator[Run]:
    names = list(CASES)
    while True:
        combinations: list[tuple[tuple[str, ...], str]] = [
            ((name,), phase) for name in names for phase in PHASES
        ]
        if pairs:
            combinations = [(_pair(draw, names), phase) for _, phase in combinations]
        draw.shuffle(combinations)
        for faults, phase in combinations:
            yield Run(
                faults,
                phase,
                draw.choice(list(RIDERS)),
                course or draw.choice(CAMPAIGN_COURSES),
                draw.randrange(1, 10_000),
            )


def _pair(draw: random.Random, names: list[str]) -> tuple[str, ...]:
    """Two cases of different faults: the bench knows each fault once."""
    while True:
        first, second = draw.sample(names, 2)
        if CASES[first].fault != CASES[second].fault:
            return (first, second)


def sample(count: int, seed: int, course: str) -> list[Run]:
    """`count` runs on one course that hold every fault once before any comes again."""
    draw = random.Random(f"sample {seed}")
    found: list[Run] = []
    while len(found) < count:
        names = list(CASES)
        draw.shuffle(names)
        offset = draw.randrange(len(PHASES))
        for index, name in enumerate(names[: count - len(found)]):
            phase = PHASES[(index + offset) % len(PHASES)]
            rider = draw.choice(list(RIDERS))
            found.append(Run((name,), phase, rider, course, draw.randrange(1, 10_000)))
    return found
