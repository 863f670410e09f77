"""Loop-back: every wire is moved at one end and looked for at the other; says which is wrong.

The controller's end is its REPL in SERVICE, which the rig's own hands reach; a controller that is
at its REPL already (a chip without firmware) is taken as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from itable.errors import LinkError
from itable.link.repl import Repl, in_service
from table_bench import wiring
from table_bench.operator import Operator
from table_bench.plant.plant import HOME_TILT_DEG
from table_bench.rig.wiring_table import Wire
from table_bench.simulated.errors import BenchError

if TYPE_CHECKING:
    from table_bench.rig.table import RigTable

READY_MS = 60_000
_PULL_MS = 20
_GESTURE_MS = 8_000
_RESTART_MS = 2_000
_SETTLE_MS = 60
"""Fifteen time constants of what smooths the analog wires, and two windows of the buzzer's."""
_DUTIES = (250, 750)
_DUTY_TOLERANCE = 15
_BUZZER_HZ = 1_000
_BUZZER_TOLERANCE_HZ = 60
_MILLIVOLTS = ((1_000, 2_000), (2_500, 500))
_MILLIVOLT_TOLERANCE = 60
_FULL_MV = 3_300
_MA_PER_MV = round(1 / wiring.CURRENT_SENSE_V_PER_A)
_SUPPLY_DIVIDER = round(wiring.SUPPLY_FULL_SCALE_V / wiring.ADC_REFERENCE_V)
_STATUS_NAMES = {
    "ESTOP": ("estop_pressed", False),
    "OUTWARD_END": ("end_reached", False),
    "ANKLE_LOCK": ("ankle_locked", True),
    "HOME_SWITCH": ("home_switch", True),
}
"""Contact -> what status calls it, and what it says while the contact is closed."""
_SENSORS = {
    "PRIMARY": (wiring.PRIMARY_BUS, wiring.PRIMARY_ADDRESS, 0x0F, 0x6C),
    "MONITOR": (wiring.MONITOR_BUS, wiring.MONITOR_ADDRESS, 0x75, 0x68),
}
"""Role -> the controller's bus, address, identity register and what is in it."""


class SelfTest:
    """One run over all wires of a rig."""

    def __init__(self, table: RigTable) -> None:
        self._table = table
        self._wires = table.wiring
        self._repl: Repl | None = None

    def run(self) -> list[str]:
        """What is wrong, a line each; nothing when every wire is as the table says.

        Raises BenchError when rig or controller cannot be spoken to at all. Afterwards the
        controller has restarted and the played table is whole and at home.
        """
        table = self._table
        table.prepare(HOME_TILT_DEG)
        reached = self._reach_repl()
        if reached is not None:
            table.prepare()
            return reached
        with table.stepped_serial(timeout=0.2) as port:
            self._repl = in_service(port, table.serial_port)
            try:
                found = [
                    *self._contacts(),
                    *self._outputs(),
                    *self._duties(),
                    *self._buzzer(),
                    *self._analog(),
                    *self._buses(),
                ]
            except LinkError as error:
                raise BenchError(f"the controller's REPL broke off: {error}") from None
            finally:
                table.ask_rig("force")
            self._restart()
        table.prepare()
        return found

    def measure_analog(self, millivolts: Iterable[int]) -> dict[str, list[float]]:
        """What the controller's converter says, in mV, for each voltage put on both lines."""
        self._table.prepare(HOME_TILT_DEG)
        reached = self._reach_repl()
        if reached is not None:
            raise BenchError("; ".join(reached))
        measured: dict[str, list[float]] = {"CURRENT_SENSE": [], "SUPPLY_SENSE": []}
        table = self._table
        with table.stepped_serial(timeout=0.2) as port:
            self._repl = in_service(port, table.serial_port)
            for mv in millivolts:
                table.ask_rig("force", CURRENT=mv, SUPPLY=mv)
                table.advance(_SETTLE_MS)
                for name, value in zip(measured, self._read_analog(), strict=True):
                    measured[name].append(value)
            table.ask_rig("force")
            self._restart()
        table.prepare()
        return measured

    # --- getting at the controller -----------------------------------------------------------

    def _reach_repl(self) -> list[str] | None:
        """None when the REPL answers; else what keeps it from it."""
        if self._answers():
            return None
        table = self._table
        operator = Operator(table)
        try:
            operator.wait_for_state("HOME", READY_MS)
        except AssertionError as error:
            return [f"the controller does not come to HOME ({error})", *self._by_status(operator)]
        finally:
            operator.close()
        table.hold("PAUSE")
        table.advance(300)
        table.hold("START")
        table.advance(_GESTURE_MS)
        table.release("START")
        table.release("PAUSE")
        table.advance(_RESTART_MS)
        if self._answers():
            return None
        found = self._by_status(operator)
        operator.close()
        return found or ["START or PAUSE does not arrive: the gesture does not lead to SERVICE"]

    def _answers(self) -> bool:
        try:
            with self._table.stepped_serial(timeout=0.2) as port:
                return Repl(port).enter()
        except (LinkError, OSError):
            return False

    def _by_status(self, operator: Operator) -> list[str]:
        """Where there is no REPL: what the controller's own status tells of some wires."""
        table = self._table
        try:
            status = operator.status()
            found = []
            if status["fault"] != "NO_FAULT":
                found.append(f"the controller says {status['fault']}: {status['fault_engineer']}")
            for name, (key, when_closed) in _STATUS_NAMES.items():
                for closed in (True, False):
                    table.ask_rig("force", closed=[name] if closed else [])
                    operator.wait(0.3)
                    seen = operator.status()["inputs"][key]
                    if seen != (when_closed if closed else not when_closed):
                        found.append(
                            f"{name}: {'closed' if closed else 'open'} by the rig's"
                            f" GP{self._wires[name].rig}, and the controller does not see it"
                        )
                        break
            mv = _MILLIVOLTS[0]
            table.ask_rig("force", CURRENT=mv[0], SUPPLY=mv[1])
            operator.wait(0.3)
            status = operator.status()
            for name, key, ratio, want in (
                ("CURRENT_SENSE", "current_ma", _MA_PER_MV, mv[0]),
                ("SUPPLY_SENSE", "supply_mv", _SUPPLY_DIVIDER, mv[1]),
            ):
                arrived = round(status[key] / ratio)
                if abs(arrived - want) > _MILLIVOLT_TOLERANCE:
                    found.append(
                        f"{name}: {want} mV from the rig's GP{self._wires[name].rig} are"
                        f" {arrived} mV to the controller"
                    )
        except (TimeoutError, OSError, AssertionError) as error:
            return [f"the controller does not answer: {error}"]
        finally:
            table.ask_rig("force")
        return found

    def _restart(self) -> None:
        table = self._table
        if self._wires.has("RUN"):
            table.press_run()
        elif self._wires.has("POWER"):
            table.power_cut()
            table.advance(500)
            table.power_on()
        else:
            assert self._repl is not None
            self._repl.leave("import machine;machine.reset()")

    def _ask(self, program: str) -> str:
        assert self._repl is not None
        return self._repl.run(program).decode("ascii", "replace").strip()

    # --- the wires ---------------------------------------------------------------------------

    def _contacts(self) -> list[str]:
        wires = self._wires.of_kind("contact")
        by_pin = {wire.controller: wire for wire in wires}
        pins = list(by_pin)

        def seen_low() -> set[int | str]:
            self._table.advance(_PULL_MS)
            program = f"from machine import Pin\nprint([Pin(n,0,1).value() for n in {pins}])"
            levels = ast.literal_eval(self._ask(program))
            return {pin for pin, level in zip(pins, levels, strict=True) if not level}

        self._table.ask_rig("force", closed=[])
        always = seen_low()
        found = [
            f"{by_pin[pin].name}: the controller's GP{pin} is low though the rig lets go of its"
            f" GP{by_pin[pin].rig}: a short to ground"
            for pin in always
        ]
        for wire in wires:
            if wire.controller in always:
                continue
            self._table.ask_rig("force", closed=[wire.name])
            low = seen_low() - always
            found += _told(
                wire,
                f"pulled low at the rig's GP{wire.rig}",
                low == {wire.controller},
                [f"the controller's GP{pin}, which is {by_pin[pin].name}" for pin in sorted(low)],
            )
        return found

    def _outputs(self) -> list[str]:
        wires = [
            wire
            for wire in self._wires.of_kind("output", "pwm", "sound")
            if isinstance(wire.controller, int)
        ]
        pins = [wire.controller for wire in wires]
        by_name = {wire.name: wire for wire in wires}
        low = f"from machine import Pin\nfor n in {pins}:Pin(n,1,value=0)"

        def seen_high() -> set[str]:
            self._table.advance(_PULL_MS)
            levels: Mapping[str, int] = self._table.ask_rig("look")["levels"]
            return {name for name in by_name if levels[name] > (500 if _metered(name) else 0)}

        self._ask(low)
        always = seen_high()
        found = [
            f"{name}: high at the rig's GP{by_name[name].rig} though the controller's"
            f" GP{by_name[name].controller} is low: a short to 3.3 V or another wire"
            for name in sorted(always)
        ]
        for wire in wires:
            if wire.name in always:
                continue
            self._ask(f"{low}\nPin({wire.controller},1,value=1)")
            high = seen_high() - always
            found += _told(
                wire,
                f"high at the controller's GP{wire.controller}",
                high == {wire.name},
                [f"the rig's GP{by_name[name].rig}, which is {name}" for name in sorted(high)],
            )
        self._ask(low)
        return found

    def _duties(self) -> list[str]:
        found = []
        for wire in self._wires.of_kind("pwm"):
            for permille in _DUTIES:
                duty = permille * 65_535 // 1_000
                self._ask(
                    "from machine import Pin,PWM\n"
                    f"PWM(Pin({wire.controller}),freq=20000,duty_u16={duty})"
                )
                self._table.advance(_PULL_MS)
                seen = self._table.ask_rig("look")["levels"][wire.name]
                if abs(seen - permille) > _DUTY_TOLERANCE:
                    found.append(
                        f"{wire.name}: a duty of {permille} permille is measured as {seen}"
                        f" at the rig's GP{wire.rig}"
                    )
                    break
            self._ask(f"from machine import Pin\nPin({wire.controller},1,value=0)")
        return found

    def _buzzer(self) -> list[str]:
        wire = self._wires["BUZZER"]
        self._ask(
            "from machine import Pin,PWM\n"
            f"PWM(Pin({wire.controller}),freq={_BUZZER_HZ},duty_u16=32768)"
        )
        self._table.advance(_SETTLE_MS)
        seen = self._table.ask_rig("look")["buzzer_hz"]
        self._ask(f"from machine import Pin\nPin({wire.controller},1,value=0)")
        if abs(seen - _BUZZER_HZ) > _BUZZER_TOLERANCE_HZ:
            return [f"BUZZER: {_BUZZER_HZ} Hz are counted as {seen} at the rig's GP{wire.rig}"]
        return []

    def _read_analog(self) -> list[float]:
        pins = [self._wires[name].controller for name in ("CURRENT_SENSE", "SUPPLY_SENSE")]
        counts = ast.literal_eval(
            self._ask(
                "from machine import ADC\n"
                f"print([sum([ADC(n).read_u16() for _ in range(16)])//16 for n in {pins}])"
            )
        )
        return [count * _FULL_MV / 65_535 for count in counts]

    def _analog(self) -> list[str]:
        found: dict[str, str] = {}
        names = ("CURRENT_SENSE", "SUPPLY_SENSE")
        for wanted in _MILLIVOLTS:
            self._table.ask_rig("force", CURRENT=wanted[0], SUPPLY=wanted[1])
            self._table.advance(_SETTLE_MS)
            seen = self._read_analog()
            for name, want, mv in zip(names, wanted, seen, strict=True):
                if abs(mv - want) > _MILLIVOLT_TOLERANCE:
                    wire = self._wires[name]
                    crossed = abs(mv - wanted[1 - names.index(name)]) <= _MILLIVOLT_TOLERANCE
                    found[name] = (
                        f"{name}: {want} mV from the rig's GP{wire.rig} are {mv:.0f} mV at the"
                        f" controller's GP{wire.controller}"
                        + (": the two analog wires are exchanged" if crossed else "")
                    )
        return list(found.values())

    def _buses(self) -> list[str]:
        found = []
        for role, (bus, address, _, _) in _SENSORS.items():
            scl = self._wires[f"{role}_SCL"]
            sda = self._wires[f"{role}_SDA"]
            seen = {}
            for other, (_, its_address, its_register, its_identity) in _SENSORS.items():
                answer = self._ask(
                    "from machine import I2C,Pin\n"
                    f"b=I2C({bus},scl=Pin({scl.controller}),sda=Pin({sda.controller}),"
                    "timeout=2000)\n"
                    f"try:print(b.readfrom_mem({its_address},{its_register},1)[0])\n"
                    "except OSError as e:print(-1)"
                )
                seen[other] = int(answer) == its_identity
            where = f"the controller's I2C{bus} (GP{sda.controller}, GP{scl.controller})"
            if not seen.pop(role):
                other, answers = seen.popitem()
                found.append(
                    f"{role}_SDA, {role}_SCL: nobody answers at 0x{address:02X} on {where}"
                    + (f"; {other} does: the buses are exchanged" if answers else "")
                )
        return found


def _told(wire: Wire, done: str, right: bool, arrived: list[str]) -> list[str]:
    if right:
        return []
    if not arrived:
        return [
            f"{wire.name}: {done}, nothing arrives (from the controller's GP{wire.controller} to"
            f" the rig's GP{wire.rig}): the wire is broken or not plugged in"
        ]
    return [f"{wire.name}: {done}, arrives at {' and at '.join(arrived)}"]


def _metered(name: str) -> bool:
    return name.startswith("MOTOR_") and name != "MOTOR_ENABLE"
