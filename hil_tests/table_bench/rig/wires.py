"""The wires between two processes: controller and rig, each behind its own pins.

To the controller's board this is what lies behind its pins, as the plant is on the virtual bench.
Nothing here knows the table: every level, voltage and register comes from the rig's firmware.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from table_bench import wiring
from table_bench.plant import Truth
from table_bench.plant.i2c_bus import EIO, ETIMEDOUT
from table_bench.rig.board import ALL_PINS, Inputs, Machine, RigBoard
from table_bench.rig.device_modules import rig_frame as frame
from table_bench.rig.wiring_table import Wire, WiringTable

_NO_PWM = (0,) * 6
_WINDOW = 41_667
"""Looks of the rig's duty program in a millisecond."""
_FULL_SCALE_COUNTS = 4095.0
_CURRENT_NOISE_COUNTS = 5.0
_SUPPLY_NOISE_COUNTS = 1.5
"""The controller's own converter; as the plant's."""
_BUSES = {wiring.PRIMARY_BUS: "PRIMARY", wiring.MONITOR_BUS: "MONITOR"}


class Wires:
    """One set of wires, as the table says or, for the self-test's own test, wrongly."""

    def __init__(
        self, table: WiringTable, rig: RigBoard, truth: Callable[[], Truth], seed: int
    ) -> None:
        self._rig = rig
        self._truth = truth
        self._random = random.Random(f"converter {seed}")
        self._now_us = 0
        self._wires = {wire.name: wire for wire in table.wires}
        self._cut: set[str] = set()
        self._levels = 0
        self._directions = 0
        self._pwm: tuple[int, ...] = _NO_PWM
        self._duty: dict[int, tuple[float, int]] = {}
        self._events: list[int] = []
        self._holders: dict[int, tuple[int, int]] = {}
        self._analog: dict[str, float] = {wire.name: 0.0 for wire in table.of_kind("analog")}
        self._settled_us = 0
        self._inputs = Inputs(0, (-1,) * frame.MACHINES, 0, ())
        self._changed = True

    # --- how they are put together -----------------------------------------------------------

    def cut(self, name: str) -> None:
        """Break a wire."""
        self._cut.add(name)
        self._changed = True

    def swap(self, one: str, other: str) -> None:
        """Exchange two wires at the rig's end."""
        first, second = self._wires[one], self._wires[other]
        self._wires[one] = _moved(first, second.rig)
        self._wires[other] = _moved(second, first.rig)
        self._changed = True

    def mend(self, table: WiringTable) -> None:
        """As the table says again."""
        self._wires = {wire.name: wire for wire in table.wires}
        self._cut.clear()
        self._changed = True

    # --- time --------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """The time."""
        return self._now_us

    def advance_to(self, time_us: int) -> None:
        """Let the rig run until `time_us`: the controller's pins stay as they are until then."""
        rig = self._rig
        if rig.due_us <= time_us:
            self._wake(rig.due_us, time_us)
            while rig.due_us <= time_us:
                self._wake(rig.due_us, time_us)
        self._now_us = max(self._now_us, time_us)

    def _wake(self, now_us: int, granted_us: int) -> None:
        if self._changed:
            self._changed = False
            self._inputs = self._look()
        first, self._events = self._events[: frame.EVENTS], self._events[frame.EVENTS :]
        self._rig.go_on(now_us, granted_us, self._inputs._replace(events=tuple(first)))
        self._follow_machines()
        self._settle(max(now_us, min(granted_us, self._rig.due_us)))

    # --- what the rig sees -------------------------------------------------------------------

    def _look(self) -> Inputs:
        """The controller's outputs at the rig's pins."""
        levels = ALL_PINS
        by_rig_pin: dict[int, Wire] = {}
        for wire in self._wires.values():
            if wire.name in self._cut or not isinstance(wire.controller, int):
                if wire.kind not in ("contact", "bus"):
                    levels &= ~(1 << wire.rig)  # pulled down
                continue
            by_rig_pin[wire.rig] = wire
            if wire.kind in ("output", "pwm", "sound"):
                if self._share(wire.controller) <= 0.5:
                    levels &= ~(1 << wire.rig)
            elif wire.kind == "bus":
                if self._driven_low(wire.controller):
                    levels &= ~(1 << wire.rig)
        pushed = [-1] * frame.MACHINES
        edge_hz = 0
        for number in range(frame.MACHINES):
            machine = self._rig.machine(number)
            if machine is None:
                continue
            if machine.program == frame.SHARE_HIGH:
                source = by_rig_pin.get(machine.jmp_pin)
                share = self._share(source.controller) if source else 0.0
                pushed[number] = round(share * _WINDOW)
            elif self._freed(number, machine):
                pushed[number] = 0
        for pin, source in by_rig_pin.items():
            if self._rig.watched_edges >> pin & 1 and isinstance(source.controller, int):
                duty, hz = self._duty.get(source.controller, (0.0, 0))
                edge_hz = hz if 0.0 < duty < 1.0 else 0
        return Inputs(levels, tuple(pushed), edge_hz, ())

    def _share(self, gpio: int | str) -> float:
        """Share of the time that an output of the controller is high."""
        assert isinstance(gpio, int)
        if not self._directions >> gpio & 1:
            return 0.0
        found = self._duty.get(gpio)
        return float(self._levels >> gpio & 1) if found is None else found[0]

    def _driven_low(self, gpio: int) -> bool:
        return bool(self._directions >> gpio & 1) and not self._levels >> gpio & 1

    # --- a data line held by one of the rig's state machines ---------------------------------

    def _follow_machines(self) -> None:
        for number in range(frame.MACHINES):
            machine = self._rig.machine(number)
            if machine is None or machine.program != frame.HOLD_UNTIL_CLOCKED:
                self._holders.pop(number, None)
            elif self._holders.get(number, (0, 0))[0] != machine.start:
                self._holders[number] = (machine.start, machine.value + 1)
        if any(self._rig.machine(number) for number in range(frame.MACHINES)):
            self._changed = True

    def _freed(self, number: int, machine: Machine) -> bool:
        start, left = self._holders.get(number, (0, 1))
        return start == machine.start and left == 0

    def _clock(self, rig_pin: int) -> None:
        """A clock line came back high."""
        for number, (start, left) in self._holders.items():
            machine = self._rig.machine(number)
            if machine is not None and machine.in_base == rig_pin and left:
                self._holders[number] = (start, left - 1)
                self._changed = True

    def _sda_low(self, bus: int) -> bool:
        wire = self._wires[f"{_BUSES[bus]}_SDA"]
        if wire.name in self._cut:
            return False
        for number, (_, left) in self._holders.items():
            machine = self._rig.machine(number)
            if machine is not None and machine.set_base == wire.rig and left:
                return True
        return self._rig_pulls(wire.rig)

    def _rig_pulls(self, pin: int) -> bool:
        return bool(self._rig.directions >> pin & 1) and not self._rig.levels >> pin & 1

    # --- the controller's pins ---------------------------------------------------------------

    def set_outputs(self, levels: int, directions: int, pwm: tuple[int, ...]) -> None:
        """The controller's pins changed, now."""
        if (levels, directions, pwm) == (self._levels, self._directions, self._pwm):
            return
        before_low = {bus: self._driven_low(wiring.SCL_OF_BUS[bus]) for bus in wiring.SCL_OF_BUS}
        self._levels, self._directions = levels, directions
        if pwm != self._pwm:
            self._pwm = pwm
            self._duty = {
                slot >> 16 & 0xFF: ((slot & 0xFFFF) / 65535.0, slot >> 24) for slot in pwm if slot
            }
        self._changed = True
        for bus, gpio in wiring.SCL_OF_BUS.items():
            wire = self._wires[f"{_BUSES[bus]}_SCL"]
            if before_low[bus] and not self._driven_low(gpio) and wire.name not in self._cut:
                self._clock(wire.rig)

    def release_outputs(self) -> None:
        """The controller's pins became inputs: reset or no power."""
        self.set_outputs(0, 0, _NO_PWM)

    def input_levels(self) -> int:
        """Level at every GPIO of the controller with a pull-up, one bit a GPIO."""
        levels = ALL_PINS
        for wire in self._wires.values():
            if wire.kind == "contact" and wire.name not in self._cut:
                assert isinstance(wire.controller, int)
                if self._rig_pulls(wire.rig):
                    levels &= ~(1 << wire.controller)
        for bus, gpio in wiring.SDA_OF_BUS.items():
            if self._sda_low(bus):
                levels &= ~(1 << gpio)
        return levels

    def _settle(self, now_us: int) -> None:
        """Let the smoothed voltages follow the rig's PWM."""
        elapsed_s = (now_us - self._settled_us) * 1e-6
        self._settled_us = now_us
        for name in self._analog:
            wire = self._wires[name]
            target = 0.0 if name in self._cut else self._rig.duty(wire.rig)
            left = math.exp(-elapsed_s / wire.smoothing_s) if elapsed_s > 0 else 1.0
            self._analog[name] = target + (self._analog[name] - target) * left

    def converter_counts(self) -> tuple[int, int]:
        """12-bit conversions of motor current and supply voltage."""
        noise = self._random.gauss
        current = self._analog["CURRENT_SENSE"] * _FULL_SCALE_COUNTS
        supply = self._analog["SUPPLY_SENSE"] * _FULL_SCALE_COUNTS
        if current > 0:
            current += abs(noise(0.0, _CURRENT_NOISE_COUNTS))
        if supply > 0:
            supply += noise(0.0, _SUPPLY_NOISE_COUNTS)
        return min(4095, int(current)), max(0, min(4095, int(supply)))

    def sample_sensors(self) -> None:
        """The rig's registers are up to date at any time."""

    # --- I2C ---------------------------------------------------------------------------------

    def i2c_read(self, bus: int, address: int, register: int, count: int) -> tuple[int, bytes]:
        """(errno, data) of a read transaction; `register` -1 is not modelled: from 0."""
        error, rig_bus = self._reach(bus, address)
        if error:
            return error, b""
        _, memory = self._rig.target(rig_bus)
        start = max(register, 0)
        self._events.append(rig_bus | frame.READ << 1 | start << 8 | count << 16)
        doubled = memory + memory
        return 0, doubled[start : start + count]

    def i2c_write(self, bus: int, address: int, data: bytes) -> int:
        """errno of a write transaction; the first byte is the register."""
        error, rig_bus = self._reach(bus, address)
        if error:
            return error
        for start in range(1, len(data), frame.EVENT_DATA):
            part = data[start : start + frame.EVENT_DATA]
            register = data[0] + start - 1 & 0xFF
            self._events.append(
                rig_bus
                | frame.WRITE << 1
                | register << 8
                | len(part) << 16
                | int.from_bytes(part, "little") << 24
            )
        if len(data) > 1:
            self._events.append(rig_bus | frame.END_WRITE << 1)
        while self._events:
            self._wake(self._now_us, self._now_us)
        return 0

    def _reach(self, bus: int, address: int) -> tuple[int, int]:
        """(errno, the rig's bus) of a transfer."""
        sda, scl = self._wires[f"{_BUSES[bus]}_SDA"], self._wires[f"{_BUSES[bus]}_SCL"]
        if self._sda_low(bus):
            return ETIMEDOUT, 0
        rig_bus = sda.rig >> 1 & 1
        if {sda.name, scl.name} & self._cut or scl.rig != sda.rig + 1:
            return EIO, rig_bus
        return (0 if self._rig.target(rig_bus)[0] == address else EIO), rig_bus

    # --- power -------------------------------------------------------------------------------

    @property
    def power_wanted(self) -> bool:
        """Whether the rig lets the controller have power; always, where that is not wired."""
        wire = self._wires.get("POWER")
        if wire is None or wire.name in self._cut:
            return True
        return bool(self._rig.levels & self._rig.directions & 1 << wire.rig)

    @property
    def run_low(self) -> bool:
        """Whether the rig pulls the controller's RUN pin."""
        wire = self._wires.get("RUN")
        return wire is not None and wire.name not in self._cut and self._rig_pulls(wire.rig)

    def set_mains(self, on: bool) -> None:
        """The controller's power comes or goes."""
        if not on:
            self.release_outputs()

    def truth(self) -> Truth:
        """What the rig said last."""
        return self._truth()


def _moved(wire: Wire, rig: int) -> Wire:
    return Wire(wire.name, wire.kind, wire.controller, rig, wire.through, wire.smoothing_s)
