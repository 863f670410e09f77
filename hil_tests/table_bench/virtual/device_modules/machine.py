"""Stand-in for the chip's `machine` module: the same names and semantics, in virtual time."""

import bench_config
import bench_core as _core
import bench_frame as _frame
from bench_analog import ADC, PWM
from bench_clock import RTC, WDT, Timer
from bench_i2c import I2C
from bench_pin import Pin, levels

_GPIO_IN = 0xD000_0004

PWRON_RESET = 1
WDT_RESET = 3


class _Registers:
    """Words of the chip's address space: those that the bench has, by address."""

    def __init__(self, content):
        self._values = dict(content)

    def __getitem__(self, address):
        if address == _GPIO_IN:
            return levels()
        return self._values[address]

    def __setitem__(self, address, value):
        self._values[address] = value
        _core.out[_frame.ARG0] = address
        _core.out[_frame.ARG1] = value
        _core.ask(_frame.REGISTER)


mem32 = _Registers(bench_config.values["registers"])

__all__ = (
    "ADC",
    "I2C",
    "PWM",
    "PWRON_RESET",
    "RTC",
    "WDT",
    "WDT_RESET",
    "Pin",
    "Timer",
    "disable_irq",
    "enable_irq",
    "freq",
    "idle",
    "mem32",
    "reset",
    "reset_cause",
    "unique_id",
)


def idle():
    """Sleep until something happens: in virtual time, until the next timer (10 ms at most)."""
    core = _core
    core.wait_in_background(core.out[_frame.NOW_US] + core.IDLE_US)


def reset():
    """Reset the chip; never returns."""
    _core.ask(_frame.RESET)


def reset_cause():
    """Why the chip started: PWRON_RESET or WDT_RESET (machine.reset() also uses the watchdog)."""
    return bench_config.values["reset_cause"]


def unique_id():
    """The flash chip's 8-byte serial number."""
    return bytes.fromhex(bench_config.values["unique_id"])


def freq():
    """CPU clock in Hz."""
    return 125_000_000


def disable_irq():
    """Hold back timers; returns the state to give to `enable_irq`."""
    before = _core.state[_core.IRQ_OFF]
    _core.state[_core.IRQ_OFF] = 1
    return before


def enable_irq(before):
    """Put back what `disable_irq` returned; timers that fell due meanwhile fire."""
    _core.state[_core.IRQ_OFF] = before
    _core.spend(0)
