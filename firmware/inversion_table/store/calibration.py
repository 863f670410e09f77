"""The calibration that the table keeps: loaded and checked at the start, replaced only at home."""

from inversion_table.estimation.calibration import (
    CalibrationError,
    nominal_monitor,
    nominal_primary,
)
from inversion_table.estimation.rest import STILL, VERDICTS, tilt_of
from inversion_table.estimation.table_calibration import FIRST_GUESS, FULL, TableCalibration
from inversion_table.safety import limits
from inversion_table.store.slots import Slots
from inversion_table.store.values import Store

NAME = "calibration"


class KeptCalibration:
    """What the two slots hold, and what of it is in use until the next start."""

    def __init__(self, store: Store) -> None:
        self._slots = Slots(store, NAME)
        self.current: TableCalibration | None = None
        while self._slots.newest is not None and self.current is None:
            try:
                self.current = TableCalibration(self._slots.newest)
            except CalibrationError:
                self._slots.reject()
        self.ok = not self._slots.damaged
        """False: a slot is damaged. What is left is used, but nothing starts (RQ-070)."""
        current = self.current
        self.primary = current.primary if current else nominal_primary()
        self.monitor = current.monitor if current else nominal_monitor()
        self.calibrated = current is not None and current.kind == FULL
        """False: the table limits itself (RQ-113)."""
        self.home_mdeg = current.home_mdeg if current else None

    def limit(self, settings) -> None:
        """Lower the highest tilt of `settings` (limits.Settings) while nothing is calibrated."""
        if not self.calibrated:
            settings.tilt_max_mdeg = min(settings.tilt_max_mdeg, limits.UNCALIBRATED_TILT_MAX_MDEG)

    def in_use(self) -> dict | None:
        """The calibration that this program runs with, or None; a new one waits for a start."""
        return self.current.to_dict() if self.current else None

    def to_dict(self) -> dict:
        """What is in use and what came before it, for the wire."""
        slots = self._slots
        return {
            "calibrated": self.calibrated,
            "slot": slots.slot,
            "damaged": "".join(slots.damaged),
            "current": slots.newest,
            "previous": slots.previous,
        }

    def replace(self, values: dict, primary_rest, monitor_rest) -> int:
        """Check and keep a new calibration; returns its version. It is used from the next start.

        The bed must rest at home as it is called (two RestWatch): a calibration by which this very
        rest is not home is refused, whoever made it (RQ-112). Raises CalibrationError, StoreError.
        """
        new = TableCalibration(values)
        current = self._slots.newest
        if current is not None and not self._slots.damaged:
            same = dict(new.to_dict())
            same["version"] = current["version"]
            if same == current:
                return current["version"]  # asked for again, the reply was lost (RQ-128)
        for name, calibration, rest in (
            ("primary", new.primary, primary_rest),
            ("monitor", new.monitor, monitor_rest),
        ):
            if rest.verdict != STILL:
                raise CalibrationError(
                    "%s: the bed is not at rest (%s)" % (name, VERDICTS[rest.verdict])
                )
            mean = rest.mean
            off_mdeg = tilt_of(calibration, mean[0], mean[1], mean[2]) - new.home_mdeg
            if abs(off_mdeg) > limits.HOME_FIT_MDEG:
                raise CalibrationError(
                    "%s: by this calibration the bed, which is at home, is %d mdeg off home"
                    % (name, off_mdeg)
                )
        # A first guess gives way to what follows it: the whole calibration before it stays.
        passing = self.current is not None and self.current.kind == FIRST_GUESS
        passing = passing and self._slots.previous is not None and not self._slots.damaged
        return self._slots.save(new.to_dict(), passing)
