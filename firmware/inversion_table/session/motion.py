"""Smooth motion: a trajectory with bounded rate and acceleration, and the loop that tracks it."""

# The reference drive turns the bed at 10 deg/s with full duty (docs/hardware.md), so a duty of
# 1 permille gives about 10 mdeg/s.
FEED_FORWARD_MDEG_PER_S_PER_PERMILLE = 10
FRICTION_PERMILLE = 25
"""Duty at which the reference motor and worm just begin to move."""
PROPORTIONAL_MDEG_PER_PERMILLE = 3
"""1 deg behind gives 333 permille, 3.3 deg/s: a pole at 3.3 1/s, far below the motor's own."""
INTEGRAL_MDEG_MS_PER_PERMILLE = 4_000
INTEGRAL_MAX_PERMILLE = 250
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
        self.integral_mdeg_ms = 0
        self.settle_ms = 0

    def hold_at(self, tilt_mdeg: int) -> None:
        """Stand still here, with nothing left over from the motion before."""
        self.ref_udeg = tilt_mdeg * 1000
        self.rate_udeg_per_s = 0
        self.rate_mdeg_per_s = 0
        self.duty_permille = 0
        self.integral_mdeg_ms = 0
        self.settle_ms = 0

    def ref_mdeg(self) -> int:
        """The reference tilt, rounded down to mdeg."""
        return self.ref_udeg // 1000

    def move(
        self,
        tilt_mdeg: int,
        target_mdeg: int,
        rate_mdeg_per_s: int,
        acceleration_mdeg_per_s2: int,
        dt_ms: int,
    ) -> bool:
        """Advance the reference towards `target_mdeg` and track it; True once arrived there."""
        if dt_ms > DT_MAX_MS:
            dt_ms = DT_MAX_MS
        self._advance(target_mdeg, rate_mdeg_per_s, acceleration_mdeg_per_s2, dt_ms)
        error_mdeg = self.ref_mdeg() - tilt_mdeg
        self._track(error_mdeg, dt_ms)
        if self.rate_mdeg_per_s != 0 or self.ref_udeg != target_mdeg * 1000:
            self.settle_ms = 0
            return False
        self.settle_ms += dt_ms
        error_mdeg = abs(error_mdeg)
        return error_mdeg <= ARRIVED_MDEG or (
            self.settle_ms >= SETTLE_MS and error_mdeg <= SETTLED_MDEG
        )

    def come_to_rest(self, tilt_mdeg: int, acceleration_mdeg_per_s2: int, dt_ms: int) -> bool:
        """Slow the reference down to zero where it is; True once it stands."""
        if dt_ms > DT_MAX_MS:
            dt_ms = DT_MAX_MS
        slowing = acceleration_mdeg_per_s2 * dt_ms
        rate = abs(self.rate_udeg_per_s) - slowing
        if rate <= 0:
            self._go_on(0, True, dt_ms)
            return True
        self._go_on(rate, self.rate_udeg_per_s > 0, dt_ms)
        self._track(self.ref_mdeg() - tilt_mdeg, dt_ms)
        return False

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

    def _track(self, error_mdeg: int, dt_ms: int) -> None:
        """Feed-forward of the rate, proportional and integral of the error, to a duty."""
        rate = self.rate_mdeg_per_s
        duty = rate // FEED_FORWARD_MDEG_PER_S_PER_PERMILLE
        if rate > 0:
            duty += FRICTION_PERMILLE
        elif rate < 0:
            duty -= FRICTION_PERMILLE
        error_mdeg = max(-5_000, min(5_000, error_mdeg))
        bound = INTEGRAL_MAX_PERMILLE * INTEGRAL_MDEG_MS_PER_PERMILLE
        integral = self.integral_mdeg_ms + error_mdeg * dt_ms
        self.integral_mdeg_ms = max(-bound, min(bound, integral))
        duty += error_mdeg // PROPORTIONAL_MDEG_PER_PERMILLE
        duty += self.integral_mdeg_ms // INTEGRAL_MDEG_MS_PER_PERMILLE
        self.duty_permille = max(-1000, min(1000, duty))
