"""Sequencer and kernel around a simple bed: the reference drive's figures and nothing else.

Runs on CPython and on MicroPython. Floats are the plant's own; the controller sees integers.
"""

from inversion_table.estimation.estimate import Estimate
from inversion_table.safety import faults, kernel, limits, states
from inversion_table.safety.ports import Decision, Inputs, Wish
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer

TICK_MS = 10
HOME_CLOSES_MDEG = -74_600
RELAY_CLOSES_TICKS = 6


class Bed:
    """10 deg/s at full duty, 2 % of friction, 30 ms of lag (docs/hardware.md)."""

    def __init__(self, tilt_mdeg=-75_000, mdeg_per_s_per_permille=10.0, friction_permille=20.0):
        self.tilt_mdeg = float(tilt_mdeg)
        self.rate_mdeg_per_s = 0.0
        self.gain = mdeg_per_s_per_permille
        self.friction = friction_permille
        self.lag_ms = 30.0

    def advance(self, duty_permille, ms):
        """Let `ms` pass at this duty, in steps of 1 ms."""
        strength = max(0.0, abs(duty_permille) - self.friction) * self.gain
        wanted = strength if duty_permille > 0 else -strength
        for _ in range(ms):
            self.rate_mdeg_per_s += (wanted - self.rate_mdeg_per_s) / self.lag_ms
            self.tilt_mdeg += self.rate_mdeg_per_s / 1000.0


class NoMonitors:
    """Nothing is ever wrong, unless a test says so."""

    def __init__(self):
        self.active = faults.NO_FAULT
        self.tilt_trusted = True
        self.backed_off = False
        self.return_futile = False


class SimulatedTable:
    """The tick of the application, without pins and sensors: one `tick` is 10 ms."""

    def __init__(self, plan=None, settings=None, bed=None):
        self.settings = settings or limits.Settings()
        self.bed = bed or Bed()
        self.program = None
        if plan is not None:
            self.program = Program(plan, self.settings.acceleration_mdeg_per_s2)
        self.sequencer = Sequencer()
        self.monitors = NoMonitors()
        self.kernel = kernel.KernelState()
        self.estimate = Estimate()
        self.inputs = Inputs()
        self.wish = Wish()
        self.decision = Decision()
        self.now_ms = 0
        self.relay_ticks = 0
        inputs = self.inputs
        inputs.estop_pressed = False
        inputs.end_reached = False
        inputs.ankle_locked = True
        inputs.settings_ok = inputs.program_ok = inputs.clocks_ok = True
        inputs.home_angle_ok = inputs.started_up = True
        inputs.plan_ready = plan is not None
        inputs.supply_mv = 24_000
        inputs.settled = True
        estimate = self.estimate
        estimate.valid = estimate.primary_ok = estimate.monitor_ok = True
        estimate.age_ms = 0

    @property
    def state(self):
        return self.decision.state

    def tick(self, ms=TICK_MS, **pressed):
        """One control tick, `ms` after the last; `pressed` are inputs that are true in it alone."""
        self.bed.advance(self.decision.duty_permille, ms)
        self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF
        inputs = self.inputs
        self.relay_ticks = self.relay_ticks + 1 if self.decision.power else 0
        inputs.relay_closed = self.relay_ticks >= RELAY_CLOSES_TICKS
        self.estimate.tilt_mdeg = int(self.bed.tilt_mdeg)
        self.estimate.rate_mdeg_per_s = int(self.bed.rate_mdeg_per_s)
        inputs.home_switch = self.estimate.tilt_mdeg <= HOME_CLOSES_MDEG
        for name in pressed:
            setattr(inputs, name, pressed[name])
        self.sequencer.step(
            self.program, self.decision, self.estimate, inputs, self.settings, self.now_ms,
            self.wish,
        )  # fmt: skip
        kernel.step(
            self.kernel, self.wish, self.estimate, inputs, self.monitors, self.settings,
            self.now_ms, self.decision,
        )  # fmt: skip
        for name in pressed:
            setattr(inputs, name, False)

    def run(self, ms):
        for _ in range(ms // TICK_MS):
            self.tick()

    def boot(self):
        """Through the self-test, to HOME."""
        self.run(limits.SELF_TEST_MS + 100)
        assert self.state == states.HOME

    def run_until(self, state, within_ms=3_000_000):
        """Tick until that state; returns the time that it took."""
        for ticks in range(within_ms // TICK_MS):
            if self.state == state:
                return ticks * TICK_MS
            self.tick()
        raise AssertionError("never came to " + states.STATE_NAMES[state])

    def step_left_ms(self):
        return self.sequencer.step_left_ms(self.program, self.decision, self.estimate.tilt_mdeg)

    def left_ms(self):
        return self.sequencer.left_ms(self.program, self.decision, self.estimate.tilt_mdeg)
