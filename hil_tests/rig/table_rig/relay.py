"""The safety relay and its charge pump, in milliseconds: as `table_bench.physics.relay`."""

from table_rig import machine_code as micropython

_CHARGE_MS = 40
_HOLD_MS = 70
_PULL_IN_MS = 10
_DROP_OUT_MS = 10
_LONGEST_GAP_MS = 50
LONG_AGO = -(1 << 28)
_NEVER_MS = 1 << 28


class Relay:
    """Follows the heartbeat's level and the E-stop's contact, looked at every millisecond."""

    def __init__(self) -> None:
        self.closed = False
        self.welded = False
        self.dead = False
        self.last_edge_ms = LONG_AGO
        self._charging_since_ms = LONG_AGO
        self._level = 0
        self._coil = False
        self._coil_changed_ms = 0
        self._estop_open = False
        self._due_ms = 0

    @micropython.native
    def update(self, level: int, estop_open: bool, now_ms: int) -> None:
        """Let the heartbeat's `level` and the E-stop work until `now_ms`."""
        if level == self._level and estop_open == self._estop_open and now_ms < self._due_ms:
            return  # nine times in ten
        self._estop_open = estop_open
        if level != self._level:
            self._level = level
            if now_ms - self.last_edge_ms > _LONGEST_GAP_MS and not self._pump_up(now_ms):
                self._charging_since_ms = now_ms
            self.last_edge_ms = now_ms
        self.follow_coil(not estop_open and self._pump_up(now_ms), now_ms)
        self._due_ms = now_ms + 1
        if self._coil == self.closed or self.dead or self.welded:
            last_ms = self.last_edge_ms
            self._due_ms = last_ms + _HOLD_MS if self._coil else _NEVER_MS

    def measured(self, level: int, coil: bool, now_ms: int) -> None:
        """Where a real charge pump drives a real coil, which the rig looks at."""
        if level != self._level:
            self._level = level
            self.last_edge_ms = now_ms
        self.follow_coil(coil, now_ms)

    def follow_coil(self, coil: bool, now_ms: int) -> None:
        """The coil has current or not."""
        if self.dead:
            coil = False
        if coil != self._coil:
            self._coil = coil
            self._coil_changed_ms = now_ms
        if coil != self.closed:
            if now_ms - self._coil_changed_ms >= (_PULL_IN_MS if coil else _DROP_OUT_MS):
                self.closed = coil
        if self.welded:
            self.closed = True

    def break_down(self, welded: bool, dead: bool) -> None:
        """Faults: the contact never opens, or never closes."""
        self.welded = welded
        self.dead = dead
        self._due_ms = 0

    def _pump_up(self, now_ms: int) -> bool:
        last_ms = self.last_edge_ms
        return now_ms - last_ms < _HOLD_MS and last_ms - self._charging_since_ms >= _CHARGE_MS
