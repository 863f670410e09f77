"""What the bed itself does under real MicroPython, judged by the campaign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inversion_table.contract import frame
from inversion_table.safety import limits
from table_bench.campaign.plan_of_runs import RIDERS
from table_bench.campaign.results import Result, carry_out
from table_bench.operator import Operator, simple_plan
from table_bench.virtual import VirtualTable

pytestmark = pytest.mark.needs("bench:virtual")
AS_IF_NOTHING = "usb_unplugged"
"""A fault that does not concern the motion."""


def run(fault: str, phase: str, rider: str, course: str, flash: Path) -> Result:
    result = carry_out(f"{fault}:{phase}:{rider}:{course}:7", flash)
    assert not result.error
    return result


@pytest.mark.requirement("RQ-107")
@pytest.mark.parametrize("rider", RIDERS)
@pytest.mark.parametrize(
    ("phase", "course"),
    [("returning", "hardest"), ("jogging", "hardest"), ("paused", "short"), ("resting", "stairs")],
)
def test_a_sound_table_speeds_up_gently(
    rider: str, phase: str, course: str, used_flash: Path
) -> None:
    measures = run(AS_IF_NOTHING, phase, rider, course, used_flash).measures
    assert measures["speeding_up"] <= 5.0
    assert measures["rate"] <= 8.0


@pytest.mark.requirement("RQ-108")
@pytest.mark.parametrize("phase", ["home", "tilting", "returning", "jogging"])
@pytest.mark.parametrize(
    "fault",
    [
        "imu_primary_frozen",
        "imu_primary_bias",
        "imu_primary_bias_large",
        "imu_primary_drifting",
        "imu_primary_noisy",
        "motor_reversed",
    ],
)
def test_what_is_measured_wrongly_drives_nobody_too_fast(
    fault: str, phase: str, used_flash: Path
) -> None:
    measures = run(fault, phase, "80kg", "hardest", used_flash).measures
    assert measures["speeding_up"] <= 5.0
    assert measures["rate"] <= 8.0
    assert measures["over_tilt"] <= 5.5


FASTEST = limits.RATE_SETTING_MAX_MDEG_PER_S
FELL_AT_6_DEG_PER_S = "bridge_shorted_outward:returning:120kg:hardest:5906"
"""At 6 deg/s over-speed stopped this table before anything was broken: docs/decisions/0028."""


@pytest.mark.requirement("RQ-147")
def test_the_run_that_over_speed_stopped_comes_as_far_as_its_fault(used_flash: Path) -> None:
    assert carry_out(FELL_AT_6_DEG_PER_S, used_flash).error == ""


@pytest.mark.requirement("RQ-147")
@pytest.mark.parametrize("rider", ["120kg", "120kg_head_heavy"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_heavy_rider_comes_home_through_the_balance_at_the_highest_rate(
    make_operator: Callable[..., Operator], rider: str, seed: int
) -> None:
    values = {**limits.Settings().to_dict(), "tilt_max_mdeg": 85_000, "rest_ms": 4_000}
    values.update(rate_max_mdeg_per_s=FASTEST, return_rate_mdeg_per_s=FASTEST)
    values.update(acceleration_mdeg_per_s2=limits.ACCELERATION_SETTING_MAX_MDEG_PER_S2)
    operator = make_operator(
        seed=seed,
        rider=RIDERS[rider],
        provision={"/data/settings.json": frame.encode(values)},
    )
    rate = FASTEST / 1000
    operator.upload(simple_plan((85, 6), rate_deg_per_s=rate, return_rate_deg_per_s=rate))
    operator.press("START")
    operator.table.advance_until(lambda table: table.truth.tilt_deg > 84.3, 60_000)
    operator.wait(2)
    operator.press("RETURN")
    operator.table.trace.clear()
    assert operator.table.advance_until(lambda table: table.truth.at_home_switch, 90_000)
    operator.wait_for_state("HOME", 10_000)
    assert operator.status()["last_fault"] is None
    tilt = np.array(operator.table.trace["tilt_deg"])
    assert np.max(np.abs(tilt[25:] - tilt[:-25]) / 0.25) < 7.5  # 5 deg/s, and what the fall adds


ASK_FOR_ROOM = """
import gc
import inversion_table.startup
gc.collect()
size = 1024
try:
    while True:
        piece = bytearray(size)
        piece = None
        gc.collect()
        size += 1024
except MemoryError:
    print("room", size)
"""


def test_memory_is_not_in_pieces_once_the_modules_are_loaded() -> None:
    with VirtualTable(entry=ASK_FOR_ROOM) as table:
        table.advance_until(lambda table: "room" in table.console, 10_000, 200)
        assert int(table.console.split()[1]) > 100_000
