"""How a programme rises: by the week, one thing at a time, held back after a bad week.

A level is an angle and a time to hold it. All figures here are rules of ours, not published ones,
except PAIN_WORSE.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from itable.errors import InputError

WEEKS_MIN, WEEKS_MAX = 8, 12
TILT_RISE_MAX_MDEG = 10_000
HOLD_RISE_MAX_MS = 60_000
PAIN_WORSE = 2
"""Points of 0 to 10 that a person notices as a change (Farrar et al. 2001, Pain 94:149-158)."""

GOOD, BAD, FEW = "good", "bad", "few"


@dataclass(frozen=True)
class Level:
    """What one week does: the angle in mdeg, the time that it is held in ms."""

    tilt_mdeg: int
    hold_ms: int


def levels(start: Level, goal: Level, weeks: int) -> list[Level]:
    """A level for each week: from `start` to `goal`, never both up at once (RQ-136).

    As few rises as their greatest step allows, spread over the weeks, angle and time in turn.
    Raises InputError when the goal is lower than the start, or needs more weeks.
    """
    if not WEEKS_MIN <= weeks <= WEEKS_MAX:
        raise InputError(
            f"a programme cannot have {weeks} weeks",
            next_step=f"give {WEEKS_MIN} to {WEEKS_MAX} weeks",
        )
    if goal.tilt_mdeg < start.tilt_mdeg or goal.hold_ms < start.hold_ms:
        raise InputError(
            "the programme would end below its beginning",
            next_step="give a goal (--to-angle, --to-minutes) that is not below the beginning",
        )
    tilts = _rises(start.tilt_mdeg, goal.tilt_mdeg, TILT_RISE_MAX_MDEG, 5_000)
    holds = _rises(start.hold_ms, goal.hold_ms, HOLD_RISE_MAX_MS, 30_000)
    needed = len(tilts) + len(holds)
    if needed > weeks - 1:
        raise InputError(
            f"this rise needs {needed + 1} weeks: one thing a week, at most"
            f" {TILT_RISE_MAX_MDEG // 1000}° or {HOLD_RISE_MAX_MS // 1000} s",
            next_step="give more weeks (--weeks), or a goal that is nearer",
        )
    level = start
    found = [level]
    done = 0
    for week in range(1, weeks):
        due = needed * week // (weeks - 1)
        if done < due:
            done += 1
            # Whichever is further behind rises; the time first, which is the gentler one.
            hold_is_due = holds and (not tilts or len(holds) >= len(tilts))
            if hold_is_due:
                level = Level(level.tilt_mdeg, holds.pop(0))
            else:
                level = Level(tilts.pop(0), level.hold_ms)
        found.append(level)
    return found


def _rises(start: int, goal: int, most: int, grain: int) -> list[int]:
    """The values after each rise: as few as possible, none above `most`, all but the last round."""
    count = -(-(goal - start) // most)
    found = []
    value = start
    for left in range(count, 0, -1):
        step = -(-(goal - value) // left)
        value = goal if left == 1 else min(value + -(-step // grain) * grain, value + most)
        found.append(value)
    return found


def walked(count: int, verdicts: Sequence[str]) -> list[int]:
    """The index of the level of each of `count` weeks, after what is known of the weeks before.

    A good week leads one up; a bad one holds back, the second running goes one down; too few
    sessions hold (RQ-137). Weeks without a verdict count as good: that is the prospect.
    """
    at = 0
    found = []
    for week in range(count):
        found.append(at)
        verdict = verdicts[week] if week < len(verdicts) else GOOD
        if verdict == GOOD:
            at = min(at + 1, count - 1)
        elif verdict == BAD and week and verdicts[week - 1] == BAD:
            at = max(at - 1, 0)
    return found
