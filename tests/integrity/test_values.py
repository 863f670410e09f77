"""The values in use: every bit of every one of them counts."""

from typing import Any

import pytest

from inversion_table.estimation.calibration import nominal_monitor, nominal_primary
from inversion_table.estimation.channel import BIAS_X, BIAS_Z, FIXED, FIXED_END
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.integrity import values
from inversion_table.integrity.values import ValuesCheck
from inversion_table.safety import limits
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program

BITS = (0, 3, 12, 29)


class Bench:
    def __init__(self) -> None:
        self.settings = limits.Settings()
        self.estimator = TiltEstimator(nominal_primary(), nominal_monitor())
        steps = [Step(30_000, 3_000, 60_000), Step(-20_000, 2_000, 0)]
        self.program = Program(Plan("n", [StepSet(3, steps), StepSet(1, steps)], 2_000, 100), 2_000)
        self.check = ValuesCheck(self.settings, self.estimator.primary, self.estimator.monitor)
        self.check.use_plan(self.program)

    def round(self) -> bool:
        for _ in range(4):
            self.check.step()
        return self.check.ok


def places() -> list[tuple[str, str, int]]:
    """(part, attribute, index in it or -1) of all that must not change."""
    bench = Bench()
    found = [("settings", name, -1) for name in vars(bench.settings)]
    for part in ("primary", "monitor"):
        found += [(part, "cells", cell) for cell in range(FIXED, FIXED_END)]
    for name in values.PLAN:
        value = getattr(bench.program, name)
        indexes = range(len(value)) if isinstance(value, list) else (-1,)
        found += [("program", name, index) for index in indexes]
    return found


def holder_of(bench: Bench, part: str) -> Any:
    return getattr(bench.estimator if part in ("primary", "monitor") else bench, part)


@pytest.mark.requirement("RQ-084")
@pytest.mark.parametrize(("part", "name", "index"), places())
def test_a_flipped_bit_is_found_and_not_forgotten(part: str, name: str, index: int) -> None:
    for bit in BITS:
        bench = Bench()
        assert bench.round()
        holder = holder_of(bench, part)
        good = getattr(holder, name)
        if index < 0:
            setattr(holder, name, good ^ 1 << bit)
        else:
            good[index] ^= 1 << bit
        assert not bench.round()
        if index < 0:
            setattr(holder, name, good)
        else:
            good[index] ^= 1 << bit
        assert not bench.round()


@pytest.mark.requirement("RQ-084")
def test_a_list_that_lost_its_end_is_found() -> None:
    bench = Bench()
    bench.program.hold_ms.pop()
    assert not bench.round()


def test_a_new_plan_is_no_damage() -> None:
    bench = Bench()
    assert bench.round()
    bench.check.use_plan(Program(Plan("m", [StepSet(1, [Step(0, 3_000, 0)])], 2_000, 0), 2_000))
    assert bench.round()


def test_no_plan_is_no_damage() -> None:
    bench = Bench()
    check = ValuesCheck(bench.settings, bench.estimator.primary, bench.estimator.monitor)
    for _ in range(8):
        check.step()
    assert check.ok


def test_every_value_of_a_calibration_is_looked_at() -> None:
    """Whatever cell of a channel differs with the calibration alone is among the fixed ones."""
    one, other = nominal_primary(), nominal_monitor()
    other.accel_bias_ug = (1, 2, 3)
    other.accel_scale_ppm = (1_000, 2_000, 3_000)
    other.gyro_bias_udps = (4, 5, 6)
    other.mount_q14 = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
    other.tilt_offset_mdeg = 7
    first, second = (TiltEstimator(c, c).primary.cells for c in (one, other))
    differ = {cell for cell in range(len(first)) if first[cell] != second[cell]}
    learned = set(range(BIAS_X, BIAS_Z + 1))  # begin at the calibration, then go on by themselves
    assert differ - learned <= set(range(FIXED, FIXED_END))
    assert len(differ) > 20


def test_the_sequencer_takes_nothing_else_from_a_plan() -> None:
    known = {"plan_id", "name", "step_total", "step_line", "set_line"}  # for people
    known |= {"_acceleration", "_pass_ms", "_later_ms", "_return_ms"}  # for the time that is left
    assert set(vars(Bench().program)) - known == set(values.PLAN)
