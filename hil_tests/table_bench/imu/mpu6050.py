"""InvenSense MPU-6050, after its register map RM-MPU-6000A: the registers that a driver uses."""

from __future__ import annotations

import struct

from table_bench.imu.sensor import Channel, Sensor

SMPLRT_DIV = 0x19
CONFIG = 0x1A
GYRO_CONFIG = 0x1B
ACCEL_CONFIG = 0x1C
INT_STATUS = 0x3A
ACCEL_XOUT_H = 0x3B
GYRO_ZOUT_L = 0x48
PWR_MGMT_1 = 0x6B
PWR_MGMT_2 = 0x6C
WHO_AM_I = 0x75

_IDENTITY = 0x68
_SLEEP = 0x40
_DEVICE_RESET = 0x80
_READ_ONLY = {WHO_AM_I, *range(INT_STATUS, GYRO_ZOUT_L + 1)}

_ACCEL_BANDWIDTH_HZ = (260.0, 184.0, 94.0, 44.0, 21.0, 10.0, 5.0, 260.0)
_GYRO_BANDWIDTH_HZ = (256.0, 188.0, 98.0, 42.0, 20.0, 10.0, 5.0, 256.0)
_ACCEL_COUNTS_PER_G = (16384.0, 8192.0, 4096.0, 2048.0)
_GYRO_COUNTS_PER_DPS = (131.0, 65.5, 32.8, 16.4)
_ACCEL_NOISE_G = 400e-6
_GYRO_NOISE_DPS = 5e-3
_OUTPUT = struct.Struct(">7h")


class Mpu6050(Sensor):
    """The monitor sensor's make. Asleep after reset until PWR_MGMT_1 says otherwise."""

    ADDRESS = 0x68

    def _reset_registers(self) -> None:
        self.registers[:] = bytes(256)
        self.registers[WHO_AM_I] = _IDENTITY
        self.registers[PWR_MGMT_1] = _SLEEP

    def _written(self, register: int, value: int) -> None:
        if register in _READ_ONLY:
            return
        if register == PWR_MGMT_1 and value & _DEVICE_RESET:
            self._reset_registers()
            return
        self.registers[register] = value

    def _channels(self) -> tuple[Channel, Channel]:
        registers = self.registers
        filter_code = registers[CONFIG] & 7
        rate_hz = 0.0
        if not registers[PWR_MGMT_1] & _SLEEP:
            base_hz = 8000.0 if filter_code in (0, 7) else 1000.0
            rate_hz = base_hz / (1 + registers[SMPLRT_DIV])
        accel = Channel(
            min(rate_hz, 1000.0),
            1.0 / _ACCEL_COUNTS_PER_G[(registers[ACCEL_CONFIG] >> 3) & 3],
            _ACCEL_BANDWIDTH_HZ[filter_code],
            _ACCEL_NOISE_G,
        )
        gyro = Channel(
            rate_hz,
            1.0 / _GYRO_COUNTS_PER_DPS[(registers[GYRO_CONFIG] >> 3) & 3],
            _GYRO_BANDWIDTH_HZ[filter_code],
            _GYRO_NOISE_DPS,
        )
        return accel, gyro

    def _store(self, new_accel: bool, new_gyro: bool, temperature_c: float) -> None:
        _OUTPUT.pack_into(
            self.registers,
            ACCEL_XOUT_H,
            *self.sample.accel,
            int((temperature_c - 36.53) * 340.0),
            *self.sample.gyro,
        )
        self.registers[INT_STATUS] |= 1

    def read(self, register: int, count: int) -> bytes:
        """Burst read; reading INT_STATUS clears it."""
        end = register + count
        data = bytes(self.registers[register:end])
        if register <= INT_STATUS < end:
            self.registers[INT_STATUS] = 0
        self.pointer = end & 0xFF
        return data
