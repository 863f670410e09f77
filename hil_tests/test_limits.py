"""Angle and time limits, on the device itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from inversion_table.contract import frame, messages
from inversion_table.safety import limits
from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.measurements import Measurements


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
@pytest.mark.measures("tilt at the limit of 20 deg", "deg", at_least=19.0, at_most=20.5)
@pytest.mark.needs("provision", "minutes")
def test_jog_outward_stops_at_the_limit(
    make_operator: Callable[..., Operator], measured: Measurements
) -> None:
    operator = make_operator(provision=with_settings(tilt_max_mdeg=20_000))
    for _ in range(4):  # a jog held for 20 s is taken for stuck
        operator.table.hold("JOG_DOWN")
        operator.wait(18)
        operator.table.release("JOG_DOWN")
        operator.wait(0.8)
    operator.table.hold("JOG_DOWN")
    operator.wait(2)
    measured["tilt at the limit of 20 deg"] = operator.table.truth.tilt_deg
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
@pytest.mark.needs("minutes")
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


@pytest.mark.requirement("RQ-012", "RQ-014")
@pytest.mark.measures("head-down in all", "s", at_most=45)
@pytest.mark.measures("homeward after", "s", at_least=29, at_most=32, proves="RQ-014")
@pytest.mark.needs("provision", "trace", "minutes")
def test_head_down_time_out_leads_home(
    make_operator: Callable[..., Operator], measured: Measurements
) -> None:
    operator = make_operator(provision=with_settings(head_down_max_ms=30_000))
    table = operator.table
    operator.upload(simple_plan((15, 5)))
    operator.press("START")
    operator.wait_for_tilt(14.8)
    operator.press("PAUSE")  # a pause stops no clock
    operator.wait_for_state("PAUSED", 3_000)
    operator.wait_for_state("RETURNING", 60_000)
    assert operator.status()["fault"] == "HEAD_DOWN_TIMEOUT"
    operator.wait_for_state("HOME", step_ms=500)
    trace = table.trace
    tilt_deg = trace["tilt_deg"]
    time_s = trace["time_us"] * 1e-6
    head_down = tilt_deg > 2.0
    turned = np.flatnonzero(head_down & (trace["motor_drive"] < 0))[0]
    measured["homeward after"] = time_s[turned] - time_s[np.argmax(head_down)]
    measured["head-down in all"] = np.count_nonzero(head_down) * 0.01  # and the way back


@pytest.mark.requirement("RQ-070")
@pytest.mark.leaves("SETTINGS_CORRUPT")
@pytest.mark.needs("provision")
def test_settings_damaged_in_flash_refuse_to_start(make_operator: Callable[..., Operator]) -> None:
    damaged = frame.encode(limits.Settings().to_dict()).replace(b"60000", b"90000")
    operator = make_operator(ready=False, provision={"/data/settings.json": damaged})
    operator.wait_for_state("FAULT", 60_000)
    assert operator.status()["fault"] == "SETTINGS_CORRUPT"
    operator.press("START")
    operator.wait(2)
    assert operator.table.truth.tilt_deg < -74


@pytest.mark.requirement("RQ-019")
@pytest.mark.parametrize("rate_deg_per_s", [0.19, 3.01])
def test_a_plan_too_fast_or_too_slow_is_refused(operator: Operator, rate_deg_per_s: float) -> None:
    plan = simple_plan((20, 1), rate_deg_per_s=rate_deg_per_s)
    reply = operator.ask("plan.put", plan=plan.to_wire(), id=plan.plan_id())
    assert reply["error"]["code"] == messages.PLAN_REFUSED
    assert "deg/s" in reply["error"]["data"]["problems"][0]["text"]
    operator.press("START")
    assert operator.status()["refused"] == "NO_PLAN"


@pytest.mark.requirement("RQ-015")
@pytest.mark.measures("homeward after", "s", at_least=59.0, at_most=62.0, proves="RQ-015")
@pytest.mark.needs("provision", "minutes")
def test_session_time_out_leads_home(
    make_operator: Callable[..., Operator], measured: Measurements
) -> None:
    operator = make_operator(provision=with_settings(session_max_ms=60_000))
    table = operator.table
    operator.upload(simple_plan((-60, 10)))
    table.press("START")
    started_ms = table.now_ms
    operator.wait_for_tilt(-70)
    operator.press("PAUSE")  # a pause stops no clock
    held_deg = table.truth.tilt_deg
    assert table.advance_until(lambda t: t.truth.tilt_deg < held_deg - 0.5, 90_000, 100)
    measured["homeward after"] = (table.now_ms - started_ms) / 1_000
    assert operator.status()["fault"] == "SESSION_TIMEOUT"


@pytest.mark.requirement("RQ-010")
@pytest.mark.measures("outward after it opened", "deg", at_most=0.6)
@pytest.mark.needs("trace")
def test_the_end_switch_turns_the_bed_round(operator: Operator, measured: Measurements) -> None:
    table = operator.table
    operator.upload(simple_plan((30, 1)))
    operator.press("START")
    operator.wait_for_tilt(-60)
    table.trace.clear()
    opened_deg = table.truth.tilt_deg
    table.inject("end_switch_stuck_open")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 30_000)
    measured["outward after it opened"] = max(table.trace["tilt_deg"]) - opened_deg


@pytest.mark.requirement("RQ-031")
@pytest.mark.measures("power off after", "ms", at_least=300, at_most=700, proves="RQ-031")
@pytest.mark.measures("moved while held", "deg", at_most=0.2)
def test_a_supply_below_14_v_holds(operator: Operator, measured: Measurements) -> None:
    table = operator.table
    operator.upload(simple_plan((-60, 60)))
    operator.press("START")
    operator.wait_for_state("HOLDING")
    operator.wait(1)
    began_ms, held_deg = table.now_ms, table.truth.tilt_deg
    table.inject("supply_sag", volts=12.0)
    assert table.advance_until(lambda t: not t.truth.relay_closed, 5_000, 5)
    measured["power off after"] = table.now_ms - began_ms
    operator.wait(3)
    measured["moved while held"] = abs(table.truth.tilt_deg - held_deg)
    table.clear_fault("supply_sag")
    operator.return_home()


@pytest.mark.requirement("RQ-032", "RQ-040")
@pytest.mark.measures("moved before RETURN", "deg", at_most=0.2)
@pytest.mark.needs("power_cut")
def test_a_session_is_never_resumed_after_a_power_cut(
    operator: Operator, measured: Measurements
) -> None:
    table = operator.table
    operator.upload(simple_plan((-45, 60)))
    operator.press("START")
    operator.wait_for_tilt(-60)
    operator.close()
    table.power_cut()
    table.advance(2_000)
    held_deg = table.truth.tilt_deg
    table.power_on()
    operator.wait_for_state("STOPPED", 30_000)
    for button in ("START", "PAUSE", "START"):
        operator.press(button, 600)
        operator.wait(1)
    measured["moved before RETURN"] = abs(table.truth.tilt_deg - held_deg)
    operator.press("RETURN")
    operator.wait_for_state("HOME", 30_000)
    operator.wait(2)
    assert table.truth.at_home_switch
    # The plan is still there, for a fresh START.
    operator.press("START")
    operator.wait_for_tilt(-70)


@pytest.mark.requirement("RQ-097", "RQ-100")
@pytest.mark.measures("moved outward", "deg", at_most=2.0)
@pytest.mark.measures("power off after", "ms", at_most=500)
def test_a_bridge_that_drives_outward_by_itself_loses_its_power(
    operator: Operator, measured: Measurements
) -> None:
    table = operator.table
    operator.upload(simple_plan((-60, 60)))
    operator.press("START")
    operator.wait_for_state("HOLDING")
    operator.wait(1)
    from_deg, from_ms = table.truth.tilt_deg, table.now_ms
    table.inject("bridge_shorted", direction=1)
    assert table.advance_until(lambda t: not t.truth.relay_closed, 5_000, 5)
    measured["power off after"] = table.now_ms - from_ms
    operator.wait(1)
    measured["moved outward"] = table.truth.tilt_deg - from_deg
    table.clear_fault("bridge_shorted")
    operator.return_home()
