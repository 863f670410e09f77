"""Power that fails in the middle of a flash operation: the old or the new, never half of either."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from table_bench.operator import Operator, simple_plan

OLD = simple_plan((10, 5), name="old")
NEW = simple_plan((20, 5), name="new")


@pytest.mark.parametrize("operation", range(1, 7))
@pytest.mark.needs("power_cut", "flash_cut")
def test_upload_is_all_or_nothing(make_operator: Callable[..., Operator], operation: int) -> None:
    operator = make_operator()
    table = operator.table
    operator.upload(OLD)
    table.inject("flash_cut", after=operation, done=0.5)
    try:
        operator.upload(NEW)
        stored = {"new"}
    except (OSError, TimeoutError):
        stored = {"old", "new"}  # no answer came: either is right
    operator.close()
    table.clear_fault("flash_cut")  # an upload has fewer operations than the last cases count
    if table.powered:
        table.power_cut()
    table.power_on()
    operator.wait_for_state("HOME")
    assert operator.result("plan.list")["plans"][0]["name"] in stored


@pytest.mark.needs("flash_cut")
def test_log_goes_on_after_a_cut_in_a_session(operator: Operator) -> None:
    table = operator.table
    operator.upload(simple_plan((-40, 60)))
    operator.press("START")
    operator.wait(25)
    table.inject("flash_cut", after=1, done=0.5)  # inside a page of the log
    operator.close()
    assert table.advance_until(lambda t: not t.powered, 30_000)
    table.power_on()
    operator.wait_for_state("STOPPED", 30_000)
    operator.press("RETURN")
    operator.wait_for_state("HOME")
    sessions = operator.result("log.list")["sessions"]
    assert [session["complete"] for session in sessions] == [True, False]
    lost = [
        record for record in operator.records(sessions[1]["session"]) if hasattr(record, "t_ms")
    ]
    # Only the page that was being written: at rest one holds up to 20 s.
    assert max(record.t_ms for record in lost) > 25_000 - 20_000
