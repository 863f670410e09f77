"""From a fit, or a first guess, to the checked integers that the table keeps; and back."""

import time
from collections.abc import Mapping
from typing import Any

from inversion_table.estimation.calibration import (
    ONE_Q14,
    RESIDUAL_MAX_MDEG,
    RESIDUAL_MIN_MDEG,
    Calibration,
    CalibrationError,
    nominal_monitor,
    nominal_primary,
)
from inversion_table.estimation.rest import tilt_of
from inversion_table.estimation.table_calibration import FIRST_GUESS, TableCalibration
from itable.calibrate.algebra import Matrix, Vector, length
from itable.calibrate.mounts import guess
from itable.calibrate.solver import DATA_SHEET, ROLES, Fit, Implausible, Rest

NOMINAL = {"primary": nominal_primary, "monitor": nominal_monitor}
GUESS_RESIDUAL_MDEG = 5_000


def fitted(fit: Fit, kind: str) -> dict[str, Any]:
    """The record of a fit: FULL, or FIRST_GUESS while not all rests are there.

    Raises Implausible when a field is past its bound.
    """
    return _record(
        kind,
        fit.tilts_deg[0],
        {role: sensor.temperature_c for role, sensor in fit.sensors.items()},
        {
            role: _imu(
                sensor.mount,
                sensor.bias_g,
                sensor.scale,
                sensor.gyro_bias_dps,
                round(sensor.residual_deg * 1000),
            )
            for role, sensor in fit.sensors.items()
        },
    )


def first_guess(rest: Rest, home_deg: float) -> tuple[dict[str, Any], dict[str, float]]:
    """A record from the rest at home alone, and how askew each board sits, in deg."""
    imus, askew = {}, {}
    for role in ROLES:
        mount, askew[role] = guess(rest.force_g[role], home_deg)
        # What a reading is longer than 1 g is bias along it, or scale: shared by their likelihood.
        force, prior = rest.force_g[role], DATA_SHEET[role]
        bias, scale = prior.bias_sigma_g[0] ** 2, prior.scale_sigma[0] ** 2
        part = (1.0 - 1.0 / length(force)) * bias / (bias + scale)
        along = (force[0] * part, force[1] * part, force[2] * part)
        imus[role] = _imu(mount, along, (0.0, 0.0, 0.0), rest.rate_dps[role], GUESS_RESIDUAL_MDEG)
    return _record(FIRST_GUESS, home_deg, rest.temperature_c, imus), askew


def calibration_of(record: Mapping[str, Any] | None, role: str) -> Calibration:
    """One IMU's calibration out of a record; the nominal one when there is none."""
    try:
        return Calibration.from_dict(record[role]) if record else NOMINAL[role]()
    except (CalibrationError, KeyError, TypeError):
        return NOMINAL[role]()


def tilt_by(calibration: Calibration, force_g: Vector) -> float:
    """The tilt in deg that the table itself would compute from this force at rest."""
    x, y, z = (round(value * 1e6) for value in force_g)
    return tilt_of(calibration, x, y, z) / 1000


def _record(
    kind: str, home_deg: float, temperature_c: Mapping[str, float], imus: Mapping[str, Any]
) -> dict[str, Any]:
    values = {
        "version": 0,
        "kind": kind,
        "made_s": int(time.time()),
        "home_mdeg": round(home_deg * 1000),
        "temperature_mdegc": [round(temperature_c[role] * 1000) for role in ROLES],
        **imus,
    }
    try:
        return TableCalibration(values).to_dict()
    except CalibrationError as error:
        raise Implausible(str(error)) from error


def _imu(
    mount: Matrix, bias_g: Vector, scale: Vector, gyro_bias_dps: Vector, residual_mdeg: int
) -> dict[str, Any]:
    return {
        "accel_bias_ug": [round(value * 1e6) for value in bias_g],
        "accel_scale_ppm": [round(value * 1e6) for value in scale],
        "gyro_bias_udps": [round(value * 1e6) for value in gyro_bias_dps],
        "mount_q14": [[round(value * ONE_Q14) for value in row] for row in mount],
        "tilt_offset_mdeg": 0,
        "residual_mdeg": max(RESIDUAL_MIN_MDEG, min(RESIDUAL_MAX_MDEG, residual_mdeg)),
    }
