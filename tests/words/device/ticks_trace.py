"""On MicroPython: kernel, monitors and sequencer tick by tick, with everything that they keep.

It runs twice: with the package as it is, and with records as words (this file is then rewritten
like any module of the package). The two must print the same. `rows` is written by the test, since
it names every attribute of every record.
"""

import sys
from binascii import crc32

from inversion_table.dice import Dice
from inversion_table.rows import (
    RATES,
    near,
    row_of,
    scramble_complement,
    scramble_estimate,
    scramble_inputs,
    scramble_k,
    scramble_monitors,
    scramble_sequencer,
)

from inversion_table.estimation.estimate import Estimate
from inversion_table.safety import limits
from inversion_table.safety.guarded import GuardedKernel
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import MODE_JOG, Decision, Inputs, Wish
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer

LATE = (0, 1, 9, 10, 10, 10, 10, 10, 10, 11, 50, 51, 400, 451, 5_000)


def ready(inputs, estimate):
    """Everything as it should be on a table that was switched on at home."""
    inputs.estop_pressed = inputs.end_reached = False
    inputs.ankle_locked = inputs.home_switch = inputs.settled = True
    inputs.settings_ok = inputs.program_ok = inputs.clocks_ok = inputs.home_angle_ok = True
    inputs.relay_closed = False
    inputs.supply_mv = 24_000
    estimate.tilt_mdeg = limits.HOME_TILT_MDEG
    estimate.valid = estimate.settled = estimate.primary_ok = estimate.monitor_ok = True
    estimate.age_ms = 0
    estimate.rate_disagreement_mdeg_per_s = 0


def program_of(dice):
    """A short plan, laid out."""
    sets = []
    for _ in range(1 + dice.roll(3)):
        steps = [
            Step(dice.between(-60, 60) * 1_000, dice.between(200, 3_000), dice.roll(3) * 700, 1)
            for _ in range(1 + dice.roll(3))
        ]
        sets.append(StepSet(1 + dice.roll(2), steps, 1))
    plan = Plan("trace", sets, dice.between(500, 3_000), dice.roll(3) * 900)
    return Program(plan, 2_000)


class Table:
    """The tick without pins and sensors."""

    def __init__(self, dice):
        self.dice = dice
        self.settings = limits.Settings()
        self.program = program_of(dice)
        self.sequencer = Sequencer()
        self.monitors = Monitors()
        self.kernel = GuardedKernel(dice.roll(2))
        self.inputs = Inputs()
        self.estimate = Estimate()
        self.wish = Wish()
        self.decision = Decision()
        self.now_ms = dice.choose((0, (1 << 30) - 30_000, 123_456))
        self.udeg = limits.HOME_TILT_MDEG * 1_000
        self.rate = 0
        self.wrong = 0
        self.relay_ms = 0
        self.crc = 0
        ready(self.inputs, self.estimate)
        self.inputs.plan_ready = self.inputs.started_up = True

    def tick(self, dt_ms, program):
        """One tick; returns the row of all that is kept afterwards."""
        self.now_ms = (self.now_ms + dt_ms) & 0x3FFFFFFF
        self.monitors.update(self.decision, self.estimate, self.inputs, self.now_ms)
        self.sequencer.step(
            program, self.decision, self.estimate, self.inputs, self.settings, self.now_ms,
            self.wish,
        )  # fmt: skip
        self.kernel.step(
            self.wish, self.estimate, self.inputs, self.monitors, self.settings, self.now_ms,
            self.decision,
        )  # fmt: skip
        return self.note(0)

    def note(self, dt_ms):
        """The row; with dt_ms, after the monitors alone have been asked."""
        if dt_ms:
            self.now_ms = (self.now_ms + dt_ms) & 0x3FFFFFFF
            self.monitors.update(self.decision, self.estimate, self.inputs, self.now_ms)
        row = row_of(
            self.inputs, self.estimate, self.wish, self.decision, self.monitors, self.sequencer,
            self.kernel.state, self.kernel.complement,
        )  # fmt: skip
        self.crc = crc32(row.encode(), self.crc)
        return row

    def left(self):
        """What people are told of the time."""
        return (
            self.sequencer.left_ms(self.program, self.decision, self.estimate.tilt_mdeg),
            self.sequencer.step_left_ms(self.program, self.decision, self.estimate.tilt_mdeg),
        )


def play(dice, ticks):
    """Sessions on a simple bed, with buttons pressed and things going wrong now and then."""
    table = Table(dice)
    visited = 0
    rest = 0
    for tick in range(ticks):
        if dice.roll(6_000) == 0:
            table = Table(dice)
        row = table.tick(10 if dice.roll(300) else dice.choose(LATE), table.program)
        live(table, dice, tick)
        visited |= 1 << table.decision.state
        if tick % 100 == 0:
            print(tick, table.crc, table.left(), row if tick % 1_000 == 0 else "")
            rest = table.crc
    print("played", rest, "states", visited)
    return table.crc


def live(table, dice, tick):
    """What the bed does by the next tick, and who presses what."""
    inputs = table.inputs
    estimate = table.estimate
    decision = table.decision
    table.rate += (decision.duty_permille * 10 - table.rate) // 4
    table.udeg = max(-78_000_000, table.udeg + table.rate * 10)
    table.wrong -= 1
    if table.wrong == 0:
        ready(inputs, estimate)
    if dice.roll(1_000) == 0:
        table.wrong = 1 + dice.roll(200)
        scramble_inputs(inputs, dice, 8)
    estimate.tilt_mdeg = table.udeg // 1_000
    estimate.rate_mdeg_per_s = table.rate
    table.relay_ms = table.relay_ms + 10 if decision.power else 0
    inputs.relay_closed = table.relay_ms > 60
    inputs.home_switch = estimate.tilt_mdeg <= -74_600
    inputs.current_ma = abs(decision.duty_permille) * 8
    inputs.service_gesture = dice.roll(30_000) == 0
    inputs.start_edge = dice.roll(150) == 0
    inputs.pause_edge = dice.roll(700) == 0
    inputs.return_edge = dice.roll(500) == 0
    inputs.return_hasty = dice.roll(2) == 0
    inputs.jog_down_edge = dice.roll(300) == 0
    inputs.jog_down = (tick & 511) < 400 and decision.mode == MODE_JOG
    inputs.jog_up = (tick & 1023) > 900
    inputs.host_stop = dice.roll(4_000) == 0


def scatter(dice, ticks):
    """Ticks from anywhere: every value that is kept, changed at random, near every limit."""
    table = Table(dice)
    for tick in range(ticks):
        if dice.roll(3) == 0:
            scramble_inputs(table.inputs, dice, 6)
        if dice.roll(3) == 0:
            scramble_estimate(table.estimate, dice, 3)
        if dice.roll(2) == 0:
            scramble_monitors(table.monitors, dice, 4)
        if dice.roll(2) == 0:
            scramble_sequencer(table.sequencer, dice, 5, table.program)
        if dice.roll(2) == 0:
            scramble_k(table.kernel.state, dice, 4)
            if dice.roll(8):
                table.kernel.complement.keep(table.kernel.state)
        elif dice.roll(60) == 0:
            scramble_complement(table.kernel.complement, dice, 26)
        if dice.roll(2_000) == 0:
            table.program = program_of(dice)
        row = table.tick(dice.choose(LATE), table.program if dice.roll(20) else None)
        if tick % 20 == 0:
            print(tick, table.crc, row if tick % 400 == 0 else "")
    print("scattered", table.crc)
    return table.crc


def watch(dice, ticks):
    """The monitors alone, a second and a half with the same readings, of which few are odd."""
    table = Table(dice)
    decision = table.decision
    estimate = table.estimate
    faults = set()
    for tick in range(ticks):
        if tick % 150 == 0:
            table.monitors = Monitors()
            table.monitors.age_ms = limits.SELF_TEST_MS
            ready(table.inputs, estimate)
            scramble_inputs(table.inputs, dice, 30)
            estimate.disagreement_mdeg = 0
            scramble_estimate(estimate, dice, 12)
            decision.state = 2 + dice.roll(5)
            decision.power = dice.roll(4) != 0
            decision.at_home = dice.roll(4) == 0
            decision.backing_off = dice.roll(8) == 0
            decision.fault = dice.choose((0, 0, 7, 13))
            decision.duty_permille = dice.choose((0, 0, 5, 300, 300, -300, -300, 1_000))
            estimate.rate_mdeg_per_s = near(dice, RATES)
        drift = dice.choose((-40, 0, 0, 0, 40))
        estimate.tilt_mdeg = max(-90_000, min(90_000, estimate.tilt_mdeg + drift))
        if dice.roll(100) == 0:
            decision.state = 2 + dice.roll(6)
        row = table.note(10)
        faults.add(table.monitors.active)
        if tick % 50 == 0:
            print(tick, table.crc, row if tick % 1_000 == 0 else "")
    print("watched", table.crc, "faults", len(faults))
    return table.crc


def main(what, seed, ticks):
    """play, scatter or watch; returns the check sum of all that was kept."""
    return {"play": play, "scatter": scatter, "watch": watch}[what](Dice(seed), ticks)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
