"""How long a plan takes: its moves, holds, return and rest as timed segments, in integers."""

from inversion_table.safety import limits
from inversion_table.session import motion

MOVE = 0
HOLD = 1
RETURN = 2
REST = 3


ARRIVE_MS = 80
"""A move ends up to this much later than its trapezoid: it ends in whole ticks, softly."""
START_MS = motion.START_MAX_MS
"""And up to this much more, while its start feels for the load."""
HOLD_TOLERANCE_MDEG = 1_000
"""The bed may stand off its target by this much, so a hold this near to head-down counts as one."""


class Segment:
    """A stretch of a session: `kind`, from/to tilt in mdeg, duration in ms, source line."""

    def __init__(
        self,
        kind: int,
        from_mdeg: int,
        to_mdeg: int,
        duration_ms: int,
        line: int,
        rate_mdeg_per_s: int,
    ) -> None:
        self.kind = kind
        self.from_mdeg = from_mdeg
        self.to_mdeg = to_mdeg
        self.duration_ms = duration_ms
        self.line = line
        self.rate_mdeg_per_s = rate_mdeg_per_s


def move_ms(distance_mdeg: int, rate_mdeg_per_s: int, acceleration_mdeg_per_s2: int) -> int:
    """Time of a trapezoid (or triangle) of rate, with the arrival; never too short, in ms.

    Trapezoid: d/v + v/a. Triangle, when d < v^2/a: 2 sqrt(d/a).
    """
    if distance_mdeg <= 0:
        return 0
    late_ms = 1 + ARRIVE_MS
    if distance_mdeg > motion.START_WAY_MDEG:
        late_ms += START_MS
    ramp_mdeg = rate_mdeg_per_s * rate_mdeg_per_s // acceleration_mdeg_per_s2
    if distance_mdeg >= ramp_mdeg:
        return (
            -(-distance_mdeg * 1000 // rate_mdeg_per_s)
            + rate_mdeg_per_s * 1000 // acceleration_mdeg_per_s2
            + late_ms
        )
    square = 4 * distance_mdeg * 1_000_000 // acceleration_mdeg_per_s2
    return _square_root(square) + late_ms


def _square_root(value: int) -> int:
    """Whole part of the square root (Newton); background and host only, may use big integers."""
    if value < 2:
        return value
    root = 1 << ((value_bits(value) + 1) // 2)
    while True:
        better = (root + value // root) // 2
        if better >= root:
            return root
        root = better


def value_bits(value: int) -> int:
    """Bits needed for a positive value (MicroPython has no int.bit_length)."""
    bits = 0
    while value:
        value >>= 1
        bits += 1
    return bits


def segments(plan, acceleration_mdeg_per_s2: int):
    """Every segment of a session from home to home, in order."""
    here_mdeg = limits.HOME_TILT_MDEG
    last_line = 0
    for step_set in plan.sets:
        for _ in range(step_set.times):
            for step in step_set.steps:
                duration_ms = move_ms(
                    abs(step.tilt_mdeg - here_mdeg), step.rate_mdeg_per_s, acceleration_mdeg_per_s2
                )
                if duration_ms:
                    yield Segment(
                        MOVE,
                        here_mdeg,
                        step.tilt_mdeg,
                        duration_ms,
                        step.line,
                        step.rate_mdeg_per_s,
                    )
                here_mdeg = step.tilt_mdeg
                last_line = step.line
                if step.hold_ms:
                    yield Segment(HOLD, here_mdeg, here_mdeg, step.hold_ms, step.line, 0)
    yield from return_segments(here_mdeg, plan, acceleration_mdeg_per_s2, last_line)


def return_segments(here_mdeg: int, plan, acceleration_mdeg_per_s2: int, line: int):
    """The staged way home from `here_mdeg`: to horizontal, a rest there, then head-up."""
    rate = plan.return_rate_mdeg_per_s
    if here_mdeg > 0:
        yield Segment(
            RETURN, here_mdeg, 0, move_ms(here_mdeg, rate, acceleration_mdeg_per_s2), line, rate
        )
        here_mdeg = 0
        if plan.rest_ms:
            yield Segment(REST, 0, 0, plan.rest_ms, line, 0)
    if here_mdeg > limits.HOME_TILT_MDEG:
        distance_mdeg = here_mdeg - limits.HOME_TILT_MDEG
        yield Segment(
            RETURN,
            here_mdeg,
            limits.HOME_TILT_MDEG,
            move_ms(distance_mdeg, rate, acceleration_mdeg_per_s2),
            line,
            rate,
        )


class Totals:
    """Sums over segments: whole time, head-down time, longest head-down stretch and its line."""

    def __init__(self) -> None:
        self.total_ms = 0
        self.head_down_ms = 0
        self.head_down_stretch_ms = 0
        self.head_down_line = 0
        self.tilt_max_mdeg = limits.HOME_TILT_MDEG
        self._stretch_ms = 0
        self._longest_ms = 0
        self._line = 0
        """Of the stretch's longest part, which is what there is to shorten."""
        self._head_up_ms = limits.HEAD_UP_RESETS_MS

    def add(self, segment: Segment) -> None:
        """Take `segment` into the sums."""
        self.total_ms += segment.duration_ms
        self.tilt_max_mdeg = max(self.tilt_max_mdeg, segment.to_mdeg)
        down_ms = head_down_ms(segment)
        # On the way out the head-up part comes first, on the way back last: a stretch begins or
        # ends inside the segment.
        head_up_ms = segment.duration_ms - down_ms
        if segment.to_mdeg >= segment.from_mdeg:
            self._pass_head_up(head_up_ms, segment)
            self._pass_head_down(down_ms, segment.line)
        else:
            self._pass_head_down(down_ms, segment.line)
            self._pass_head_up(head_up_ms, segment)

    def _pass_head_up(self, duration_ms: int, segment: Segment) -> None:
        if self._stretch_ms:
            # The kernel's clock stops only after a while head-up; on the way home it trips nothing.
            self._stretch_ms += min(duration_ms, limits.HEAD_UP_RESETS_MS - self._head_up_ms)
            if segment.kind == MOVE or segment.kind == HOLD:
                self._note_stretch()
        self._head_up_ms = min(self._head_up_ms + duration_ms, limits.HEAD_UP_RESETS_MS)
        if self._head_up_ms == limits.HEAD_UP_RESETS_MS:
            self._stretch_ms = 0
            self._longest_ms = 0

    def _pass_head_down(self, duration_ms: int, line: int) -> None:
        if not duration_ms:
            return
        self._head_up_ms = 0
        self.head_down_ms += duration_ms
        self._stretch_ms += duration_ms
        if duration_ms > self._longest_ms:
            self._longest_ms = duration_ms
            self._line = line
        self._note_stretch()

    def _note_stretch(self) -> None:
        if self._stretch_ms > self.head_down_stretch_ms:
            self.head_down_stretch_ms = self._stretch_ms
            self.head_down_line = self._line


def head_down_ms(segment: Segment) -> int:
    """The part of a segment spent above the head-down threshold, in ms, never too short."""
    threshold_mdeg = limits.HEAD_DOWN_TILT_MDEG
    low_mdeg = min(segment.from_mdeg, segment.to_mdeg)
    high_mdeg = max(segment.from_mdeg, segment.to_mdeg)
    if segment.kind == HOLD or segment.kind == REST:
        return segment.duration_ms if high_mdeg > threshold_mdeg - HOLD_TOLERANCE_MDEG else 0
    if high_mdeg <= threshold_mdeg:
        return 0
    if low_mdeg >= threshold_mdeg:
        return segment.duration_ms
    # The ramp at the far end is slower than the rate: count both ramps into the head-down part.
    at_rate_ms = (high_mdeg - threshold_mdeg) * 1000 // segment.rate_mdeg_per_s
    ramps_ms = segment.duration_ms - (high_mdeg - low_mdeg) * 1000 // segment.rate_mdeg_per_s
    return min(segment.duration_ms, at_rate_ms + max(0, ramps_ms))
