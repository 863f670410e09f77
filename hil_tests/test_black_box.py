"""The black box on real MicroPython against physics: every tick of the last 5 s, none lost."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from inversion_table.contract import events
from inversion_table.contract.records import Box, BoxSample, End, Event, Sample
from inversion_table.contract.session_log import Missing
from inversion_table.safety import faults, states
from table_bench.operator import Operator, simple_plan

PAGE_BYTES = 256
PASS_MS = 20


def of(records: list[Any], kind: type) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def stall_head_down(operator: Operator) -> None:
    """A session whose motor is blocked on its way out, at about 20 deg head-down."""
    operator.upload(simple_plan((40, 5)))
    operator.press("START")
    operator.wait_for_tilt(20)
    operator.table.inject("motor_stalled")


def first_fault(records: list[Any]) -> Event:
    raised: Event = next(e for e in of(records, Event) if e.code == events.FAULT_RAISED)
    return raised


@pytest.mark.requirement("RQ-095")
@pytest.mark.needs("trace", "minutes")
def test_the_box_is_what_happened_tick_by_tick(operator: Operator) -> None:
    table = operator.table
    stall_head_down(operator)
    operator.wait_for_state("FAULT")
    late_ticks = operator.status()["late_ticks"]
    operator.wait(3)
    assert operator.status()["late_ticks"] == late_ticks
    table.clear_fault("motor_stalled")
    operator.press("RETURN")
    operator.wait_for_state("HOME", 300_000, 500)
    records = operator.records()
    raised = first_fault(records)
    box = of(records, BoxSample)
    whole = box[: next(i for i, sample in enumerate(box) if sample.t_ms == raised.t_ms) + 1]
    assert len(whole) == 500
    assert {b.t_ms - a.t_ms for a, b in itertools.pairwise(whole)} == {10}
    assert of(records, Box)[0].fault == raised.a == faults.STALLED
    assert not of(records, Missing)
    assert isinstance(records[-1], End)
    assert whole[-2].state == states.MOVING
    assert whole[-1].state != states.MOVING
    # Each tick's tilt and drive beside the truth, once the two clocks are laid over each other.
    trace = table.trace
    at_ms = trace["time_us"] / 1_000
    t_ms = np.array([sample.t_ms for sample in whole], float)
    duty = np.array([sample.duty_permille for sample in whole], float)
    moved_ms = at_ms[np.argmax(trace["motor_drive"] > 0)]
    offsets = moved_ms + np.arange(-1_000, 200, 5.0)
    drive = [np.interp(t_ms + o, at_ms, trace["motor_drive"] * 1_000) for o in offsets]
    misfits = [np.abs(one - duty).mean() for one in drive]
    offset = offsets[int(np.argmin(misfits))]
    assert min(misfits) < 10
    truth_deg = np.interp(t_ms + offset, at_ms, trace["tilt_deg"])
    for name in ("tilt_mdeg", "primary_tilt_mdeg", "monitor_tilt_mdeg"):
        tilt_deg = np.array([getattr(sample, name) for sample in whole]) / 1_000
        assert np.abs(tilt_deg - truth_deg).max() < 1.0
    assert truth_deg[-1] - truth_deg[0] > 5


@pytest.mark.requirement("RQ-095", "RQ-073")
@pytest.mark.needs("minutes")
def test_samples_go_on_behind_the_fault(operator: Operator) -> None:
    stall_head_down(operator)
    operator.wait_for_state("FAULT")
    operator.table.clear_fault("motor_stalled")
    operator.press("RETURN")
    operator.wait_for_state("HOME", 300_000, 500)
    records = operator.records()
    raised = first_fault(records)
    times = [sample.t_ms for sample in of(records, Sample)]
    assert len([t_ms for t_ms in times if t_ms > raised.t_ms]) > 100
    assert max(b - a for a, b in itertools.pairwise(times)) <= 110


@pytest.mark.requirement("RQ-044", "RQ-121")
@pytest.mark.needs("flash_log", "minutes")
def test_away_from_home_pages_are_programmed_one_a_pass_and_nothing_is_erased(
    operator: Operator,
) -> None:
    table = operator.table
    stall_head_down(operator)
    operator.wait_for_state("FAULT")
    operator.wait(3)
    table.clear_fault("motor_stalled")
    operator.press("RETURN")
    operator.wait_for_state("HOME", 300_000, 500)
    operator.upload(simple_plan((-40, 2), name="another"))
    operator.press("START")
    operator.wait_for_state("MOVING")
    operator.wait_for_state("HOME", 300_000, 500)
    operator.wait(5)
    away = [one for one in table.flash_log if not one.truth.at_home_switch]
    assert len(away) > 15
    assert not any(one.erase for one in away)
    assert all(one.size == PAGE_BYTES and one.address % PAGE_BYTES == 0 for one in away)
    times = sorted(one.truth.time_ms for one in away)
    # Two in the first pass after a start (Ring.append), one in each later one.
    assert min(b - a for a, b in itertools.pairwise(times[2:])) >= PASS_MS - 3
    for one in table.flash_log:
        if one.erase:
            assert one.truth.at_home_switch
            assert not one.truth.motor_enabled
            assert one.truth.heartbeat_age_ms > PASS_MS  # no power is wanted any more


@pytest.mark.requirement("RQ-077", "RQ-120")
@pytest.mark.parametrize("operation", [1, 2, 5, 9])
@pytest.mark.needs("flash_cut", "minutes")
def test_power_fails_while_the_box_is_stored(operator: Operator, operation: int) -> None:
    table = operator.table
    stall_head_down(operator)
    table.advance_until(lambda t: not t.truth.motor_enabled, 10_000)
    table.inject("flash_cut", after=operation, done=0.5)
    operator.close()
    assert table.advance_until(lambda t: not t.powered, 30_000)
    table.power_on()
    operator.wait_for_state("STOPPED", 30_000)
    table.clear_fault("motor_stalled")
    operator.press("RETURN")
    operator.wait_for_state("HOME", 300_000, 500)
    newest, cut = operator.result("log.list")["sessions"][:2]
    assert (newest["complete"], cut["complete"]) == (True, False)
    records = operator.records(cut["session"])
    box = of(records, BoxSample)
    if box:
        (left,) = {b.left for b in of(records, Box)[:1]}
        assert of(records, Missing)[0].reason == f"{left - len(box)} samples of a black box"
    assert "no end" in of(records, Missing)[-1].reason
    assert isinstance(operator.records(newest["session"])[-1], End)
