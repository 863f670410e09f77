"""Runs on MicroPython: the parts of the tick, each for 10,000 ticks under a locked heap."""

import sys

from dice import Dice  # type: ignore[import-not-found]
from fake_lights import FakeBuzzer, FakeLight  # type: ignore[import-not-found]
from fake_panel import NAMES, FakePanelPins  # type: ignore[import-not-found]
from micropython import heap_lock, heap_unlock  # type: ignore[import-not-found]

from inversion_table.actuation.drive import Drive
from inversion_table.estimation.estimate import Estimate
from inversion_table.indication.indicator import Indicator
from inversion_table.journal.black_box import BlackBox
from inversion_table.journal.chronicle import Chronicle
from inversion_table.safety import limits
from inversion_table.safety.ports import Decision, Inputs, Wish
from inversion_table.sensing.analog import Analog
from inversion_table.sensing.panel import Panel
from inversion_table.session.motion import Motion
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer

TICKS = 10_000


class SilentOutput:
    """Takes a duty or a level and keeps the last one."""

    def __init__(self):
        self.last = 0
        self.writes = 0

    def duty_u16(self, duty):
        self.last = duty
        self.writes += 1

    def value(self, level):
        self.last = level
        self.writes += 1


class Ramp:
    """An ADC that goes up and round again."""

    def __init__(self):
        self.counts = 0

    def read_u16(self):
        self.counts = (self.counts + 577) & 0xFFFF
        return self.counts


class SilentRecorder:
    """Counts what it is told."""

    def __init__(self):
        self.box = BlackBox()
        self.begun = 0
        self.sampled = 0
        self.noted = 0
        self.ended = 0

    def begin(self, now_ms, kind):
        self.begun += 1

    def sample(self, now_ms, tilt, target, rate, current, supply, state, flags):
        self.sampled += 1

    def event(self, now_ms, code, a, b):
        self.noted += 1

    def end(self, now_ms, reason, fault, faults, max_tilt, head_down_ms, worst_error):
        self.ended += 1


def locked_panel(dice):
    pins = FakePanelPins()
    all_pins = [getattr(pins, name) for name in NAMES]
    panel = Panel(pins)
    inputs = Inputs()
    now_ms = (1 << 30) - 1_000
    edges = stuck = gestures = 0
    heap_lock()
    for tick in range(TICKS):
        now_ms = (now_ms + 10) & 0x3FFFFFFF
        if tick < 5_000:
            if tick % 7 == 0:
                pin = all_pins[dice.roll(len(all_pins))]
                pin.level = 1 - pin.level
        elif tick == 5_000:
            pins.start.level = pins.pause.level = pins.return_home.level = 1
        elif tick == 5_060:
            pins.start.level = pins.pause.level = 0
        panel.read(inputs, now_ms)
        edges += inputs.start_edge
        stuck += inputs.button_stuck
        gestures += inputs.service_gesture
    heap_unlock()
    print("panel", edges > 5, stuck > 1_000, gestures > 1_000)


def locked_analog(dice):
    analog = Analog(Ramp(), Ramp())
    inputs = Inputs()
    most = 0
    heap_lock()
    for _ in range(TICKS):
        analog.read(inputs)
        most = max(most, inputs.current_ma)
    heap_unlock()
    print("analog", most > 10_000)


def locked_drive(dice):
    outputs = [SilentOutput() for _ in range(4)]
    drive = Drive(outputs[0], outputs[1], outputs[2], outputs[3])
    decision = Decision()
    heap_lock()
    for _ in range(TICKS):
        decision.power = dice.roll(10) > 0
        decision.duty_permille = dice.between(-1_020, 1_020)
        drive.apply(decision)
    heap_unlock()
    print("drive", min([output.writes for output in outputs]) > 3_000)


def locked_indicator(dice):
    red, green, blue, buzzer = FakeLight(), FakeLight(), FakeLight(), FakeBuzzer()
    indicator = Indicator(red, green, blue, buzzer)
    decision = Decision()
    now_ms = (1 << 30) - 1_000
    heap_lock()
    for tick in range(TICKS):
        now_ms = (now_ms + 10) & 0x3FFFFFFF
        if tick % 100 == 0:
            decision.state = dice.roll(10)
            decision.fault = dice.roll(3)
            decision.at_home = dice.roll(2) == 0
            decision.refused = dice.roll(2)
            decision.refusals += dice.roll(2)
        indicator.show(decision, now_ms)
    heap_unlock()
    print("indicator", red.writes > 100, buzzer.writes > 100)


def locked_chronicle(dice):
    recorder = SilentRecorder()
    chronicle = Chronicle(recorder)
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()
    now_ms = (1 << 30) - 1_000
    step = 0
    heap_lock()
    for tick in range(TICKS):
        now_ms = (now_ms + 10) & 0x3FFFFFFF
        if tick % 25 == 0:
            decision.state = dice.roll(9)
            decision.mode = dice.roll(3)
            decision.fault = dice.roll(4)
            decision.at_home = dice.roll(2) == 0
            step = dice.roll(5)
            inputs.jog_up = dice.roll(2) == 0
            inputs.jog_down = dice.roll(2) == 0
        inputs.start_edge = inputs.return_edge = inputs.pause_edge = tick % 10 == 0
        inputs.host_return = inputs.host_stop = tick % 100 == 0
        estimate.valid = tick % 50 != 0
        estimate.tilt_mdeg = dice.between(-75_000, 60_000)
        decision.duty_permille = dice.between(-5, 5)
        chronicle.write(decision, estimate, inputs, wish, step, now_ms)
    heap_unlock()
    print("chronicle", recorder.begun > 20, recorder.sampled > 300, recorder.noted > 3_000,
          recorder.begun - recorder.ended in (0, 1))  # fmt: skip


def locked_motion(dice):
    motion = Motion()
    motion.hold_at(-75_000)
    arrivals = 0
    target = 0
    heap_lock()
    for tick in range(TICKS):
        if tick % 500 == 0:
            target = dice.between(-75_000, 60_000)
        if tick % 500 < 450:
            arrivals += motion.move(motion.ref_mdeg(), 6_000, target, 6_000, 5_000, 10)
        else:
            motion.come_to_rest(motion.ref_mdeg(), 0, 5_000, 10)
    heap_unlock()
    print("motion", arrivals > 0)


def locked_sequencer(dice):
    """Every state in turn, with a program, without one, and jogging, on a bed that follows."""
    plan = Plan("n", [StepSet(200, [Step(3_000, 3_000, 100), Step(-3_000, 3_000, 0)])], 3_000, 100)
    program = Program(plan, 2_000)
    settings = limits.Settings()
    sequencer = Sequencer()
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()
    estimate.tilt_mdeg = -3_000
    now_ms = (1 << 30) - 1_000
    steps = 0
    before_mdeg = 0
    heap_lock()
    for tick in range(3 * TICKS):
        now_ms = (now_ms + 10) & 0x3FFFFFFF
        if tick % 1_500 == 0:
            decision.state = tick // 1_500 % 9
            decision.mode = 1 + dice.roll(2)
            decision.fault = dice.roll(2)
        decision.ready = tick % 1_500 > 20
        decision.winding_down = tick % 1_500 > 1_400
        inputs.jog_up = tick % 700 < 200
        inputs.jog_down = tick % 700 > 400
        inputs.return_edge = tick % 333 == 0
        sequencer.step(
            program if tick % 4_000 < 3_500 else None, decision, estimate, inputs, settings, now_ms,
            wish,
        )  # fmt: skip
        estimate.tilt_mdeg = wish.target_mdeg
        if wish.target_mdeg == before_mdeg:  # a start waits until the bed comes loose
            estimate.tilt_mdeg += wish.duty_permille // 5
        before_mdeg = wish.target_mdeg
        estimate.rate_mdeg_per_s = wish.rate_mdeg_per_s
        steps = max(steps, sequencer.step_number)
    heap_unlock()
    print("sequencer", steps > 5)


PARTS = {
    "panel": locked_panel,
    "analog": locked_analog,
    "drive": locked_drive,
    "indicator": locked_indicator,
    "chronicle": locked_chronicle,
    "motion": locked_motion,
    "sequencer": locked_sequencer,
}
PARTS[sys.argv[1]](Dice(7))
