"""Drift watch: what the IMUs say at home, against the angle that home had at the calibration.

At home the switch says where the bed is, without any IMU. An IMU that reads something else there
has moved on its mount or drifted; if both do, the switch has moved. (RQ-114, RQ-115)
"""

from inversion_table.estimation.rest import STILL, tilt_of
from inversion_table.safety import limits
from inversion_table.store.values import StoreError

NAME = "home_angle"
ARRIVALS_KEPT = 32
_COUNT_MASK = 0xFFFFF


class HomeAngle:
    """Call `look` in each pass of the background, `keep` when it said that there is news."""

    def __init__(self, store, calibration, primary_rest, monitor_rest) -> None:
        """`calibration`: store.calibration.KeptCalibration; then the two RestWatch."""
        self.ok = True
        """False: an IMU is further off than HOME_DRIFT_MAX_MDEG. Measured anew at each rest."""
        self.measured = False
        self.primary_mdeg = 0
        """How far each IMU is off at home, when `measured`; positive: too far head-down."""
        self.monitor_mdeg = 0
        self.arrivals: list = []
        """Of this calibration, oldest first: [primary, monitor in mdeg, the primary's temperature
        in mdegC]. The log has them with their time."""
        self._store = store
        self._calibration = calibration
        self._primary = primary_rest
        self._monitor = monitor_rest
        self._version = calibration.current.version if calibration.current else 0
        self._primary_from = 0
        self._monitor_from = 0
        self._told = False
        self._load()

    def _load(self) -> None:
        try:
            kept = self._store.load(NAME)
        except StoreError:
            return  # a lost history says nothing about the present
        if isinstance(kept, dict) and kept.get("version") == self._version:
            arrivals = kept.get("arrivals")
            if isinstance(arrivals, list):
                self.arrivals = [
                    entry for entry in arrivals if isinstance(entry, list) and len(entry) == 3
                ]

    def look(self, resting: bool) -> bool:
        """Measure, if the bed is `resting` at home; True once for each arrival, when measured."""
        primary, monitor = self._primary, self._monitor
        if not resting or self._calibration.home_mdeg is None:
            self._primary_from = primary.windows
            self._monitor_from = monitor.windows
            self._told = False
            return False
        # The first window to end now may have begun before the bed came to rest.
        if (primary.windows - self._primary_from) & _COUNT_MASK < 2:
            return False
        if (monitor.windows - self._monitor_from) & _COUNT_MASK < 2:
            return False
        self._primary_from = (primary.windows - 1) & _COUNT_MASK
        self._monitor_from = (monitor.windows - 1) & _COUNT_MASK
        if primary.verdict != STILL or monitor.verdict != STILL:
            return False
        calibration = self._calibration
        self.primary_mdeg = self._off(calibration.primary, primary)
        self.monitor_mdeg = self._off(calibration.monitor, monitor)
        self.measured = True
        most_mdeg = max(abs(self.primary_mdeg), abs(self.monitor_mdeg))
        self.ok = most_mdeg <= limits.HOME_DRIFT_MAX_MDEG
        if self._told:
            return False
        self._told = True
        return True

    def _off(self, calibration, rest) -> int:
        mean = rest.mean
        return tilt_of(calibration, mean[0], mean[1], mean[2]) - self._calibration.home_mdeg

    def keep(self) -> None:
        """Add this arrival to those kept, and store them; only where flash may be erased."""
        entry = [self.primary_mdeg, self.monitor_mdeg, self._primary.temperature_mdegc]
        self.arrivals = (self.arrivals + [entry])[-ARRIVALS_KEPT:]
        try:
            self._store.save(NAME, {"version": self._version, "arrivals": self.arrivals})
        except StoreError:
            return  # it is still in the log, and shown until the next start
