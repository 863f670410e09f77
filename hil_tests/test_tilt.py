"""The tilt that a session rests on, when the sensor behind it dies; judged by truth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inversion_table.contract import frame
from inversion_table.estimation.warmth import PRIMARY_MDEG_PER_C
from table_bench.factory import table_calibration
from table_bench.operator import Operator
from table_bench.pytest_plugin.measurements import Measurements
from tests.benchmarks.tilt.primary_dies import tell


@pytest.mark.requirement("RQ-048")
@pytest.mark.measures("step of the tilt", "deg", at_most=0.5)
@pytest.mark.measures("return told after", "s", at_least=0.5, at_most=0.7, proves="RQ-048")
@pytest.mark.measures("bed moves after", "s", at_most=2.0)
@pytest.mark.measures("worst tilt error", "deg", at_most=1.0)
@pytest.mark.needs("minutes")
def test_the_tilt_hardly_moves_when_the_primary_dies_head_down(
    operator: Operator, measured: Measurements
) -> None:
    story = tell(operator)
    assert story.silent == 0
    measured["step of the tilt"] = story.step_deg
    measured["return told after"] = story.returning_s
    measured["bed moves after"] = story.moving_s
    measured["worst tilt error"] = story.errors(0.06, 999)[1]
    assert all(abs(moment.error_deg) <= moment.bound_deg for moment in story.moments)


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
