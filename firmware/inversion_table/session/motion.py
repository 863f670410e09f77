"""Smooth motion: a trajectory with bounded rate and acceleration, and the loop that tracks it.

The motor follows its duty within a few hundredths of a second, so what the bed does is what the
duty does. Three things must therefore never make the duty jump: a load that is not known yet (a
start feels for it), a measurement that is wrong (a correction is bounded), and an error that has
piled up (the reference waits).
"""

# The reference drive turns the bed at 10 deg/s with full duty (docs/hardware.md), so a duty of
# 1 permille gives about 10 mdeg/s.
FEED_FORWARD_MDEG_PER_S_PER_PERMILLE = 10
FRICTION_PERMILLE = 25
"""Duty at which the reference motor and worm just begin to move."""
PROPORTIONAL_MDEG_PER_PERMILLE = 3
"""1 deg behind would give 333 permille, 3.3 deg/s: a pole at 3.3 1/s, far below the motor's own."""
PROPORTIONAL_MAX_PERMILLE = 80
"""Whatever the tilt reads, it changes the rate by no more than 0.8 deg/s at once (RQ-108)."""
INTEGRAL_MDEG_MS_PER_PERMILLE = 4_000
INTEGRAL_ERROR_MAX_MDEG = 300
"""However large the error, the load's part grows by 75 permille, 0.75 deg/s, in a second."""
DUTY_GROWTH_PERMILLE_PER_S = 400
"""Nothing that is measured speeds the bed up by more than 4 deg/s2 (RQ-108)."""
CORRECTION_MAX_PERMILLE = 190
"""The heaviest load costs 135 permille, going up (RQ-108)."""
START_FROM_PERMILLE = 10
START_PERMILLE_PER_S = 250
START_MAX_MS = 760
"""From nothing to 200 permille: a bed that has not moved by then is left to the monitors."""
START_MOVED_MDEG = 30
START_RATE_MDEG_PER_S = 390
"""What the bed does at 250 permille/s when it has moved 30 mdeg: sqrt(2 x 2.5 x 0.03) deg/s."""
START_WAY_MDEG = 300
"""A way shorter than this is gone without feeling for the load first."""
FOLLOW_MDEG_PER_S = 350
"""The reference gets no faster while the bed turns so much slower than it, and slows down while
the bed is twice as much slower: when the bed comes loose, or its measurement right, it goes on from
what the bed then does."""
SURGE_MDEG_PER_S = 450
"""The motor may run so much faster than the bed, besides what the load costs: that is how hard it
meets the bed at the end of the gear's play, or when something lets go (RQ-107)."""
WAIT_MDEG = 1_000
"""The reference waits for a bed that is so far behind."""
ARRIVED_MDEG = 120
SETTLE_MS = 2_500
SETTLED_MDEG = 1_000
"""After SETTLE_MS an error up to this is accepted: backlash, or a load that shifts."""
DT_MAX_MS = 50
"""A late tick moves the reference no further than this much time."""


class Motion:
    """Where the bed should be now (`ref_udeg`), how fast, and the duty that takes it there."""

    def __init__(self) -> None:
        self.ref_udeg = 0
        self.rate_udeg_per_s = 0
        self.rate_mdeg_per_s = 0
        self.duty_permille = 0
        self.outward = True
        """The way of the motion. A load slows both ways, so its part of the duty goes with it."""
        self.load_mdeg_ms = 0
        """Integral of the error along the way: what the load costs."""
        self.started = False
        """The bed has come loose, and its load is known."""
        self.start_ms = 0
        self.start_mdeg = 0
        self.settle_ms = 0

    def hold_at(self, tilt_mdeg: int) -> None:
        """Stand still here, with nothing left over from the motion before."""
        self.ref_udeg = tilt_mdeg * 1000
        self.rate_udeg_per_s = 0
        self.rate_mdeg_per_s = 0
        self.duty_permille = 0
        self.outward = True
        self.load_mdeg_ms = 0
        self.started = False
        self.start_ms = 0
        self.start_mdeg = 0
        self.settle_ms = 0

    def ref_mdeg(self) -> int:
        """The reference tilt, rounded down to mdeg."""
        return self.ref_udeg // 1000

    def move(
        self,
        tilt_mdeg: int,
        turning_mdeg_per_s: int,
        target_mdeg: int,
        rate_mdeg_per_s: int,
        acceleration_mdeg_per_s2: int,
        dt_ms: int,
    ) -> bool:
        """Advance the reference towards `target_mdeg` and track it; True once arrived there.

        `tilt_mdeg`, `turning_mdeg_per_s`: what the bed does, as measured.
        """
        if dt_ms > DT_MAX_MS:
            dt_ms = DT_MAX_MS
        way_mdeg = target_mdeg - self.ref_mdeg()
        if self.rate_udeg_per_s == 0 and self.start_ms == 0 and way_mdeg != 0:
            self.outward = way_mdeg > 0
            if abs(way_mdeg) > START_WAY_MDEG:
                self.started = False
                self.start_mdeg = tilt_mdeg
        if not self.started and abs(way_mdeg) > START_WAY_MDEG:
            self._start(tilt_mdeg, rate_mdeg_per_s, acceleration_mdeg_per_s2, dt_ms)
            return False
        self.start_ms = 0
        self.started = True
        behind_mdeg = self.ref_mdeg() - tilt_mdeg
        if not self.outward:
            behind_mdeg = -behind_mdeg
        bed = turning_mdeg_per_s if self.outward else -turning_mdeg_per_s
        bed = max(bed, 0) + FOLLOW_MDEG_PER_S
        rate = abs(self.rate_mdeg_per_s)
        if bed < rate <= bed + FOLLOW_MDEG_PER_S:
            bed = rate
        if behind_mdeg < WAIT_MDEG:
            rate = min(bed, rate_mdeg_per_s)
            self._advance(target_mdeg, rate, acceleration_mdeg_per_s2, dt_ms)
        elif rate > bed:
            self._wait(acceleration_mdeg_per_s2 * dt_ms)
        error_mdeg = self.ref_mdeg() - tilt_mdeg
        self._track(error_mdeg, turning_mdeg_per_s, dt_ms)
        if self.rate_mdeg_per_s != 0 or self.ref_udeg != target_mdeg * 1000:
            self.settle_ms = 0
            return False
        self.settle_ms += dt_ms
        error_mdeg = abs(error_mdeg)
        return error_mdeg <= ARRIVED_MDEG or (
            self.settle_ms >= SETTLE_MS and error_mdeg <= SETTLED_MDEG
        )

    def come_to_rest(
        self, tilt_mdeg: int, turning_mdeg_per_s: int, acceleration_mdeg_per_s2: int, dt_ms: int
    ) -> bool:
        """Slow the reference down to zero where it is; True once it stands."""
        if dt_ms > DT_MAX_MS:
            dt_ms = DT_MAX_MS
        slowing = acceleration_mdeg_per_s2 * dt_ms
        rate = abs(self.rate_udeg_per_s) - slowing
        if not self.started:  # it has hardly moved: nothing to slow down
            rate = 0
        if rate <= 0:
            self._go_on(0, True, dt_ms)
            return True
        self._go_on(rate, self.rate_udeg_per_s > 0, dt_ms)
        self._track(self.ref_mdeg() - tilt_mdeg, turning_mdeg_per_s, dt_ms)
        return False

    def _start(self, tilt_mdeg: int, rate_max: int, acceleration: int, dt_ms: int) -> None:
        """Raise the duty slowly until the bed comes loose: that is what its load costs.

        The reference stands meanwhile, and goes on from where the bed then is.
        """
        self.start_ms += dt_ms
        change = acceleration * dt_ms
        rate = abs(self.rate_udeg_per_s) + change
        rate_max = min(START_RATE_MDEG_PER_S, rate_max) * 1000
        if rate > rate_max:
            rate = max(rate_max, rate - 2 * change)
        duty = START_FROM_PERMILLE + self.start_ms * START_PERMILLE_PER_S // 1000
        moved_mdeg = tilt_mdeg - self.start_mdeg
        if not self.outward:
            moved_mdeg = -moved_mdeg
        if moved_mdeg >= START_MOVED_MDEG or self.start_ms >= START_MAX_MS:
            self.ref_udeg = tilt_mdeg * 1000
            self.started = True
            load = duty - FRICTION_PERMILLE - rate // 1000 // FEED_FORWARD_MDEG_PER_S_PER_PERMILLE
            self.load_mdeg_ms = load * INTEGRAL_MDEG_MS_PER_PERMILLE
        self._go_on(rate, self.outward, 0)
        self.duty_permille = duty if self.outward else -duty

    def _advance(self, target_mdeg: int, rate_max: int, acceleration: int, dt_ms: int) -> None:
        """A step of a trapezoid: no faster (RQ-018), no steeper (RQ-021), to stop at the target."""
        left_udeg = target_mdeg * 1000 - self.ref_udeg
        rate = self.rate_udeg_per_s
        outward = left_udeg > 0 or (left_udeg == 0 and rate > 0)
        left_udeg = abs(left_udeg)
        # Along the direction to the target: a rate below zero means moving away from it.
        if not outward:
            rate = -rate
        rate_max *= 1000
        # mdeg/s2 times ms gives udeg/s: the change is exact, so the way to stop is as foreseen.
        change = acceleration * dt_ms
        if rate <= 0 or self._room(rate + change, left_udeg, acceleration, dt_ms):
            rate += change
            if rate > rate_max:
                # A lower limit than the present rate is approached, not jumped to.
                rate = max(rate_max, rate - 2 * change)
        elif not self._room(rate, left_udeg, acceleration, dt_ms):
            rate = max(min(change, rate_max), rate - change)
        if rate > 0 and rate * dt_ms // 1000 >= left_udeg:
            self.ref_udeg = target_mdeg * 1000
            rate = 0
        self._go_on(rate, outward, dt_ms)

    def _wait(self, change: int) -> None:
        """Slow down by `change` udeg/s without going on."""
        self._go_on(max(abs(self.rate_udeg_per_s) - change, 0), self.rate_udeg_per_s > 0, 0)

    def _go_on(self, rate: int, outward: bool, dt_ms: int) -> None:
        """Let the reference move by `dt_ms` at `rate` udeg/s, below zero against `outward`."""
        if not outward:
            rate = -rate
        self.rate_udeg_per_s = rate
        if rate >= 0:
            self.rate_mdeg_per_s = rate // 1000
            self.ref_udeg += rate * dt_ms // 1000
        else:
            self.rate_mdeg_per_s = -(-rate // 1000)
            self.ref_udeg -= -rate * dt_ms // 1000

    def _room(self, rate: int, left_udeg: int, acceleration: int, dt_ms: int) -> bool:
        """Is there room to stop from `rate` udeg/s after one more step at it?

        In 16ths of a mdeg: fine enough for a soft end, and up to 8 deg/s inside small integers.
        """
        rate = -(-rate // 1000)
        return (
            rate * rate * 16 // (2 * acceleration) + rate * dt_ms * 2 // 125 <= left_udeg * 2 // 125
        )

    def _track(self, error_mdeg: int, turning: int, dt_ms: int) -> None:
        """Feed-forward of the rate, and a bounded correction for the error, to a duty."""
        rate = abs(self.rate_mdeg_per_s)
        if rate != 0:
            outward = self.rate_mdeg_per_s > 0
        else:
            outward = error_mdeg > 0
            if outward != self.outward:  # back from beyond the target: another load
                self.load_mdeg_ms = 0
        self.outward = outward
        if not outward:
            error_mdeg = -error_mdeg
            turning = -turning
        bound = CORRECTION_MAX_PERMILLE * INTEGRAL_MDEG_MS_PER_PERMILLE
        grown = max(-INTEGRAL_ERROR_MAX_MDEG, min(INTEGRAL_ERROR_MAX_MDEG, error_mdeg)) * dt_ms
        self.load_mdeg_ms = max(-bound, min(bound, self.load_mdeg_ms + grown))
        duty = error_mdeg // PROPORTIONAL_MDEG_PER_PERMILLE
        duty = max(-PROPORTIONAL_MAX_PERMILLE, min(PROPORTIONAL_MAX_PERMILLE, duty))
        load = self.load_mdeg_ms // INTEGRAL_MDEG_MS_PER_PERMILLE
        duty += load
        duty = max(-CORRECTION_MAX_PERMILLE, min(CORRECTION_MAX_PERMILLE, duty))
        if rate != 0:
            duty += rate // FEED_FORWARD_MDEG_PER_S_PER_PERMILLE + FRICTION_PERMILLE
        surge = (max(turning, 0) + SURGE_MDEG_PER_S) // FEED_FORWARD_MDEG_PER_S_PER_PERMILLE
        duty = min(duty, surge + FRICTION_PERMILLE + max(load, 0))
        # As much more as the time allows; less at once. From the other way, from zero.
        before = self.duty_permille if outward else -self.duty_permille
        duty = min(duty, max(before, 0) + (DUTY_GROWTH_PERMILLE_PER_S * dt_ms + 999) // 1000)
        if duty < 0:  # ahead: it waits, it is not driven back
            duty = 0
        self.duty_permille = duty if outward else -duty
