"""The last fault that was latched: which, when, in what state, and what was measured then."""

from inversion_table.safety import faults, states


class LastFault:
    """Kept after the fault is forgotten, until the next one: people ask afterwards (RQ-106)."""

    def __init__(self) -> None:
        self.count = 0
        """Faults latched since the start."""
        self.fault = faults.NO_FAULT
        self.then_ms = 0
        self.state = states.SELF_TEST
        """What the table was doing in the tick before."""
        self.tilt_mdeg = 0
        self.rate_mdeg_per_s = 0
        self.current_ma = 0
        self.supply_mv = 0
        self._latched = faults.NO_FAULT
        self._state = states.SELF_TEST

    def note(self, decision, estimate, inputs, now_ms: int) -> None:
        """Take the readings of the tick in which a fault is latched; allocates nothing.

        To be called in each tick in which state or fault changes; in others it finds nothing.
        """
        if decision.fault != self._latched:
            self._latched = decision.fault
            if decision.fault != faults.NO_FAULT:
                self.count = (self.count + 1) & 0xFFFF
                self.fault = decision.fault
                self.then_ms = now_ms
                self.state = self._state
                self.tilt_mdeg = estimate.tilt_mdeg
                self.rate_mdeg_per_s = estimate.rate_mdeg_per_s
                self.current_ma = inputs.current_ma
                self.supply_mv = inputs.supply_mv
        self._state = decision.state
