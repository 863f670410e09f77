"""How often a tick's code waits for the flash: the cache in front of it, worked out from outside.

The RP2040 executes code in the flash through a cache of 16 KB: two lines of 8 bytes for each of
1,024 places (datasheet, 2.6.3). The emulator leaves it out. `MissMeter` follows the addresses that
instructions are fetched from, in the tick and in between; the line that was used longer ago goes.
Data that is read from the flash is left out; bytecode is data.
"""

from __future__ import annotations

from collections.abc import Callable

from rp2040py.memory_map import FLASH_START_ADDRESS

from table_bench.chip.chip import CYCLE_NS, Chip
from table_bench.chip.image import FLASH_BYTES
from table_bench.chip.meter import TickMeter

MISS_CYCLES = 65
"""A line of 8 bytes from the flash in quad mode at half of the processor's clock: 8 clocks for
address and mode, 4 of waiting, 16 for the bytes, which is 56 cycles; some for the interface."""

_LINE_BITS = 3
_PLACES = 1024


class FlashCache:
    """Two ways, the one that was used longer ago is given up; `misses`: lines fetched so far."""

    def __init__(self) -> None:
        self.misses = 0
        self._newer = [-1] * _PLACES
        self._older = [-1] * _PLACES

    def fetch(self, address: int) -> None:
        """An instruction is fetched from `address` in the flash."""
        line = address >> _LINE_BITS
        place = line % _PLACES
        newer = self._newer[place]
        if newer == line:
            return
        if self._older[place] != line:
            self.misses += 1
        self._newer[place] = line
        self._older[place] = newer


class MissMeter(TickMeter):
    """A TickMeter that counts, too, the `misses` of each tick. The cache is empty at first."""

    def __init__(self, chip: Chip, counted: Callable[[], int]) -> None:
        self.misses: list[int] = []
        self._cache = FlashCache()
        self._before: list[int] = []
        super().__init__(chip, counted)

    def advance(self, ms: float) -> None:
        """Let `ms` pass, instruction by instruction."""
        core, clock = self._chip.rp2040.core, self._chip.clock
        end_ns = clock.nanos + ms * 1_000_000
        while clock.nanos < end_ns:
            if core.waiting:
                clock.tick(clock.nanos_to_next_alarm)
                continue
            address = core.pc - FLASH_START_ADDRESS
            if 0 <= address < FLASH_BYTES:
                self._cache.fetch(address)
            clock.tick(core.execute_instruction() * CYCLE_NS)

    def _entered(self, exception: int) -> None:
        self._before.append(self._cache.misses)
        super()._entered(exception)

    def _left(self) -> None:
        ticks = len(self.ticks)
        super()._left()
        if self._before:
            before = self._before.pop()
            if len(self.ticks) > ticks:
                self.misses.append(self._cache.misses - before)
