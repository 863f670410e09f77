"""ST LSM6DSOX, after its datasheet DS12814: the registers that a driver uses."""

from table_rig.sensor import FASTEST_MHZ, MEMORY_BYTES, Sensor

_WHO_AM_I = 0x0F
_CTRL1_XL = 0x10
_CTRL2_G = 0x11
_CTRL3_C = 0x12
_CTRL4_C = 0x13
_CTRL6_C = 0x15
_CTRL8_XL = 0x17

_RATES_MHZ = (0, 12_500, 26_000, 52_000, 104_000, 208_000, 416_000, 833_000)
_ACCEL_COUNTS_PER_KG = (16_393_443, 2_049_180, 8_196_721, 4_098_361)
_GYRO_COUNTS_PER_KDPS = (114_286, 57_143, 28_571, 14_286)
_GYRO_COUNTS_125 = 228_571
_ACCEL_DIVIDERS = (4, 10, 20, 45, 100, 200, 400, 800)
_GYRO_LPF1_208_CHZ = (6_700, 6_700, 6_700, 6_700, 6_240, 4_320, 2_310, 1_220)
"""By FTYPE, at a data rate of 208 Hz; at others LPF2 alone is played."""
_208_HZ = 5
_ACCEL_NOISE_NG = 80_000
_GYRO_NOISE_NDPS = 3_800_000


class Lsm6dsox(Sensor):
    """The primary sensor's make. Powered down after reset: both data rates are 0."""

    ADDRESS = 0x6A
    DATA = 0x20
    TEMPERATURE_AT = 0
    GYRO_AT = 2
    ACCEL_AT = 8

    def reset_registers(self) -> None:
        """All 0 but the identity and IF_INC."""
        for register in range(MEMORY_BYTES):
            self.memory[register] = 0
        self.memory[_WHO_AM_I] = 0x6C
        self.memory[_CTRL3_C] = 0x04

    def wants_reset(self) -> bool:
        """SW_RESET."""
        return bool(self.memory[_CTRL3_C] & 1)

    def settings(self) -> tuple:
        """As the control registers say."""
        memory = self.memory
        ctrl1 = memory[_CTRL1_XL]
        ctrl2 = memory[_CTRL2_G]
        ctrl8 = memory[_CTRL8_XL]
        rate_a = _rate_mhz(ctrl1 >> 4)
        divider = _ACCEL_DIVIDERS[ctrl8 >> 5] if ctrl1 & 0x02 else 2
        scale = ctrl1 >> 2 & 3
        if scale == 1 and ctrl8 & 0x02:
            scale = 0  # XL_FS_MODE: the code for 16 g means 2 g
        rate_g = _rate_mhz(ctrl2 >> 4)
        band_g = rate_g // 30  # LPF2 alone: a third of the data rate
        if memory[_CTRL4_C] & 0x02 and ctrl2 >> 4 == _208_HZ:
            band_g = min(band_g, _GYRO_LPF1_208_CHZ[memory[_CTRL6_C] & 7])
        counts_g = _GYRO_COUNTS_125 if ctrl2 & 0x02 else _GYRO_COUNTS_PER_KDPS[ctrl2 >> 2 & 3]
        return (
            (rate_a, rate_a // 10 // divider, _ACCEL_COUNTS_PER_KG[scale], _ACCEL_NOISE_NG),
            (rate_g, band_g, counts_g, _GYRO_NOISE_NDPS),
        )

    def temperature_word(self, mdegc: int) -> int:
        """256 a degree, 0 at 25 degC."""
        return (mdegc - 25_000) * 256 // 1000


def _rate_mhz(code: int) -> int:
    return _RATES_MHZ[code] if code < len(_RATES_MHZ) else FASTEST_MHZ
