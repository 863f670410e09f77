"""Angle and time limits, on the device itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from inversion_table.contract import frame, messages
from inversion_table.safety import limits
from table_bench.operator import Operator, simple_plan


def with_settings(**changes: int) -> dict[str, bytes]:
    values = {**limits.Settings().to_dict(), **changes}
    return {"/data/settings.json": frame.encode(values)}


@pytest.mark.requirement("RQ-011")
def test_plan_past_the_limit_is_refused_with_its_line(operator: Operator) -> None:
    plan = simple_plan((20, 1), (61, 1))
    plan.sets[0].steps[1].line = 17
    reply = operator.ask("plan.put", plan=plan.to_wire(), id=plan.plan_id())
    assert reply["error"]["code"] == messages.PLAN_REFUSED
    (problem,) = reply["error"]["data"]["problems"]
    assert problem["line"] == 17
    assert "61.0 deg" in problem["text"]
    operator.press("START")
    assert operator.status()["refused"] == "NO_PLAN"


@pytest.mark.requirement("RQ-008")
def test_jog_outward_stops_at_the_limit(make_operator: Callable[..., Operator]) -> None:
    operator = make_operator(provision=with_settings(tilt_max_mdeg=20_000))
    for _ in range(4):  # a jog held for 20 s is taken for stuck
        operator.table.hold("JOG_DOWN")
        operator.wait(18)
        operator.table.release("JOG_DOWN")
        operator.wait(0.8)
    operator.table.hold("JOG_DOWN")
    operator.wait(2)
    assert 19.0 < operator.table.truth.tilt_deg < 20.5
    assert operator.status()["fault"] == "NO_FAULT"
    operator.table.release("JOG_DOWN")


@pytest.mark.requirement("RQ-037")
def test_jog_runs_only_while_held(operator: Operator) -> None:
    table = operator.table
    table.hold("JOG_DOWN")
    operator.wait(5)
    table.release("JOG_DOWN")
    operator.wait(0.5)
    stopped_deg = table.truth.tilt_deg
    assert stopped_deg > -72
    operator.wait(2)
    assert abs(table.truth.tilt_deg - stopped_deg) < 0.1
    table.hold("JOG_UP")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 20_000)
    table.release("JOG_UP")
    operator.wait_for_state("HOME")


@pytest.mark.requirement("RQ-088")
def test_a_jog_button_that_is_stuck_moves_for_twenty_seconds_and_no_more(
    operator: Operator,
) -> None:
    table = operator.table
    table.inject("button_stuck", button="JOG_DOWN")
    operator.wait(21.5)
    stopped_deg = table.truth.tilt_deg
    assert -40 < stopped_deg < -30
    operator.wait(60)
    assert abs(table.truth.tilt_deg - stopped_deg) < 0.2
    operator.press("RETURN")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 60_000)
    operator.wait(2)
    assert operator.status()["fault"] == "BUTTON_STUCK"
    table.clear_fault("button_stuck")
    operator.wait_for_state("HOME", 5_000)


@pytest.mark.requirement("RQ-014")
def test_head_down_time_out_leads_home(make_operator: Callable[..., Operator]) -> None:
    operator = make_operator(provision=with_settings(head_down_max_ms=30_000))
    table = operator.table
    operator.upload(simple_plan((15, 5)))
    operator.press("START")
    operator.wait_for_tilt(14.8)
    operator.press("PAUSE")  # a pause stops no clock
    operator.wait_for_state("PAUSED", 3_000)
    table.trace.clear()
    operator.wait_for_state("RETURNING", 60_000)
    assert operator.status()["fault"] == "HEAD_DOWN_TIMEOUT"
    operator.wait_for_state("HOME", step_ms=500)
    head_down_s = np.count_nonzero(table.trace["tilt_deg"] > 2.0) * 0.01
    assert head_down_s < 30 + 15  # the limit, and the way back


@pytest.mark.requirement("RQ-070")
@pytest.mark.leaves("SETTINGS_CORRUPT")
def test_settings_damaged_in_flash_refuse_to_start(make_operator: Callable[..., Operator]) -> None:
    damaged = frame.encode(limits.Settings().to_dict()).replace(b"60000", b"90000")
    operator = make_operator(ready=False, provision={"/data/settings.json": damaged})
    operator.wait_for_state("FAULT", 60_000)
    assert operator.status()["fault"] == "SETTINGS_CORRUPT"
    operator.press("START")
    operator.wait(2)
    assert operator.table.truth.tilt_deg < -74
