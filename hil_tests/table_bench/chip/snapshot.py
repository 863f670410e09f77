"""The whole state of an emulated chip as a value, so that a test need not wait for a start.

What the emulator's objects keep is copied by looking at them: numbers, bytes, and containers of
those; what connects them (callbacks, clocks, references to each other) is the same in every chip
that is put together in the same way, and stays. Alarms are told apart by the order in which they
were made.
"""

from __future__ import annotations

import datetime
from collections import deque
from enum import Enum
from typing import Any

from rp2040py.clock.simulation_clock import ClockAlarm, SimulationClock


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PLAIN = (int, float, bool, str, bytes, type(None), Enum, datetime.datetime, datetime.timedelta)
_CORE_FIELDS = _words(
    "banked_sp cycles event_registered waiting n c z v break_rewind pm sp_sel n_priv current_mode"
    " ipsr interrupt_nmi_mask pending_interrupts enabled_interrupts pending_nmi pending_pend_sv"
    " pending_svcall pending_systick interrupts_updated vtor shpr2 shpr3"
)
_PIN_FIELDS = _words(
    "ctrl pad_value irq_enable_mask irq_force_mask irq_status _raw_input_value _driven"
)
_ROOTS = _words(
    "sio ppb uart i2c pwm adc dma usb_ctrl watchdog vreg_and_chip_reset spi clocks resets psm"
    " pads_bank0 pads_qspi timer rtc busctrl xip_ctrl xosc ssi"
)
_STATE_MODULES = ("rp2040py.", "table_bench.chip.")


class Alarm(ClockAlarm):
    """An alarm that knows when it is due."""

    def __init__(self, clock: Clock, callback: Any) -> None:
        super().__init__(clock, self._fire)
        self._made_by = clock
        self._then = callback
        self.due_ns: float | None = None

    def schedule(self, delta_nanos: float) -> None:
        """Be due in `delta_nanos`, whatever was before."""
        super().schedule(delta_nanos)  # cancels first what was before
        self.due_ns = self._made_by.nanos + delta_nanos

    def cancel(self) -> None:
        """Not be due."""
        self.due_ns = None
        super().cancel()

    def _fire(self) -> None:
        self.due_ns = None
        self._then()


class Clock(SimulationClock):
    """The emulator's clock, which remembers its alarms in the order in which they were made."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms: list[Alarm] = []

    def create_alarm(self, callback: Any) -> Alarm:
        """An alarm that calls `callback`."""
        alarm = Alarm(self, callback)
        self.alarms.append(alarm)
        return alarm


def take(chip: Any) -> dict[str, Any]:
    """The state of a chip.Chip between two of its instructions."""
    rp2040 = chip.rp2040
    core = rp2040.core
    return {
        "memories": (bytes(rp2040.sram), bytes(rp2040.usb_dpram), chip.flash_content()),
        "core": {name: getattr(core, name) for name in _CORE_FIELDS},
        "registers": list(core.registers),
        "priorities": list(core.interrupt_priorities),
        "pins": [
            {name: getattr(pin, name) for name in _PIN_FIELDS}
            for pin in (*rp2040.gpio, *rp2040.qspi)
        ],
        "blocks": [_state_of(block) for block in _blocks(rp2040)],
        "nanos": chip.clock.nanos,
        "alarms": [alarm.due_ns for alarm in chip.clock.alarms],
    }


def put(chip: Any, state: dict[str, Any]) -> None:
    """Let a chip that was just made be in `state`."""
    rp2040 = chip.rp2040
    core, clock = rp2040.core, chip.clock
    rp2040.sram[:], rp2040.usb_dpram[:], flash = state["memories"]
    rp2040.flash[: len(flash)] = flash
    for alarm in clock.alarms:
        alarm.cancel()
    clock.tick(state["nanos"] - clock.nanos)
    for block, kept in zip(_blocks(rp2040), state["blocks"], strict=True):
        _restore(block, kept)
    for pin, fields in zip((*rp2040.gpio, *rp2040.qspi), state["pins"], strict=True):
        for field, value in fields.items():
            setattr(pin, field, value)
        pin.check_for_updates()
    # Pins tell their listeners of what is no news: the flash's state again, after that.
    _restore(rp2040.ssi, state["blocks"][-1])
    rp2040.flash[: len(flash)] = flash
    for name, value in state["core"].items():
        setattr(core, name, value)
    for index, value in enumerate(state["registers"]):
        core.registers[index] = value
    for index, value in enumerate(state["priorities"]):
        core.interrupt_priorities[index] = value
    due = [(due_ns, alarm) for due_ns, alarm in zip(state["alarms"], clock.alarms, strict=True)]
    for due_ns, alarm in sorted(
        (item for item in due if item[0] is not None), key=lambda item: float(item[0])
    ):
        alarm.schedule(due_ns - clock.nanos)


def _blocks(rp2040: Any) -> list[Any]:
    """Every block with registers; the flash's comes last."""
    blocks: list[Any] = []
    for name in _ROOTS:
        block = getattr(rp2040, name)
        blocks += block if isinstance(block, list) else [block]
    return blocks


def state_of(thing: object) -> dict[str, Any]:
    """What an object keeps, as `take` looks at it."""
    return _state_of(thing)


def restore(thing: object, state: dict[str, Any]) -> None:
    """Let an object keep what `state_of` found."""
    _restore(thing, state)


class _Inner(dict[str, Any]):
    """The state of an object inside another one."""


def _state_of(thing: object, above: frozenset[int] = frozenset()) -> _Inner:
    """`above`: ids of the objects that `thing` lies in; a way back to one of them is no part."""
    found = _Inner()
    inside = above | {id(thing)}
    for name, value in vars(thing).items():
        if _is_plain(value):
            found[name] = _copy(value)
        elif _has_state(value) and id(value) not in inside:
            found[name] = _state_of(value, inside)
        elif isinstance(value, list) and value and all(_has_state(item) for item in value):
            found[name] = [_state_of(item, inside) for item in value if id(item) not in inside]
    return found


def _restore(thing: object, state: dict[str, Any]) -> None:
    for name, value in state.items():
        if isinstance(value, _Inner):
            _restore(getattr(thing, name), value)
        elif isinstance(value, list) and value and isinstance(value[0], _Inner):
            for item, inner in zip(getattr(thing, name), value, strict=True):
                _restore(item, inner)
        else:
            setattr(thing, name, _copy(value))


def _has_state(value: object) -> bool:
    kind = type(value)
    return (
        kind.__module__.startswith(_STATE_MODULES)
        and hasattr(value, "__dict__")
        and kind.__name__ not in _NOT_INSIDE
        and not callable(value)
    )


_NOT_INSIDE = frozenset(
    ("RP2040", "Clock", "Alarm", "RPUSBController", "UsbController", "RPPWM", "BusOfTable")
)
"""What an object is connected with, rather than made of."""


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple, deque, set)):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(_is_plain(item) for item in (*value.keys(), *value.values()))
    return isinstance(value, (*_PLAIN, bytearray))


def _copy(value: Any) -> Any:
    if isinstance(value, (list, deque, set)):
        return type(value)(_copy(item) for item in value)
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return bytearray(value) if isinstance(value, bytearray) else value
