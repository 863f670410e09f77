"""The I2C controller with bus time: a transfer takes what its clock divider says.

Three things the emulator's own block leaves out. Bytes take time. A NACK also empties the transmit
FIFO, and says so: without that the firmware waits for its time-out. A device that holds SDA low
keeps a transfer from beginning.

The firmware waits for a byte by asking a register again and again. Each time it asks in vain, time
moves on to the next thing that happens on the chip: what the loop would find is the same, and the
many askings between are not emulated. `waited_ns` adds up how long that was.
"""

from __future__ import annotations

from typing import Any, Protocol

from rp2040py.peripherals.i2c import (
    ENABLE,
    IC_ENABLE,
    IC_RAW_INTR_STAT,
    IC_RXFLR,
    IC_STATUS,
    R_TX_EMPTY,
    RPI2C,
    I2CMode,
    I2CState,
)

_CYCLE_NS = 8
_POLLED = frozenset((IC_RAW_INTR_STAT, IC_RXFLR, IC_STATUS))
_BITS_OF_BYTE = 9  # with its acknowledge
_BITS_OF_START = 1
_BITS_OF_STOP = 1


class Target(Protocol):
    """What is on the bus."""

    def begin(self, address: int, reading: bool) -> bool | None:
        """START and an address: whether somebody acknowledges; None while SDA is held low."""

    def write(self, value: int) -> bool:
        """A byte from the controller: whether it is acknowledged."""

    def read(self) -> int:
        """A byte for the controller."""

    def end(self) -> None:
        """STOP, or START again."""


class I2cController(RPI2C):
    """One controller, with `target` on its bus."""

    def __init__(self, rp2040: Any, name: str, irq: int, target: Target) -> None:
        super().__init__(rp2040, name, irq)
        self.waited_ns = 0.0
        self._target = target
        self._clock = rp2040.clock
        self._alarm = self._clock.create_alarm(self._due)
        self._then: tuple[object, ...] = ()
        self.on_start = self._start
        self.on_connect = self._connect
        self.on_write_byte = self._write
        self.on_read_byte = self._read
        self.on_stop = self._stop_condition

    @property
    def quiet(self) -> bool:
        """Whether no byte is on its way."""
        return not self._then

    @property
    def bit_ns(self) -> float:
        """One period of SCL (RP2040 datasheet, 4.3.14): the filter lengthens the high half."""
        high = self.scl_high_period + self._spikelen + 7
        low = self.scl_low_period + 1
        return float((high + low) * _CYCLE_NS)

    def reset(self) -> None:
        """Registers as after power-on; whatever went on has ended."""
        self._alarm.cancel()
        self._then = ()
        super().reset()

    def read_uint32(self, offset: int) -> int:
        """A register; asked in vain, time passes until something happens."""
        if offset in _POLLED and self._then:
            before_ns = self._clock.nanos
            self._clock.tick(self._clock.nanos_to_next_alarm)
            self.waited_ns += self._clock.nanos - before_ns
        return int(super().read_uint32(offset))

    def write_uint32(self, offset: int, value: int) -> None:
        """A register; switched off, the block forgets what it was at."""
        if offset == IC_ENABLE and not value & ENABLE:
            self._alarm.cancel()
            self._then = ()
            self._state = I2CState.IDLE
            self._busy = self._stop = self._pending_restart = False
        super().write_uint32(offset, value)

    def _after(self, bits: int, *then: object) -> None:
        self._then = then
        self._alarm.schedule(bits * self.bit_ns)

    def _due(self) -> None:
        what, *arguments = self._then
        self._then = ()
        what(*arguments)  # type: ignore[operator]

    def _start(self, repeated: bool) -> None:
        if repeated:
            self._target.end()
        self._after(_BITS_OF_START, self.complete_start)

    def _connect(self, address: int, mode: I2CMode) -> None:
        acknowledged = self._target.begin(address, mode == I2CMode.READ)
        if acknowledged is not None:
            self._after(_BITS_OF_BYTE, self.complete_connect, acknowledged)

    def _write(self, value: int) -> None:
        self._after(_BITS_OF_BYTE, self._written, value)

    def _written(self, value: int) -> None:
        if self._tx_fifo.item_count <= self.tx_threshold:
            self._set_interrupts(R_TX_EMPTY)
        self.complete_write(self._target.write(value))

    def _read(self, _acknowledge: bool) -> None:
        self._after(_BITS_OF_BYTE, self._have_read)

    def _have_read(self) -> None:
        self.complete_read(self._target.read())

    def _stop_condition(self) -> None:
        self._target.end()
        self._after(_BITS_OF_STOP, self.complete_stop)

    def _next_command(self) -> None:
        # The emulator says "empty" when a byte has been taken from the FIFO; the firmware asks for
        # the later moment, when it has gone out (TX_EMPTY_CTRL): `_written` says so.
        empty_before = self.int_raw & R_TX_EMPTY
        super()._next_command()
        if not empty_before and self._then and self._then[0] == self._written:
            self._clear_interrupts(R_TX_EMPTY)

    def _abort(self, reason: int) -> None:
        super()._abort(reason)
        self._set_interrupts(R_TX_EMPTY)
