"""The tilt that a session rests on, when the sensor behind it dies; judged by truth."""

from __future__ import annotations

import pytest

from table_bench.operator import Operator
from tests.benchmarks.tilt.primary_dies import tell


@pytest.mark.requirement("RQ-048")
def test_the_tilt_hardly_moves_when_the_primary_dies_head_down(operator: Operator) -> None:
    story = tell(operator)
    assert story.silent == 0
    assert story.step_deg < 0.5
    assert 0.5 <= story.returning_s <= 0.7
    assert story.moving_s < 2.0
    assert all(abs(moment.error_deg) <= moment.bound_deg for moment in story.moments)
    assert story.errors(0.06, 999)[1] < 1.0
