"""ST LSM6DSOX, after its datasheet DS12814: the registers that a driver uses and what they do."""

from __future__ import annotations

import struct

from table_bench.imu.sensor import Channel, Sensor

WHO_AM_I = 0x0F
CTRL1_XL = 0x10
CTRL2_G = 0x11
CTRL3_C = 0x12
CTRL4_C = 0x13
CTRL6_C = 0x15
CTRL8_XL = 0x17
STATUS_REG = 0x1E
OUT_TEMP_L = 0x20
OUTX_L_G = 0x22
OUTX_L_A = 0x28
OUTZ_H_A = 0x2D

_IDENTITY = 0x6C
_READ_ONLY = {WHO_AM_I, *range(0x1A, 0x38)}

_RATES_HZ = (0.0, 12.5, 26.0, 52.0, 104.0, 208.0, 416.0, 833.0, 1667.0, 3333.0, 6667.0, 1.6)
_ACCEL_LSB_G = (0.061e-3, 0.488e-3, 0.122e-3, 0.244e-3)
_GYRO_LSB_DPS = (8.75e-3, 17.5e-3, 35e-3, 70e-3)
_GYRO_LSB_125_DPS = 4.375e-3
_ACCEL_DIVIDERS = (4, 10, 20, 45, 100, 200, 400, 800)  # HPCF_XL with LPF2 enabled
# Gyroscope LPF1 bandwidth in Hz: rows FTYPE 0..7, columns rates 12.5 Hz to 6.67 kHz.
_GYRO_LPF1_HZ = (
    (4.2, 8.3, 16.6, 33.0, 67.0, 136.6, 239.2, 304.2, 328.5, 335.5),
    (4.2, 8.3, 16.6, 33.0, 67.0, 130.5, 192.4, 220.7, 229.6, 232.0),
    (4.2, 8.3, 16.6, 33.0, 67.0, 120.3, 154.2, 166.6, 170.1, 171.1),
    (4.2, 8.3, 16.6, 33.0, 67.0, 137.1, 281.8, 453.2, 559.2, 609.0),
    (4.2, 8.3, 16.7, 33.0, 62.4, 86.7, 96.6, 99.6, 99.6, 99.6),
    (4.2, 8.3, 16.8, 31.0, 43.2, 48.0, 49.4, 49.8, 49.8, 49.8),
    (4.1, 7.8, 13.4, 19.0, 23.1, 24.6, 25.0, 25.1, 25.1, 25.1),
    (3.9, 6.7, 9.7, 11.5, 12.2, 12.4, 12.6, 12.6, 12.6, 12.6),
)
_GYRO_DEFAULT_SHARE = 0.33  # LPF2 alone: about a third of the data rate
_ACCEL_NOISE_G = 80e-6
_GYRO_NOISE_DPS = 3.8e-3
_OUTPUT = struct.Struct("<7h")


class Lsm6dsox(Sensor):
    """The primary sensor's make. Powered down after reset: both data rates are 0."""

    ADDRESS = 0x6A

    def _reset_registers(self) -> None:
        self.registers[:] = bytes(256)
        self.registers[WHO_AM_I] = _IDENTITY
        self.registers[CTRL3_C] = 0x04

    def _written(self, register: int, value: int) -> None:
        if register in _READ_ONLY:
            return
        if register == CTRL3_C and value & 0x01:
            self._reset_registers()
            return
        self.registers[register] = value

    def _channels(self) -> tuple[Channel, Channel]:
        r = self.registers
        return self._accel_channel(r[CTRL1_XL], r[CTRL8_XL]), self._gyro_channel(r[CTRL2_G])

    @staticmethod
    def _accel_channel(ctrl1: int, ctrl8: int) -> Channel:
        code = min(ctrl1 >> 4, len(_RATES_HZ) - 1)
        rate_hz = _RATES_HZ[code]
        scale = (ctrl1 >> 2) & 3
        if scale == 1 and ctrl8 & 0x02:
            scale = 0  # XL_FS_MODE: the code for 16 g means 2 g
        divider = _ACCEL_DIVIDERS[ctrl8 >> 5] if ctrl1 & 0x02 else 2
        return Channel(rate_hz, _ACCEL_LSB_G[scale], max(rate_hz, 1.0) / divider, _ACCEL_NOISE_G)

    def _gyro_channel(self, ctrl2: int) -> Channel:
        code = ctrl2 >> 4
        rate_hz = _RATES_HZ[code] if code <= 10 else 0.0
        lsb = _GYRO_LSB_125_DPS if ctrl2 & 0x02 else _GYRO_LSB_DPS[(ctrl2 >> 2) & 3]
        bandwidth_hz = max(rate_hz, 1.0) * _GYRO_DEFAULT_SHARE
        if self.registers[CTRL4_C] & 0x02 and rate_hz:
            lpf1_hz = _GYRO_LPF1_HZ[self.registers[CTRL6_C] & 7][code - 1]
            bandwidth_hz = min(bandwidth_hz, lpf1_hz)
        return Channel(rate_hz, lsb, bandwidth_hz, _GYRO_NOISE_DPS)

    def _store(self, new_accel: bool, new_gyro: bool, temperature_c: float) -> None:
        _OUTPUT.pack_into(
            self.registers,
            OUT_TEMP_L,
            int((temperature_c - 25.0) * 256.0),
            *self.sample.gyro,
            *self.sample.accel,
        )
        self.registers[STATUS_REG] |= new_accel | new_gyro << 1 | 4

    def read(self, register: int, count: int) -> bytes:
        """Burst read. Reading outputs clears their data-ready flags; IF_INC may be off."""
        registers = self.registers
        if not registers[CTRL3_C] & 0x04:
            return bytes(registers[register : register + 1]) * count
        end = register + count
        if register <= OUTZ_H_A and end > OUT_TEMP_L:
            if end > OUTX_L_A:
                registers[STATUS_REG] &= ~1
            if register < OUTX_L_A and end > OUTX_L_G:
                registers[STATUS_REG] &= ~2
            if register < OUTX_L_G:
                registers[STATUS_REG] &= ~4
        self.pointer = end & 0xFF
        return bytes(registers[register:end])
