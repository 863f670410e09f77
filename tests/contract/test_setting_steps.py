"""How far a setting may go at once."""

import pytest

from inversion_table.contract import setting_steps
from inversion_table.contract.setting_steps import STEPS, furthest, problem
from inversion_table.safety import limits

WORKSHOP = limits.Settings().to_dict()


def test_each_setting_has_a_step_that_fits_between_the_workshop_and_the_constants() -> None:
    assert set(STEPS) == set(limits.SETTINGS)
    for name, step in STEPS.items():
        lowest, highest, workshop, _ = limits.SETTINGS[name]
        room = highest - workshop if step > 0 else workshop - lowest
        assert 0 < abs(step) < room, name
        assert room / abs(step) <= 5, name


@pytest.mark.requirement("RQ-146")
@pytest.mark.parametrize(
    ("name", "present", "proved", "most"),
    [
        # By hand: what the table came with is 60 deg; beyond it steps of 10 deg, to 90 deg.
        ("tilt_max_mdeg", 20_000, False, 60_000),
        ("tilt_max_mdeg", 59_999, True, 60_000),
        ("tilt_max_mdeg", 60_000, False, 60_000),
        ("tilt_max_mdeg", 60_000, True, 70_000),
        ("tilt_max_mdeg", 66_000, True, 76_000),
        ("tilt_max_mdeg", 66_000, False, 66_000),
        ("tilt_max_mdeg", 85_000, True, 90_000),
        ("tilt_max_mdeg", 90_000, True, 90_000),
        ("rate_max_mdeg_per_s", 4_500, True, 5_000),
        ("head_down_max_ms", 360_000, True, 540_000),
        # A rest is bolder when it is shorter.
        ("rest_ms", 300_000, False, 60_000),
        ("rest_ms", 60_000, False, 60_000),
        ("rest_ms", 60_000, True, 40_000),
        ("rest_ms", 15_000, True, 0),
    ],
)
def test_the_furthest_that_a_setting_may_go(
    name: str, present: int, proved: bool, most: int
) -> None:
    assert furthest(name, present, proved) == most


@pytest.mark.requirement("RQ-146")
@pytest.mark.parametrize(
    ("changes", "proved", "words"),
    [
        ({}, False, ""),
        ({"tilt_max_mdeg": 0, "rest_ms": 300_000, "session_max_ms": 60_000}, False, ""),
        ({"tilt_max_mdeg": 61_000}, False, "only after a session was done whole"),
        ({"tilt_max_mdeg": 70_000}, True, ""),
        ({"tilt_max_mdeg": 70_001}, True, "may go to 70000 at most in one step, not to 70001"),
        ({"rest_ms": 39_999}, True, "may go to 40000 at most in one step, not to 39999"),
        ({"tilt_max_mdeg": 70_000, "rest_ms": 90_000}, True, ""),
        (
            {"tilt_max_mdeg": 70_000, "rest_ms": 50_000},
            True,
            "'tilt_max_mdeg' and 'rest_ms' both go beyond the workshop's values: one at a time",
        ),
    ],
)
def test_what_may_be_changed_at_once(changes: dict[str, int], proved: bool, words: str) -> None:
    found = problem(WORKSHOP, {**WORKSHOP, **changes}, proved)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.requirement("RQ-146")
def test_back_to_the_workshop_in_one_go_and_not_a_bit_further() -> None:
    low = {**WORKSHOP, "tilt_max_mdeg": 20_000, "rest_ms": 120_000, "head_down_max_ms": 60_000}
    assert problem(low, WORKSHOP, False) == ""
    assert "at most in one step" in problem(low, {**WORKSHOP, "tilt_max_mdeg": 60_001}, True)
    bold = {**WORKSHOP, "tilt_max_mdeg": 80_000, "rest_ms": 0}
    assert problem(bold, WORKSHOP, False) == ""
    # What is bold already may stay so while another goes a step.
    assert problem(bold, {**bold, "head_down_max_ms": 540_000}, True) == ""
    assert not setting_steps.beyond_workshop("rest_ms", 60_000)
