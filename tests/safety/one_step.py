"""One step of the kernel, everything good unless the test says otherwise."""

from inversion_table.safety import faults, kernel, limits, states
from inversion_table.safety.ports import MODE_NONE, MODE_SESSION, Decision, Inputs, Wish
from tests.safety.table import Reading

ALL_STATES = range(len(states.STATE_NAMES))
POWERED = (states.MOVING, states.HOLDING, states.PAUSED, states.RETURNING)
HELD = (states.STOPPED, states.FAULT)
ALL_FAULTS = range(1, len(faults.FAULTS))
AWAY_MDEG = 30_000


class Watch:
    """What the monitors say, as the test wants it."""

    def __init__(self) -> None:
        self.active = faults.NO_FAULT
        self.tilt_trusted = True
        self.backed_off = False
        self.return_futile = False


class OneStep:
    """Arguments of `kernel.step`: in `state`, away from home, all well, for a while already."""

    def __init__(self, state: int, at_home: bool = False) -> None:
        self.k = kernel.KernelState()
        self.k.state = state
        self.k.started = True
        self.k.state_ms = 5_000
        self.k.mode = MODE_SESSION if state in POWERED else MODE_NONE
        self.wish = Wish()
        self.wish.request = states.WISH_HOLD
        self.wish.limit_mdeg = 60_000
        self.estimate = Reading()
        self.estimate.tilt_mdeg = limits.HOME_TILT_MDEG if at_home else AWAY_MDEG
        self.inputs = Inputs()
        self.inputs.estop_pressed = False
        self.inputs.end_reached = False
        self.inputs.ankle_locked = True
        self.inputs.home_switch = at_home
        self.inputs.relay_closed = state in POWERED
        self.inputs.supply_mv = 24_000
        self.inputs.plan_ready = True
        self.inputs.settings_ok = True
        self.inputs.program_ok = self.inputs.clocks_ok = self.inputs.started_up = True
        self.inputs.home_angle_ok = True
        self.inputs.settled = True
        self.watch = Watch()
        self.settings = limits.Settings()
        self.now_ms = 0
        self.out = Decision()

    def step(self, dt_ms: int = 10) -> Decision:
        self.now_ms = (self.now_ms + dt_ms) & ((1 << 30) - 1)
        kernel.step(
            self.k,
            self.wish,
            self.estimate,
            self.inputs,
            self.watch,
            self.settings,
            self.now_ms,
            self.out,
        )
        return self.out

    def move(self, duty_permille: int) -> None:
        """Wish for this duty."""
        self.wish.request = states.WISH_MOVE
        self.wish.duty_permille = duty_permille
