"""Runs on CPython and MicroPython: plans, frames, motion and the tick's parts, line by line."""

import binascii
import sys

from dice import Dice  # type: ignore[import-not-found]
from fake_i2c import FakeI2c, FakeLsm6dsox, FakeMpu6050  # type: ignore[import-not-found]
from fake_lights import FakeBuzzer, FakeLight  # type: ignore[import-not-found]
from fake_outputs import FakeOutput, FakePwm, Tape  # type: ignore[import-not-found]
from fake_panel import NAMES, FakePanelPins  # type: ignore[import-not-found]
from simulated_table import SimulatedTable  # type: ignore[import-not-found]

from inversion_table.actuation.drive import Drive
from inversion_table.contract import frame, messages
from inversion_table.indication.indicator import Indicator
from inversion_table.journal.black_box import BlackBox
from inversion_table.journal.chronicle import Chronicle
from inversion_table.safety import limits, states
from inversion_table.safety.ports import Decision, Inputs
from inversion_table.sensing.analog import Analog
from inversion_table.sensing.i2c_bus import I2cBus
from inversion_table.sensing.imu import ImuSample
from inversion_table.sensing.lsm6dsox import Lsm6dsox
from inversion_table.sensing.mpu6050 import Mpu6050
from inversion_table.sensing.panel import Panel
from inversion_table.session import plan as plans
from inversion_table.session import profile
from inversion_table.session.motion import Motion
from inversion_table.session.program import Program

NAMES_OF_PLANS = ("Kim 2013", "é", "60° 🙃", "a" * 48, "", "x" * 49, "日本", 'a\nb\t"\\', "\x00")
ODD: tuple = (
    None, True, False, -1, 0, 1, 65_535, 65_536, 2**31 - 1, 2**31, -(2**31), 2**70, "", "n",
    1.0, 1.5, [], {}, [1], {"a": 1}, "\ud83d", "a" * 300,
)  # fmt: skip


def random_plan(dice, wild):
    sets = []
    for _ in range(dice.roll(5) + (0 if wild else 1)):
        steps = []
        for _ in range(dice.roll(6) + (0 if wild else 1)):
            over = dice.roll(6) == 0 and wild
            steps.append(
                plans.Step(
                    dice.between(-200_000, 200_000) if over else dice.between(-75_000, 60_000),
                    dice.between(-10, 9_000) if over else dice.between(200, 3_000),
                    dice.between(-5, 1_000_000) if over else dice.between(0, 60_000),
                    dice.roll(500),
                )
            )
        sets.append(plans.StepSet(dice.roll(4) + (0 if wild else 1), steps, dice.roll(500)))
    return plans.Plan(
        dice.choose(NAMES_OF_PLANS), sets, dice.between(100, 3_300), dice.between(-100, 310_000)
    )


def trace_plans(dice):
    settings = limits.Settings()
    for number in range(300):
        plan = random_plan(dice, number % 2)
        print("plan", number, plan.plan_id(), binascii.crc32(plan.canonical()))
        for problem in plans.check(plan, settings):
            print(" ", problem.line, problem.code, problem.text)
        again = plans.from_wire(frame.decode(frame.encode(plan.to_wire())))
        print("  same", again.canonical() == plan.canonical())
        if number % 2 == 0:
            totals = profile.Totals()
            for segment in profile.segments(plan, 2_000):
                totals.add(segment)
                print(" ", segment.kind, segment.from_mdeg, segment.to_mdeg, segment.duration_ms)
            print("  totals", totals.total_ms, totals.head_down_ms, totals.head_down_stretch_ms,
                  totals.head_down_line, totals.tilt_max_mdeg)  # fmt: skip
            program = Program(plan, 2_000)
            for _ in range(4):
                at = dice.roll(len(program.set_first))
                step = dice.roll(program.set_count[at])
                times = dice.roll(program.set_times[at])
                print(
                    "  left", program.left_ms(at, times, step, dice.roll(9_000), dice.roll(9_000))
                )


def odd_wire(dice):
    """A plan's wire form with one or two parts replaced by something odd."""
    wire = {
        "format": 1, "name": "n", "return_rate_mdeg_per_s": 2000, "rest_ms": 60000,
        "sets": [{"times": 2, "line": 3, "steps": [[60000, 3000, 1000, 4], [0, 3000, 0, 5]]}],
    }  # fmt: skip
    for _ in range(1 + dice.roll(2)):
        place = dice.roll(9)
        odd = dice.choose(ODD)
        first = wire["sets"][0] if isinstance(wire["sets"], list) and wire["sets"] else None
        inner = first["steps"] if isinstance(first, dict) else None
        if place < 5:
            wire[dice.choose(("format", "name", "return_rate_mdeg_per_s", "rest_ms", "sets"))] = odd
        elif place < 7 and isinstance(first, dict):
            first[dice.choose(("times", "line", "steps"))] = odd
        elif isinstance(inner, list) and inner:
            if place == 7 and isinstance(inner[0], list) and inner[0]:
                inner[0][dice.roll(len(inner[0]))] = odd
            else:
                inner[0] = odd
    return wire


def trace_forms(dice):
    for number in range(3_000):
        wire = odd_wire(dice)
        try:
            plan = plans.from_wire(wire)
        except plans.PlanError as error:
            print("form", number, [(p.line, p.code, p.text) for p in error.problems])
        else:
            print("form", number, plan.plan_id(), len(plans.check(plan, limits.Settings())))


def trace_frames(dice):
    print("contract", messages.contract_hash())
    values: tuple = (0, -1, 2**53, True, None, "é 🙃", 'a"b\\c\n\t\x01', [], [1, [2, ["x"]]], {})
    for value in values:
        print("frame", frame.encode(value), frame.decode(frame.encode(value)) == value)
    for number in range(400):
        line = bytearray(frame.encode([number, "text", None, [dice.roll(1_000)]])[:-1])
        if number % 4:
            for _ in range(number % 4):
                line[dice.roll(len(line))] = dice.roll(256)
        try:
            print("frame", number, frame.decode(bytes(line)))
        except frame.FrameError as error:
            print("frame", number, str(error).split(":")[0])


def trace_motion(dice):
    for number in range(60):
        motion = Motion()
        motion.hold_at(dice.between(-75_000, 60_000))
        acceleration = dice.between(500, 5_000)
        tilt_mdeg = motion.ref_mdeg()
        for leg in range(4):
            target = dice.between(-78_000, 90_000)
            rate = dice.between(200, 6_000)
            crc = 0
            turning = 0
            for tick in range(600):
                dt_ms = dice.choose((10, 10, 10, 10, 9, 11, 0, 50, 400)) if number % 2 else 10
                arrived = motion.move(tilt_mdeg, turning, target, rate, acceleration, dt_ms)
                turning = (motion.ref_mdeg() - tilt_mdeg) * 50 + motion.duty_permille
                tilt_mdeg += (motion.ref_mdeg() - tilt_mdeg) // 2 + motion.duty_permille // 100
                row = "%d %d %d %d" % (
                    motion.ref_udeg, motion.rate_mdeg_per_s, motion.duty_permille, arrived
                )  # fmt: skip
                crc = binascii.crc32(row.encode(), crc)
                if tick % 200 == 0:
                    print("motion", number, leg, row)
            print("motion", number, leg, crc)
            while not motion.come_to_rest(tilt_mdeg, turning, acceleration, 10):
                pass
            print("motion rests", motion.ref_udeg)


class Scribe:
    """A recorder that adds up what it is told."""

    def __init__(self):
        self.crc = 0
        self.count = 0
        self.box = self
        self._box = BlackBox()

    def take(self, decision, estimate, inputs, wish, now_ms):
        """What the black box takes of a tick."""
        flags = self._box.take(decision, estimate, inputs, wish, now_ms)
        self._told(flags, now_ms)
        return flags

    def _told(self, *values):
        self.crc = binascii.crc32(repr(values).encode(), self.crc)
        self.count += 1

    begin = sample = event = end = latch = _told


class FakeAdc:
    def __init__(self, dice):
        self.dice = dice

    def read_u16(self):
        return self.dice.roll(65_536)


def trace_parts(dice):
    pins = FakePanelPins()
    panel = Panel(pins)
    analog = Analog(FakeAdc(dice), FakeAdc(dice))
    inputs = Inputs()
    tape = Tape()
    drive = Drive(*[FakePwm(tape, n) for n in "oh"], *[FakeOutput(tape, n) for n in "eb"])
    lights = [FakeLight(), FakeLight(), FakeLight(), FakeBuzzer()]
    indicator = Indicator(*lights)
    indicator.tell_ready(True)
    decision = Decision()
    now_ms = (1 << 30) - 3_000
    for tick in range(2_000):
        now_ms = (now_ms + 10) & 0x3FFFFFFF
        if dice.roll(5) == 0:
            pin = getattr(pins, dice.choose(NAMES))
            pin.level = 1 - pin.level
        panel.read(inputs, now_ms)
        analog.read(inputs)
        if dice.roll(20) == 0:
            decision.state = dice.roll(9)
            decision.fault = dice.roll(30)
            decision.at_home = dice.roll(2) == 0
            decision.refusals += dice.roll(2)
            decision.refused = dice.roll(3)
            decision.power = dice.roll(4) > 0
        decision.duty_permille = dice.between(-1_000, 1_000)
        tape.writes.clear()
        drive.apply(decision)
        indicator.show(decision, now_ms)
        said = [int(getattr(inputs, name)) for name in sorted(vars_of(inputs))]
        print(tick, said, tape.writes, [light.level for light in lights[:3]], lights[3].duty)


def vars_of(inputs):
    return [name for name in dir(inputs) if not name.startswith("_")]


def trace_session(dice):
    plan = random_plan(dice, False)
    plan.return_rate_mdeg_per_s = 3_000
    plan.rest_ms = 2_000
    for step_set in plan.sets:
        for step in step_set.steps:
            step.rate_mdeg_per_s = max(1_500, step.rate_mdeg_per_s)
            step.hold_ms = min(3_000, step.hold_ms)
    table = SimulatedTable(plan)
    scribe = Scribe()
    chronicle = Chronicle(scribe)
    table.boot()
    table.tick(start_edge=True)
    ticks = 0
    while table.state != states.HOME:
        table.tick(pause_edge=ticks == 1_500, start_edge=ticks == 2_500)
        chronicle.write(table.decision, table.estimate, table.inputs, table.wish,
                        table.sequencer.step_number, table.now_ms)  # fmt: skip
        if ticks % 50 == 0:
            print("session", ticks, table.state, table.sequencer.step_number, table.left_ms(),
                  table.estimate.tilt_mdeg, table.wish.target_mdeg,
                  table.decision.duty_permille)  # fmt: skip
        ticks += 1
    print("session of", ticks, "ticks, told", scribe.count, scribe.crc)


def trace_imu(dice):
    """Both drivers over a bus with NACKs, freezes, ends of the range and a sensor that resets."""
    now_ms = (1 << 30) - 5_000
    for name, device, kind, address in (
        ("lsm6dsox", FakeLsm6dsox(), Lsm6dsox, 0x6A), ("mpu6050", FakeMpu6050(), Mpu6050, 0x68),
    ):  # fmt: skip
        i2c = FakeI2c({address: device})
        driver = kind(I2cBus(lambda i2c=i2c: i2c, None, None, None))
        sample = ImuSample()
        for tick in range(2_000):
            now_ms = (now_ms + dice.choose((10, 10, 10, 9, 11, 0, 45))) & 0x3FFFFFFF
            i2c.nack = tick % 97 == 0 or 700 < tick < 720
            device.live = not 1_000 < tick < 1_050
            if tick == 1_500:
                device.power_on()
            if tick % 3:
                limit = dice.choose((100, 16_000, 32_700, 32_767))
                counts = [dice.between(-limit - 1, limit) for _ in range(7)]
                device.set(counts[:3], counts[3:6], counts[6])
            if driver.needs_restart:
                driver.start(now_ms)
            driver.begin()
            driver.read(sample, now_ms)
            print(name, tick, driver.problem, driver.failures(), sample.ok, sample.saturated,
                  sample.ax_ug, sample.ay_ug, sample.az_ug, sample.gx_udps, sample.gy_udps,
                  sample.gz_udps, sample.temperature_mdegc, sample.read_ms)  # fmt: skip


PARTS = {
    "imu": trace_imu,
    "plans": trace_plans,
    "forms": trace_forms,
    "frames": trace_frames,
    "motion": trace_motion,
    "parts": trace_parts,
    "session": trace_session,
}
PARTS[sys.argv[1]](Dice(2_013))
