"""Driver of the ST LSM6DSOX, the primary IMU, at register level.

Register addresses, bits and sensitivities: ST DS12814, the LSM6DSOX datasheet.
"""

from inversion_table.sensing.imu import ImuDriver, ImuSample

ADDRESS = 0x6A
"""7-bit I2C address with SA0 low (DS12814, I2C operation)."""

WHO_AM_I = 0x0F
WHO_AM_I_VALUE = 0x6C
CTRL1_XL = 0x10
CTRL3_C = 0x12
OUT_TEMP_L = 0x20
"""From here, little-endian: temperature, gyroscope x y z, accelerometer x y z."""

SW_RESET = 0x01
RESET_MS = 10
"""Time of a boot; the software reset itself takes 50 us (AN5272)."""

# CTRL1_XL .. CTRL9_XL, in one piece, as they are written and must read back.
CONFIGURATION = bytes(
    (
        0x52,  # CTRL1_XL: 208 Hz, +-2 g, output from LPF2
        0x52,  # CTRL2_G: 208 Hz, +-125 dps: the table turns at 8 dps at most
        0x44,  # CTRL3_C: both bytes of a value from one sample (BDU), address increments (IF_INC)
        0x02,  # CTRL4_C: gyroscope through LPF1
        0x00,  # CTRL5_C: no self-test
        # CTRL6_C: accelerometer in high performance; LPF1 of the gyroscope at 23.1 Hz (FTYPE 6 at
        # 208 Hz: table of LPF1 bandwidths under CTRL6_C), below half the tick rate.
        0x06,
        0x00,  # CTRL7_G: gyroscope in high performance, no high-pass
        # CTRL8_XL: LPF2 at ODR/20 = 10.4 Hz (table of bandwidths under CTRL8_XL). The motor shakes
        # at 25 to 120 Hz, and the tick samples at 100 Hz: what is left near 100 Hz would alias
        # down to a slow false tilt.
        0x40,
        0xE2,  # CTRL9_XL: default, with I3C off
    )
)

ACCEL_UG_PER_LSB = 61
"""0.061 mg/LSB at +-2 g (DS12814, mechanical characteristics)."""
GYRO_UDPS_PER_LSB = 4375
"""4.375 mdps/LSB at +-125 dps (DS12814, mechanical characteristics)."""
LAST_LSB = 32_700
"""At or past this count, 0.2 % from the end, an axis counts as saturated."""


class Lsm6dsox(ImuDriver):
    """The LSM6DSOX behind an I2C bus."""

    def __init__(self, i2c) -> None:
        super().__init__(i2c, ADDRESS, OUT_TEMP_L, 14, 8, 2, RESET_MS)
        self._readback = bytearray(len(CONFIGURATION))

    def _reset(self) -> bool:
        if self._i2c.readfrom_mem(self._address, WHO_AM_I, 1)[0] != WHO_AM_I_VALUE:
            return False
        self._i2c.writeto_mem(self._address, CTRL3_C, bytes((SW_RESET,)))
        return True

    def _configure(self) -> None:
        for index in range(len(CONFIGURATION)):
            self._i2c.writeto_mem(self._address, CTRL1_XL + index, CONFIGURATION[index : index + 1])

    def _configured(self) -> bool:
        self._i2c.readfrom_mem_into(self._address, CTRL1_XL, self._readback)
        return self._readback == CONFIGURATION

    def _convert(self, data: bytearray, sample: ImuSample) -> None:
        # (n ^ 0x8000) - 0x8000 reads a 16-bit two's complement number.
        temperature = ((data[0] | data[1] << 8) ^ 0x8000) - 0x8000
        gx = ((data[2] | data[3] << 8) ^ 0x8000) - 0x8000
        gy = ((data[4] | data[5] << 8) ^ 0x8000) - 0x8000
        gz = ((data[6] | data[7] << 8) ^ 0x8000) - 0x8000
        ax = ((data[8] | data[9] << 8) ^ 0x8000) - 0x8000
        ay = ((data[10] | data[11] << 8) ^ 0x8000) - 0x8000
        az = ((data[12] | data[13] << 8) ^ 0x8000) - 0x8000
        sample.ax_ug = ax * ACCEL_UG_PER_LSB
        sample.ay_ug = ay * ACCEL_UG_PER_LSB
        sample.az_ug = az * ACCEL_UG_PER_LSB
        sample.gx_udps = gx * GYRO_UDPS_PER_LSB
        sample.gy_udps = gy * GYRO_UDPS_PER_LSB
        sample.gz_udps = gz * GYRO_UDPS_PER_LSB
        # 256 LSB per degC, zero at 25 degC (DS12814, temperature sensor).
        sample.temperature_mdegc = (temperature * 125 >> 5) + 25_000
        sample.saturated = (
            max(ax, ay, az, gx, gy, gz) >= LAST_LSB or min(ax, ay, az, gx, gy, gz) <= -LAST_LSB
        )
