from pathlib import Path

import pytest

from tests.micropython import run_on_cpython, run_on_micropython

HERE = Path(__file__).parent
DEVICE = HERE / "device"


def test_device_and_host_write_and_read_the_same_bytes_and_the_tick_allocates_nothing():
    host = run_on_cpython(DEVICE / "write_log.py", path=(HERE,))
    device = run_on_micropython(DEVICE / "write_log.py", path=(HERE,))
    assert len(device) > 200
    assert device == host


@pytest.mark.parametrize(
    "scenario",
    [
        "both_stay_intact",
        "a_lost_map_is_found_again",
        "a_map_that_is_wrong_is_not_used",
        "a_deleted_or_replaced_file_costs_one_block",
        "another_size_is_not_forced",
        "too_big_a_wish_is_refused_and_can_be_lowered",
        pytest.param(
            "what_finds_no_room_leaves_what_there_is",
            marks=pytest.mark.requirement("RQ-164"),
        ),
        "a_cut_at_any_operation_while_reserving_is_made_good",
    ],
)
def test_the_log_and_littlefs_share_the_flash(scenario):
    assert run_on_micropython(DEVICE / "share_littlefs.py", scenario, path=(HERE,))[-1] == "ok"
