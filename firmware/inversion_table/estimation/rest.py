"""Whether the bed stands still, and what one IMU reads then: mean and scatter over two seconds.

Calibration and drift watch rest on this. Called in the tick, so in integers and in place: sums of
differences from a window's first reading, clamped, so that no sum leaves +-2^30 whatever comes. It
is machine code on the chip, and its sums lie in cells (cells.py).
"""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.cells import Cells
from inversion_table.estimation.integer_math import atan2_mdeg
from inversion_table.estimation.portable import const, ptr32

TAKE_EVERY = const(4)
"""Ticks between two readings taken: 25 Hz, about what the sensors' 10 Hz low-pass lets through."""
SAMPLES = const(50)
"""Of a window: 2 s."""
MISSED_MAX = const(5)
"""More readings than this missing, of SAMPLES, and the window says nothing."""

# What a window was like (RQ-116).
STILL = const(0)
MOVING = const(1)
SHAKEN = const(2)
LOST = const(3)
VERDICTS = ("still", "moving", "shaken", "lost")

ACCEL_SHIFT_MAX_UG = const(1_500)
"""Between the means of a window's halves, on any axis: 0.1 deg/s or more shows. More than three
times what the noisier sensor does (MPU-6050: 400 ug/rtHz, PS-MPU-6000A 6.2)."""
GYRO_SHIFT_MAX_UDPS = const(150_000)
ACCEL_SCATTER_MAX_UG = const(6_000)
"""Root of the sum of three variances: twice the noisier sensor's own."""
GYRO_SCATTER_MAX_UDPS = const(400_000)

ACCEL_SPAN_UG = const(65_535)
GYRO_SPAN_UDPS = const(4_194_303)
"""Differences beyond these are cut off there, and the window is none of a bed at rest."""
_ACCEL_SHIFT = const(5)
_GYRO_SHIFT = const(11)
"""Bits that are dropped before a difference is squared."""
_HALF = const(25)

# --- the cells of a window: of forces on x, y, z, then of rates, where there are six ---
_ZERO = const(1 << 29)
_WAIT = const(0)
_TAKEN = const(1)
_MISSED = const(2)
_WILD = const(3)
_ACCEL_SQUARES = const(4)
_GYRO_SQUARES = const(5)
_NOW = const(6)
_FIRST = const(12)
_SUM = const(18)
_SUM_OF_HALF = const(24)
_COUNT = const(30)

# What became of a tick's reading.
_PASSED = const(0)
_TOO_MANY_MISSED = const(1)
_GOOD = const(2)
_LAST = const(3)


class RestWatch(Cells):
    """The last finished window of one IMU, in sensor axes, not calibrated; written in place."""

    def __init__(self, first_tick: int) -> None:
        """`first_tick` (0 .. TAKE_EVERY - 1) spreads the work of two IMUs over the ticks."""
        super().__init__(_COUNT)
        self.put(_WAIT, first_tick)
        self.windows = 0
        """Counts finished windows (wraps at 2^20): two equal readings of it enclose one result."""
        self.verdict = LOST
        self.mean = [0, 0, 0, 0, 0, 0]
        """Force in micro-g on x, y, z, then rate in micro-deg/s."""
        self.accel_scatter_ug = 0
        self.gyro_scatter_udps = 0
        self.accel_shift_ug = 0
        """The most that a mean moved from the first half to the second."""
        self.gyro_shift_udps = 0
        self.temperature_mdegc = 0

    @micropython.viper
    def update(self, sample):
        """Take this tick's `ImuSample`, or let it pass: one in TAKE_EVERY counts."""
        c = ptr32(self.cells)
        if c[_WAIT] != _ZERO:
            c[_WAIT] -= 1
            return
        c[_WAIT] = TAKE_EVERY - 1 + _ZERO
        became = int(self._take(c, sample))
        if became == _PASSED:
            return
        verdict = LOST
        if became >= _GOOD:
            self.temperature_mdegc = sample.temperature_mdegc
            if became != _LAST:
                return
            verdict = int(self._conclude(c))
        self.verdict = verdict
        self.windows = (int(self.windows) + 1) & 0xFFFFF

    @micropython.viper
    def _take(self, c: ptr32, sample) -> int:
        """Add a reading to the window; the last one, or one too many that is missing, ends it."""
        if not sample.ok or sample.saturated:
            c[_MISSED] += 1
            if c[_MISSED] - _ZERO <= MISSED_MAX:
                return _PASSED
            c[_TAKEN] = _ZERO
            c[_MISSED] = _ZERO
            return _TOO_MANY_MISSED
        c[_NOW] = int(sample.ax_ug) + _ZERO
        c[_NOW + 1] = int(sample.ay_ug) + _ZERO
        c[_NOW + 2] = int(sample.az_ug) + _ZERO
        c[_NOW + 3] = int(sample.gx_udps) + _ZERO
        c[_NOW + 4] = int(sample.gy_udps) + _ZERO
        c[_NOW + 5] = int(sample.gz_udps) + _ZERO
        taken = c[_TAKEN] - _ZERO
        axis = 0
        if taken == 0:
            while axis < 6:
                c[_FIRST + axis] = c[_NOW + axis]
                c[_SUM + axis] = _ZERO
                axis += 1
            c[_ACCEL_SQUARES] = _ZERO
            c[_GYRO_SQUARES] = _ZERO
            c[_WILD] = _ZERO
            axis = 0
        squares = 0
        span = ACCEL_SPAN_UG
        shift = _ACCEL_SHIFT
        while axis < 6:
            if axis == 3:
                c[_ACCEL_SQUARES] += squares
                squares = 0
                span = GYRO_SPAN_UDPS
                shift = _GYRO_SHIFT
            away = c[_NOW + axis] - c[_FIRST + axis]
            if away > span:
                away = span
                c[_WILD] = 1 + _ZERO
            elif away < 0 - span:
                away = 0 - span
                c[_WILD] = 1 + _ZERO
            c[_SUM + axis] += away
            away >>= shift
            squares += away * away
            axis += 1
        c[_GYRO_SQUARES] += squares
        taken += 1
        if taken == SAMPLES:
            c[_TAKEN] = _ZERO
            c[_MISSED] = _ZERO
            return _LAST
        c[_TAKEN] = taken + _ZERO
        if taken == _HALF:
            axis = 0
            while axis < 6:
                c[_SUM_OF_HALF + axis] = c[_SUM + axis]
                axis += 1
        return _GOOD

    @micropython.viper
    def _conclude(self, c: ptr32) -> int:
        """A whole window is there: write its mean, scatter and shift; returns the verdict."""
        mean = self.mean
        accel_shift = 0
        gyro_shift = 0
        accel_variance = (c[_ACCEL_SQUARES] - _ZERO) // SAMPLES
        gyro_variance = (c[_GYRO_SQUARES] - _ZERO) // SAMPLES
        axis = 0
        while axis < 6:
            total = c[_SUM + axis] - _ZERO
            away = total // SAMPLES
            mean[axis] = c[_FIRST + axis] - _ZERO + away
            half = c[_SUM_OF_HALF + axis] - _ZERO
            shift = total - half - half
            if shift < 0:
                shift = 0 - shift
            shift = shift // _HALF
            if axis < 3:
                away >>= _ACCEL_SHIFT
                accel_variance -= away * away
                if shift > accel_shift:
                    accel_shift = shift
            else:
                away >>= _GYRO_SHIFT
                gyro_variance -= away * away
                if shift > gyro_shift:
                    gyro_shift = shift
            axis += 1
        accel_scatter = int(root(accel_variance)) << _ACCEL_SHIFT
        gyro_scatter = int(root(gyro_variance)) << _GYRO_SHIFT
        self.accel_shift_ug = accel_shift
        self.gyro_shift_udps = gyro_shift
        self.accel_scatter_ug = accel_scatter
        self.gyro_scatter_udps = gyro_scatter
        if (
            c[_WILD] != _ZERO
            or accel_shift > ACCEL_SHIFT_MAX_UG
            or gyro_shift > GYRO_SHIFT_MAX_UDPS
        ):
            return MOVING
        if accel_scatter > ACCEL_SCATTER_MAX_UG or gyro_scatter > GYRO_SCATTER_MAX_UDPS:
            return SHAKEN
        return STILL


@micropython.viper
def root(square: int) -> int:
    """The whole part of the square root, for 0 .. 2^30 - 1; 0 for less."""
    answer = 0
    bit = 1 << 14
    while bit > 0:
        larger = answer | bit
        if larger * larger <= square:
            answer = larger
        bit >>= 1
    return answer


def tilt_of(calibration, x_ug: int, y_ug: int, z_ug: int) -> int:
    """The tilt in mdeg that a force at rest means under a calibration (background only).

    The same arithmetic as the estimator's, in one go; for forces up to 2 g.
    """
    bias = calibration.accel_bias_ug
    scale = calibration.accel_scale_ppm
    # 1/64 micro-g by Q13 and back to micro-g / 32.
    fx = ((x_ug - bias[0] >> 5) * (8_192 + scale[0] * 128 // 15_625)) >> 13
    fy = ((y_ug - bias[1] >> 5) * (8_192 + scale[1] * 128 // 15_625)) >> 13
    fz = ((z_ug - bias[2] >> 5) * (8_192 + scale[2] * 128 // 15_625)) >> 13
    to_x = calibration.mount_q14[0]
    to_z = calibration.mount_q14[2]
    return calibration.tilt_offset_mdeg + atan2_mdeg(
        -((fx * to_x[0] >> 9) + (fy * to_x[1] >> 9) + (fz * to_x[2] >> 9)),
        (fx * to_z[0] >> 9) + (fy * to_z[1] >> 9) + (fz * to_z[2] >> 9),
    )
