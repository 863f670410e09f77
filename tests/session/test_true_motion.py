"""What the bed itself does, on the bench's physics: never faster up than it may, come what may."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from inversion_table.safety import faults, limits, states
from table_bench.campaign.plan_of_runs import RIDERS
from table_bench.operator import simple_plan
from tests.session.driven_table import DrivenTable

FULL = simple_plan((85, 1), rate_deg_per_s=6, rest_s=1, return_rate_deg_per_s=6)
# Holds where the riders balance: there the load changes sides, and the bed lies in the gear's play.
BALANCED = simple_plan(
    (-14, 1), (14, 1), (10, 1), (20, 1), (0, 1), rate_deg_per_s=6, rest_s=1, return_rate_deg_per_s=6
)
WINDOW = 50
"""Ticks: what the campaign takes accelerations from, table_bench/campaign/verdict.py."""


def settings(acceleration: int) -> limits.Settings:
    values = limits.Settings()
    values.acceleration_mdeg_per_s2 = acceleration
    values.rate_max_mdeg_per_s = values.return_rate_mdeg_per_s = 6_000
    values.jog_rate_mdeg_per_s = 6_000
    values.tilt_max_mdeg = 85_000
    values.rest_ms = 1_000
    return values


def speeding_up(table: DrivenTable) -> float:
    """The highest acceleration to a higher rate, in deg/s2, of means over 0.5 s."""
    tilt = table.column(1)
    rate = (tilt[WINDOW:] - tilt[:-WINDOW]) / 0.5
    before, after = rate[:-WINDOW], rate[WINDOW:]
    turned = before * after < 0
    return float(np.max(np.where(turned, np.abs(after), np.abs(after) - np.abs(before)) / 0.5))


def fastest(table: DrivenTable) -> float:
    """The highest rate in deg/s, mean over 0.25 s."""
    tilt = table.column(1)
    return float(np.max(np.abs(tilt[25:] - tilt[:-25]) / 0.25))


def above(tilt_deg: float, table: DrivenTable) -> bool:
    return table.tilt_deg > tilt_deg


def below(tilt_deg: float, table: DrivenTable) -> bool:
    return table.tilt_deg < tilt_deg


HIGHEST = limits.ACCELERATION_SETTING_MAX_MDEG_PER_S2


@pytest.mark.requirement("RQ-107")
@pytest.mark.parametrize("rider", RIDERS)
@pytest.mark.parametrize("acceleration", [500, 1_500, HIGHEST])
@pytest.mark.parametrize("plan", [FULL, BALANCED], ids=["full", "balanced"])
def test_no_session_speeds_the_bed_up_too_much(rider: str, acceleration: int, plan: object) -> None:
    table = DrivenTable(settings(acceleration), plan, RIDERS[rider], seed=2).boot()  # type: ignore[arg-type]
    table.tick(start_edge=True)
    table.run(0.5)
    table.until_state(states.HOME)
    assert table.decision.fault == faults.NO_FAULT
    assert speeding_up(table) <= 4.9
    if plan is FULL and acceleration == HIGHEST:  # where no play gets in between: as it is set
        assert speeding_up(table) <= 3.3


@pytest.mark.requirement("RQ-107")
@pytest.mark.parametrize("rider", RIDERS)
@pytest.mark.parametrize("on_the_way_home", [(40, 14), (14, -13)])  # twice, no more (RQ-102)
def test_nor_do_pauses_returns_and_going_on(
    rider: str, on_the_way_home: tuple[float, float]
) -> None:
    table = DrivenTable(settings(HIGHEST), FULL, RIDERS[rider], seed=3).boot()
    table.tick(start_edge=True)
    for tilt_deg in (-60, -15, 12, 15, 40):
        table.until(partial(above, tilt_deg))
        table.tick(pause_edge=True)
        table.until_state(states.PAUSED, 5)
        table.run(0.3)
        table.tick(start_edge=True)
    table.until(lambda table: table.tilt_deg > 60)
    table.tick(return_edge=True)
    for below_deg in on_the_way_home:
        table.until(partial(below, below_deg))
        table.tick(pause_edge=True)
        table.until_state(states.PAUSED, 5)
        table.run(0.3)
        table.tick(start_edge=True)
        table.run(0.5)
    table.until_state(states.HOME)
    assert table.decision.fault == faults.NO_FAULT
    assert speeding_up(table) <= 4.9


@pytest.mark.requirement("RQ-107")
@pytest.mark.parametrize("rider", RIDERS)
def test_nor_does_jogging(rider: str) -> None:
    table = DrivenTable(settings(HIGHEST), FULL, RIDERS[rider], seed=4).boot()
    table.tick(jog_down=True, jog_down_edge=True)
    for seconds in (3.0, 4.0, 7.0, 2.0):
        table.run(seconds, jog_down=True)
        table.run(0.2, jog_down=False)
        table.run(1.5, jog_up=True)
        table.run(0.2, jog_up=False)
    table.tick(return_edge=True)
    table.run(0.5)
    table.until_state(states.HOME)
    assert speeding_up(table) <= 4.9


def frozen(table: DrivenTable) -> None:
    table.plant.inject("imu_primary_frozen", {})


def biased(deg_per_s: float, g: float) -> Callable[[DrivenTable], None]:
    return lambda table: table.plant.inject(
        "imu_primary_bias", {"accel_g": g, "gyro_dps": deg_per_s}
    )


def drifting(deg_per_s2: float) -> Callable[[DrivenTable], None]:
    return lambda table: table.plant.inject("imu_primary_drifting", {"dps_per_s": deg_per_s2})


def reversed_motor(table: DrivenTable) -> None:
    table.plant.inject("motor_reversed", {})


LIES = {
    "frozen": frozen,
    "bias": biased(2.0, 0.05),
    "bias_back": biased(-2.0, -0.05),
    "slight_bias": biased(-1.3, -0.05),
    "force": biased(0.0, 0.2),
    "force_back": biased(0.0, -0.2),
    "drift": drifting(0.05),
    "drift_back": drifting(-0.05),
    "drift_fast": drifting(-0.5),
    "reversed": reversed_motor,
}


@pytest.mark.requirement("RQ-108")
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("at_deg", [-75.5, -70, -40, 13, 50])
@pytest.mark.parametrize("rider", ["50kg", "120kg_head_heavy"])
def test_no_wrong_measurement_drives_too_fast(lie: str, at_deg: float, rider: str) -> None:
    table = DrivenTable(settings(HIGHEST), FULL, RIDERS[rider], seed=5).boot()
    table.tick(start_edge=True)
    table.until(lambda table: table.tilt_deg > at_deg)
    LIES[lie](table)
    for _ in range(4_000):
        table.tick()
        if table.decision.state in (states.FAULT, states.HOME):
            break
        if table.kernel.blind:  # the kernel's own drive, at a duty that no measurement changes
            break
    assert fastest(table) <= 8.0
    assert speeding_up(table) <= 5.0
    if lie == "reversed":
        assert np.max(table.column(1)) <= at_deg + 5
