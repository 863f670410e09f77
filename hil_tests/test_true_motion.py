"""What the bed itself does under real MicroPython, judged by the campaign."""

from __future__ import annotations

from pathlib import Path

import pytest

from table_bench.campaign.plan_of_runs import RIDERS
from table_bench.campaign.results import Result, carry_out
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
