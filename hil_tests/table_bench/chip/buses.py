"""The sensors' buses, byte by byte, as the chip's I2C controllers drive them."""

from __future__ import annotations

from collections.abc import Callable

from table_bench.plant import Plant

_UNANSWERED = 0xFF


class BusOfTable:
    """One bus of the table's plant. A burst is one sampling, as the sensors latch it.

    `now()` brings the plant up to the present instant.
    """

    def __init__(self, plant: Plant, number: int, now: Callable[[], None]) -> None:
        self._plant = plant
        self._number = number
        self._now = now
        self._address = 0
        self._written = bytearray()
        self._writing = False

    def begin(self, address: int, reading: bool) -> bool | None:
        """START and an address: whether the sensor acknowledges; None while SDA is held low."""
        if self._plant.buses[self._number].sda_low:
            return None
        self._now()
        self._plant.sample_sensors()
        self._address = address
        self._writing = not reading
        self._written.clear()
        error = self._plant.i2c_write(self._number, address, b"")
        return error == 0

    def write(self, value: int) -> bool:
        """A byte to the sensor."""
        self._written.append(value)
        return True

    def read(self) -> int:
        """The next byte from where the sensor's pointer stands."""
        error, data = self._plant.i2c_read(self._number, self._address, -1, 1)
        return _UNANSWERED if error else data[0]

    def end(self) -> None:
        """STOP, or START again: what was written takes effect."""
        if self._writing and self._written:
            self._plant.i2c_write(self._number, self._address, bytes(self._written))
        self._writing = False
        self._written.clear()
