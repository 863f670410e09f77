"""InvenSense MPU-6050, after its register map RM-MPU-6000A: the registers that a driver uses."""

from table_rig.sensor import MEMORY_BYTES, Sensor

_SMPLRT_DIV = 0x19
_CONFIG = 0x1A
_GYRO_CONFIG = 0x1B
_ACCEL_CONFIG = 0x1C
_PWR_MGMT_1 = 0x6B
_WHO_AM_I = 0x75
_SLEEP = 0x40

_ACCEL_BANDWIDTH_CHZ = (26_000, 18_400, 9_400, 4_400, 2_100, 1_000, 500, 26_000)
_GYRO_BANDWIDTH_CHZ = (25_600, 18_800, 9_800, 4_200, 2_000, 1_000, 500, 25_600)
_ACCEL_COUNTS_PER_KG = (16_384_000, 8_192_000, 4_096_000, 2_048_000)
_GYRO_COUNTS_PER_KDPS = (131_000, 65_500, 32_800, 16_400)
_ACCEL_NOISE_NG = 400_000
_GYRO_NOISE_NDPS = 5_000_000
_BASE_MHZ = 1_000_000
"""With the filter off the part samples at 8 kHz; the rig plays this."""


class Mpu6050(Sensor):
    """The monitor sensor's make. Asleep after reset."""

    ADDRESS = 0x68
    DATA = 0x3B
    ACCEL_AT = 0
    TEMPERATURE_AT = 6
    GYRO_AT = 8
    BIG_ENDIAN = 1

    def reset_registers(self) -> None:
        """All 0 but the identity and the sleep bit."""
        for register in range(MEMORY_BYTES):
            self.memory[register] = 0
        self.memory[_WHO_AM_I] = 0x68
        self.memory[_PWR_MGMT_1] = _SLEEP

    def wants_reset(self) -> bool:
        """DEVICE_RESET."""
        return bool(self.memory[_PWR_MGMT_1] & 0x80)

    def settings(self) -> tuple:
        """As the configuration registers say."""
        memory = self.memory
        code = memory[_CONFIG] & 7
        rate = 0 if memory[_PWR_MGMT_1] & _SLEEP else _BASE_MHZ // (1 + memory[_SMPLRT_DIV])
        accel = _ACCEL_COUNTS_PER_KG[memory[_ACCEL_CONFIG] >> 3 & 3]
        gyro = _GYRO_COUNTS_PER_KDPS[memory[_GYRO_CONFIG] >> 3 & 3]
        return (
            (rate, _ACCEL_BANDWIDTH_CHZ[code], accel, _ACCEL_NOISE_NG),
            (rate, _GYRO_BANDWIDTH_CHZ[code], gyro, _GYRO_NOISE_NDPS),
        )

    def temperature_word(self, mdegc: int) -> int:
        """340 a degree, 0 at 36.53 degC."""
        return (mdegc - 36_530) * 340 // 1000
