"""The safety relay in the motor supply, its charge pump and its coil circuit."""

from __future__ import annotations

PUMP_CHARGE_US = 40_000
PUMP_HOLD_US = 70_000  # the coil lets go this long after the last edge
PULL_IN_US = 10_000
DROP_OUT_US = 10_000
LONGEST_GAP_US = 50_000  # edges further apart than this never charge the pump
NEVER_US = 1 << 60


class SafetyRelay:
    """Closes about 50 ms after the heartbeat starts, opens at most 100 ms after it stops.

    The E-stop contact is in series with the coil: pressing it opens the relay after the drop-out
    time alone. Times in microseconds.
    """

    def __init__(self) -> None:
        self.closed = False
        self.welded = False
        self.dead = False
        self.estop_pressed = False
        self.last_edge_us = -NEVER_US
        self._charging_since_us = -NEVER_US
        self._coil_on = False
        self._coil_changed_us = 0
        self.change_due_us = NEVER_US

    def edge(self, now_us: int) -> None:
        """The heartbeat pin changed level."""
        if now_us - self.last_edge_us > LONGEST_GAP_US and not self._pump_up(now_us):
            self._charging_since_us = now_us
        self.last_edge_us = now_us

    def _pump_up(self, now_us: int) -> bool:
        last = self.last_edge_us
        return now_us - last < PUMP_HOLD_US and last - self._charging_since_us >= PUMP_CHARGE_US

    def update(self, now_us: int) -> bool:
        """Whether the contact is closed at `now_us`.

        `change_due_us` is then when the answer may next change by itself.
        """
        coil = not self.estop_pressed and not self.dead and self._pump_up(now_us)
        if coil != self._coil_on:
            self._coil_on = coil
            self._coil_changed_us = now_us
        self.change_due_us = self.last_edge_us + PUMP_HOLD_US if coil else NEVER_US
        if coil != self.closed:
            due_us = self._coil_changed_us + (PULL_IN_US if coil else DROP_OUT_US)
            if now_us >= due_us:
                self.closed = coil
            elif due_us < self.change_due_us:
                self.change_due_us = due_us
        if self.welded:
            self.closed = True
        return self.closed
