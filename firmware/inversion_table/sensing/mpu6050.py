"""Driver of the InvenSense MPU-6050, the monitor IMU, at register level.

Registers: RM-MPU-6000A-00 rev. 4.2 (register map). Sensitivities: PS-MPU-6000A-00 rev. 3.4.
"""

from inversion_table.sensing.imu import ImuDriver, layout

ADDRESS = 0x68
"""7-bit I2C address with AD0 low (PS-MPU-6000A, I2C interface)."""

SMPLRT_DIV = 0x19
ACCEL_XOUT_H = 0x3B
"""From here, big-endian: accelerometer x y z, temperature, gyroscope x y z."""
PWR_MGMT_1 = 0x6B
WHO_AM_I = 0x75
WHO_AM_I_VALUE = 0x68
"""An MPU-6500 (0x70) is refused: its accelerometer's low-pass is set elsewhere."""

DEVICE_RESET = b"\x80"
RESET_MS = 100
"""Recommended after DEVICE_RESET (RM-MPU-6000A, PWR_MGMT_1)."""
AWAKE = b"\x01"
"""Out of sleep; clock from the x gyroscope's PLL, as recommended (RM-MPU-6000A, PWR_MGMT_1)."""

# SMPLRT_DIV .. ACCEL_CONFIG, in one piece, as they are written and must read back.
CONFIGURATION = bytes(
    (
        0x04,  # SMPLRT_DIV: 1 kHz / (1 + 4) = 200 Hz, two samples a tick
        # CONFIG: DLPF_CFG 5: accelerometer 10 Hz (13.8 ms delay), gyroscope 10 Hz (13.4 ms)
        # (RM-MPU-6000A, CONFIG): under the motor's 25 to 120 Hz, of which what is left near 100 Hz
        # aliases down to a slow false tilt. With 21 Hz (DLPF_CFG 4), 0.3 g of vibration there made
        # this sensor contradict itself; 5 ms more delay are 0.02 deg at 3 dps.
        0x05,
        0x00,  # GYRO_CONFIG: +-250 dps, no self-test
        0x00,  # ACCEL_CONFIG: +-2 g, no self-test
    )
)

LAYOUT = layout(
    accel_at=0,
    gyro_at=8,
    temperature_at=6,
    high=0,
    # 16384 LSB per g (PS-MPU-6000A, 6.2): 10^6 / 16384 = 15625 / 256.
    accel_ug=15_625,
    accel_shift=8,
    # 131 LSB per dps at +-250 dps (PS-MPU-6000A, 6.1), rounded by 54 ppm; its tolerance is 3 %.
    gyro_udps=7_634,
    # 340 LSB per degC, zero at 36.53 degC (RM-MPU-6000A, 4.18): 1000 / 340 = 50 / 17.
    mdegc=50,
    mdegc_lsb=17,
    mdegc_zero=36_530,
)


class Mpu6050(ImuDriver):
    """The MPU-6050 behind an I2C bus."""

    def __init__(self, i2c) -> None:
        super().__init__(i2c, ADDRESS, ACCEL_XOUT_H, LAYOUT, RESET_MS)
        self._readback = bytearray(len(CONFIGURATION))
        self._power = bytearray(1)

    def _reset(self) -> bool:
        if self._i2c.readfrom_mem(self._address, WHO_AM_I, 1)[0] != WHO_AM_I_VALUE:
            return False
        self._i2c.writeto_mem(self._address, PWR_MGMT_1, DEVICE_RESET)
        return True

    def _configure(self) -> None:
        self._i2c.writeto_mem(self._address, PWR_MGMT_1, AWAKE)
        for index in range(len(CONFIGURATION)):
            self._i2c.writeto_mem(
                self._address, SMPLRT_DIV + index, CONFIGURATION[index : index + 1]
            )

    def _configured(self) -> bool:
        self._i2c.readfrom_mem_into(self._address, SMPLRT_DIV, self._readback)
        if self._readback != CONFIGURATION:
            return False
        self._i2c.readfrom_mem_into(self._address, PWR_MGMT_1, self._power)
        return self._power == AWAKE
