"""The firmware's estimator on the same samples: primary alone, or both IMUs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inversion_table.estimation.calibration import Calibration, nominal_monitor, nominal_primary
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.sensing.imu import ImuSample
from tests.benchmarks.tilt.motion import Floats
from tests.benchmarks.tilt.sensors import Readings

WALKED_RESIDUAL_MDEG = 600
"""What a calibration walk promises (docs/calibration.md)."""


def walked(calibration: Calibration) -> Calibration:
    """The same, as a walk leaves it: offsets known. Here they are zero, and the scales are left."""
    return Calibration.from_dict({**calibration.to_dict(), "residual_mdeg": WALKED_RESIDUAL_MDEG})


NEVER_CALIBRATED = nominal_primary(), nominal_monitor()
CALIBRATED = walked(NEVER_CALIBRATED[0]), walked(NEVER_CALIBRATED[1])


@dataclass(frozen=True)
class Track:
    """What the estimator said at each tick, in degrees; NaN where it said nothing."""

    tilt_deg: Floats
    monitor_tilt_deg: Floats
    led_by_monitor: Floats
    rate_dps: Floats
    bound_deg: Floats
    residual_deg: float


def run(
    primary: Readings | None,
    monitor: Readings | None,
    primary_dies_at: int | None = None,
    calibrations: tuple[Calibration, Calibration] = CALIBRATED,
) -> Track:
    """Tick by tick, as the application does; None for an IMU that is not there."""
    estimator = TiltEstimator(*calibrations)
    estimate = Estimate()
    absent = ImuSample()
    length = len((primary or monitor).samples)  # type: ignore[union-attr]
    rows = np.full((length, 5), np.nan)
    for tick in range(length):
        first = primary.samples[tick] if primary else absent
        if primary_dies_at is not None and tick >= primary_dies_at:
            first = absent
        second = monitor.samples[tick] if monitor else absent
        estimator.update(first, second, 10 * (tick + 1), estimate)
        if estimate.valid:
            rows[tick] = (
                estimate.tilt_mdeg,
                estimate.monitor_tilt_mdeg if estimate.monitor_ok else np.nan,
                not estimate.primary_ok,
                estimate.rate_mdeg_per_s,
                estimate.error_mdeg,
            )
    return Track(
        rows[:, 0] / 1e3,
        rows[:, 1] / 1e3,
        rows[:, 2],
        rows[:, 3] / 1e3,
        rows[:, 4] / 1e3,
        calibrations[0].residual_mdeg / 1e3,
    )
