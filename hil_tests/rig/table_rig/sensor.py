"""The two sensors' registers and analogue path, in integers.

The path is that of `table_bench.imu`: motion -> mount and errors -> low-pass -> sample at the
output data rate -> noise -> scale and saturate -> registers. `follow` and `sample` run in the tick;
`configure` in the background, when a host has written or a fault has changed.
"""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const
from table_rig.chance import Chance
from table_rig.motion import shake_at

MEMORY_BYTES = 128
_REFERENCE_MDEGC = 25_000
_OUTPUT_BYTES = const(14)
_MHZ = const(1_000_000)
"""Millihertz in a kilohertz: a sample clock that runs over once a millisecond."""
_GYRO_SHAKE_Q8 = const(63)
"""4 dps a g: 2^-15 g to a quarter of a speed, 2^8 times."""
_SIGMA_MOST = 21_000

# Where each coefficient lies in `_k`.
_X, _Z, _SHAKE, _OFFSET, _TURN, _TURN_SHAKE, _TURN_OFFSET = 0, 3, 6, 9, 12, 15, 18
_COEFFICIENTS = 21


class Sensor:
    """Base; a subclass owns the register map."""

    ADDRESS = 0
    DATA = 0
    """The first of the 14 output registers."""
    ACCEL_AT = 0
    GYRO_AT = 0
    TEMPERATURE_AT = 0
    BIG_ENDIAN = 0

    def __init__(self, seed: int) -> None:
        self.memory = bytearray(MEMORY_BYTES)
        """What an I2C host reads and writes."""
        self.fresh = False
        """There is a sample that `publish` has not yet put into `memory`."""
        self.chance = Chance(seed)
        self._output = bytearray(_OUTPUT_BYTES)
        self._k = [0] * _COEFFICIENTS
        self._x = self._z = self._turn = 0
        self._accel_alpha = self._gyro_alpha = 0
        self._accel_rate_mhz = self._gyro_rate_mhz = 0
        self._accel_clock = self._gyro_clock = 0
        self._accel_bandwidth_chz = self._gyro_bandwidth_chz = 0
        self._accel_sigma = self._gyro_sigma = 0
        self._parameters: dict = {}
        self._temperature_mdegc = _REFERENCE_MDEGC
        self._drift_udps = 0
        self._accel_at = self.ACCEL_AT
        self._gyro_at = self.GYRO_AT
        self._big_endian = self.BIG_ENDIAN
        self._data = self.DATA
        # Faults.
        self.frozen = 0
        self.saturated = 0
        self.detached = 0
        self.upside_down = False
        self.noise_gain = 1
        self.bias_ug = 0
        self.bias_udps = 0
        self.drift_udps_per_s = 0
        self._held_x = self._held_z = 0
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

    def repair(self) -> None:
        """Nothing is broken."""
        self.frozen = self.saturated = self.detached = 0
        self.upside_down = False
        self.noise_gain = 1
        self.bias_ug = self.bias_udps = self.drift_udps_per_s = 0
        self._drift_udps = 0
        self.configure()

    def detach(self, detached: bool) -> None:
        """It came off the bed and hangs as it was; or it is back."""
        self._held_x = self._x
        self._held_z = self._z
        self.detached = 1 if detached else 0

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
        k = [0] * _COEFFICIENTS
        warm_mdegc = self._temperature_mdegc - _REFERENCE_MDEGC
        for row in range(3):
            sign = -1 if self.upside_down and row else 1
            x, y, z = [sign * value for value in errors["accel_q14"][3 * row : 3 * row + 3]]
            # Counts per 2^-15 g, 2^14 times.
            k[_X + row] = x * scale_a // 32_768_000
            k[_Z + row] = z * scale_a // 32_768_000
            k[_SHAKE + row] = (3 * x + 2 * y + 10 * z) * scale_a // 327_680_000
            bias_ug = errors["accel_bias_ug"][row] + self.bias_ug
            bias_ug += errors["accel_slope_ug"][row] * warm_mdegc // 1000
            k[_OFFSET + row] = bias_ug * scale_a // 1_000_000_000
            x, y, z = [sign * value for value in errors["gyro_q14"][3 * row : 3 * row + 3]]
            # Counts per quarter of a speed (497 udps), 2^16 times.
            k[_TURN + row] = y * scale_g * 4 * 4 // 8_042_477
            k[_TURN_SHAKE + row] = (3 * x + 2 * y + 10 * z) * scale_g * 4 * 4 // 80_424_770
            bias_udps = errors["gyro_bias_udps"][row] + self.bias_udps
            bias_udps += errors["gyro_slope_udps"][row] * warm_mdegc // 1000
            bias_udps += (x + y + z) * self._drift_udps >> 14
            k[_TURN_OFFSET + row] = bias_udps * scale_g // 1_000_000_000
        self._accel_alpha = _alpha_q10(band_a)
        self._gyro_alpha = _alpha_q10(band_g)
        self._accel_bandwidth_chz = band_a
        self._gyro_bandwidth_chz = band_g
        gain = self.noise_gain
        self._accel_sigma = min(_SIGMA_MOST, _sigma_q4(noise_a, band_a, scale_a) * gain)
        self._gyro_sigma = min(_SIGMA_MOST, _sigma_q4(noise_g, band_g, scale_g) * gain)
        word = self.temperature_word(self._temperature_mdegc) & 0xFFFF
        high, low = word >> 8, word & 0xFF
        at = self.TEMPERATURE_AT
        self._output[at] = high if self.BIG_ENDIAN else low
        self._output[at + 1] = low if self.BIG_ENDIAN else high
        self._k = k
        self._accel_rate_mhz = rate_a  # last: from now on the tick samples with these
        self._gyro_rate_mhz = rate_g

    # --- tick --------------------------------------------------------------------------------

    @micropython.viper
    def follow(self, motion):
        """A millisecond has passed; takes a sample when its instant has come."""
        if int(self.frozen):
            return
        force_x = int(motion.force_x)
        force_z = int(motion.force_z)
        rate = int(motion.rate)
        if int(self.detached):
            force_x = int(self._held_x)
            force_z = int(self._held_z)
            rate = 0
        x = int(self._x)
        z = int(self._z)
        turn = int(self._turn)
        alpha = int(self._accel_alpha)
        x += (force_x - x) * alpha + 512 >> 10
        z += (force_z - z) * alpha + 512 >> 10
        turn += ((rate << 2) - turn) * int(self._gyro_alpha) + 512 >> 10
        self._x = x
        self._z = z
        self._turn = turn
        period = int(self._accel_rate_mhz)
        clock = int(self._accel_clock) + period
        if clock >= _MHZ:
            clock -= _MHZ
            self._sample_accel(motion, (clock << 8) // ((period >> 2) + 1))
        self._accel_clock = clock
        period = int(self._gyro_rate_mhz)
        clock = int(self._gyro_clock) + period
        if clock >= _MHZ:
            clock -= _MHZ
            self._sample_gyro(motion, (clock << 8) // ((period >> 2) + 1))
        self._gyro_clock = clock

    @micropython.viper
    def _sample_accel(self, motion, late_q10: int):
        shake = 0
        if not int(self.detached):
            shake = int(shake_at(motion, self._accel_bandwidth_chz, late_q10))
        k = self._k
        x = int(self._x) >> 3
        z = int(self._z) >> 3
        sigma = int(self._accel_sigma)
        chance = self.chance
        row = 0
        while row < 3:
            count = int(k[row]) * x + int(k[3 + row]) * z + int(k[6 + row]) * shake + 8_192 >> 14
            count += int(k[9 + row]) + (int(chance.bell()) * sigma + 131_072 >> 18)
            self._put(int(self._accel_at) + 2 * row, count)
            row += 1
        self.fresh = True

    @micropython.viper
    def _sample_gyro(self, motion, late_q10: int):
        shake = 0
        if not int(self.detached):
            shake = int(shake_at(motion, self._gyro_bandwidth_chz, late_q10))
            shake = shake * _GYRO_SHAKE_Q8 >> 8
        k = self._k
        turn = int(self._turn) >> 4
        sigma = int(self._gyro_sigma)
        chance = self.chance
        row = 0
        while row < 3:
            count = int(k[12 + row]) * turn + int(k[15 + row]) * shake + 32_768 >> 16
            count += int(k[18 + row]) + (int(chance.bell()) * sigma + 131_072 >> 18)
            self._put(int(self._gyro_at) + 2 * row, count)
            row += 1
        self.fresh = True

    @micropython.viper
    def _put(self, at: int, count: int):
        if int(self.saturated) or count > 32_767:
            count = 32_767
        elif count < 0 - 32_768:
            count = 0 - 32_768
        output = self._output
        high = count >> 8 & 0xFF
        low = count & 0xFF
        if int(self._big_endian):
            output[at] = high
            output[at + 1] = low
        else:
            output[at] = low
            output[at + 1] = high

    @micropython.viper
    def publish(self):
        """Put the latest sample into the registers, all of it at once."""
        memory = self.memory
        output = self._output
        start = int(self._data)
        at = 0
        while at < _OUTPUT_BYTES:
            memory[start + at] = int(output[at])
            at += 1
        self.fresh = False


def _alpha_q10(bandwidth_chz: int) -> int:
    """Share of the way that a first-order low-pass goes in a millisecond, 2^10 times."""
    x = bandwidth_chz * 6_588 // 100  # 2 pi bandwidth x 1 ms, 2^20 times
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
