"""Settings over the link, on the device itself: at home, a step at a time, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from inversion_table.contract import frame, messages
from inversion_table.contract.identity import settings_id
from inversion_table.safety import limits
from inversion_table.session import plan as plans
from table_bench.operator import Operator, simple_plan

WORKSHOP = limits.Settings().to_dict()
SHORT = simple_plan((6, 4), rest_s=0, rate_deg_per_s=3)


def put(operator: Operator, **changes: int) -> dict[str, Any]:
    """The whole reply to a change of what is stored."""
    told = operator.result("settings.get")
    values = {**told["stored"], **changes}
    return operator.ask("settings.put", settings=values, base=told["id"])


def put_and_restart(operator: Operator, **changes: int) -> dict[str, Any]:
    """The result of a change that is taken, once the table is at home again with it."""
    boots = operator.table.boots
    result: dict[str, Any] = put(operator, **changes)["result"]
    operator.close()
    assert operator.table.advance_until(lambda t: t.boots > boots, 3_000)
    operator.wait_for_state("HOME", 30_000)
    return result


def refused(operator: Operator, **changes: int) -> str:
    error = put(operator, **changes)["error"]
    assert error["code"] == messages.SETTINGS_REFUSED
    text: str = error["message"]
    return text


@pytest.mark.requirement("RQ-145")
@pytest.mark.needs("minutes")
def test_new_settings_are_used_after_a_restart_and_a_plan_outside_them_is_not(
    operator: Operator,
) -> None:
    operator.upload(simple_plan((40, 5)))
    result = put_and_restart(operator, tilt_max_mdeg=30_000)
    assert "tilt 40.0 deg is outside" in result["plan"]
    told = operator.result("settings.get")
    assert told["settings"] == told["stored"] == {**WORKSHOP, "tilt_max_mdeg": 30_000}
    assert told["id"] == result["id"] == settings_id(told["settings"])
    assert not told["damaged"]
    operator.press("START")
    assert operator.status()["refused"] == "NO_PLAN"
    plan = simple_plan((31, 1))
    reply = operator.ask("plan.put", plan=plan.to_wire(), id=plan.plan_id())
    assert reply["error"]["data"]["problems"][0]["code"] == plans.BAD_TILT
    operator.upload(SHORT)
    operator.wait(1)  # a button counts only after it was open for a while
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=500)
    operator.press("RETURN")
    operator.wait_for_state("HOME", step_ms=500)
    operator.wait(1)
    assert operator.records()[0].settings_id == told["id"]


@pytest.mark.requirement("RQ-146")
@pytest.mark.needs("minutes")
def test_one_step_further_and_only_after_a_session_done_whole(operator: Operator) -> None:
    assert "only after a session" in refused(operator, tilt_max_mdeg=70_000)
    operator.upload(SHORT)
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=500)
    operator.press("RETURN")  # not whole
    operator.wait_for_state("HOME", step_ms=500)
    operator.wait(1)
    assert "only after a session" in refused(operator, tilt_max_mdeg=70_000)
    operator.press("START")
    operator.wait_for_state("HOME", step_ms=500)
    operator.wait(2)
    assert operator.result("settings.get")["proved"]
    assert "at most in one step" in refused(operator, tilt_max_mdeg=70_001)
    assert "one at a time" in refused(operator, tilt_max_mdeg=70_000, rest_ms=40_000)
    put_and_restart(operator, tilt_max_mdeg=70_000)
    told = operator.result("settings.get")
    assert told["settings"]["tilt_max_mdeg"] == 70_000
    assert not told["proved"]
    assert "only after a session" in refused(operator, tilt_max_mdeg=80_000)
    put_and_restart(operator, **WORKSHOP)  # the way back is free


@pytest.mark.requirement("RQ-145")
@pytest.mark.needs("minutes")
def test_nothing_is_set_in_a_session_or_away_from_home(head_down: Operator) -> None:
    told = {"settings": {**WORKSHOP, "rest_ms": 0}, "base": settings_id(WORKSHOP)}
    for _ in range(2):
        assert head_down.ask("settings.put", **told)["error"]["code"] == messages.BUSY
        head_down.press("PAUSE")
        head_down.wait(3)
    head_down.table.set_estop(True)
    head_down.wait(1)
    assert head_down.ask("settings.put", **told)["error"]["code"] == messages.BUSY


@pytest.mark.requirement("RQ-145")
@pytest.mark.needs("minutes")
def test_a_session_begun_before_the_restart_runs_to_its_end_with_the_old_settings(
    operator: Operator,
) -> None:
    operator.upload(SHORT)
    boots = operator.table.boots
    assert "result" in put(operator, tilt_max_mdeg=0)
    operator.table.press("START", 200)
    assert operator.table.advance_until(lambda t: t.truth.tilt_deg > 5.5, 60_000)
    assert operator.table.boots == boots
    operator.close()
    assert operator.table.advance_until(lambda t: t.boots > boots, 90_000)
    assert operator.table.truth.at_home_switch
    operator.wait_for_state("HOME", 30_000)
    assert operator.result("settings.get")["settings"]["tilt_max_mdeg"] == 0


@pytest.mark.requirement("RQ-070", "RQ-145")
def test_damaged_settings_start_nothing_until_new_ones_are_set(
    make_operator: Callable[..., Operator],
) -> None:
    damaged = frame.encode({"version": 1, "values": {**WORKSHOP, "tilt_max_mdeg": 20_000}}).replace(
        b"20000", b"90000"
    )
    operator = make_operator(ready=False, provision={"/data/settings_a.json": damaged})
    operator.wait_for_state("FAULT", 60_000)
    told = operator.result("settings.get")
    assert told["damaged"]
    assert told["stored"] == WORKSHOP
    operator.press("START")
    assert operator.table.truth.tilt_deg < -74
    put_and_restart(operator)
    assert not operator.result("settings.get")["damaged"]


@pytest.mark.requirement("RQ-145")
@pytest.mark.parametrize("operation", [1, 2, 3, 5])
def test_a_power_cut_while_settings_are_stored(
    make_operator: Callable[..., Operator], operation: int
) -> None:
    operator = make_operator()
    table = operator.table
    table.inject("flash_cut", after=operation, done=0.5)
    with suppress(OSError, TimeoutError):
        put(operator, tilt_max_mdeg=20_000)
    operator.close()
    table.clear_fault("flash_cut")
    if table.powered:
        table.power_cut()
    table.power_on()
    operator.wait_for_state("HOME", 60_000)
    told = operator.result("settings.get")
    assert not told["damaged"]
    assert told["settings"]["tilt_max_mdeg"] in (60_000, 20_000)
