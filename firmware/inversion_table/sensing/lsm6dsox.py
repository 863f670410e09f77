"""Driver of the ST LSM6DSOX, the primary IMU, at register level.

Register addresses, bits and sensitivities: ST DS12814, the LSM6DSOX datasheet.
"""

from inversion_table.sensing.imu import ImuDriver, layout

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

LAYOUT = layout(
    accel_at=8,
    gyro_at=2,
    temperature_at=0,
    high=1,
    # 0.061 mg/LSB at +-2 g, 4.375 mdps/LSB at +-125 dps (DS12814, mechanical characteristics).
    accel_ug=61,
    accel_shift=0,
    gyro_udps=4_375,
    # 256 LSB per degC, zero at 25 degC (DS12814, temperature sensor): 1000 / 256 = 125 / 32.
    mdegc=125,
    mdegc_lsb=32,
    mdegc_zero=25_000,
)


class Lsm6dsox(ImuDriver):
    """The LSM6DSOX behind an I2C bus."""

    def __init__(self, i2c) -> None:
        super().__init__(i2c, ADDRESS, OUT_TEMP_L, LAYOUT, RESET_MS)
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
