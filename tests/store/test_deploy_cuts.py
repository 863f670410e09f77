"""The power cut at every flash operation of a deployment, on a real littlefs."""

import pytest

from tests.store import cuts


@pytest.mark.requirement("RQ-140", "RQ-144")
def test_a_power_cut_at_any_flash_operation_leaves_the_old_firmware_or_the_new_one():
    points, operations = cuts.prove_deployments(share=4)
    assert points > 280
    assert operations > 250
