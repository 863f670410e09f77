"""The calibration of a whole table: both IMUs, the home angle, what it was made with. Checked."""

from inversion_table.estimation.calibration import Calibration, CalibrationError
from inversion_table.safety.limits import HOME_TILT_MDEG, HOME_TOLERANCE_MDEG

FULL = "full"
"""From several rests and a level that was measured."""
FIRST_GUESS = "first guess"
"""From home alone: good enough to jog by. The table stays limited as if never calibrated."""
KINDS = (FULL, FIRST_GUESS)

VERSION_MAX = 1_000_000
_TEMPERATURE_MAX_MDEGC = 125_000
_UNIX_TIME_MAX_S = 0xFFFFFFFF


def _whole(name: str, value, lowest: int, highest: int) -> int:
    if type(value) is not int or not lowest <= value <= highest:
        raise CalibrationError("%s: must be a whole number from %d to %d" % (name, lowest, highest))
    return value


class TableCalibration:
    """What is stored, and what crosses the wire. Every field is checked, by CalibrationError."""

    FIELDS = (
        "version",
        "kind",
        "made_s",
        "home_mdeg",
        "temperature_mdegc",
        "primary",
        "monitor",
    )

    def __init__(self, values) -> None:
        """From a plain dict of all FIELDS, as JSON gives it."""
        if not isinstance(values, dict):
            raise CalibrationError("calibration: needs a table of fields")
        for name in values:
            if name not in self.FIELDS:
                raise CalibrationError("%s: unknown field" % name)
        for name in self.FIELDS:
            if name not in values:
                raise CalibrationError("%s: missing" % name)
        self.version = _whole("version", values["version"], 0, VERSION_MAX)
        """Counts up with each calibration that this table keeps; the table sets it."""
        self.kind = values["kind"]
        if self.kind not in KINDS:
            raise CalibrationError("kind: must be one of %s" % ", ".join(KINDS))
        self.made_s = _whole("made_s", values["made_s"], 0, _UNIX_TIME_MAX_S)
        """Unix time by the laptop's clock."""
        self.home_mdeg = _whole(
            "home_mdeg",
            values["home_mdeg"],
            HOME_TILT_MDEG - HOME_TOLERANCE_MDEG,
            HOME_TILT_MDEG + HOME_TOLERANCE_MDEG,
        )
        """The tilt at home, where the home switch is closed, as it was then."""
        warm = values["temperature_mdegc"]
        if not isinstance(warm, (list, tuple)) or len(warm) != 2:
            raise CalibrationError("temperature_mdegc: needs two numbers, primary and monitor")
        for value in warm:
            _whole("temperature_mdegc", value, -_TEMPERATURE_MAX_MDEGC, _TEMPERATURE_MAX_MDEGC)
        self.temperature_mdegc = (warm[0], warm[1])
        self.primary = _imu("primary", values["primary"])
        self.monitor = _imu("monitor", values["monitor"])

    def to_dict(self) -> dict:
        """Plain values, ready for JSON."""
        return {
            "version": self.version,
            "kind": self.kind,
            "made_s": self.made_s,
            "home_mdeg": self.home_mdeg,
            "temperature_mdegc": list(self.temperature_mdegc),
            "primary": self.primary.to_dict(),
            "monitor": self.monitor.to_dict(),
        }


def _imu(name: str, values) -> Calibration:
    try:
        return Calibration.from_dict(values)
    except CalibrationError as error:
        raise CalibrationError("%s.%s" % (name, error)) from None
