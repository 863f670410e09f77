import os
import subprocess
import sys

import pytest

from tests.journal.on_micropython import DEVICE, FIRMWARE, HERE, run


def test_device_and_host_write_and_read_the_same_bytes_and_the_tick_allocates_nothing():
    host = subprocess.run(
        [sys.executable, str(DEVICE / "write_log.py")],
        env={**os.environ, "PYTHONPATH": f"{FIRMWARE}:{HERE}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    device = run(DEVICE / "write_log.py")
    assert len(device.splitlines()) > 200
    assert device == host.stdout


@pytest.mark.parametrize(
    "scenario",
    [
        "both_stay_intact",
        "a_lost_map_is_found_again",
        "a_map_that_is_wrong_is_not_used",
        "a_deleted_or_replaced_file_costs_one_block",
        "another_size_is_not_forced",
        "too_big_a_wish_is_refused_and_can_be_lowered",
        "a_cut_at_any_operation_while_reserving_is_made_good",
    ],
)
def test_the_log_and_littlefs_share_the_flash(scenario):
    assert run(DEVICE / "share_littlefs.py", scenario).endswith("ok\n")
