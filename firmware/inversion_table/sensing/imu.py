"""What every IMU driver shares: the sample that it fills, and when a reading may be believed."""

from array import array

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr8, ptr32
from inversion_table.safety.ticks import elapsed_ms
from inversion_table.sensing.i2c_bus import burst

FAILURES_MAX = 5
"""Failed reads in a row after which the driver stops asking: each may cost the tick a time-out."""
CHECK_EVERY = const(16)
"""Reads between two looks at the configuration: 160 ms at 100 Hz (RQ-052)."""
FROZEN_READS = const(6)
FROZEN_MS = const(50)
"""Equal readings for so many reads and so long: frozen (RQ-050). The noise of both parts is several
LSB on each of three axes, and they update twice a tick. Time counts too, because the hard timer
makes up for ticks missed during a flash erase by firing them back to back."""
SETTLE_MS = const(80)
"""From configured to believed: LSM6DSOX gyroscope turn-on 70 ms (ST DS12814), MPU-6050 30 ms
(PS-MPU-6000A, 6.1); the low-pass filters take no longer."""
RETRY_MS = 100
"""Between two attempts to start an IMU that does not answer."""

LAST_LSB = const(32_700)
"""At or past this count, 0.2 % from the end, an axis counts as saturated."""

READING_BYTES = const(14)
"""Force, rate and temperature, on end in both parts."""
_TICKS_MASK = const((1 << 30) - 1)

# Words of a driver. First its layout: `layout` says what they mean.
_ACCEL_AT = const(0)
_GYRO_AT = const(1)
_TEMPERATURE_AT = const(2)
_HIGH = const(3)
_ACCEL_UG = const(4)
_ACCEL_SHIFT = const(5)
_GYRO_UDPS = const(6)
_MDEGC = const(7)
_MDEGC_LSB = const(8)
_MDEGC_ZERO = const(9)
RUNNING = const(10)
"""The tick may read the sensor."""
_SETTLING = const(11)
_STARTED_MS = const(12)
_TO_CHECK = const(13)
"""Readings until the next look at the configuration."""
_FAILURES = const(14)
_ACCEL_SAME = const(15)
"""Equal readings on end ..."""
_ACCEL_MS = const(16)
"""... and when the last came that was not."""
_GYRO_SAME = const(17)
_GYRO_MS = const(18)
_BEFORE = const(19)
"""The last reading's counts of force x, y, z and of rate x, y, z, each 0 .. 65535."""
_BURST = const(25)
"""What the tick asks the bus for."""
_WORDS = const(26)

# How a reading ended.
_TAKEN = const(0)
_NOT_KEPT = const(1)
_FAILED = const(2)
_FROZEN = const(3)

PROBLEM_NONE = ""
PROBLEM_NOT_STARTED = "not started"
PROBLEM_NO_ANSWER = "does not answer: check its wiring, address and supply"
PROBLEM_WRONG_ID = "answers with another chip's id: check which sensor is fitted"
PROBLEM_NOT_KEPT = "does not keep its configuration: check its supply"
PROBLEM_FROZEN = "repeats the same reading"


class ImuSample:
    """One reading in the sensor's own axes, not calibrated. Preset, then written in place."""

    def __init__(self) -> None:
        self.ax_ug = 0
        """Specific force in micro-g; at rest +1 g on the axis that points up."""
        self.ay_ug = 0
        self.az_ug = 0
        self.gx_udps = 0
        """Angular rate in micro-degrees per second."""
        self.gy_udps = 0
        self.gz_udps = 0
        self.temperature_mdegc = 0
        self.ok = False
        """Read in this tick, from a sensor that is identified, configured, settled and alive."""
        self.saturated = False
        """Some axis is at the end of its range: its value is only a bound."""
        self.read_ms = 0


def layout(
    accel_at: int,
    gyro_at: int,
    temperature_at: int,
    high: int,
    accel_ug: int,
    accel_shift: int,
    gyro_udps: int,
    mdegc: int,
    mdegc_lsb: int,
    mdegc_zero: int,
) -> tuple:
    """Where a reading's parts begin in its bytes, and what their counts mean.

    high: which byte of each two is the high one, 0 or 1. A count is accel_ug / 2^accel_shift
    micro-g, gyro_udps micro-degrees per second, mdegc / mdegc_lsb mdegC; mdegc_zero: at count 0.
    """
    return (
        accel_at,
        gyro_at,
        temperature_at,
        high,
        accel_ug,
        accel_shift,
        gyro_udps,
        mdegc,
        mdegc_lsb,
        mdegc_zero,
    )


class ImuDriver:
    """Starts, reads and watches one IMU. A driver adds its registers (see the two subclasses).

    `i2c` is an `I2cBus`. `start` belongs to boot and background, `begin` and `read` to the tick; a
    tick that interrupts `start` finds `ok` False and leaves the bus alone. `parts`: what `layout`
    returns, of the READING_BYTES from `data_register` on.
    """

    def __init__(self, i2c, address: int, data_register: int, parts: tuple, reset_ms: int) -> None:
        self.needs_restart = True
        """True: the background must call `start` until it returns True."""
        self.problem = PROBLEM_NOT_STARTED
        """Why the sensor does not run, kept until it does; empty in the first start, and after."""
        self._i2c = i2c
        self._address = address
        self._reset_ms = reset_ms
        self._data = bytearray(READING_BYTES)
        self._words = array("i", list(parts) + [0] * (_WORDS - len(parts)))
        self._words[_BURST] = burst(address, data_register, READING_BYTES)
        self._resetting = False
        self._tried = False
        self._tried_ms = 0

    # What a subclass provides. Each may raise OSError.

    def _reset(self) -> bool:
        """Check the id and begin a software reset; False when the id is wrong."""
        raise NotImplementedError

    def _configure(self) -> None:
        """Write the configuration, after the reset."""
        raise NotImplementedError

    def _configured(self) -> bool:
        """Read the configuration back; True when it is as written. Tick-safe."""
        raise NotImplementedError

    def failures(self) -> int:
        """Failed reads in a row; 0 after a good one."""
        return self._words[_FAILURES]

    def start(self, now_ms: int) -> bool:
        """One step toward a running sensor; True once it runs. Never waits: call it again.

        The first call identifies and resets, a later one configures and reads back (RQ-052).
        On failure `problem` says what is wrong, and a new attempt is made after RETRY_MS.
        """
        self._words[RUNNING] = 0
        self.needs_restart = True
        if self._tried:
            wait_ms = self._reset_ms if self._resetting else RETRY_MS
            if elapsed_ms(now_ms, self._tried_ms) < wait_ms:
                return False
        self._tried = True
        self._tried_ms = now_ms
        try:
            if not self._resetting:
                self._resetting = self._reset()
                if not self._resetting:
                    self.problem = PROBLEM_WRONG_ID
                elif self.problem == PROBLEM_NOT_STARTED:
                    self.problem = PROBLEM_NONE
                return False
            self._resetting = False
            self._configure()
            if not self._configured():
                self.problem = PROBLEM_NOT_KEPT
                return False
        except OSError:
            self._resetting = False
            self.problem = PROBLEM_NO_ANSWER
            return False
        self.problem = PROBLEM_NONE
        self._tried = False
        words = self._words
        words[_FAILURES] = 0
        words[_TO_CHECK] = CHECK_EVERY
        words[_SETTLING] = 1
        words[_STARTED_MS] = now_ms
        words[_ACCEL_SAME] = 0
        words[_GYRO_SAME] = 0
        self.needs_restart = False
        words[RUNNING] = 1  # last: a tick may come between any two lines here
        return True

    @micropython.viper
    def begin(self):
        """Let the bus begin what `read` takes later in the same tick, where it can do so."""
        words = ptr32(self._words)
        if words[RUNNING]:
            self._i2c.begin_read(words[_BURST])

    @micropython.viper
    def read(self, sample, now_ms: int):
        """Fill `sample`; `sample.ok` says whether to believe it. Never raises, never allocates."""
        sample.ok = False
        state = self._words
        words = ptr32(state)
        if words[RUNNING] == 0:
            return
        data = self._data
        end = _TAKEN
        if self._i2c.take(words[_BURST], data):
            words[_TO_CHECK] -= 1
            if words[_TO_CHECK] <= 0:
                words[_TO_CHECK] = CHECK_EVERY
                end = int(self._look_at_configuration())
        else:
            end = _FAILED
        if end == _TAKEN:
            words[_FAILURES] = 0
            end = int(_take_in(state, data, sample, now_ms))
        if end != _TAKEN:
            self._failed(end)
            return
        if words[_SETTLING]:
            if (now_ms - words[_STARTED_MS]) & _TICKS_MASK < SETTLE_MS:
                return
            words[_SETTLING] = 0
        sample.ok = True

    def _look_at_configuration(self) -> int:
        """Look at the configuration (RQ-052)."""
        try:
            return _TAKEN if self._configured() else _NOT_KEPT
        except OSError:
            return _FAILED

    def _failed(self, end: int) -> None:
        """A reading ended badly."""
        if end == _NOT_KEPT:
            self._give_up(PROBLEM_NOT_KEPT)
        elif end == _FROZEN:
            self._give_up(PROBLEM_FROZEN)
        else:
            self._words[_FAILURES] += 1
            if self._words[_FAILURES] >= FAILURES_MAX:
                self._give_up(PROBLEM_NO_ANSWER)

    def _give_up(self, problem: str) -> None:
        """Stop reading until the background has restarted the sensor."""
        self.problem = problem
        self._words[RUNNING] = 0
        self.needs_restart = True


@micropython.viper
def _take_in(state, data, sample, now_ms: int) -> int:
    """Write the reading in `data` into `sample`, unless force or rate are frozen (RQ-050)."""
    words = ptr32(state)
    raw = ptr8(data)
    high = words[_HIGH]
    low = 1 - high
    at = words[_ACCEL_AT]
    ax = raw[at + high] << 8 | raw[at + low]
    ay = raw[at + 2 + high] << 8 | raw[at + 2 + low]
    az = raw[at + 4 + high] << 8 | raw[at + 4 + low]
    at = words[_GYRO_AT]
    gx = raw[at + high] << 8 | raw[at + low]
    gy = raw[at + 2 + high] << 8 | raw[at + 2 + low]
    gz = raw[at + 4 + high] << 8 | raw[at + 4 + low]

    if ax == words[_BEFORE] and ay == words[_BEFORE + 1] and az == words[_BEFORE + 2]:
        words[_ACCEL_SAME] += 1
        if words[_ACCEL_SAME] >= FROZEN_READS:
            if (now_ms - words[_ACCEL_MS]) & _TICKS_MASK > FROZEN_MS:
                return _FROZEN
    else:
        words[_ACCEL_SAME] = 0
        words[_ACCEL_MS] = now_ms
    if gx == words[_BEFORE + 3] and gy == words[_BEFORE + 4] and gz == words[_BEFORE + 5]:
        words[_GYRO_SAME] += 1
        if words[_GYRO_SAME] >= FROZEN_READS:
            if (now_ms - words[_GYRO_MS]) & _TICKS_MASK > FROZEN_MS:
                return _FROZEN
    else:
        words[_GYRO_SAME] = 0
        words[_GYRO_MS] = now_ms
    words[_BEFORE] = ax
    words[_BEFORE + 1] = ay
    words[_BEFORE + 2] = az
    words[_BEFORE + 3] = gx
    words[_BEFORE + 4] = gy
    words[_BEFORE + 5] = gz

    # (n ^ 0x8000) - 0x8000 reads a 16-bit two's complement number.
    ax = (ax ^ 0x8000) - 0x8000
    ay = (ay ^ 0x8000) - 0x8000
    az = (az ^ 0x8000) - 0x8000
    gx = (gx ^ 0x8000) - 0x8000
    gy = (gy ^ 0x8000) - 0x8000
    gz = (gz ^ 0x8000) - 0x8000
    scale = words[_ACCEL_UG]
    shift = words[_ACCEL_SHIFT]
    sample.ax_ug = ax * scale >> shift
    sample.ay_ug = ay * scale >> shift
    sample.az_ug = az * scale >> shift
    scale = words[_GYRO_UDPS]
    sample.gx_udps = gx * scale
    sample.gy_udps = gy * scale
    sample.gz_udps = gz * scale
    at = words[_TEMPERATURE_AT]
    warm = ((raw[at + high] << 8 | raw[at + low]) ^ 0x8000) - 0x8000
    sample.temperature_mdegc = warm * words[_MDEGC] // words[_MDEGC_LSB] + words[_MDEGC_ZERO]
    most = ax if ax >= ay else ay
    most = most if most >= az else az
    most = most if most >= gx else gx
    most = most if most >= gy else gy
    most = most if most >= gz else gz
    lowest = ax if ax <= ay else ay
    lowest = lowest if lowest <= az else az
    lowest = lowest if lowest <= gx else gx
    lowest = lowest if lowest <= gy else gy
    lowest = lowest if lowest <= gz else gz
    sample.saturated = most >= LAST_LSB or lowest <= -LAST_LSB
    sample.read_ms = now_ms
    return _TAKEN
