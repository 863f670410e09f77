"""What goes wrong away from home, and how the person comes back; judged by truth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.measurements import Measurements

PLAN = simple_plan((40, 60))


def assert_started_by(operator: Operator, cause: str) -> None:
    """Status and log say so."""
    assert operator.status()["last_start"] == cause
    assert operator.start_in_log() == (cause, cause)


def come_home(operator: Operator, timeout_ms: float = 200_000) -> None:
    table = operator.table
    assert table.advance_until(lambda t: t.truth.at_home_switch, timeout_ms)
    operator.wait(2)
    assert table.truth.motor_drive == 0
    assert not table.truth.relay_closed


@pytest.mark.requirement("RQ-033", "RQ-034")
@pytest.mark.measures("relay open after", "ms", at_most=50, proves="RQ-033")
@pytest.mark.measures("moved while held", "deg", at_most=0.2, proves="RQ-034")
@pytest.mark.needs("minutes")
def test_estop_head_down_then_return(head_down: Operator, measured: Measurements) -> None:
    table = head_down.table
    began_ms = table.now_ms
    table.set_estop(True)
    assert table.advance_until(lambda t: not t.truth.relay_closed, 500, 1)
    measured["relay open after"] = table.now_ms - began_ms
    head_down.wait(1)
    status = head_down.status()
    assert (status["state"], status["fault"]) == ("STOPPED", "ESTOP_PRESSED")
    held_deg = table.truth.tilt_deg
    head_down.press("RETURN")
    head_down.wait(3)
    pressed_deg = abs(table.truth.tilt_deg - held_deg)
    table.set_estop(False)
    head_down.wait(5)
    # Neither RETURN, nor releasing the E-stop, moves anything.
    measured["moved while held"] = max(pressed_deg, abs(table.truth.tilt_deg - held_deg))
    head_down.press("RETURN")
    come_home(head_down)


@pytest.mark.requirement("RQ-033")
@pytest.mark.measures("stopping way at 3 deg/s", "deg", at_most=0.5)
@pytest.mark.measures("crept afterwards", "deg", at_most=0.1)
def test_estop_while_moving_stops_at_once(operator: Operator, measured: Measurements) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(0)
    table = operator.table
    pressed_deg = table.truth.tilt_deg
    table.set_estop(True)
    table.advance(200)
    stopped_deg = table.truth.tilt_deg
    measured["stopping way at 3 deg/s"] = stopped_deg - pressed_deg
    operator.wait(2)
    measured["crept afterwards"] = abs(table.truth.tilt_deg - stopped_deg)


@pytest.mark.requirement("RQ-056")
@pytest.mark.needs("minutes")
def test_ankle_lock_opened_head_down_stops_then_returns_on_the_button(head_down: Operator) -> None:
    table = head_down.table
    table.set_ankle_lock(False)
    head_down.wait(1)
    assert head_down.status()["fault"] == "ANKLE_LOCK_OPEN"
    assert head_down.status()["state"] == "FAULT"
    assert not table.truth.relay_closed
    head_down.press("RETURN")  # a broken lock switch must trap nobody
    come_home(head_down)


@pytest.mark.requirement("RQ-056")
def test_start_with_open_ankle_lock_is_refused(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.table.set_ankle_lock(False)
    operator.wait(0.2)
    operator.press("START")
    assert operator.status()["refused"] == "ANKLE_LOCK_OPEN"
    operator.wait(3)
    assert operator.table.truth.tilt_deg < -74
    operator.table.set_ankle_lock(True)
    operator.wait(0.2)
    operator.press("START")
    assert operator.status()["state"] == "MOVING"


@pytest.mark.requirement("RQ-048")
@pytest.mark.parametrize("sensor", ["primary", "monitor"])
@pytest.mark.parametrize(
    ("fault", "parameters"),
    [
        ("nack", {}),
        ("frozen", {}),
        ("saturated", {}),
        ("bus_stuck", {"freed_by_clocking": False}),
    ],
)
@pytest.mark.needs("minutes")
def test_one_imu_lost_head_down_leads_home(
    head_down: Operator, sensor: str, fault: str, parameters: dict[str, bool]
) -> None:
    head_down.table.inject(f"imu_{sensor}_{fault}", **parameters)
    head_down.wait(1)
    assert head_down.status()["state"] == "RETURNING"
    come_home(head_down)


@pytest.mark.requirement("RQ-053")
@pytest.mark.requirement("RQ-047")
@pytest.mark.parametrize(
    "sensor", [pytest.param("primary", marks=pytest.mark.leaves("IMU_DISAGREE")), "monitor"]
)
@pytest.mark.needs("trace", "minutes")
def test_an_imu_that_came_off_the_bed_traps_nobody(head_down: Operator, sensor: str) -> None:
    table = head_down.table
    table.inject(f"imu_{sensor}_detached")  # it hangs still, and says so convincingly
    head_down.wait(5)
    table.trace.clear()
    head_down.press("RETURN")
    head_down.wait(2)
    assert head_down.status()["fault"] == "IMU_DISAGREE"
    come_home(head_down)
    assert min(table.trace["rate_deg_per_s"]) > -8.0  # the loop never drove against a dead reading


@pytest.mark.parametrize("sensor", ["primary", "monitor"])
@pytest.mark.needs("minutes")
def test_bus_held_low_is_clocked_free(head_down: Operator, sensor: str) -> None:
    head_down.table.inject(f"imu_{sensor}_bus_stuck")
    head_down.wait(2)
    assert head_down.status()["state"] == "HOLDING"
    assert head_down.status()["tilt_valid"]


@pytest.mark.requirement("RQ-003")
@pytest.mark.needs("minutes")
def test_both_imus_lost_head_down_leads_home_blindly(head_down: Operator) -> None:
    head_down.table.inject("imu_primary_nack")
    head_down.table.inject("imu_monitor_nack")
    head_down.wait(1)
    status = head_down.status()
    assert (status["state"], status["fault"]) == ("RETURNING", "TILT_LOST")
    come_home(head_down)


@pytest.mark.requirement("RQ-047")
@pytest.mark.needs("minutes")
def test_imus_that_disagree_lead_home_blindly(head_down: Operator) -> None:
    head_down.table.inject("imu_primary_bias", accel_g=0.2, gyro_dps=0.0)
    head_down.wait(20)
    assert head_down.status()["fault"] == "IMU_DISAGREE"
    come_home(head_down)


@pytest.mark.requirement("RQ-059")
@pytest.mark.needs("minutes")
def test_home_switch_that_never_closes_ends_the_return_at_the_end_stop(head_down: Operator) -> None:
    table = head_down.table
    table.inject("home_switch_stuck_open")
    head_down.press("RETURN")
    assert table.advance_until(lambda t: t.truth.tilt_deg < -75.2, 120_000)
    head_down.wait(5)
    assert table.truth.motor_drive == 0
    status = head_down.status()
    assert (status["state"], status["fault"]) == ("FAULT", "HOME_SWITCH_STUCK")


@pytest.mark.requirement("RQ-057", "RQ-103")
def test_home_switch_that_never_opens_is_found_and_leads_home(operator: Operator) -> None:
    table = operator.table
    table.inject("home_switch_stuck_closed")
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_state("RETURNING", 10_000)
    assert operator.status()["fault"] == "HOME_SWITCH_STUCK"
    assert table.truth.tilt_deg < -60
    assert table.advance_until(lambda t: t.truth.tilt_deg < -70.5, 30_000)
    operator.wait(5)
    assert table.truth.motor_drive == 0
    operator.press("START")  # RQ-103: nothing has shown that the switch works
    operator.wait(3)
    assert table.truth.tilt_deg < -70
    assert operator.status()["fault"] == "HOME_SWITCH_STUCK"


@pytest.mark.requirement("RQ-036")
@pytest.mark.measures("power off after", "s", at_most=2.2, proves="RQ-036")
@pytest.mark.needs("minutes")
def test_motor_stalled_stops_then_return_works_once_it_is_free(
    operator: Operator, measured: Measurements
) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(10)
    table = operator.table
    table.inject("motor_stalled")
    began_ms = table.now_ms
    assert table.advance_until(lambda t: not t.truth.relay_closed, 10_000, 10)
    measured["power off after"] = (table.now_ms - began_ms) / 1_000
    operator.wait_for_state("FAULT", 10_000)
    assert operator.status()["fault"] in ("STALLED", "OVERCURRENT")
    assert table.truth.motor_drive == 0
    table.clear_fault("motor_stalled")
    operator.press("RETURN")
    come_home(operator)


@pytest.mark.requirement("RQ-087")
@pytest.mark.measures("backed off", "deg", at_least=1.8, at_most=2.6)
@pytest.mark.needs("trace", "minutes")
def test_what_is_met_on_the_way_out_is_let_go_of(
    operator: Operator, measured: Measurements
) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(10)
    table = operator.table
    table.inject("motor_stalled")
    assert table.advance_until(lambda t: not t.truth.relay_closed, 10_000)
    met_deg = table.truth.tilt_deg
    table.clear_fault("motor_stalled")  # it gives way homeward
    table.trace.clear()
    operator.wait(10)
    measured["backed off"] = met_deg - table.truth.tilt_deg
    assert max(table.trace["tilt_deg"]) < met_deg + 0.4
    status = operator.status()
    assert status["state"] == "FAULT"
    assert status["fault"] in ("STALLED", "OVERCURRENT")
    operator.press("RETURN")
    come_home(operator)


@pytest.mark.requirement("RQ-097", "RQ-098")
@pytest.mark.measures("moved outward by ten returns", "deg", at_most=5.5)
@pytest.mark.parametrize("fault", ["motor_reversed", "bridge_shorted"])
@pytest.mark.needs("power_cut", "trace", "minutes")
def test_returns_that_move_outward_are_few_and_short(
    head_down: Operator, fault: str, measured: Measurements
) -> None:
    table = head_down.table
    head_down.press("PAUSE")
    began_deg = table.truth.tilt_deg
    table.set_estop(True)
    head_down.wait(1)
    table.inject(fault)
    table.set_estop(False)
    table.trace.clear()
    for _ in range(10):
        head_down.wait(2)
        head_down.press("RETURN")
    head_down.wait(3)
    measured["moved outward by ten returns"] = max(table.trace["tilt_deg"]) - began_deg
    status = head_down.status()
    assert (status["state"], status["refused"]) == ("FAULT", "MOVED_BACKWARD")
    assert not table.truth.relay_closed
    table.clear_fault(fault)
    head_down.close()
    table.power_cut()
    table.power_on()
    head_down.wait_for_state("STOPPED", 30_000)
    head_down.press("RETURN")
    come_home(head_down)


@pytest.mark.requirement("RQ-099")
@pytest.mark.needs("minutes")
def test_a_gear_that_slips_slowly_leads_home(head_down: Operator) -> None:
    head_down.table.inject("bed_creeps", deg_per_s=-0.4)
    head_down.wait(8)
    status = head_down.status()
    assert (status["state"], status["fault"]) == ("RETURNING", "BED_CREEPS")
    come_home(head_down)


@pytest.mark.requirement("RQ-086")
@pytest.mark.leaves("CURRENT_SENSOR_DEAD")
@pytest.mark.needs("minutes")
def test_a_dead_current_sensor_leads_home_and_refuses_there(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(0)
    operator.table.inject("current_sensor_dead")
    operator.wait(2)
    status = operator.status()
    assert (status["state"], status["fault"]) == ("RETURNING", "CURRENT_SENSOR_DEAD")
    come_home(operator)
    operator.wait(3)
    operator.press("START")
    operator.wait(2)
    assert operator.table.truth.tilt_deg < -74
    assert operator.status()["fault"] == "CURRENT_SENSOR_DEAD"


@pytest.mark.requirement("RQ-045")
def test_relay_welded_refuses_to_start(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.table.inject("relay_welded")
    operator.wait(1)
    operator.press("START")
    operator.wait(2)
    status = operator.status()
    assert (status["state"], status["fault"]) == ("FAULT", "RELAY_WELDED")
    assert operator.table.truth.tilt_deg < -74


@pytest.mark.requirement("RQ-032")
@pytest.mark.needs("power_cut", "minutes")
def test_power_cut_head_down_holds_until_return(head_down: Operator) -> None:
    table = head_down.table
    head_down.close()
    table.power_cut()
    head_down.table.advance(3_000)
    held_deg = table.truth.tilt_deg
    assert held_deg > 39
    table.power_on()
    head_down.wait_for_state("STOPPED", 30_000)
    assert head_down.status()["fault"] == "POWER_RESTORED"
    assert any(table.truth.led)
    head_down.wait(10)
    assert abs(table.truth.tilt_deg - held_deg) < 0.2
    head_down.press("RETURN")
    come_home(head_down)


@pytest.mark.requirement("RQ-039", "RQ-040", "RQ-094")
@pytest.mark.needs("boot_count", "minutes")
@pytest.mark.measures("reset after", "s", at_least=2.5, at_most=3.5, proves="RQ-039")
@pytest.mark.measures("alarm before the return", "s", at_least=3.0, at_most=6.0, proves="RQ-040")
@pytest.mark.parametrize("fault", ["tick_stops", "background_hangs", "cpu_hangs"])
def test_hang_head_down_resets_alarms_and_returns(
    head_down: Operator, fault: str, measured: Measurements
) -> None:
    table = head_down.table
    boots = table.boots
    head_down.close()
    began_ms = table.now_ms
    table.inject(fault)
    assert table.advance_until(lambda t: t.boots > boots, 10_000, 10)
    measured["reset after"] = (table.now_ms - began_ms) / 1_000
    reset_ms, held_deg = table.now_ms, table.truth.tilt_deg
    table.clear_fault(fault)  # it was a passing one
    table.advance(150)
    assert not table.truth.relay_closed
    assert table.advance_until(lambda t: t.truth.tilt_deg < held_deg - 0.3, 20_000)
    measured["alarm before the return"] = (table.now_ms - reset_ms) / 1_000
    come_home(head_down)
    head_down.wait_for_state("HOME")
    assert_started_by(head_down, "watchdog")


@pytest.mark.requirement("RQ-030")
@pytest.mark.needs("minutes")
def test_supply_sag_goes_home_while_there_is_power(head_down: Operator) -> None:
    head_down.table.inject("supply_sag", volts=7.0)
    head_down.wait(2)
    assert head_down.status()["fault"] == "SUPPLY_LOW"
    come_home(head_down)


@pytest.mark.requirement("RQ-060")
@pytest.mark.needs("power_cut")
def test_button_held_at_power_up_is_not_pressed(make_operator: Callable[..., Operator]) -> None:
    first = make_operator()
    first.upload(PLAN)
    first.close()
    table = first.table
    table.power_cut()
    table.hold("START")
    table.power_on()
    first.wait_for_state("HOME")
    first.wait(5)
    assert table.truth.tilt_deg < -74
    table.release("START")
    first.wait(0.7)
    first.press("START")
    assert first.status()["state"] == "MOVING"
