"""The two sensors' registers and analogue path, in integers.

The path is that of `table_bench.imu`: motion -> mount and errors -> low-pass -> sample at the
output data rate -> noise -> scale and saturate -> registers. `follow` and `sample` run in the tick;
`configure` in the background, when a host has written or a fault has changed.
"""

from table_rig import machine_code as micropython
from table_rig.chance import Chance
from table_rig.machine_code import Cells, const, ptr8, ptr32
from table_rig.motion import shake_at

_ZERO = const(1_000_000_000)
MEMORY_BYTES = 128
_REFERENCE_MDEGC = 25_000
_OUTPUT_BYTES = const(14)
STEP_MS = 2
"""The tick lets each sensor follow at every second millisecond."""
_ONE_SAMPLE = const(1_000_000)
"""Millihertz times milliseconds."""
FASTEST_MHZ = 500_000
_GYRO_SHAKE_Q8 = const(63)
"""4 dps a g: 2^-15 g to a quarter of a speed, 2^8 times."""
_SIGMA_MOST = 21_000

# Where each number lies in `cells`. First the coefficients, by row of the sensor's axes.
_X = const(0)
_Z = const(3)
_SHAKE = const(6)
_OFFSET = const(9)
_TURN = const(12)
_TURN_SHAKE = const(15)
_TURN_OFFSET = const(18)
_ACCEL_SIGMA = const(21)
_GYRO_SIGMA = const(22)
_ACCEL_ALPHA = const(23)
_GYRO_ALPHA = const(24)
_ACCEL_STEP = const(25)
_GYRO_STEP = const(26)
_ACCEL_BAND_CHZ = const(27)
_GYRO_BAND_CHZ = const(28)
_ACCEL_CLOCK = const(29)
_GYRO_CLOCK = const(30)
_ALONG = const(31)
_NORMAL = const(32)
_RATE = const(33)
"""Low-passed: force along the bed and out of it, rate."""
_HELD_ALONG = const(34)
_HELD_NORMAL = const(35)
FROZEN = const(36)
SATURATED = const(37)
DETACHED = const(38)
_ACCEL_AT = const(39)
_GYRO_AT = const(40)
_BIG_ENDIAN = const(41)
_DATA = const(42)
_COUNT = const(43)

# Of the motion's cells; a test compares.
_FORCE_X = const(0)
_FORCE_Z = const(1)
_RATE_OF_BED = const(2)

# Of chance.py, whose numbers are drawn here in line; a test compares.
_MULTIPLIER = const(32_760)
_MASK = const(0x7FFF)
_MEAN = const(49_150)


class Sensor(Cells):
    """Base; a subclass owns the register map."""

    ADDRESS = 0
    DATA = 0
    """The first of the 14 output registers."""
    ACCEL_AT = 0
    GYRO_AT = 0
    TEMPERATURE_AT = 0
    BIG_ENDIAN = 0

    def __init__(self, seed: int) -> None:
        super().__init__(_COUNT)
        self.memory = bytearray(MEMORY_BYTES)
        """What an I2C host reads and writes."""
        self.fresh = False
        """There is a sample that `publish` has not yet put into `memory`."""
        self.chance = Chance(seed)
        self._output = bytearray(_OUTPUT_BYTES)
        self._parameters: dict = {}
        self._temperature_mdegc = _REFERENCE_MDEGC
        self._drift_udps = 0
        self.put(_ACCEL_AT, self.ACCEL_AT)
        self.put(_GYRO_AT, self.GYRO_AT)
        self.put(_BIG_ENDIAN, self.BIG_ENDIAN)
        self.put(_DATA, self.DATA)
        # Faults, besides FROZEN, SATURATED and DETACHED.
        self.upside_down = False
        self.noise_gain = 1
        self.bias_ug = 0
        self.bias_udps = 0
        self.drift_udps_per_s = 0
        self.power_on()

    # --- what a subclass provides ------------------------------------------------------------

    def reset_registers(self) -> None:
        """Registers as after power-on."""
        raise NotImplementedError

    def settings(self) -> tuple:
        """What the registers ask for, of the accelerometer and of the gyroscope.

        Each is (rate in mHz, 0 = off; bandwidth in cHz; counts per 1000 g or dps; noise in ng or
        ndps per root hertz).
        """
        raise NotImplementedError

    def wants_reset(self) -> bool:
        """A host has just written the bit that resets the chip."""
        raise NotImplementedError

    def temperature_word(self, mdegc: int) -> int:
        """The temperature register's content."""
        raise NotImplementedError

    # --- background --------------------------------------------------------------------------

    def power_on(self) -> None:
        """Registers as after power-on, and the analogue state lost."""
        self.reset_registers()
        for index in range(_OUTPUT_BYTES):
            self._output[index] = 0
        self.fresh = False
        self.configure()

    def use(self, parameters: dict) -> None:
        """Take over this specimen's errors: `table_bench.rig.parameters.sensor_parameters`."""
        self._parameters = parameters
        self.configure()

    def detach(self, detached: bool) -> None:
        """It came off the bed and hangs as it was; or it is back."""
        if detached and not self.get(DETACHED):
            self.put(_HELD_ALONG, self.get(_ALONG))
            self.put(_HELD_NORMAL, self.get(_NORMAL))
        self.put(DETACHED, 1 if detached else 0)

    def drift(self, udps_per_s: int) -> None:
        """From now on the gyroscope's offset grows; 0 takes away what it has grown."""
        self.drift_udps_per_s = udps_per_s
        if not udps_per_s:
            self._drift_udps = 0

    def written(self) -> None:
        """A host has written registers."""
        if self.wants_reset():
            self.power_on()
        else:
            self.configure()

    def grow(self, elapsed_ms: int, temperature_mdegc: int) -> None:
        """So much time has passed: drift and temperature."""
        drifts = self.drift_udps_per_s != 0
        if drifts:
            self._drift_udps += self.drift_udps_per_s * elapsed_ms // 1000
        if drifts or abs(temperature_mdegc - self._temperature_mdegc) > 100:
            self._temperature_mdegc = temperature_mdegc
            self.configure()

    def configure(self) -> None:
        """Work out every coefficient from registers, errors and faults."""
        (rate_a, band_a, scale_a, noise_a), (rate_g, band_g, scale_g, noise_g) = self.settings()
        errors = self._parameters
        if not errors:
            return
        warm_mdegc = self._temperature_mdegc - _REFERENCE_MDEGC
        for row in range(3):
            sign = -1 if self.upside_down and row else 1
            x, y, z = [sign * value for value in errors["accel_q14"][3 * row : 3 * row + 3]]
            # Counts per 2^-15 g, 2^14 times.
            self.put(_X + row, x * scale_a // 32_768_000)
            self.put(_Z + row, z * scale_a // 32_768_000)
            self.put(_SHAKE + row, (3 * x + 2 * y + 10 * z) * scale_a // 327_680_000)
            bias_ug = errors["accel_bias_ug"][row] + self.bias_ug
            bias_ug += errors["accel_slope_ug"][row] * warm_mdegc // 1000
            self.put(_OFFSET + row, bias_ug * scale_a // 1_000_000_000)
            x, y, z = [sign * value for value in errors["gyro_q14"][3 * row : 3 * row + 3]]
            # Counts per quarter of a speed (497 udps), 2^16 times.
            self.put(_TURN + row, y * scale_g * 4 * 4 // 8_042_477)
            self.put(_TURN_SHAKE + row, (3 * x + 2 * y + 10 * z) * scale_g * 4 * 4 // 80_424_770)
            bias_udps = errors["gyro_bias_udps"][row] + self.bias_udps
            bias_udps += errors["gyro_slope_udps"][row] * warm_mdegc // 1000
            bias_udps += (x + y + z) * self._drift_udps >> 14
            self.put(_TURN_OFFSET + row, bias_udps * scale_g // 1_000_000_000)
        self.put(_ACCEL_ALPHA, _alpha_q10(band_a))
        self.put(_GYRO_ALPHA, _alpha_q10(band_g))
        self.put(_ACCEL_BAND_CHZ, band_a)
        self.put(_GYRO_BAND_CHZ, band_g)
        gain = self.noise_gain
        self.put(_ACCEL_SIGMA, min(_SIGMA_MOST, _sigma_q4(noise_a, band_a, scale_a) * gain))
        self.put(_GYRO_SIGMA, min(_SIGMA_MOST, _sigma_q4(noise_g, band_g, scale_g) * gain))
        word = self.temperature_word(self._temperature_mdegc) & 0xFFFF
        high, low = word >> 8, word & 0xFF
        at = self.TEMPERATURE_AT
        self._output[at] = high if self.BIG_ENDIAN else low
        self._output[at + 1] = low if self.BIG_ENDIAN else high
        self.put(
            _ACCEL_STEP, min(rate_a, FASTEST_MHZ) * STEP_MS
        )  # last: from now on the tick samples with these
        self.put(_GYRO_STEP, min(rate_g, FASTEST_MHZ) * STEP_MS)

    # --- tick --------------------------------------------------------------------------------

    @micropython.viper
    def follow(self, motion):
        """STEP_MS have passed; takes a sample when its instant has come."""
        c = ptr32(self.cells)
        if c[FROZEN] - _ZERO:
            return
        m = ptr32(motion.cells)
        along = m[_FORCE_X] - _ZERO
        normal = m[_FORCE_Z] - _ZERO
        rate = m[_RATE_OF_BED] - _ZERO
        if c[DETACHED] - _ZERO:
            along = c[_HELD_ALONG] - _ZERO
            normal = c[_HELD_NORMAL] - _ZERO
            rate = 0
        alpha = c[_ACCEL_ALPHA] - _ZERO
        followed = c[_ALONG] - _ZERO
        c[_ALONG] = followed + ((along - followed) * alpha + 512 >> 10) + _ZERO
        followed = c[_NORMAL] - _ZERO
        c[_NORMAL] = followed + ((normal - followed) * alpha + 512 >> 10) + _ZERO
        followed = c[_RATE] - _ZERO
        alpha = c[_GYRO_ALPHA] - _ZERO
        c[_RATE] = followed + (((rate << 2) - followed) * alpha + 512 >> 10) + _ZERO
        period = c[_ACCEL_STEP] - _ZERO
        clock = (c[_ACCEL_CLOCK] - _ZERO) + period
        if clock >= _ONE_SAMPLE:
            clock -= _ONE_SAMPLE
            self._sample_accel(motion, (clock << 9) // ((period >> 2) + 1))
        c[_ACCEL_CLOCK] = clock + _ZERO
        period = c[_GYRO_STEP] - _ZERO
        clock = (c[_GYRO_CLOCK] - _ZERO) + period
        if clock >= _ONE_SAMPLE:
            clock -= _ONE_SAMPLE
            self._sample_gyro(motion, (clock << 9) // ((period >> 2) + 1))
        c[_GYRO_CLOCK] = clock + _ZERO

    # The loop stands twice, here and in `_sample_gyro`: one for both takes 1.0 us longer for the
    # accelerometer and 2.1 us for the gyroscope on the (emulated) chip, 3 us in each tick.

    @micropython.viper
    def _sample_accel(self, motion, late_q10: int):
        c = ptr32(self.cells)
        shake = 0
        if not c[DETACHED] - _ZERO:
            shake = int(shake_at(motion, c[_ACCEL_BAND_CHZ] - _ZERO, late_q10))
        output = ptr8(self._output)
        chance = self.chance
        state = int(chance.state)
        x = (c[_ALONG] - _ZERO) >> 3
        z = (c[_NORMAL] - _ZERO) >> 3
        sigma = c[_ACCEL_SIGMA] - _ZERO
        at = c[_ACCEL_AT] - _ZERO
        swapped = c[_BIG_ENDIAN] - _ZERO
        row = 0
        while row < 3:
            state = _MULTIPLIER * (state & _MASK) + (state >> 15)
            bell = state & _MASK
            state = _MULTIPLIER * (state & _MASK) + (state >> 15)
            bell += state & _MASK
            state = _MULTIPLIER * (state & _MASK) + (state >> 15)
            bell += (state & _MASK) - _MEAN
            count = (c[_X + row] - _ZERO) * x + (c[_Z + row] - _ZERO) * z
            count = count + (c[_SHAKE + row] - _ZERO) * shake + 8_192 >> 14
            count += (c[_OFFSET + row] - _ZERO) + (bell * sigma + 131_072 >> 18)
            if count > 32_767 or c[SATURATED] - _ZERO:
                count = 32_767
            elif count < -32_768:
                count = -32_768
            output[at + swapped] = count & 0xFF
            output[at + 1 - swapped] = count >> 8 & 0xFF
            at += 2
            row += 1
        chance.state = state
        self.fresh = True

    @micropython.viper
    def _sample_gyro(self, motion, late_q10: int):
        c = ptr32(self.cells)
        shake = 0
        if not c[DETACHED] - _ZERO:
            shake = int(shake_at(motion, c[_GYRO_BAND_CHZ] - _ZERO, late_q10))
            shake = shake * _GYRO_SHAKE_Q8 >> 8
        output = ptr8(self._output)
        chance = self.chance
        state = int(chance.state)
        turn = (c[_RATE] - _ZERO) >> 4
        sigma = c[_GYRO_SIGMA] - _ZERO
        at = c[_GYRO_AT] - _ZERO
        swapped = c[_BIG_ENDIAN] - _ZERO
        row = 0
        while row < 3:
            state = _MULTIPLIER * (state & _MASK) + (state >> 15)
            bell = state & _MASK
            state = _MULTIPLIER * (state & _MASK) + (state >> 15)
            bell += state & _MASK
            state = _MULTIPLIER * (state & _MASK) + (state >> 15)
            bell += (state & _MASK) - _MEAN
            count = (c[_TURN + row] - _ZERO) * turn
            count = count + (c[_TURN_SHAKE + row] - _ZERO) * shake + 32_768 >> 16
            count += (c[_TURN_OFFSET + row] - _ZERO) + (bell * sigma + 131_072 >> 18)
            if count > 32_767 or c[SATURATED] - _ZERO:
                count = 32_767
            elif count < -32_768:
                count = -32_768
            output[at + swapped] = count & 0xFF
            output[at + 1 - swapped] = count >> 8 & 0xFF
            at += 2
            row += 1
        chance.state = state
        self.fresh = True

    @micropython.viper
    def publish(self):
        """Put the latest sample into the registers, all of it at once."""
        memory = ptr8(self.memory)
        output = ptr8(self._output)
        start = ptr32(self.cells)[_DATA] - _ZERO
        at = 0
        while at < _OUTPUT_BYTES:
            memory[start + at] = output[at]
            at += 1
        self.fresh = False


def _alpha_q10(bandwidth_chz: int) -> int:
    """Share of the way that a first-order low-pass goes in STEP_MS, 2^10 times."""
    x = bandwidth_chz * STEP_MS * 6_588 // 100  # 2 pi bandwidth x time, 2^20 times
    if x > 6 << 20:
        return 1 << 10
    total = 0
    term = 1 << 20
    for order in range(1, 24):
        term = term * x // order >> 20
        total += term if order & 1 else -term
    return total + 512 >> 10


def _sigma_q4(density_n: int, bandwidth_chz: int, counts_per_1000: int) -> int:
    """Standard deviation of the noise in sixteenths of a count."""
    root = _square_root(157 * bandwidth_chz)  # of 1.57 x bandwidth, 100 times
    return density_n * root * counts_per_1000 * 16 // 100_000_000_000_000


def _square_root(value: int) -> int:
    """Whole part of the square root."""
    root = value
    better = (root + 1) // 2
    while better < root:
        root = better
        better = (root + value // root) // 2
    return root
