"""How far the error bound follows the distance from the calibration's temperature."""

from types import SimpleNamespace
from typing import Any

import pytest

from inversion_table.app import App
from inversion_table.estimation import warmth
from inversion_table.estimation.calibration import nominal_monitor, nominal_primary
from inversion_table.estimation.channel import ERROR_MDEG, WARMTH_MDEG
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.rest import LOST, MOVING, STILL
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.sensing.imu import ImuSample


@pytest.mark.requirement("RQ-119")
@pytest.mark.parametrize(
    ("apart_c", "beyond_c"), [(0, 0), (9.9, 0), (10, 0), (11, 1), (35, 25), (70, 60), (300, 60)]
)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("made_c", [25, -5])
def test_the_bound_is_wider_by_so_much_a_degree(
    apart_c: float, beyond_c: float, sign: int, made_c: int
) -> None:
    now_mdegc = round(1_000 * (made_c + sign * apart_c))
    for slope in (warmth.PRIMARY_MDEG_PER_C, warmth.MONITOR_MDEG_PER_C):
        assert warmth.widening_mdeg(slope, made_c * 1_000, now_mdegc) == slope * beyond_c


def application(*verdicts: int) -> Any:
    """What `App._watch_warmth` looks at: calibrated at 20 and 22 degC, at 50 and 52 now."""
    estimator = TiltEstimator(nominal_primary(), nominal_monitor())
    rests = [
        SimpleNamespace(verdict=verdict, temperature_mdegc=now_mdegc)
        for verdict, now_mdegc in zip(verdicts, (50_000, 52_000), strict=True)
    ]
    return SimpleNamespace(
        calibration=SimpleNamespace(current=SimpleNamespace(temperature_mdegc=(20_000, 22_000))),
        primary_rest=rests[0],
        monitor_rest=rests[1],
        _estimator=estimator,
    )


def bounds_mdeg(estimator: TiltEstimator) -> list[int]:
    """Of both IMUs, after ten seconds at rest at home."""
    first, second = ImuSample(), ImuSample()
    for sample, sign in ((first, 1), (second, -1)):
        sample.ax_ug, sample.az_ug, sample.ok = sign * 965_926, 258_819, True
    for tick in range(1_000):
        estimator.update(first, second, 10 * (tick + 1), Estimate())
    return [estimator.primary.get(ERROR_MDEG), estimator.monitor.get(ERROR_MDEG)]


@pytest.mark.requirement("RQ-119")
def test_each_imu_goes_by_its_own_thermometer() -> None:
    plain = application(STILL, STILL)
    before = bounds_mdeg(plain._estimator)
    app = application(STILL, MOVING)
    App._watch_warmth(app)
    after = bounds_mdeg(app._estimator)
    assert after[0] - before[0] == 20 * warmth.PRIMARY_MDEG_PER_C
    assert after[1] - before[1] == 20 * warmth.MONITOR_MDEG_PER_C


@pytest.mark.requirement("RQ-119")
def test_what_was_never_measured_says_nothing() -> None:
    app = application(LOST, STILL)
    App._watch_warmth(app)
    assert app._estimator.primary.get(WARMTH_MDEG) == 0
    assert app._estimator.monitor.get(WARMTH_MDEG) == 20 * warmth.MONITOR_MDEG_PER_C
    app = application(STILL, STILL)
    app.calibration.current = None
    App._watch_warmth(app)
    assert app._estimator.monitor.get(WARMTH_MDEG) == 0
