"""Whether the bed stands still, and what one IMU reads then: mean and scatter over two seconds.

Calibration and drift watch rest on this. Called in the tick, so in integers and in place: sums of
differences from a window's first reading, clamped, so that no sum leaves +-2^30 whatever comes.
"""

from inversion_table.estimation.integer_math import atan2_mdeg

TAKE_EVERY = 4
"""Ticks between two readings taken: 25 Hz, about what the sensors' 10 Hz low-pass lets through."""
SAMPLES = 50
"""Of a window: 2 s."""
MISSED_MAX = 5
"""More readings than this missing, of SAMPLES, and the window says nothing."""

# What a window was like (RQ-116).
STILL = 0
MOVING = 1
SHAKEN = 2
LOST = 3
VERDICTS = ("still", "moving", "shaken", "lost")

ACCEL_SHIFT_MAX_UG = 1_500
"""Between the means of a window's halves, on any axis: 0.1 deg/s or more shows. More than three
times what the noisier sensor does (MPU-6050: 400 ug/rtHz, PS-MPU-6000A 6.2)."""
GYRO_SHIFT_MAX_UDPS = 150_000
ACCEL_SCATTER_MAX_UG = 6_000
"""Root of the sum of three variances: twice the noisier sensor's own."""
GYRO_SCATTER_MAX_UDPS = 400_000

ACCEL_SPAN_UG = 65_535
GYRO_SPAN_UDPS = 4_194_303
"""Differences beyond these are cut off there, and the window is none of a bed at rest."""
_SQUARE_SHIFT = (5, 5, 5, 11, 11, 11)
_HALF = SAMPLES // 2


class RestWatch:
    """The last finished window of one IMU, in sensor axes, not calibrated; written in place."""

    def __init__(self, first_tick: int) -> None:
        """`first_tick` (0 .. TAKE_EVERY - 1) spreads the work of two IMUs over the ticks."""
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
        self._wait = first_tick
        self._now = [0, 0, 0, 0, 0, 0]
        self._first = [0, 0, 0, 0, 0, 0]
        self._sum = [0, 0, 0, 0, 0, 0]
        self._half = [0, 0, 0, 0, 0, 0]
        self._taken = 0
        self._missed = 0
        self._wild = False
        self._accel_squares = 0
        self._gyro_squares = 0

    def update(self, sample) -> None:
        """Take this tick's `ImuSample`, or let it pass: one in TAKE_EVERY counts."""
        if self._wait:
            self._wait -= 1
            return
        self._wait = TAKE_EVERY - 1
        if not sample.ok or sample.saturated:
            self._missed += 1
            if self._missed > MISSED_MAX:
                self._finish(LOST)
            return
        now = self._now
        now[0] = sample.ax_ug
        now[1] = sample.ay_ug
        now[2] = sample.az_ug
        now[3] = sample.gx_udps
        now[4] = sample.gy_udps
        now[5] = sample.gz_udps
        first = self._first
        total = self._sum
        if not self._taken:
            for axis in range(6):
                first[axis] = now[axis]
                total[axis] = 0
            self._accel_squares = 0
            self._gyro_squares = 0
            self._wild = False
        squares = 0
        span = ACCEL_SPAN_UG
        for axis in range(6):
            if axis == 3:
                self._accel_squares += squares
                squares = 0
                span = GYRO_SPAN_UDPS
            away = now[axis] - first[axis]
            if away > span:
                away = span
                self._wild = True
            elif away < -span:
                away = -span
                self._wild = True
            total[axis] += away
            away >>= _SQUARE_SHIFT[axis]
            squares += away * away
        self._gyro_squares += squares
        self.temperature_mdegc = sample.temperature_mdegc
        self._taken += 1
        if self._taken == _HALF:
            for axis in range(6):
                self._half[axis] = total[axis]
        elif self._taken == SAMPLES:
            self._conclude()

    def _conclude(self) -> None:
        """A whole window is there: mean, scatter, shift, verdict."""
        total = self._sum
        half = self._half
        accel_shift = 0
        gyro_shift = 0
        accel_variance = self._accel_squares // SAMPLES
        gyro_variance = self._gyro_squares // SAMPLES
        for axis in range(6):
            mean = total[axis] // SAMPLES
            self.mean[axis] = self._first[axis] + mean
            shift = abs(total[axis] - half[axis] - half[axis]) // _HALF
            mean >>= _SQUARE_SHIFT[axis]
            if axis < 3:
                accel_variance -= mean * mean
                if shift > accel_shift:
                    accel_shift = shift
            else:
                gyro_variance -= mean * mean
                if shift > gyro_shift:
                    gyro_shift = shift
        self.accel_shift_ug = accel_shift
        self.gyro_shift_udps = gyro_shift
        self.accel_scatter_ug = root(accel_variance) << _SQUARE_SHIFT[0]
        self.gyro_scatter_udps = root(gyro_variance) << _SQUARE_SHIFT[3]
        if self._wild or accel_shift > ACCEL_SHIFT_MAX_UG or gyro_shift > GYRO_SHIFT_MAX_UDPS:
            self._finish(MOVING)
        elif (
            self.accel_scatter_ug > ACCEL_SCATTER_MAX_UG
            or self.gyro_scatter_udps > GYRO_SCATTER_MAX_UDPS
        ):
            self._finish(SHAKEN)
        else:
            self._finish(STILL)

    def _finish(self, verdict: int) -> None:
        self.verdict = verdict
        self.windows = (self.windows + 1) & 0xFFFFF
        self._taken = 0
        self._missed = 0


def root(square: int) -> int:
    """The whole part of the square root, for 0 .. 2^30 - 1; 0 for less."""
    answer = 0
    bit = 1 << 14
    while bit:
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
