"""The wiring table: which pin of the controller goes to which pin of the rig, and through what.

One TOML file a board, in `boards/`. Loading it checks what can be checked without hardware.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from table_bench import wiring

BOARDS = Path(__file__).parent / "boards"
KINDS = {
    "contact": "the rig pulls it to ground or lets go; the controller has a pull-up",
    "output": "the controller drives it, the rig looks",
    "pwm": "the controller's PWM, of which the rig measures the duty",
    "sound": "the controller's PWM, of which the rig counts the edges",
    "bus": "I2C, the controller's pull-ups",
    "analog": "the rig's PWM, smoothed, on the controller's converter",
    "power": "the rig switches the controller's supply",
    "reset": "the rig pulls the controller's RUN pin to ground",
}
"""Kind of a wire -> what happens on it."""
OPTIONAL = ("POWER", "RUN", "RELAY_COIL")
RIG_PINS = frozenset({*range(23), 26, 27, 28})
"""The GPIOs that a Pico has on its edge."""


class WiringTableError(ValueError):
    """The table cannot be right; the text says which file, what, and what to do."""


@dataclass(frozen=True)
class Wire:
    """One wire. `controller` is its GPIO or a named pin, `rig` a GPIO."""

    name: str
    kind: str
    controller: int | str
    rig: int
    through: str = ""
    """Parts in series or to ground, in words."""
    smoothing_s: float = 0.0
    """Time constant of what smooths an analog wire."""

    @property
    def optional(self) -> bool:
        """Whether a rig does without it."""
        return self.name in OPTIONAL


@dataclass(frozen=True)
class WiringTable:
    """All wires of one board."""

    board: str
    text: str
    wires: tuple[Wire, ...]

    def __getitem__(self, name: str) -> Wire:
        for wire in self.wires:
            if wire.name == name:
                return wire
        raise KeyError(name)

    def has(self, name: str) -> bool:
        """Whether there is such a wire."""
        return any(wire.name == name for wire in self.wires)

    def of_kind(self, *kinds: str) -> list[Wire]:
        """Those wires, in the table's order."""
        return [wire for wire in self.wires if wire.kind in kinds]

    def rig_pins(self) -> dict[str, int]:
        """What the rig's firmware is told: line -> GPIO of the rig."""
        return {wire.name: wire.rig for wire in self.wires}


def load(path: Path | str = BOARDS / "pico.toml") -> WiringTable:
    """Read and check a table; raises WiringTableError."""
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(one.name for one in BOARDS.glob("*.toml")))
        raise WiringTableError(f"no wiring table {path}; with the bench come: {known}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WiringTableError(f"{path}: {error}") from None
    try:
        table = WiringTable(
            str(content["board"]),
            str(content["text"]),
            tuple(_wire(name, entry) for name, entry in content["wires"].items()),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise WiringTableError(f"{path}: missing or misplaced {error}") from None
    except WiringTableError as error:
        raise WiringTableError(f"{path}: {error}") from None
    problems = check(table)
    if problems:
        raise WiringTableError(f"{path}: " + "; ".join(problems))
    return table


def _wire(name: str, entry: Mapping[str, object]) -> Wire:
    unknown = set(entry) - {"kind", "controller", "rig", "through", "smoothing_ms"}
    if unknown:
        raise WiringTableError(f"wire {name}: unknown key {sorted(unknown)[0]!r}")
    controller, rig = entry["controller"], entry["rig"]
    if not isinstance(rig, int) or not isinstance(controller, int | str):
        raise WiringTableError(f"wire {name}: rig is a GPIO's number, controller that or a name")
    smoothing_ms = entry.get("smoothing_ms", 0)
    if not isinstance(smoothing_ms, int | float):
        raise WiringTableError(f"wire {name}: smoothing_ms is a number")
    return Wire(
        name,
        str(entry["kind"]),
        controller,
        rig,
        str(entry.get("through", "")),
        smoothing_ms / 1000.0,
    )


def expected() -> dict[str, tuple[str, int]]:
    """Line -> its kind and the controller's GPIO, as the bench's own wiring has it."""
    contacts = ("RELAY_MIRROR", "ESTOP", "OUTWARD_END", "ANKLE_LOCK", "HOME_SWITCH")
    outputs = ("MOTOR_ENABLE", "HEARTBEAT", "LED_RED", "LED_GREEN", "LED_BLUE")
    buses = ("PRIMARY_SDA", "PRIMARY_SCL", "MONITOR_SDA", "MONITOR_SCL")
    found = {name: ("contact", getattr(wiring, name)) for name in contacts}
    found |= {name: ("contact", pin) for name, pin in wiring.BUTTONS.items()}
    found |= {name: ("output", getattr(wiring, name)) for name in outputs}
    found |= {name: ("bus", getattr(wiring, name)) for name in buses}
    found |= {name: ("pwm", getattr(wiring, name)) for name in ("MOTOR_OUTWARD", "MOTOR_HOMEWARD")}
    found["BUZZER"] = ("sound", wiring.BUZZER)
    found["CURRENT_SENSE"] = ("analog", 26 + wiring.CURRENT_ADC)
    found["SUPPLY_SENSE"] = ("analog", 26 + wiring.SUPPLY_ADC)
    return found


def check(table: WiringTable) -> list[str]:
    """What is wrong with a table, in words."""
    problems = []
    wanted = expected()
    have = {wire.name: wire for wire in table.wires}
    problems += [f"no wire {name}" for name in wanted if name not in have]
    for wire in table.wires:
        if wire.kind not in KINDS:
            problems.append(f"wire {wire.name}: no kind {wire.kind!r}")
        if wire.rig not in RIG_PINS:
            problems.append(f"wire {wire.name}: a Pico has no GP{wire.rig} on its edge")
        if wire.name in wanted:
            kind, pin = wanted[wire.name]
            if (wire.kind, wire.controller) != (kind, pin):
                problems.append(f"wire {wire.name} is {kind} from the controller's GP{pin}")
        elif not wire.optional:
            problems.append(f"unknown wire {wire.name}")
        if wire.kind == "analog" and wire.smoothing_s <= 0:
            problems.append(f"wire {wire.name}: smoothing_ms says how far its PWM is smoothed")
    by_pin: dict[int, list[str]] = {}
    for wire in table.wires:
        by_pin.setdefault(wire.rig, []).append(wire.name)
    problems += [
        f"GP{pin} of the rig has two wires: {' and '.join(names)}"
        for pin, names in by_pin.items()
        if len(names) > 1
    ]
    problems += _check_buses(have)
    return problems


def _check_buses(have: Mapping[str, Wire]) -> list[str]:
    numbers = []
    for role in ("PRIMARY", "MONITOR"):
        if f"{role}_SDA" not in have or f"{role}_SCL" not in have:
            return []
        sda, scl = have[f"{role}_SDA"].rig, have[f"{role}_SCL"].rig
        if sda % 2 or scl % 2 == 0 or (sda >> 1) % 2 != (scl >> 1) % 2:
            return [f"no I2C peripheral of the rig has SDA on GP{sda} and SCL on GP{scl}"]
        numbers.append((sda >> 1) % 2)
    return ["both sensors on one I2C peripheral of the rig"] if numbers[0] == numbers[1] else []
