"""What a step sees and does: the abstract states, the environment, one transition to be judged."""

import ast
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from inversion_table.estimation.estimate import Estimate
from inversion_table.safety import faults, limits, monitors, ports, states
from inversion_table.safety.ticks import CLOCK_MAX_MS
from tests.explore.choices import BOTH, Clock, Domain, Known, Lazy, OneOf, Run, Unknown
from tests.explore.pieces import (
    FORGOTTEN,
    IGNORED,
    OUT_NAMES,
    UNWRITTEN,
    Frame,
    PieceError,
    Pieces,
    Ref,
    Stepper,
)

MOST = limits.DUTY_MAX_PERMILLE
OUTWARD = "k.duty_permille (outward)"
HOMEWARD = "k.duty_permille (homeward)"
WIDE = (-(1 << 24), 1 << 24)
STATE_VALUES_MAX = 40
FUTILE = "return_futile"
"""The monitors' word, where they have it, for which RETURN may be refused."""
LONGEST_STEP_MS = 8_388
"""No watchdog of this chip waits longer, and a reset is not a step."""

# Who may move outward: nobody; nobody yet, home and well; whoever pressed START there.
LICENCE_NONE, LICENCE_HOME, LICENCE_STARTED = range(3)

Packed = tuple[Any, ...]


def raised_faults() -> frozenset[str]:
    """The names of the faults that `safety/monitors.py` can report."""
    tree = ast.parse(Path(monitors.__file__).read_text(encoding="utf-8"))
    return frozenset(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "faults"
        and isinstance(getattr(faults, node.attr), int)
    )


class FaultClasses:
    """Which fault codes stand for which others.

    A code with which the kernel compares something stands for itself. Of the others, one for each
    reaction may be reported, two that stop (so that one can be excused and the other not); and one
    more stands for those that the kernel finds by itself.
    """

    def __init__(self, compared: frozenset[str]) -> None:
        named = {getattr(faults, name) for name in compared}
        named = {code for code in named if isinstance(code, int)}
        raised = {getattr(faults, name) for name in raised_faults()}
        raised = {c for c in raised if faults.reaction(c) > faults.REACT_NONE}
        active = {faults.NO_FAULT} | (raised & named)
        for reaction in range(faults.REACT_REFUSE, faults.REACT_STOP + 1):
            plain = sorted(c for c in raised - named if faults.reaction(c) == reaction)
            active.update(plain[: 2 if reaction == faults.REACT_STOP else 1])
        self.active = tuple(sorted(active))
        self._itself = frozenset(active | named)
        self._standing: dict[int, int] = {}
        for code in range(len(faults.FAULTS)):
            if code not in self._itself:
                self._standing.setdefault(faults.reaction(code), code)

    def of(self, code: int) -> int:
        """The code that stands for this one."""
        return code if code in self._itself else self._standing[faults.reaction(code)]


def domains(active: tuple[int, ...]) -> dict[str, Domain]:
    """Every variable of the environment, and what it may be: everything, unless said here."""
    found: dict[str, Domain] = {}
    for prefix, thing in (
        ("inputs", ports.Inputs()),
        ("estimate", Estimate()),
        ("monitors", monitors.Monitors()),
        ("wish", ports.Wish()),
        ("settings", limits.Settings()),
    ):
        for name, value in vars(thing).items():
            found[f"{prefix}.{name}"] = BOTH if type(value) is bool else WIDE
    for name, (lowest, highest, _, _) in limits.SETTINGS.items():
        found[f"settings.{name}"] = (lowest, highest)
    found["dt_ms"] = (0, LONGEST_STEP_MS)
    found["monitors.active"] = frozenset(active)
    found["wish.request"] = frozenset(
        (states.WISH_NONE, states.WISH_HOLD, states.WISH_MOVE, states.WISH_GO_HOME)
    )
    found["wish.duty_permille"] = frozenset((1 - MOST, 0, MOST - 1))
    # Limits are compared with each other and with what is measured. Each may be the lowest one; the
    # kernel must not trust the settings to be inside the constants either.
    found["wish.limit_mdeg"] = frozenset((30_000, 120_000))
    found["settings.tilt_max_mdeg"] = frozenset((60_000, 120_000))
    found["settings.head_down_max_ms"] = frozenset((360_000, limits.HEAD_DOWN_MAX_MS + 1))
    found["settings.session_max_ms"] = frozenset((1_800_000, limits.SESSION_MAX_MS + 1))
    found[OUTWARD] = frozenset((1, MOST))
    found[HOMEWARD] = frozenset((-MOST, -1))
    return found


class Space:
    """The abstract states of one kernel, and its steps.

    A state is split in two. `control`: the numbers that are kept, each walked by itself. `flags`:
    the rest, of a few values each; a step is made for all their values at once and divided only
    where the code asks for them.
    """

    def __init__(self, source: str, active: tuple[int, ...] | None = None) -> None:
        pieces = Pieces(source)
        self.module = pieces.module
        self.classes = FaultClasses(pieces.compared_faults)
        self.domains = domains(self.classes.active if active is None else active)
        boots = [self.module.KernelState(b) for b in (ports.BOOT_POWER_ON, ports.BOOT_WATCHDOG)]
        self.fields = tuple(vars(boots[0]))
        self.forgotten = frozenset(n for n in self.fields if n.endswith(FORGOTTEN))
        self.clocks = tuple(n for n in self.fields if n.endswith("_ms") and n not in IGNORED)
        self.constant = frozenset(self.fields) - pieces.written_fields - set(IGNORED)
        for name in self.forgotten:
            whole = (0, CLOCK_MAX_MS) if name in self.clocks else WIDE
            for advances in ("", "+", "++"):
                self.domains[f"k.{name}{advances}"] = whole
        for name in self.constant:
            self.domains[f"k.{name}"] = frozenset(getattr(k, name) for k in boots)
        flags = []
        control = []
        for name in self.fields:
            if name in self.forgotten or name in self.constant or name in IGNORED:
                continue
            if type(getattr(boots[0], name)) is bool:
                self.domains[f"k.{name}"] = BOTH
                flags.append(name)
            elif name == "mode":
                modes = (ports.MODE_NONE, ports.MODE_SESSION, ports.MODE_JOG)
                self.domains[f"k.{name}"] = frozenset(modes)
                flags.append(name)
            else:
                control.append(name)
        self.control = tuple(control)
        self.domains["k.licence"] = frozenset((LICENCE_NONE, LICENCE_HOME, LICENCE_STARTED))
        self.flags = tuple(flags)
        self.kept = (*self.control, *self.flags)
        self.flag_names = frozenset(f"k.{name}" for name in (*flags, "licence"))
        self._boots = boots
        self._values: dict[str, set[Any]] = {name: set() for name in self.control}
        self.stepper = Stepper(pieces, self.domains)
        self.no_locals = (None,) * len(pieces.local_names)
        self.no_outs = (UNWRITTEN,) * len(OUT_NAMES)

    def firsts(self) -> list[Packed]:
        """After power-up, after a watchdog reset, and with a state that is none."""
        lost = self.module.KernelState()
        lost.state = len(states.STATE_NAMES)
        found = []
        for k in (*self._boots, lost):
            flags = tuple([getattr(k, name) for name in self.flags])
            packed = (*self.control_after(k), *flags, LICENCE_NONE)
            if packed not in found:
                found.append(packed)
        return found

    def control_after(self, k: Any) -> Packed:
        """The control that is left behind: faults by their class, duty by its sign."""
        values: list[Any] = []
        for name in self.control:
            value = getattr(k, name)
            if isinstance(value, OneOf):
                value = int(value)
            if isinstance(value, Unknown):
                raise PieceError(f"'{name}' is kept, and what it is is not known: {value}")
            if name == "fault" or name == "excused":
                value = self.classes.of(value)
            elif name == "duty_permille":
                value = (value > 0) - (value < 0)
            seen = self._values[name]
            seen.add(value)
            if len(seen) > STATE_VALUES_MAX:
                raise PieceError(f"'{name}' has too many values: the explorer must abstract it")
            values.append(value)
        return tuple(values)

    def flags_after(self, k: Any) -> Packed:
        """Of each flag: (its value,), or () if it is what it was."""
        found: list[Any] = []
        for name in self.flags:
            value = getattr(k, name)
            if isinstance(value, OneOf):
                found.append(() if value.name == f"k.{name}" else (int(value),))
            else:
                found.append((value,))
        for name in self.constant:
            if getattr(getattr(k, name), "name", "") != f"k.{name}":
                raise PieceError(f"'{name}' is written after all")
        return tuple(found)

    def named(self, packed: Packed) -> dict[str, Any]:
        """The abstract state's values by name (of a control: what it has)."""
        return dict(zip(self.kept, packed, strict=False))

    def frame(self, control: Packed) -> Frame:
        """A control as a step begins: of the rest, anything."""
        values = dict(zip(self.control, control, strict=False))
        fields: list[Any] = []
        for name in self.fields:
            value: Any
            if name in IGNORED:
                value = IGNORED[name]
            elif name in self.clocks:
                value = Ref(("Clock", f"k.{name}", 0))
            elif name in self.forgotten:
                value = Ref(("Number", f"k.{name}", 0))
            elif name in self.constant or name in self.flags:
                value = Ref(("OneOf", f"k.{name}", 0))
            elif name == "duty_permille" and values[name]:
                value = Ref(("OneOf", OUTWARD if values[name] > 0 else HOMEWARD, 0))
            else:
                value = values[name]
            fields.append(value)
        return (tuple(fields), self.no_outs, self.no_locals)


class World:
    """One transition, to be judged: `was` is the kernel before, `k` after it."""

    def __init__(self, space: Space, run: Run, control: Packed, k: Any, out: Any) -> None:
        values = dict(zip(space.control, control, strict=False))
        self._run = run
        self._values = values
        self.licence = OneOf(run, "k.licence")
        self.was = SimpleNamespace(**values)
        for name in (*space.constant, *space.flags):
            self.was.__dict__[name] = OneOf(run, f"k.{name}")
        self.k = k
        self.out = out
        self.inputs = Lazy(run, "inputs")
        self.estimate = Lazy(run, "estimate")
        self.monitors = Lazy(run, "monitors")
        self.wish = Lazy(run, "wish")
        self.settings = Lazy(run, "settings")

    @property
    def then_duty(self) -> Any:
        """The duty before this step."""
        sign = self._values["duty_permille"]
        return OneOf(self._run, OUTWARD if sign > 0 else HOMEWARD) if sign else 0

    def reached(self, clock: str, bound_ms: int) -> bool:
        """Whether the kernel saw this clock at its bound, or the step itself has lasted so long."""
        below, name = self._run.below, f"k.{clock}"
        clock_below = below(name + "+", bound_ms) and below(name, bound_ms)
        return not clock_below or self.lasted(bound_ms)

    def lasted(self, bound_ms: int) -> bool:
        """Whether this one step lasted so long."""
        return not self._run.below("dt_ms", bound_ms)

    def may_refuse(self) -> bool:
        """Whether the monitors say that a return would only lead further out."""
        return f"monitors.{FUTILE}" in self._run.domains and bool(getattr(self.monitors, FUTILE))

    def advanced(self, clock: str) -> int:
        """How often this clock was advanced in this step; -1 if it was set to a value."""
        value = getattr(self.k, clock)
        return value.advanced if isinstance(value, Clock) else -1


def told_known(known: dict[str, Domain]) -> list[str]:
    """What was seen of the world, in words."""
    words = []
    requests = ("NONE", "HOLD", "MOVE", "GO_HOME")
    for name, domain in sorted(known.items()):
        _, _, short = name.partition(".")
        if name == "dt_ms":
            short = "this step, in ms, "
        if name.startswith("k."):
            if isinstance(domain, tuple) and "-" in short:
                continue
            if isinstance(domain, tuple):
                words += [f"{short.rstrip('+')} reaches {domain[0]}"] if domain[0] > 0 else []
            continue
        if isinstance(domain, tuple):
            least, most = domain
            if least == most:
                words.append(f"{short} {least}")
            else:
                low = "" if least <= WIDE[0] else f"{least} "
                words.append(f"{short} {low}.. {'' if most >= WIDE[1] else most}".rstrip())
            continue
        if name == "monitors.active":
            told = [faults.FAULTS[code][0] for code in sorted(domain)]
            words.append("reported " + " or ".join(told))
        elif name == "wish.request":
            words.append("wish " + " or ".join(requests[request] for request in sorted(domain)))
        elif domain == {True} or domain == {False}:
            words.append(short if True in domain else f"not {short}")
        else:
            words.append(f"{short} " + " or ".join(str(value) for value in sorted(domain)))
    return list(dict.fromkeys(words))


def known(**values: Any) -> Known:
    """An environment that is held to these values: `known(inputs_pause_edge=False)`."""
    return frozenset(
        (name.replace("_", ".", 1), value if isinstance(value, frozenset) else frozenset((value,)))
        for name, value in values.items()
    )
