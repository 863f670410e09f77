"""On MicroPython: what each part of the control tick costs, and what it allocates.

Prints one line a part: name, time per call as a multiple of a plain loop of 100 rounds in the same
run, and bytes allocated per call with the garbage collector held off. The parts run in the middle
of a session, moving outward, with pins and a bus that cost next to nothing.
"""

import gc
import time

from inversion_table.actuation.drive import Drive
from inversion_table.estimation.calibration import nominal_monitor, nominal_primary
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.rest import RestWatch
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.indication.indicator import Indicator
from inversion_table.journal.absent import AbsentRing
from inversion_table.journal.chronicle import Chronicle
from inversion_table.journal.recorder import Recorder
from inversion_table.safety import limits, monitors, ports, states
from inversion_table.safety.guarded import GuardedKernel
from inversion_table.sensing import imu
from inversion_table.sensing.analog import Analog
from inversion_table.sensing.imu import ImuSample
from inversion_table.sensing.lsm6dsox import Lsm6dsox
from inversion_table.sensing.mpu6050 import Mpu6050
from inversion_table.sensing.panel import ANKLE_LOCK, ESTOP, OUTWARD_END, Panel
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer

CALLS = 1000
ROUNDS = 5
TILT_MDEG = 20_000


class Level:
    """A pin, PWM or converter that always reads the same."""

    def __init__(self, level=0):
        self._level = level

    def value(self, _level=None):
        return self._level

    def duty_u16(self, _duty):
        pass

    def freq(self, _hz):
        pass

    def read_u16(self):
        return self._level


class PanelPins:
    """Away from home, nothing pressed, everything as it should be."""

    def closed(self):
        return ESTOP | OUTWARD_END | ANKLE_LOCK


class Bus:
    """A bus whose sensor answers with ever-changing bytes near +1 g."""

    def __init__(self):
        self._count = 0

    def take(self, _wanted, buffer):
        self._count += 1
        for index in range(len(buffer)):
            buffer[index] = (self._count * 7 + index) & 1
        return 1


def moving():
    """The objects of a tick in the middle of a move."""
    inputs = ports.Inputs()
    inputs.settled = inputs.ankle_locked = inputs.relay_closed = True
    inputs.plan_ready = inputs.settings_ok = True
    inputs.program_ok = inputs.clocks_ok = inputs.started_up = True
    inputs.home_angle_ok = True
    inputs.estop_pressed = inputs.end_reached = False
    inputs.supply_mv = 24_000
    estimate = Estimate()
    estimate.tilt_mdeg = TILT_MDEG
    estimate.valid = estimate.primary_ok = estimate.monitor_ok = True
    decision = ports.Decision()
    decision.state = states.MOVING
    decision.mode = ports.MODE_SESSION
    decision.power = decision.ready = True
    kernel = GuardedKernel()
    kernel.state.state = states.MOVING
    kernel.state.mode = ports.MODE_SESSION
    kernel.complement.keep(kernel.state)
    return inputs, estimate, decision, kernel


def parts():
    """(name, function of now_ms) for each part of the tick."""
    settings = limits.Settings()
    inputs, estimate, decision, kernel = moving()
    wish = ports.Wish()
    watch = monitors.Monitors()
    sequencer = Sequencer()
    plan = Plan("benchmark", [StepSet(1, [Step(60_000, 3_000, 0)])], 2_000, 0)
    program = Program(plan, settings.acceleration_mdeg_per_s2)
    primary, monitor = Lsm6dsox(Bus()), Mpu6050(Bus())
    for driver in (primary, monitor):
        driver._words[imu.RUNNING] = 1
        driver._configured = lambda: True
    first, second = ImuSample(), ImuSample()
    still = ImuSample()
    still.az_ug = 1_000_000
    still.ok = True
    measured = Estimate()
    estimator = TiltEstimator(nominal_primary(), nominal_monitor())
    first_rest, second_rest = RestWatch(0), RestWatch(2)

    def watch_rests(_now_ms):
        first_rest.update(still)
        second_rest.update(still)

    panel = Panel(PanelPins())
    analog = Analog(Level(10), Level(43_000))
    read = ports.Inputs()
    drive = Drive(Level(), Level(), Level(), Level())
    indicator = Indicator(Level(), Level(), Level(), Level())
    indicator.tell_ready(True)
    recorder = Recorder(AbsentRing(), lambda: 0)
    chronicle = Chronicle(recorder)
    return (
        ("primary IMU", lambda now_ms: primary.read(first, now_ms)),
        ("monitor IMU", lambda now_ms: monitor.read(second, now_ms)),
        ("rest watches", watch_rests),
        ("panel", lambda now_ms: panel.read(read, now_ms)),
        ("analog", lambda now_ms: analog.read(read)),
        ("estimator", lambda now_ms: estimator.update(still, still, now_ms, measured)),
        ("monitors", lambda now_ms: watch.update(decision, estimate, inputs, now_ms)),
        (
            "sequencer",
            lambda now_ms: sequencer.step(
                program, decision, estimate, inputs, settings, now_ms, wish
            ),
        ),
        (
            "kernel",
            lambda now_ms: kernel.step(wish, estimate, inputs, watch, settings, now_ms, decision),
        ),
        ("drive", lambda now_ms: drive.apply(decision)),
        ("indicator", lambda now_ms: indicator.show(decision, now_ms)),
        (
            "chronicle",
            lambda now_ms: chronicle.write(decision, estimate, inputs, wish, 1, now_ms),
        ),
    )


def plain_loop(_now_ms):
    """The peer: 100 rounds of a loop."""
    total = 0
    for index in range(100):
        total = (total + index) & 0xFFFF
    return total


def time_us(function):
    """Best mean time of a call."""
    best_us = 1 << 29
    for _ in range(ROUNDS):
        begin = time.ticks_us()
        for index in range(CALLS):
            function(index)
        best_us = min(best_us, time.ticks_diff(time.ticks_us(), begin))
    return best_us / CALLS


def allocated_bytes(function):
    """Bytes that a call leaves behind."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for index in range(CALLS):
        function(index)
    after = gc.mem_alloc()
    gc.enable()
    return (after - before) / CALLS


def main():
    loop_us = time_us(plain_loop)
    for name, function in parts():
        function(0)  # first calls may set up things
        print("%s;%.3f;%.2f" % (name, time_us(function) / loop_us, allocated_bytes(function)))


main()
