"""When a plan is where: its segments laid out in time, sums, and the tilt at any moment."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.session import profile


@dataclass(frozen=True)
class Stretch:
    """A segment of a session with its place in time; tilt in mdeg, times in ms."""

    kind: int
    start_ms: int
    duration_ms: int
    from_mdeg: int
    to_mdeg: int
    rate_mdeg_per_s: int
    acceleration_mdeg_per_s2: int
    line: int

    @property
    def end_ms(self) -> int:
        """When the stretch is over."""
        return self.start_ms + self.duration_ms

    def tilt_deg(self, at_ms: float) -> float:
        """The planned tilt at a moment of the session inside this stretch, in degrees.

        A move speeds up with the device's acceleration, runs at its rate, and slows down again; a
        short one never reaches its rate.
        """
        distance = abs(self.to_mdeg - self.from_mdeg) / 1000
        if not distance:
            return self.to_mdeg / 1000
        elapsed_s = min(max(at_ms - self.start_ms, 0), self.duration_ms) / 1000
        acceleration = self.acceleration_mdeg_per_s2 / 1000
        peak = min(self.rate_mdeg_per_s / 1000, math.sqrt(distance * acceleration))
        ramp_s = peak / acceleration
        whole_s = distance / peak + ramp_s
        if elapsed_s < ramp_s:
            gone = acceleration * elapsed_s**2 / 2
        elif elapsed_s < whole_s - ramp_s:
            gone = peak * (elapsed_s - ramp_s / 2)
        else:
            gone = distance - acceleration * max(whole_s - elapsed_s, 0) ** 2 / 2
        return self.from_mdeg / 1000 + math.copysign(gone, self.to_mdeg - self.from_mdeg)


def stretches(plan: plans.Plan, acceleration_mdeg_per_s2: int) -> Iterator[Stretch]:
    """Every segment of a session in order, from START to home."""
    now_ms = 0
    for segment in profile.segments(plan, acceleration_mdeg_per_s2):
        yield Stretch(
            segment.kind,
            now_ms,
            segment.duration_ms,
            segment.from_mdeg,
            segment.to_mdeg,
            segment.rate_mdeg_per_s,
            acceleration_mdeg_per_s2,
            segment.line,
        )
        now_ms += segment.duration_ms


@dataclass(frozen=True)
class Sums:
    """What a session comes to; times in ms."""

    total_ms: int
    head_down_ms: int
    head_down_stretch_ms: int
    tilt_max_mdeg: int

    def to_dict(self) -> dict[str, int]:
        """The sums as `--json` prints them."""
        return {
            "total_ms": self.total_ms,
            "head_down_ms": self.head_down_ms,
            "head_down_stretch_ms": self.head_down_stretch_ms,
            "tilt_max_mdeg": self.tilt_max_mdeg,
        }


def sums(plan: plans.Plan, acceleration_mdeg_per_s2: int) -> Sums:
    """Total time, head-down time, the longest head-down stretch and the greatest tilt."""
    totals = profile.Totals()
    for segment in profile.segments(plan, acceleration_mdeg_per_s2):
        totals.add(segment)
    return Sums(
        totals.total_ms, totals.head_down_ms, totals.head_down_stretch_ms, totals.tilt_max_mdeg
    )


def longest_set_line(plan: plans.Plan, acceleration_mdeg_per_s2: int) -> int:
    """The line of the set that takes most of the session; 0 for a plan without steps."""
    set_lines = {step.line: step_set.line for step_set in plan.sets for step in step_set.steps}
    spent_ms: dict[int, int] = {}
    for segment in profile.segments(plan, acceleration_mdeg_per_s2):
        line = set_lines.get(segment.line, 0)
        spent_ms[line] = spent_ms.get(line, 0) + segment.duration_ms
    return max(spent_ms, key=lambda line: spent_ms[line], default=0)


def longest_head_down_line(plan: plans.Plan, acceleration_mdeg_per_s2: int) -> int:
    """The line of the step that makes most of the longest head-down stretch; 0 without steps.

    The stretch itself ends on the way back, which belongs to a later step.
    """
    totals = profile.Totals()
    walked = []
    end = 0
    for segment in profile.segments(plan, acceleration_mdeg_per_s2):
        longest_ms = totals.head_down_stretch_ms
        totals.add(segment)
        walked.append(segment)
        if totals.head_down_stretch_ms > longest_ms:
            end = len(walked)
    worst_ms, line = 0, 0
    for segment in reversed(walked[:end]):
        down_ms = profile.head_down_ms(segment)
        if worst_ms and not down_ms and segment.duration_ms >= limits.HEAD_UP_RESETS_MS:
            break  # an earlier stretch
        if down_ms > worst_ms:
            worst_ms, line = down_ms, segment.line
    return line
