"""What every IMU driver shares: the sample that it fills, and when a reading may be believed."""

from inversion_table.safety.ticks import elapsed_ms

FAILURES_MAX = 5
"""Failed reads in a row after which the driver stops asking: each may cost the tick a time-out."""
CHECK_EVERY = 16
"""Reads between two looks at the configuration: 160 ms at 100 Hz (RQ-052)."""
FROZEN_READS = 6
FROZEN_MS = 50
"""Equal readings for so many reads and so long: frozen (RQ-050). The noise of both parts is several
LSB on each of three axes, and they update twice a tick. Time counts too, because the hard timer
makes up for ticks missed during a flash erase by firing them back to back."""
SETTLE_MS = 80
"""From configured to believed: LSM6DSOX gyroscope turn-on 70 ms (ST DS12814), MPU-6050 30 ms
(PS-MPU-6000A, 6.1); the low-pass filters take no longer."""
RETRY_MS = 100
"""Between two attempts to start an IMU that does not answer."""

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


class Burst:
    """One raw reading, with views of its halves, so that they compare without allocating."""

    def __init__(self, length: int, accel_at: int, gyro_at: int) -> None:
        self.data = bytearray(length)
        view = memoryview(self.data)
        self.accel = view[accel_at : accel_at + 6]
        self.gyro = view[gyro_at : gyro_at + 6]


class ImuDriver:
    """Starts, reads and watches one IMU. A driver adds its registers (see the two subclasses).

    `i2c` is a `machine.I2C`, or an `I2cBus`. `start` belongs to boot and background, `read` to the
    tick; a tick that interrupts `start` finds `ok` False and leaves the bus alone.
    """

    def __init__(
        self,
        i2c,
        address: int,
        data_register: int,
        length: int,
        accel_at: int,
        gyro_at: int,
        reset_ms: int,
    ):
        self.needs_restart = True
        """True: the background must call `start` until it returns True."""
        self.problem = PROBLEM_NOT_STARTED
        """Why the sensor does not run, kept until it does; empty in the first start, and after."""
        self.failures = 0
        """Failed reads in a row; 0 after a good one."""
        self._i2c = i2c
        self._address = address
        self._data_register = data_register
        self._reset_ms = reset_ms
        self._new = Burst(length, accel_at, gyro_at)
        self._old = Burst(length, accel_at, gyro_at)
        self._running = False
        self._resetting = False
        self._tried = False
        self._tried_ms = 0
        self._settling = True
        self._started_ms = 0
        self._to_check = CHECK_EVERY
        self._accel_same = 0
        self._accel_ms = 0
        self._gyro_same = 0
        self._gyro_ms = 0

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

    def _convert(self, data: bytearray, sample: ImuSample) -> None:
        """Write the reading in `data` into `sample`. Tick-safe."""
        raise NotImplementedError

    def start(self, now_ms: int) -> bool:
        """One step toward a running sensor; True once it runs. Never waits: call it again.

        The first call identifies and resets, a later one configures and reads back (RQ-052).
        On failure `problem` says what is wrong, and a new attempt is made after RETRY_MS.
        """
        self._running = False
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
        self.failures = 0
        self._to_check = CHECK_EVERY
        self._settling = True
        self._started_ms = now_ms
        self._accel_same = 0
        self._gyro_same = 0
        self.needs_restart = False
        self._running = True  # last: a tick may come between any two lines here
        return True

    def read(self, sample: ImuSample, now_ms: int) -> None:
        """Fill `sample`; `sample.ok` says whether to believe it. Never raises, never allocates."""
        sample.ok = False
        if not self._running:
            return
        new = self._new
        try:
            self._i2c.readfrom_mem_into(self._address, self._data_register, new.data)
            self._to_check -= 1
            if self._to_check <= 0:
                self._to_check = CHECK_EVERY
                if not self._configured():
                    self._give_up(PROBLEM_NOT_KEPT)
                    return
        except OSError:
            self.failures += 1
            if self.failures >= FAILURES_MAX:
                self._give_up(PROBLEM_NO_ANSWER)
            return
        self.failures = 0
        old = self._old
        if new.accel == old.accel:
            self._accel_same += 1
            if self._accel_same >= FROZEN_READS and elapsed_ms(now_ms, self._accel_ms) > FROZEN_MS:
                self._give_up(PROBLEM_FROZEN)
                return
        else:
            self._accel_same = 0
            self._accel_ms = now_ms
        if new.gyro == old.gyro:
            self._gyro_same += 1
            if self._gyro_same >= FROZEN_READS and elapsed_ms(now_ms, self._gyro_ms) > FROZEN_MS:
                self._give_up(PROBLEM_FROZEN)
                return
        else:
            self._gyro_same = 0
            self._gyro_ms = now_ms
        self._new = old
        self._old = new
        self._convert(new.data, sample)
        sample.read_ms = now_ms
        if self._settling:
            if elapsed_ms(now_ms, self._started_ms) < SETTLE_MS:
                return
            self._settling = False
        sample.ok = True

    def _give_up(self, problem: str) -> None:
        """Stop reading until the background has restarted the sensor."""
        self.problem = problem
        self._running = False
        self.needs_restart = True
