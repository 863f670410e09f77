"""What a table leaves the factory with: a calibration, as good as a careful person's."""

from __future__ import annotations

from inversion_table.contract import frame
from table_bench.imu import ImuErrors
from table_bench.plant import Plant, PlantSettings
from table_bench.plant.plant import HOME_TILT_DEG

ONE_Q14 = 1 << 14
BIAS_STEP_UG = 2_000
"""A bench calibration finds an offset to about 2 mg: 0.1 deg."""
RESIDUAL_MDEG = 300


def calibrated(seed: int) -> dict[str, bytes]:
    """Files (path on the device -> content) that calibrate the IMUs of the table with this seed."""
    return {"/data/calibration_a.json": frame.encode(table_calibration(seed))}


def table_calibration(seed: int) -> dict[str, object]:
    """The stored form of the whole table's calibration."""
    errors = Plant(PlantSettings(seed=seed)).imu_errors
    return {
        "version": 1,
        "kind": "full",
        "made_s": 0,
        "home_mdeg": round(HOME_TILT_DEG * 1000),
        "temperature_mdegc": [25_000, 25_000],
        "primary": calibration(errors["primary"]),
        "monitor": calibration(errors["monitor"]),
    }


def calibration(errors: ImuErrors) -> dict[str, object]:
    """The stored form of a calibration that undoes `errors`, but for what a person cannot find."""
    return {
        "accel_bias_ug": [
            round(bias * 1e6 / BIAS_STEP_UG) * BIAS_STEP_UG for bias in errors.accel_bias_g
        ],
        "accel_scale_ppm": [round((1.0 / scale - 1.0) * 1e6) for scale in errors.accel_scale],
        "gyro_bias_udps": [round(bias * 1e3) * 1_000 for bias in errors.gyro_bias_dps],
        # The bed's axes in sensor axes are the columns of the matrix from bed to sensor.
        "mount_q14": [
            [round(errors.mount[row][column] * ONE_Q14) for row in range(3)] for column in range(3)
        ],
        "tilt_offset_mdeg": 0,
        "residual_mdeg": RESIDUAL_MDEG,
    }
