"""The tilt that a session rests on, when the sensor behind it dies; judged by truth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inversion_table.contract import frame
from inversion_table.estimation.warmth import PRIMARY_MDEG_PER_C
from table_bench.factory import table_calibration
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


@pytest.mark.requirement("RQ-119")
def test_a_table_calibrated_in_the_cold_doubts_its_tilt_more(
    make_operator: Callable[..., Operator],
) -> None:
    bounds = []
    for made_mdegc in (25_000, -10_000):
        values = {**table_calibration(1), "temperature_mdegc": [made_mdegc, made_mdegc]}
        operator = make_operator(
            provision={"/data/calibration_a.json": frame.encode(values)}, calibrate=False
        )
        operator.wait(3)
        bounds.append(operator.status()["tilt_error_mdeg"])
    # The bench's room has 22 degC: 22 beyond the 10 that are promised.
    assert bounds[1] - bounds[0] == pytest.approx(22 * PRIMARY_MDEG_PER_C, abs=60)
