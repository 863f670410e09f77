"""Measures the firmware on the chip from outside: its interrupts, to the cycle.

Nothing in the firmware knows of it. A control tick is the timer's interrupt in which the motor's
current is converted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from table_bench.chip.chip import CYCLE_NS, Chip, TracedCore

_TIMER_EXCEPTIONS = range(16, 20)
"""TIMER_IRQ_0 to 3."""


STACK_BOTTOM, STACK_TOP = 0x2004_0000, 0x2004_2000
"""MicroPython's stack on the RP2040, in the memory banks that nothing else uses."""
STACK_BYTES = STACK_TOP - STACK_BOTTOM
STACK_MARGIN_BYTES = 256
"""MicroPython raises RuntimeError instead of a call that would leave less than this."""
_SRAM = 0x2000_0000
_SP = 13
_PAINT = b"\xa5"


class Tick(NamedTuple):
    """One control tick, in cycles of the chip.

    start: of its interrupt, since power-on; whole: to the end of the interrupt; waited: the part of
    it in which the processor only waited for the I2C buses.
    """

    start: int
    whole: int
    waited: int

    @property
    def worked(self) -> int:
        """Cycles in which instructions were executed."""
        return self.whole - self.waited


class _Meter:
    """Told of each exception that a chip made with `traced` enters and leaves, until `stop`."""

    def __init__(self, chip: Chip) -> None:
        core = chip.rp2040.core
        assert isinstance(core, TracedCore)
        core.entered = self._entered
        core.left = self._left
        self._core = core

    def stop(self) -> None:
        """Measure no more."""
        self._core.entered = self._core.left = None

    def _entered(self, exception: int) -> None:
        raise NotImplementedError

    def _left(self) -> None:
        raise NotImplementedError


class TickMeter(_Meter):
    """Collects the ticks of a chip that was made with `traced`. `counted()`: ticks so far."""

    def __init__(self, chip: Chip, counted: Callable[[], int]) -> None:
        self.ticks: list[Tick] = []
        self._chip = chip
        self._counted = counted
        self._open: list[tuple[int, float, float, int]] = []
        super().__init__(chip)

    def _waited_ns(self) -> float:
        return sum(controller.waited_ns for controller in self._chip.i2c)

    def _entered(self, exception: int) -> None:
        self._open.append((exception, self._chip.clock.nanos, self._waited_ns(), self._counted()))

    def _left(self) -> None:
        if not self._open:
            return
        exception, start_ns, waited_ns, counted = self._open.pop()
        if exception in _TIMER_EXCEPTIONS and self._counted() != counted:
            self.ticks.append(
                Tick(
                    int(start_ns) // CYCLE_NS,
                    int(self._chip.clock.nanos - start_ns) // CYCLE_NS,
                    int(self._waited_ns() - waited_ns) // CYCLE_NS,
                )
            )


class StackMeter(_Meter):
    """How deep the C stack of a chip that was made with `traced` gets: by the program, by a timer.

    The timer's interrupt may come at the program's deepest moment, though it never did here: what
    counts is the sum. All that lies below the stack pointer is painted before each of them.
    """

    def __init__(self, chip: Chip) -> None:
        self.background_bytes = 0
        self.tick_bytes = 0
        self._chip = chip
        self._open: list[tuple[int, int]] = []
        self._paint()
        super().__init__(chip)

    @property
    def most_bytes(self) -> int:
        """Both together."""
        return self.background_bytes + self.tick_bytes

    def _entered(self, exception: int) -> None:
        depth = STACK_TOP - self._chip.rp2040.core.registers[_SP]
        if exception in _TIMER_EXCEPTIONS and not self._open:
            self.background_bytes = max(self.background_bytes, self._used_bytes())
            self._paint()
        self._open.append((exception, depth))

    def _left(self) -> None:
        if not self._open:
            return
        exception, depth = self._open.pop()
        if exception in _TIMER_EXCEPTIONS and not self._open:
            self.tick_bytes = max(self.tick_bytes, self._used_bytes() - depth)
            self._paint()

    def _paint(self) -> None:
        end = self._chip.rp2040.core.registers[_SP] - _SRAM
        begin = STACK_BOTTOM - _SRAM
        self._chip.rp2040.sram[begin:end] = _PAINT * (end - begin)

    def _used_bytes(self) -> int:
        stack = bytes(self._chip.rp2040.sram[STACK_BOTTOM - _SRAM : STACK_TOP - _SRAM])
        return len(stack.lstrip(_PAINT))


def busy_cycles(chip: Chip, ms: float) -> int:
    """Let `ms` pass; the cycles of them in which the processor did not sleep."""
    before = chip.rp2040.core.cycles
    chip.run_to(int(chip.now_ns + ms * 1_000_000))
    return int(chip.rp2040.core.cycles - before)


def longest_without_interrupts(chip: Chip, ms: float) -> int:
    """Let `ms` pass, looking at PRIMASK after each instruction: its longest time, in cycles.

    Slower than `Chip.run_to` by half; what waits for the flash or a bus counts.
    """
    core, clock = chip.rp2040.core, chip.clock
    end_ns = clock.nanos + ms * 1_000_000
    longest_ns = 0.0
    since_ns = -1.0
    while clock.nanos < end_ns:
        if core.waiting:
            clock.tick(clock.nanos_to_next_alarm)
            continue
        clock.tick(core.execute_instruction() * CYCLE_NS)
        if not core.pm:
            since_ns = -1.0
        elif since_ns < 0:
            since_ns = clock.nanos
        else:
            longest_ns = max(longest_ns, clock.nanos - since_ns)
    return int(longest_ns) // CYCLE_NS
