"""How far the bed has moved since something began: backing off, a return, a rest. Pure integers."""

from inversion_table.safety import faults, limits, states
from inversion_table.safety.ticks import advanced_ms

OUTWARD_MAX_UDEG = limits.RETURN_OUTWARD_MDEG * 1000


class Travel:
    """Written once a tick by `update`; the monitors read it."""

    def __init__(self) -> None:
        self.backed_off = False
        """Backing off, the bed has moved homeward by BACK_OFF_MDEG."""
        self.wrong_way = False
        """A return, or nothing at all, moves the bed outward."""
        self.futile = False
        """Returns have only moved the bed outward: another one would move it further."""
        self.crept = False
        """The bed has drifted although nothing drives it."""
        self.back_off_from_mdeg = 0
        self.outward_udeg = 0
        self.was_slow = False
        self.fast_ms = 0
        self.returning = False
        self.return_from_mdeg = 0
        self.failed = False
        self.floor_mdeg = 0
        self.rest_ms = 0
        self.rest_mdeg = 0
        self.creep_ms = 0

    def update(self, decision, estimate, trusted: bool, doubtful: bool, dt_ms: int) -> None:
        """`decision`: the last one made; `doubtful`: the other IMU denies the rate."""
        if not decision.backing_off:
            self.back_off_from_mdeg = estimate.tilt_mdeg
        moved_mdeg = self.back_off_from_mdeg - estimate.tilt_mdeg
        self.backed_off = moved_mdeg >= limits.BACK_OFF_MDEG  # RQ-087
        seen = trusted and not doubtful
        self._watch_return(decision, estimate.rate_mdeg_per_s, seen, dt_ms)
        self._judge_returns(decision, estimate.tilt_mdeg, trusted)
        self._watch_rest(decision, estimate.tilt_mdeg, trusted, dt_ms)

    def _watch_return(self, decision, rate: int, seen: bool, dt_ms: int) -> None:
        """A return goes one way only, and a bed at rest stays (RQ-097).

        Counted by the rate: a tilt may leap to that of the other IMU.
        """
        slow = rate <= limits.RETURN_OUTWARD_RATE_MDEG_PER_S
        if not states.HOLDING <= decision.state <= states.RETURNING:
            self.outward_udeg = 0
            self.fast_ms = 0
            self.was_slow = slow
        elif seen:
            # What is still coming to rest from the way out is no wrong way yet.
            self.was_slow = self.was_slow or slow
            fast = self.was_slow and not slow
            self.fast_ms = advanced_ms(self.fast_ms, dt_ms) if fast else 0
            if decision.duty_permille == 0:
                self.outward_udeg = 0
            elif rate < 0 or rate > limits.STALL_RATE_MDEG_PER_S:
                counted_ms = min(dt_ms, limits.TICK_LATE_MS)
                outward_udeg = self.outward_udeg + rate * counted_ms
                self.outward_udeg = max(0, min(OUTWARD_MAX_UDEG, outward_udeg))
        self.wrong_way = (
            self.outward_udeg >= OUTWARD_MAX_UDEG or self.fast_ms >= limits.RETURN_OUTWARD_MS
        )

    def _judge_returns(self, decision, tilt_mdeg: int, trusted: bool) -> None:
        """Whether one ended further out than it began, and how far the bed has risen since."""
        returning = decision.state == states.RETURNING
        if returning and not self.returning:
            self.return_from_mdeg = tilt_mdeg
        elif self.returning and decision.state == states.FAULT:
            code = decision.fault
            wrong = code == faults.MOVED_BACKWARD or code == faults.OVERSPEED
            if wrong and tilt_mdeg > self.return_from_mdeg and not self.failed:
                self.floor_mdeg = self.return_from_mdeg
                self.failed = True
        self.returning = returning
        if decision.at_home:
            self.failed = False
        if trusted:
            self.floor_mdeg = min(self.floor_mdeg, tilt_mdeg)
        risen_mdeg = tilt_mdeg - self.floor_mdeg
        self.futile = self.failed and trusted and risen_mdeg > limits.RETURN_RISE_MDEG  # RQ-098

    def _watch_rest(self, decision, tilt_mdeg: int, trusted: bool, dt_ms: int) -> None:
        """Too slow for a rate to tell: the tilt itself, against where the bed came to rest."""
        state = decision.state
        may_rest = states.HOLDING <= state <= states.RETURNING and not decision.at_home
        if not (may_rest and trusted and decision.duty_permille == 0):
            self.rest_ms = 0
            self.creep_ms = 0
            self.crept = False
            return
        self.rest_ms = advanced_ms(self.rest_ms, dt_ms)
        if self.rest_ms <= limits.CREEP_SETTLE_MS:
            self.rest_mdeg = tilt_mdeg
        drifted = abs(tilt_mdeg - self.rest_mdeg) > limits.CREEP_MDEG
        self.creep_ms = advanced_ms(self.creep_ms, dt_ms) if drifted else 0
        self.crept = self.creep_ms >= limits.CREEP_MS  # RQ-099
