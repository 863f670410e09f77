"""A table in integers around the real monitors, sequencer and kernel, one tick at a time.

It runs on CPython and on MicroPython, and a tick allocates nothing there. The mechanics are as
simple as can be: the bed turns at 10 mdeg/s for each permille above 25, between its end stops; the
relay follows the heartbeat late; the current is that of a motor that turns or is held. What is
broken is an attribute.
"""

from inversion_table.safety import limits, states
from inversion_table.safety.guarded import GuardedKernel
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import BOOT_POWER_ON, Decision, Inputs, Wish
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer

HOME_UDEG = -75_000_000
HOME_STOP_UDEG = -76_000_000
OUTWARD_STOP_UDEG = 92_000_000
OUTWARD_SWITCH_UDEG = 91_500_000
FRICTION_PERMILLE = 25
MDEG_PER_S_PER_PERMILLE = 10
HELD_MA_PER_PERMILLE = 24
TURNING_MA = 1_200
RELAY_CLOSES_MS = 50
RELAY_OPENS_MS = 100
TICKS_MASK = (1 << 30) - 1

WORKING = 0
STUCK_OPEN = 1
STUCK_CLOSED = 2


class Reading:
    """What the estimator would say: only what the safety side reads."""

    def __init__(self):
        self.tilt_mdeg = 0
        self.rate_mdeg_per_s = 0
        self.valid = True
        self.age_ms = 0
        self.primary_ok = True
        self.monitor_ok = True
        self.disagreement_mdeg = 0
        self.rate_disagreement_mdeg_per_s = 0


class Table:
    """The plant, what is broken in it, the buttons, and the decisions made about it."""

    def __init__(self, program=None, boot=BOOT_POWER_ON, tilt_mdeg=-75_200, now_ms=0):
        self.program = program
        self.settings = limits.Settings()
        self.estimate = Reading()
        self.inputs = Inputs()
        self.wish = Wish()
        self.decision = Decision()
        self.monitors = Monitors()
        self.sequencer = Sequencer()
        self.guarded = GuardedKernel(boot)
        self.kernel = self.guarded.state
        self.now_ms = now_ms
        self.tick_ms = 10
        self.tilt_udeg = tilt_mdeg * 1000
        self.rate_mdeg_per_s = 0
        self.relay_closed = False
        self._beat_ms = 0
        self._silent_ms = RELAY_OPENS_MS
        # Hands. The ones that are edges last for one tick.
        self.estop_pressed = False
        self.ankle_locked = True
        self.start = False
        self.pause = False
        self.return_home = False
        self.jog_up = False
        self.jog_down = False
        self.host_return = False
        self.host_stop = False
        self._jog_was_down = False
        # What is broken.
        self.home_switch = WORKING
        self.end_switch = WORKING
        self.relay = WORKING
        self.mirror = WORKING
        self.tilt_lost = False
        self.primary_lost = False
        self.monitor_lost = False
        self.disagreement_mdeg = 0
        self.blocked = False
        self.outward_stop_udeg = OUTWARD_STOP_UDEG
        """Something in the way may be nearer than the end stop."""
        self.creep_mdeg_per_s = 0
        self.reversed = False
        self.current_stuck_ma = -1
        self.supply_mv = 24_000
        self.supply_stuck_mv = -1
        self.settled = True
        self.settings_ok = True
        self.button_stuck = False
        self.sequencer_dead = False
        """It wishes nothing any more."""

    def restart(self, boot=BOOT_POWER_ON):
        """Power off and on: the controller forgets, the bed stays where it is."""
        self.decision = Decision()
        self.monitors = Monitors()
        self.sequencer = Sequencer()
        self.guarded = GuardedKernel(boot)
        self.kernel = self.guarded.state
        self.boot()

    def tilt_mdeg(self):
        return self.tilt_udeg // 1000

    def tick(self):
        """One control tick, in the order of the application."""
        self.now_ms = (self.now_ms + self.tick_ms) & TICKS_MASK
        self._sense()
        self.monitors.update(self.decision, self.estimate, self.inputs, self.now_ms)
        if self.sequencer_dead:
            self.wish.request = states.WISH_NONE
        else:
            self.sequencer.step(
                self.program, self.decision, self.estimate, self.inputs, self.settings,
                self.now_ms, self.wish,
            )  # fmt: skip
        self.guarded.step(
            self.wish, self.estimate, self.inputs, self.monitors, self.settings,
            self.now_ms, self.decision,
        )  # fmt: skip
        self._move()
        self.start = False
        self.pause = False
        self.return_home = False
        self.host_return = False
        self.host_stop = False

    def _sense(self):
        inputs = self.inputs
        inputs.estop_pressed = self.estop_pressed
        inputs.ankle_locked = self.ankle_locked
        inputs.home_switch = self._contact(self.home_switch, self.tilt_udeg <= HOME_UDEG)
        inputs.end_reached = not self._contact(
            self.end_switch, self.tilt_udeg < OUTWARD_SWITCH_UDEG
        )
        inputs.relay_closed = self._contact(self.mirror, self.relay_closed)
        inputs.start_edge = self.start
        inputs.pause_edge = self.pause
        inputs.return_edge = self.return_home
        inputs.jog_up = self.jog_up
        inputs.jog_down = self.jog_down
        inputs.jog_down_edge = self.jog_down and not self._jog_was_down
        self._jog_was_down = self.jog_down
        inputs.button_stuck = self.button_stuck
        inputs.host_return = self.host_return
        inputs.host_stop = self.host_stop
        inputs.supply_mv = self.supply_mv if self.supply_stuck_mv < 0 else self.supply_stuck_mv
        inputs.plan_ready = self.program is not None
        inputs.settings_ok = self.settings_ok
        inputs.program_ok = inputs.clocks_ok = inputs.started_up = True
        inputs.home_angle_ok = True
        inputs.settled = self.settled
        estimate = self.estimate
        estimate.primary_ok = not self.primary_lost and not self.tilt_lost
        estimate.monitor_ok = not self.monitor_lost and not self.tilt_lost
        estimate.disagreement_mdeg = self.disagreement_mdeg
        estimate.valid = not self.tilt_lost
        if self.tilt_lost:
            estimate.age_ms = min(estimate.age_ms + self.tick_ms, 1_000_000)
        else:
            estimate.age_ms = 0
            estimate.tilt_mdeg = self.tilt_udeg // 1000
            estimate.rate_mdeg_per_s = self.rate_mdeg_per_s

    def _contact(self, fault, closed):
        if fault == STUCK_OPEN:
            return False
        if fault == STUCK_CLOSED:
            return True
        return closed

    def _move(self):
        decision = self.decision
        if decision.power and not self.estop_pressed:
            self._beat_ms = min(self._beat_ms + self.tick_ms, RELAY_CLOSES_MS)
            self._silent_ms = 0
        else:
            self._beat_ms = 0
            self._silent_ms = min(self._silent_ms + self.tick_ms, RELAY_OPENS_MS)
        if self.estop_pressed or self._silent_ms >= RELAY_OPENS_MS:
            self.relay_closed = False
        if self._beat_ms >= RELAY_CLOSES_MS:
            self.relay_closed = True
        self.relay_closed = self._contact(self.relay, self.relay_closed)
        duty = decision.duty_permille if self.relay_closed and self.supply_mv > 10_000 else 0
        if self.reversed:
            duty = -duty
        over = max(0, abs(duty) - FRICTION_PERMILLE) * MDEG_PER_S_PER_PERMILLE
        rate = over if duty > 0 else -over
        rate += self.creep_mdeg_per_s
        before_udeg = self.tilt_udeg
        if not self.blocked:
            self.tilt_udeg += rate * self.tick_ms
        self.tilt_udeg = max(HOME_STOP_UDEG, min(self.outward_stop_udeg, self.tilt_udeg))
        moved_udeg = self.tilt_udeg - before_udeg
        self.rate_mdeg_per_s = moved_udeg // self.tick_ms if self.tick_ms else 0
        if self.current_stuck_ma >= 0:
            self.inputs.current_ma = self.current_stuck_ma
        elif duty == 0:
            self.inputs.current_ma = 0
        elif moved_udeg == 0:
            self.inputs.current_ma = abs(duty) * HELD_MA_PER_PERMILLE
        else:
            self.inputs.current_ma = TURNING_MA

    # Whole stretches of time, for the tests.

    def run(self, duration_ms):
        """Let time pass."""
        for _ in range(duration_ms // self.tick_ms):
            self.tick()

    def run_until(self, state, within_ms):
        """Let time pass until `state`; returns how long it took, or -1."""
        for count in range(within_ms // self.tick_ms):
            self.tick()
            if self.decision.state == state:
                return (count + 1) * self.tick_ms
        return -1

    def run_to_tilt(self, tilt_mdeg, within_ms):
        """Let time pass until the bed is at or past this tilt, outward; False if it never was."""
        for _ in range(within_ms // self.tick_ms):
            if self.tilt_udeg >= tilt_mdeg * 1000:
                return True
            self.tick()
        return False

    def boot(self):
        """From power-up through the self-test."""
        self.run(limits.SELF_TEST_MS + 20)


def simple_program(tilt_mdeg=60_000, hold_ms=20_000, rest_ms=3_000, rate_mdeg_per_s=3_000, times=1):
    """One step, `times` over, and the way home at the same rate."""
    plan = Plan(
        "test", [StepSet(times, [Step(tilt_mdeg, rate_mdeg_per_s, hold_ms)])],
        rate_mdeg_per_s, rest_ms,
    )  # fmt: skip
    return Program(plan, 2_000)
