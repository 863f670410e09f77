"""Power is the heartbeat: the relay closes while it moves, and opens by itself when it does not."""

from __future__ import annotations

import math

import pytest

from table_bench.bench import Bench
from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.measurements import Measurements

PLAN = simple_plan((-45, 60))
TICK_MS = 10


def relay_opens_after_ms(table: Bench, most_ms: float = 2_000) -> float:
    """From now; infinite: not within `most_ms`."""
    began_ms = table.now_ms
    opened = table.advance_until(lambda t: not t.truth.relay_closed, most_ms, 1)
    return table.now_ms - began_ms if opened else math.inf


def start_moving(operator: Operator, tilt_deg: float = -70) -> Bench:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(tilt_deg)
    return operator.table


@pytest.mark.requirement("RQ-038")
@pytest.mark.measures("oldest heartbeat while moving", "ms", at_most=2 * TICK_MS)
def test_heartbeat_only_while_power_is_wanted(operator: Operator, measured: Measurements) -> None:
    table = operator.table
    operator.wait(3)
    assert table.truth.heartbeat_age_ms > 3_000
    assert not table.truth.relay_closed
    start_moving(operator)
    ages_ms = []
    for _ in range(500):
        table.advance(1)
        ages_ms.append(table.truth.heartbeat_age_ms)
        assert table.truth.relay_closed
    measured["oldest heartbeat while moving"] = max(ages_ms)
    operator.press("RETURN")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 20_000)
    operator.wait(3)
    assert table.truth.heartbeat_age_ms > 2_000
    assert not table.truth.relay_closed


@pytest.mark.requirement("RQ-033", "RQ-038")
@pytest.mark.measures("last heartbeat after the E-stop", "ms", at_most=TICK_MS + 2, proves="RQ-038")
@pytest.mark.measures("relay open after", "ms", at_most=20, proves="RQ-033")
@pytest.mark.measures("drive off after", "ms", at_most=TICK_MS + 2, proves="RQ-033")
def test_estop_ends_drive_and_heartbeat_in_its_tick(
    operator: Operator, measured: Measurements
) -> None:
    table = start_moving(operator)
    pressed_ms = table.now_ms
    table.set_estop(True)
    drive_off_ms = relay_ms = math.inf
    for _ in range(200):
        table.advance(0.5)
        truth = table.truth
        after_ms = table.now_ms - pressed_ms
        if truth.motor_drive == 0:
            drive_off_ms = min(drive_off_ms, after_ms)
        if not truth.relay_closed:
            relay_ms = min(relay_ms, after_ms)
    measured["drive off after"] = drive_off_ms
    measured["relay open after"] = relay_ms
    measured["last heartbeat after the E-stop"] = max(
        0.0, table.now_ms - table.truth.heartbeat_age_ms - pressed_ms
    )


@pytest.mark.requirement("RQ-038", "RQ-039")
@pytest.mark.measures("relay open after", "ms", at_most=120)
@pytest.mark.measures("moved outward by then and after", "deg", at_most=1.0)
@pytest.mark.parametrize("fault", ["tick_stops", "cpu_hangs"])
def test_a_controller_that_stands_still_drops_the_relay_by_itself(
    operator: Operator, fault: str, measured: Measurements
) -> None:
    """The pins stay as they are, driving outward: the hardware alone ends it."""
    table = start_moving(operator)
    operator.close()
    from_deg = table.truth.tilt_deg
    table.inject(fault)
    measured["relay open after"] = relay_opens_after_ms(table)
    table.advance(1_500)
    measured["moved outward by then and after"] = table.truth.tilt_deg - from_deg
    table.advance(2_500)  # the watchdog has reset it
    table.clear_fault(fault)


@pytest.mark.requirement("RQ-039")
@pytest.mark.needs("fault:background_hangs")
@pytest.mark.measures("power off after", "s", at_most=3.5, proves="RQ-039")
def test_a_background_that_hangs_while_moving_ends_the_motion(
    operator: Operator, measured: Measurements
) -> None:
    table = start_moving(operator)
    operator.close()
    table.inject("background_hangs")
    measured["power off after"] = relay_opens_after_ms(table, 10_000) / 1_000
    table.clear_fault("background_hangs")
    operator.wait_for_state("HOME", 60_000)


@pytest.mark.requirement("RQ-046")
@pytest.mark.measures("heartbeat given up after", "ms", at_least=300, at_most=600, proves="RQ-046")
def test_a_relay_that_never_closes_moves_nothing_and_is_told(
    operator: Operator, measured: Measurements
) -> None:
    table = operator.table
    table.inject("relay_dead")
    operator.upload(PLAN)
    table.press("START")
    assert table.advance_until(lambda t: t.truth.heartbeat_age_ms < 15, 1_000, 1)
    began_ms = table.now_ms
    assert table.advance_until(lambda t: t.truth.heartbeat_age_ms > 30, 5_000, 1)
    measured["heartbeat given up after"] = table.now_ms - began_ms - 30
    operator.wait(1)
    assert table.truth.tilt_deg < -75
    assert table.truth.motor_drive == 0
    assert operator.status()["last_fault"]["name"] == "RELAY_DEAD"


@pytest.mark.requirement("RQ-045")
def test_a_mirror_contact_that_broke_is_found_at_home_and_refuses_start(
    operator: Operator,
) -> None:
    """Broken, it reads as a relay that is closed: all is well until power should be off."""
    table = start_moving(operator)
    table.inject("relay_mirror_broken")
    operator.wait(2)
    assert table.truth.motor_drive > 0  # goes on
    operator.return_home()
    operator.wait(2)
    assert operator.status()["fault"] == "RELAY_WELDED"
    operator.press("START")
    operator.wait(2)
    assert not table.truth.relay_closed
    assert table.truth.tilt_deg < -74
