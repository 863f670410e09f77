"""How soon a gyroscope that lies is found out, with both IMUs at work, on the bench's physics."""

from __future__ import annotations

import pytest

from inversion_table.estimation.channel import NOISY, OK
from inversion_table.safety import faults, limits
from table_bench.campaign.plan_of_runs import RIDERS
from table_bench.operator import simple_plan
from tests.session.driven_table import DrivenTable

PLAN = simple_plan((85, 60), rate_deg_per_s=6, rest_s=1, return_rate_deg_per_s=6)


def found_after_s(at_deg: float, fault: str, parameters: dict, within_s: float) -> float:
    """Seconds from the injection to the first fault; also holds the tilt to 4 deg until then."""
    settings = limits.Settings()
    settings.rate_max_mdeg_per_s = settings.return_rate_mdeg_per_s = 6_000
    settings.tilt_max_mdeg = 85_000
    table = DrivenTable(settings, PLAN, RIDERS["80kg"], seed=2).boot()
    if at_deg > -75:
        table.tick(start_edge=True)
        table.until(lambda table: table.tilt_deg > at_deg)
    table.plant.inject(fault, parameters)
    began_ms = table.now_ms
    while table.now_ms - began_ms < within_s * 1_000:
        table.tick()
        assert abs(table.estimate.tilt_mdeg / 1_000 - table.tilt_deg) <= 4.1
        if table.monitors.active != faults.NO_FAULT:
            break
    return (table.now_ms - began_ms) / 1_000


@pytest.mark.requirement("RQ-109")
@pytest.mark.parametrize("imu", ["primary", "monitor"])
@pytest.mark.parametrize("at_deg", [-76, -40, 84.5])
@pytest.mark.parametrize("deg_per_s", [2.0, -2.0, 5.0, -5.0])
def test_an_offset_is_found_at_once(imu: str, at_deg: float, deg_per_s: float) -> None:
    parameters = {"accel_g": 0.0, "gyro_dps": deg_per_s}
    assert found_after_s(at_deg, f"imu_{imu}_bias", parameters, 5) <= 0.4


@pytest.mark.requirement("RQ-109")
@pytest.mark.parametrize("imu", ["primary", "monitor"])
@pytest.mark.parametrize("at_deg", [-76, -40, 84.5])
@pytest.mark.parametrize(
    ("deg_per_s2", "within_s"), [(0.05, 40), (-0.05, 40), (0.5, 4), (-0.5, 4), (2.0, 1.2)]
)
def test_a_drift_is_found_before_the_tilt_is_far_off(
    imu: str, at_deg: float, deg_per_s2: float, within_s: float
) -> None:
    parameters = {"dps_per_s": deg_per_s2}
    assert found_after_s(at_deg, f"imu_{imu}_drifting", parameters, 60) <= within_s


@pytest.mark.requirement("RQ-085")
@pytest.mark.parametrize(
    ("imu", "code"), [("primary", faults.IMU_PRIMARY_LOST), ("monitor", faults.IMU_MONITOR_LOST)]
)
@pytest.mark.parametrize("at_deg", [-76, -40, 84.5])
def test_a_noisy_imu_is_lost(imu: str, code: int, at_deg: float) -> None:
    settings = limits.Settings()
    settings.tilt_max_mdeg = 85_000
    table = DrivenTable(settings, PLAN, RIDERS["80kg"], seed=3).boot()
    if at_deg > -75:
        table.tick(start_edge=True)
        table.until(lambda table: table.tilt_deg > at_deg)
    table.plant.inject(f"imu_{imu}_noisy", {"gain": 10.0})
    began_ms = table.now_ms
    channel = getattr(table.estimator, imu)
    table.until(lambda table: not channel.get(OK), 2)
    assert channel.get(NOISY)
    assert table.now_ms - began_ms <= 500
    table.until(lambda table: table.monitors.active != faults.NO_FAULT, 2)
    assert table.monitors.active == code
