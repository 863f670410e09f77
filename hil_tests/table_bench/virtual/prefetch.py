"""Foresees the burst reads of the next tick, so that they travel with the tick's snapshot."""

from __future__ import annotations

from table_bench.virtual.device_modules import bench_frame as frame
from table_bench.virtual.surroundings import Surroundings

_PATIENCE = 40  # snapshots that a slot may go unread: drivers look at their settings now and then


class Prefetcher:
    """Up to four (bus, address, register, length) that the firmware read lately."""

    def __init__(self) -> None:
        self.keys = [0] * frame.SLOTS
        self._unread = [0] * frame.SLOTS
        self._filled = 0
        self._missed: list[int] = []
        self.changed = True

    def missed(self, bus: int, address: int, register: int, count: int) -> None:
        """The firmware made this read over the pipe."""
        if register >= 0 and count <= frame.SLOT_BYTES and address < 0x80:
            key = bus << 24 | address << 16 | register << 8 | count
            if key not in self._missed and len(self._missed) < frame.SLOTS:
                self._missed.append(key)

    def settle(self, used: int) -> None:
        """A period is over: keep what was `used`, take up what was missed."""
        if used == self._filled and not self._missed:
            return
        for slot in range(frame.SLOTS):
            if used >> slot & 1:
                self._unread[slot] = 0
            elif self.keys[slot]:
                self._unread[slot] += 1
                if self._unread[slot] >= _PATIENCE:
                    self._set(slot, 0)
        for key in self._missed:
            if key not in self.keys and 0 in self.keys:
                self._set(self.keys.index(0), key)
        self._missed.clear()

    def _set(self, slot: int, key: int) -> None:
        self.keys[slot] = key
        self._unread[slot] = 0
        self._filled = sum(1 << i for i, filled in enumerate(self.keys) if filled)
        self.changed = True

    def read(self, plant: Surroundings) -> tuple[int, list[bytes]]:
        """Errno of each slot (one byte each) and the data."""
        status = 0
        shift = 0
        data = []
        for key in self.keys:
            if key:
                error, value = plant.i2c_read(
                    key >> 24, key >> 16 & 0xFF, key >> 8 & 0xFF, key & 0xFF
                )
                status |= error << shift
                data.append(value)
            else:
                data.append(b"")
            shift += 8
        return status, data
