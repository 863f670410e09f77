"""One I2C bus: who answers on it, and what happens when someone holds it."""

from __future__ import annotations

from collections.abc import Mapping

from table_bench.imu.sensor import Sensor

EIO = 5
ETIMEDOUT = 110
_PULSES_TO_FREE = 9


class I2cBus:
    """Transactions with the sensors on one bus; results carry the errno of the controller."""

    def __init__(self, sensors: Mapping[int, Sensor]) -> None:
        self._sensors = dict(sensors)
        self._pulses_left = 0
        self._held = False
        self.silent: set[int] = set()

    @property
    def sda_low(self) -> bool:
        """Whether a device holds the data line."""
        return self._held

    def hold(self, freed_by_clocking: bool) -> None:
        """A device starts to hold SDA low."""
        self._held = True
        self._pulses_left = _PULSES_TO_FREE if freed_by_clocking else -1

    def release(self) -> None:
        """The device lets go."""
        self._held = False

    def clock_pulse(self) -> bool:
        """The controller clocked SCL by hand once; True if that made the device let go."""
        if not self._held or self._pulses_left < 0:
            return False
        self._pulses_left -= 1
        if self._pulses_left == 0:
            self._held = False
            return True
        return False

    def read(self, address: int, register: int, count: int) -> tuple[int, bytes]:
        """(errno, data); `register` -1 reads from where the device's pointer stands."""
        if self._held:
            return ETIMEDOUT, b""
        sensor = self._sensors.get(address)
        if sensor is None or address in self.silent:
            return EIO, b""
        return 0, sensor.read(sensor.pointer if register < 0 else register, count)

    def write(self, address: int, data: bytes) -> int:
        """errno; the first byte is the register."""
        if self._held:
            return ETIMEDOUT
        sensor = self._sensors.get(address)
        if sensor is None or address in self.silent:
            return EIO
        if data:
            sensor.write(data[0], data[1:])
        return 0
