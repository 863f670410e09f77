"""One step of the real kernel from an abstract state into a chosen environment."""

from types import SimpleNamespace
from typing import Any

from inversion_table.safety import faults, limits, ports, states
from inversion_table.safety.memory import KernelState
from inversion_table.safety.ticks import CLOCK_MAX_MS
from tests.explore.choices import Chooser, Clock, Lazy

BOTH = (False, True)
ONLY = (False,)

# Fault codes that `safety/kernel.py` names, and for each reaction one that it does not name.
NAMED = (
    faults.NO_FAULT,
    faults.ESTOP_PRESSED,
    faults.HOST_STOP,
    faults.POWER_RESTORED,
    faults.ANKLE_LOCK_OPEN,
    faults.RELAY_DEAD,
)
OF_REACTION = {
    faults.REACT_REFUSE: faults.RELAY_WELDED,
    faults.REACT_RETURN: faults.IMU_MONITOR_LOST,
    faults.REACT_RETURN_BLIND: faults.TILT_LOST,
    faults.REACT_STOP: faults.MOVED_UNDRIVEN,
}
ACTIVE = (
    faults.NO_FAULT,
    faults.RELAY_WELDED,
    faults.IMU_MONITOR_LOST,
    faults.TILT_LOST,
    faults.MOVED_UNDRIVEN,
    faults.OVERCURRENT,
    faults.ANKLE_LOCK_OPEN,
    faults.RELAY_DEAD,
    faults.HOST_STOP,
    faults.ESTOP_PRESSED,
)

# Which of the three limits of tilt is the lowest: settings, wish, hard constant.
BY_SETTINGS = (60_000, 120_000)
BY_WISH = (60_000, 30_000)
BY_CONSTANT = (120_000, 120_000)

# What a duty of either sign may be: the least, and the most.
MOST = limits.DUTY_MAX_PERMILLE
DUTIES = {-1: frozenset((-MOST, -1)), 0: (0,), 1: frozenset((1, MOST))}


class Environment:
    """The values that the walk tries: everything outside the kernel, by name."""

    def __init__(self) -> None:
        self.active: tuple[int, ...] = ACTIVE
        self.tilt_limits: tuple[tuple[int, int], ...] = (BY_WISH,)
        self.firsts = 3
        self.head_down_max_ms = 360_000
        self.session_max_ms = limits.SESSION_MAX_MS + 1
        self.inputs: dict[str, Any] = {
            name: BOTH for name, value in vars(ports.Inputs()).items() if type(value) is bool
        }
        self.inputs["current_ma"] = range(20_000)
        self.inputs["supply_mv"] = range(40_000)
        self.estimate: dict[str, Any] = {
            "tilt_mdeg": range(-120_000, 120_001),
            "rate_mdeg_per_s": range(20_001),
            "age_ms": range(2_000),
            "valid": BOTH,
            "primary_ok": BOTH,
            "monitor_ok": BOTH,
        }
        self.wish: dict[str, Any] = {
            "request": frozenset(
                (states.WISH_MOVE, states.WISH_HOLD, states.WISH_NONE, states.WISH_GO_HOME)
            ),
            "duty_permille": frozenset((1 - MOST, 0, MOST - 1)),
        }

    @staticmethod
    def one_fault(code: int) -> "Environment":
        """Nothing but this fault is ever reported."""
        environment = Environment()
        environment.active = (faults.NO_FAULT, code)
        return environment

    @staticmethod
    def small() -> "Environment":
        """One fault that stops; for the quick walk and the planted defects."""
        environment = Environment()
        environment.active = (faults.NO_FAULT, faults.MOVED_UNDRIVEN)
        environment.inputs["service_gesture"] = ONLY
        environment.inputs["host_return"] = ONLY
        environment.inputs["settled"] = (True,)
        environment.firsts = 1
        return environment

    @staticmethod
    def coarse() -> "Environment":
        """Fewer fault codes, and the other bounds of the clocks: quick, and a second opinion."""
        environment = Environment()
        environment.active = (
            faults.NO_FAULT,
            faults.TILT_LOST,
            faults.OVERCURRENT,
            faults.ANKLE_LOCK_OPEN,
            faults.HOST_STOP,
        )
        environment.tilt_limits = (BY_WISH, BY_SETTINGS, BY_CONSTANT)
        environment.estimate["rate_mdeg_per_s"] = range(-20_000, 20_001)
        environment.head_down_max_ms = limits.HEAD_DOWN_MAX_MS + 1
        environment.session_max_ms = 1_800_000
        return environment

    def without_hands(self) -> "Environment":
        """Nobody touches the table; the laptop may say what it likes."""
        for name in vars(ports.Inputs()):
            if name.endswith("_edge") or name in ("jog_up", "jog_down", "service_gesture"):
                self.inputs[name] = ONLY
        return self


FIELDS = tuple(
    name
    for name in vars(KernelState())
    # `then_ms` only measures the step; the refusals are told to people and decide nothing.
    if name not in ("started", "then_ms", "refused", "refusals")
)
CLOCKS = frozenset(name for name in FIELDS if name.endswith("_ms"))
KEPT = tuple(name for name in FIELDS if name not in CLOCKS)
Packed = tuple[Any, ...]

# Who may move outward: nobody; nobody yet, home and well; whoever pressed START there.
LICENCE_NONE, LICENCE_HOME, LICENCE_STARTED = range(3)


def fault_class(code: int) -> int:
    """The code itself if the kernel names it, else one code for its reaction."""
    return code if code in NAMED else OF_REACTION[faults.reaction(code)]


def pack(k: Any, licence: int) -> Packed:
    """The abstract state: clocks forgotten (any value may be theirs), duty by its sign."""
    values: list[Any] = []
    for name in FIELDS:
        if name in CLOCKS:
            continue
        value = getattr(k, name)
        if name == "fault":
            value = fault_class(value)
        elif name == "duty_permille":
            value = (value > 0) - (value < 0)
        values.append(value)
    values.append(licence)
    return tuple(values)


def first_states() -> list[Packed]:
    """After power-up, after a watchdog reset, and with a state that is none."""
    found = []
    for boot in (ports.BOOT_POWER_ON, ports.BOOT_WATCHDOG):
        found.append(pack(KernelState(boot), LICENCE_NONE))
    lost = KernelState()
    lost.state = len(states.STATE_NAMES)
    found.append(pack(lost, LICENCE_NONE))
    return found


def late_states() -> list[Packed]:
    """States that a walk reaches late, to begin with when a planted defect is looked for there."""
    found = []
    for state, name in ((states.PAUSED, "was_head_down"), (states.PAUSED, "paused_return"),
                        (states.RETURNING, "blind")):  # fmt: skip
        k = KernelState()
        k.state = state
        k.mode = ports.MODE_SESSION
        setattr(k, name, True)
        found.append(pack(k, LICENCE_STARTED if name == "was_head_down" else LICENCE_NONE))
    return found


class World:
    """What a step sees and does; `was` is the kernel before, `k` after it."""

    def __init__(self, chooser: Chooser, environment: Environment, packed: Packed) -> None:
        self.was = SimpleNamespace(**dict(zip(KEPT, packed, strict=False)))
        self.licence: int = packed[-1]
        self.clocks: dict[str, Clock] = {}
        k = Lazy(chooser, {"duty_permille": DUTIES[self.was.duty_permille]})
        values = k.__dict__
        values.update(zip(KEPT, packed, strict=False))
        del values["duty_permille"]
        for name in CLOCKS:
            values[name] = self.clocks[name] = Clock(chooser, 0, CLOCK_MAX_MS)
        values["started"] = True
        values["then_ms"] = 0
        values["refused"] = faults.NO_FAULT
        values["refusals"] = 0
        self.k = k
        self.inputs = Lazy(chooser, environment.inputs)
        self.estimate = Lazy(chooser, environment.estimate)
        self.monitors = Lazy(
            chooser,
            {
                "active": environment.active,
                "tilt_trusted": BOTH,
                "backed_off": BOTH,
                "return_futile": ONLY,
            },
        )
        self._limits = -1
        self._chooser = chooser
        self._environment = environment
        self.wish = _Limited(chooser, environment.wish, self)
        self.settings = _Limited(chooser, {}, self)
        self.settings.__dict__["head_down_max_ms"] = environment.head_down_max_ms
        self.settings.__dict__["session_max_ms"] = environment.session_max_ms
        self.out = SimpleNamespace()
        self.then_duty = k.duty_permille

    def tilt_limits(self) -> tuple[int, int]:
        """(settings' limit, wish's limit), chosen together."""
        if self._limits < 0:
            cases = self._environment.tilt_limits
            self._limits = self._chooser.choose(len(cases)) if len(cases) > 1 else 0
        return self._environment.tilt_limits[self._limits]

    def step(self, kernel: Any) -> None:
        """The real `kernel.step`, once; the clocks advance by as much as the choices say."""
        kernel.step(
            self.k,
            self.wish,
            self.estimate,
            self.inputs,
            self.monitors,
            self.settings,
            1,
            self.out,
        )
        if type(self.out.duty_permille) is not int:
            self.out.duty_permille = int(self.out.duty_permille)
            self.k.__dict__["duty_permille"] = self.out.duty_permille


class _Limited(Lazy):
    """Wish or settings: their limit of tilt comes from the case that the world chose."""

    def __init__(self, chooser: Chooser, options: dict[str, Any], world: World) -> None:
        super().__init__(chooser, options)
        self.__dict__["_world"] = world

    def __getattr__(self, name: str) -> Any:
        if name == "tilt_max_mdeg":
            value = self._world.tilt_limits()[0]
        elif name == "limit_mdeg":
            value = self._world.tilt_limits()[1]
        else:
            return super().__getattr__(name)
        self.__dict__[name] = value
        return value


def walks() -> list[tuple[str, Environment]]:
    """The walks of `make explore`: each fault by itself, the three limits, a laptop alone."""
    found = [(faults.FAULTS[code][0], Environment.one_fault(code)) for code in ACTIVE[1:]]
    found.append(("several, all limits", Environment.coarse()))
    found.append(("the laptop alone", Environment().without_hands()))
    return found
