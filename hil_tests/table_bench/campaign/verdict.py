"""The verdict on a run: from the true trace to measures, and each measure against its limit.

Rates and accelerations are means over a stated window, taken from the tilt alone, so that the
bed's fall through the gear's play (0.3 deg, in a few hundredths of a second) counts as what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inversion_table.safety import limits
from table_bench.campaign.catalogue import CASES, Case
from table_bench.campaign.plan_of_runs import Run
from table_bench.campaign.play import HOME_DEG, NEAR_HOME_DEG, Outcome

GRID_S = 0.01
RATE_WINDOW_S = 0.25
ACCELERATION_WINDOW_S = 0.5
HEAD_DOWN_DEG = limits.HEAD_DOWN_TILT_MDEG / 1000
SLOWEST_RETURN_DEG_PER_S = 1.1
"""Half of the blind return's usual rate: what limits.RETURN_BLIND_MAX_MS reckons with."""
HOMEWARD_DEG = 0.75
"""The bed is on its way home once it is this far back: more than the gear's play."""
PLAY_DEG = 0.35
"""Its homeward motion began when it was last within the gear's play (0.3 deg) of where it was."""
MOVING_AWAY = ("tilting", "holding", "paused", "jogging")
"""Phases from which the way home has not begun yet."""


@dataclass(frozen=True)
class Limit:
    """The most that a measure may reach."""

    most: float
    unit: str
    text: str
    source: str


OVERSPEED_DEG_PER_S = limits.OVERSPEED_MDEG_PER_S / 1000

LIMITS: dict[str, Limit] = {
    "tilt": Limit(
        limits.TILT_MAX_MDEG / 1000, "deg", "tilt", "limits.TILT_MAX_MDEG (hard constant)"
    ),
    "over_tilt": Limit(
        (limits.OVERTRAVEL_MDEG + limits.DISAGREEMENT_MDEG) / 1000,
        "deg",
        "tilt past what the plan (jogging: the device) allows",
        "limits.OVERTRAVEL_MDEG + DISAGREEMENT_MDEG: a sensor may be wrong by that before it trips",
    ),
    "rate": Limit(
        OVERSPEED_DEG_PER_S,
        "deg/s",
        f"rate, mean over {RATE_WINDOW_S} s",
        "limits.OVERSPEED_MDEG_PER_S",
    ),
    "speeding_up": Limit(
        limits.ACCELERATION_MAX_MDEG_PER_S2 / 1000,
        "deg/s²",
        f"acceleration to a higher rate, of means over {ACCELERATION_WINDOW_S} s",
        "limits.ACCELERATION_MAX_MDEG_PER_S2 (hard constant)",
    ),
    "slowing_down": Limit(
        OVERSPEED_DEG_PER_S / ACCELERATION_WINDOW_S,
        "deg/s²",
        f"slowing down, of means over {ACCELERATION_WINDOW_S} s",
        "the worm stops the bed at once when power is removed: limits.OVERSPEED_MDEG_PER_S to 0",
    ),
    "head_down_excess": Limit(
        limits.RETURN_IDLE_MS / 1000 + limits.ASSESS_MS / 1000 + 2.0,
        "s",
        "head-down at a stretch past the limit and the time to return"
        f" at {SLOWEST_RETURN_DEG_PER_S} deg/s",
        "limits.RETURN_IDLE_MS + ASSESS_MS + a reset (2 s)",
    ),
    "outward_after": Limit(
        0.6,
        "deg",
        "outward motion once power was removed or the way home had begun, until home",
        "twice the gear's play (0.3 deg)",
    ),
    "reaction_late": Limit(
        0.0,
        "s",
        "reaction (power removed or homeward motion) after the time that the catalogue allows",
        "catalogue.CASES[...].reacts_s",
    ),
    "way_home": Limit(
        limits.RETURN_BLIND_MAX_MS / 1000 + 30.0,
        "s",
        "from the call for RETURN, or homeward motion before it, to home",
        "limits.RETURN_BLIND_MAX_MS + alarm, rest and three calls (30 s)",
    ),
    "drive_at_end": Limit(0.0, "share", "motor drive at the end", "power off at rest"),
    "relay_at_end": Limit(0.0, "closed", "relay closed at the end", "power off at rest"),
    "from_home": Limit(
        0.0,
        "deg",
        "end of the run away from home, where the catalogue asks for home",
        "region of the home switch (contacts.HOME_OPENS_DEG)",
    ),
    "stranded": Limit(
        0.0, "runs", "RETURN brings nobody home even once mended", "held with RETURN available"
    ),
}


@dataclass(frozen=True)
class Verdict:
    """Every measure of LIMITS, the reaction's times (None: never), and what is too much."""

    measures: dict[str, float]
    times: dict[str, float | None]
    violations: tuple[str, ...]


class UnsetLimit(KeyError):
    """A measure without a limit, or a limit without a measure."""


def judge(run: Run, outcome: Outcome) -> Verdict:
    """Measure `outcome` and compare each measure with its limit."""
    cases = [CASES[name] for name in run.faults]
    grid = _Grid(outcome)
    times = _times(run, outcome, grid)
    measures = {
        **_motion(outcome, grid),
        "head_down_excess": _head_down_excess_s(cases, outcome, grid),
        "outward_after": _outward_after_deg(run, grid, times),
        "reaction_late": _reaction_late_s(run, cases, times, outcome),
        "way_home": _way_home_s(cases, outcome, grid, times),
        **_end(cases, outcome),
    }
    return Verdict(measures, times, compare(measures))


def compare(measures: dict[str, float]) -> tuple[str, ...]:
    """Names of the measures beyond their limits; raises UnsetLimit."""
    if set(measures) != set(LIMITS):
        raise UnsetLimit(f"measures and limits differ: {sorted(set(measures) ^ set(LIMITS))}")
    return tuple(name for name, limit in LIMITS.items() if not measures[name] <= limit.most + 1e-9)


class _Grid:
    """The trace at even steps."""

    def __init__(self, outcome: Outcome) -> None:
        first, last = outcome.time_s[0], outcome.time_s[-1]
        self.time_s = np.arange(first, last, GRID_S)
        self.tilt_deg = np.interp(self.time_s, outcome.time_s, outcome.tilt_deg)
        before = np.searchsorted(outcome.time_s, self.time_s, side="right") - 1
        self.drive = outcome.drive[before]
        self.relay = outcome.relay[before] > 0
        self.start = int(np.searchsorted(self.time_s, outcome.injected_s))

    def rate(self, window_s: float) -> np.ndarray[Any, Any]:
        """Mean rates over windows that begin at each step."""
        count = round(window_s / GRID_S)
        rate: np.ndarray[Any, Any] = (self.tilt_deg[count:] - self.tilt_deg[:-count]) / window_s
        return rate

    def when(self, index: int) -> float:
        """Seconds since the injection."""
        return float(self.time_s[index] - self.time_s[self.start])


def _first(condition: np.ndarray[Any, Any]) -> int | None:
    return int(np.argmax(condition)) if condition.any() else None


def _motion(outcome: Outcome, grid: _Grid) -> dict[str, float]:
    rate = grid.rate(ACCELERATION_WINDOW_S)
    count = round(ACCELERATION_WINDOW_S / GRID_S)
    before, after = rate[:-count], rate[count:]
    # A turn is slowing down to a standstill, and speeding up from it.
    turned = before * after < 0
    change = np.abs(after) - np.abs(before)
    faster = np.where(turned, np.abs(after), change) / ACCELERATION_WINDOW_S
    slower = np.where(turned, np.abs(before), -change) / ACCELERATION_WINDOW_S
    top_deg = float(np.max(grid.tilt_deg))
    return {
        "tilt": top_deg,
        "over_tilt": max(0.0, top_deg - outcome.limit_deg),
        "rate": float(np.max(np.abs(grid.rate(RATE_WINDOW_S)))),
        "speeding_up": float(np.max(faster, initial=0.0)),
        "slowing_down": float(np.max(slower, initial=0.0)),
    }


def _head_down_excess_s(cases: list[Case], outcome: Outcome, grid: _Grid) -> float:
    """The longest stretch's excess over limit and time to return; 0 where the bed may be held."""
    if outcome.ended != "home" and any(case.may_hold for case in cases):
        return 0.0
    worst_s = 0.0
    for begin, end in _stretches_down(outcome, grid):
        over = begin + round(outcome.head_down_max_s / GRID_S)
        if over < end:
            back_s = max(0.0, grid.tilt_deg[over]) / SLOWEST_RETURN_DEG_PER_S
            worst_s = max(worst_s, (end - over) * GRID_S - back_s)
    return float(worst_s)


def _times(run: Run, outcome: Outcome, grid: _Grid) -> dict[str, float | None]:
    """Seconds from the injection to drive off, relay open, call, homeward motion, home.

    And to `limit`: when the bed had been head-down at a stretch for as long as the settings allow.
    """
    drive, relay, tilt = grid.drive[grid.start :], grid.relay[grid.start :], grid.tilt_deg
    driven, closed = bool(drive[0] != 0), bool(relay[0])
    tilt = tilt[grid.start :]
    back_deg = np.maximum.accumulate(tilt) - tilt
    begun = _first(
        back_deg >= max([HOMEWARD_DEG, *(CASES[name].drifts_deg for name in run.faults)])
    )
    if begun is not None:
        begun = int(np.flatnonzero(back_deg[: begun + 1] < PLAY_DEG)[-1])
    off = _first(drive == 0) if driven else None
    opened = _first(~relay) if closed else None
    home = _first(tilt <= HOME_DEG) if run.phase != "home" else None
    return {
        "drive_off": None if off is None else off * GRID_S,
        "relay_open": None if opened is None else opened * GRID_S,
        "called": None if outcome.called_s is None else outcome.called_s - outcome.injected_s,
        "homeward": None if begun is None else begun * GRID_S,
        "home": None if home is None else home * GRID_S,
        "limit": _limit_s(outcome, grid),
    }


def _limit_s(outcome: Outcome, grid: _Grid) -> float | None:
    """When the first head-down stretch reached its limit, after the injection; None: none did."""
    for begin, end in _stretches_down(outcome, grid):
        over = begin + round(outcome.head_down_max_s / GRID_S)
        if grid.start < over < end:
            return grid.when(over)
    return None


def _stretches_down(outcome: Outcome, grid: _Grid) -> list[tuple[int, int]]:
    """First index and end of each stretch head-down while the run was watched."""
    down = (grid.tilt_deg > HEAD_DOWN_DEG) & (grid.time_s <= outcome.over_s)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], down, [False]]).astype(int)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def _reaction_s(times: dict[str, float | None]) -> float | None:
    found = [times[name] for name in ("relay_open", "homeward")]
    return min((time_s for time_s in found if time_s is not None), default=None)


def _reaction_late_s(
    run: Run, cases: list[Case], times: dict[str, float | None], outcome: Outcome
) -> float:
    allowed = [case.reacts_s for case in cases if case.reacts_s is not None]
    if run.phase not in MOVING_AWAY or not allowed:
        return 0.0
    reaction_s = _reaction_s(times)
    if reaction_s is None:
        reaction_s = float(outcome.time_s[-1]) - outcome.injected_s
    return max(0.0, reaction_s - min(allowed))


def _outward_after_deg(run: Run, grid: _Grid, times: dict[str, float | None]) -> float:
    """The most that the bed rose from any earlier point, once it was on its way home."""
    begun_s = _reaction_s(times) if run.phase in (*MOVING_AWAY, "home") else 0.0
    if begun_s is None:
        return 0.0
    tilt = grid.tilt_deg[grid.start + round(begun_s / GRID_S) :]
    if not len(tilt):
        return 0.0
    return float(np.max(tilt - np.minimum.accumulate(tilt)))


def _way_home_s(
    cases: list[Case], outcome: Outcome, grid: _Grid, times: dict[str, float | None]
) -> float:
    if outcome.ended != "home":
        return 0.0  # judged by from_home and stranded
    begins = [outcome.called_s, _absolute(outcome, times["homeward"])]
    begun_s = min((begin for begin in begins if begin is not None), default=None)
    if begun_s is None:
        return 0.0
    home_deg = NEAR_HOME_DEG if any(case.ends_near for case in cases) else HOME_DEG
    home = _first((grid.tilt_deg <= home_deg) & (grid.time_s >= begun_s))
    return outcome.over_s - begun_s if home is None else float(grid.time_s[home]) - begun_s


def _absolute(outcome: Outcome, time_s: float | None) -> float | None:
    return None if time_s is None else outcome.injected_s + time_s


def _end(cases: list[Case], outcome: Outcome) -> dict[str, float]:
    home_deg = NEAR_HOME_DEG if any(case.ends_near for case in cases) else HOME_DEG
    away_deg = max(0.0, outcome.end_tilt_deg - home_deg)
    if outcome.ended != "home" and any(case.may_hold for case in cases):
        away_deg = 0.0
    closed = outcome.end_relay and not any(case.relay_stays for case in cases)
    return {
        "drive_at_end": abs(outcome.end_drive),
        "relay_at_end": float(closed),
        "from_home": away_deg,
        "stranded": float(outcome.ended == "stranded"),
    }
