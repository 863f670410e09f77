"""Per-unit calibration of one IMU: a checked value, to and from a plain dict."""

ONE_Q14 = 1 << 14
"""1.0 in the mount matrix."""

ACCEL_BIAS_MAX_UG = 200_000
"""Well past the worst zero offset of either part (MPU-6050 z: +-80 mg typical)."""
ACCEL_SCALE_MAX_PPM = 50_000
GYRO_BIAS_MAX_UDPS = 20_000_000
"""MPU-6050: zero-rate output +-20 dps (PS-MPU-6000A, 6.1)."""
TILT_OFFSET_MAX_MDEG = 15_000
RESIDUAL_MIN_MDEG = 50
RESIDUAL_MAX_MDEG = 10_000
ROTATION_TOLERANCE_Q14 = 33
"""Lengths and right angles of the mount matrix must hold to 0.2 %."""

NOMINAL_PRIMARY_RESIDUAL_MDEG = 1_200
"""LSM6DSOX as delivered: zero-g offset +-20 mg typical (ST DS12814), as tilt."""
NOMINAL_MONITOR_RESIDUAL_MDEG = 4_600
"""MPU-6050 as delivered: zero-g offset +-80 mg on its worst axis (PS-MPU-6000A, 6.2), as tilt."""


class CalibrationError(ValueError):
    """A calibration that must not be used; the text says which field, and what is allowed."""


def _integer(name: str, value, limit: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise CalibrationError("%s: %r is not a whole number" % (name, value))
    if not -limit <= value <= limit:
        raise CalibrationError("%s: %d is outside -%d .. %d" % (name, value, limit, limit))
    return value


def _vector(name: str, value, limit: int):
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise CalibrationError("%s: needs three numbers, for x, y and z" % name)
    return (
        _integer(name + "[0]", value[0], limit),
        _integer(name + "[1]", value[1], limit),
        _integer(name + "[2]", value[2], limit),
    )


def _dot_q14(a, b) -> int:
    return (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) >> 14


def _rotation(name: str, value):
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise CalibrationError("%s: needs three rows" % name)
    limit = ONE_Q14 + ROTATION_TOLERANCE_Q14
    rows = (
        _vector(name + "[0]", value[0], limit),
        _vector(name + "[1]", value[1], limit),
        _vector(name + "[2]", value[2], limit),
    )
    x, y, z = rows
    for first, second, want in (
        (x, x, ONE_Q14),
        (y, y, ONE_Q14),
        (z, z, ONE_Q14),
        (x, y, 0),
        (y, z, 0),
        (z, x, 0),
    ):
        if abs(_dot_q14(first, second) - want) > ROTATION_TOLERANCE_Q14:
            raise CalibrationError(
                "%s: not a rotation: rows must be at right angles, of length %d" % (name, ONE_Q14)
            )
    cross_x_y = (
        (x[1] * y[2] - x[2] * y[1]) >> 14,
        (x[2] * y[0] - x[0] * y[2]) >> 14,
        (x[0] * y[1] - x[1] * y[0]) >> 14,
    )
    if _dot_q14(cross_x_y, z) < 0:
        raise CalibrationError("%s: mirrored: the z row must be x cross y" % name)
    return rows


class Calibration:
    """What turns one IMU's readings into bed axes; to change it, build a new one.

    force_bed = mount * ((reading - accel_bias) * (1 + accel_scale)), and the rate alike without a
    scale; then `tilt_offset_mdeg` is added to the tilt. Every field is checked, with a
    CalibrationError that names it.
    """

    FIELDS = (
        "accel_bias_ug",
        "accel_scale_ppm",
        "gyro_bias_udps",
        "mount_q14",
        "tilt_offset_mdeg",
        "residual_mdeg",
    )

    def __init__(
        self,
        accel_bias_ug,
        accel_scale_ppm,
        gyro_bias_udps,
        mount_q14,
        tilt_offset_mdeg: int,
        residual_mdeg: int,
    ):
        self.accel_bias_ug = _vector("accel_bias_ug", accel_bias_ug, ACCEL_BIAS_MAX_UG)
        self.accel_scale_ppm = _vector("accel_scale_ppm", accel_scale_ppm, ACCEL_SCALE_MAX_PPM)
        self.gyro_bias_udps = _vector("gyro_bias_udps", gyro_bias_udps, GYRO_BIAS_MAX_UDPS)
        self.mount_q14 = _rotation("mount_q14", mount_q14)
        """Rows: the bed's x, y, z axes, written in sensor axes, 16384 = 1.0."""
        self.tilt_offset_mdeg = _integer("tilt_offset_mdeg", tilt_offset_mdeg, TILT_OFFSET_MAX_MDEG)
        self.residual_mdeg = _integer("residual_mdeg", residual_mdeg, RESIDUAL_MAX_MDEG)
        """Bound of the tilt error that is left at rest with this calibration."""
        if residual_mdeg < RESIDUAL_MIN_MDEG:
            raise CalibrationError(
                "residual_mdeg: %d is below %d, more than these sensors can promise"
                % (residual_mdeg, RESIDUAL_MIN_MDEG)
            )

    def to_dict(self) -> dict:
        """Plain lists and integers, ready for JSON."""
        return {
            "accel_bias_ug": list(self.accel_bias_ug),
            "accel_scale_ppm": list(self.accel_scale_ppm),
            "gyro_bias_udps": list(self.gyro_bias_udps),
            "mount_q14": [list(row) for row in self.mount_q14],
            "tilt_offset_mdeg": self.tilt_offset_mdeg,
            "residual_mdeg": self.residual_mdeg,
        }

    @classmethod
    def from_dict(cls, values) -> "Calibration":
        """The calibration in `values`; CalibrationError for a wrong, missing or unknown field."""
        if not isinstance(values, dict):
            raise CalibrationError("calibration: needs a table of fields")
        for name in values:
            if name not in cls.FIELDS:
                raise CalibrationError("%s: unknown field" % name)
        for name in cls.FIELDS:
            if name not in values:
                raise CalibrationError("%s: missing" % name)
        return cls(
            values["accel_bias_ug"],
            values["accel_scale_ppm"],
            values["gyro_bias_udps"],
            values["mount_q14"],
            values["tilt_offset_mdeg"],
            values["residual_mdeg"],
        )


def nominal_primary() -> Calibration:
    """An LSM6DSOX never calibrated, its axes along the bed's."""
    one = ONE_Q14
    return Calibration(
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        ((one, 0, 0), (0, one, 0), (0, 0, one)),
        0,
        NOMINAL_PRIMARY_RESIDUAL_MDEG,
    )


def nominal_monitor() -> Calibration:
    """An MPU-6050 never calibrated, turned half round about z: its x and y against the bed's."""
    one = ONE_Q14
    return Calibration(
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        ((-one, 0, 0), (0, -one, 0), (0, 0, one)),
        0,
        NOMINAL_MONITOR_RESIDUAL_MDEG,
    )
