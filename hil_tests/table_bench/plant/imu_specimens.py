"""The two sensors of one particular table: mounting and errors drawn from its seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from table_bench.imu.errors import (
    ALIGNED,
    HALF_ROUND_ABOUT_Z,
    ImuErrors,
    Matrix,
    draw_errors,
    multiply,
)


def draw_specimens(seed: int) -> dict[str, ImuErrors]:
    """True errors by role. Figures: about half of what the two datasheets allow as typical."""
    return {
        "primary": draw_errors(
            f"primary errors {seed}",
            ALIGNED,
            misalignment_deg=0.8,
            accel_bias_g=0.015,
            accel_scale=0.005,
            accel_slope_g_per_c=0.1e-3,
            gyro_bias_dps=0.5,
            gyro_scale=0.005,
            gyro_slope_dps_per_c=0.01,
        ),
        "monitor": draw_errors(
            f"monitor errors {seed}",
            HALF_ROUND_ABOUT_Z,
            misalignment_deg=1.2,
            accel_bias_g=0.035,
            accel_scale=0.01,
            accel_slope_g_per_c=0.3e-3,
            gyro_bias_dps=2.0,
            gyro_scale=0.01,
            gyro_slope_dps_per_c=0.02,
        ),
    }


def turned_specimens(seed: int, turned: Mapping[str, Matrix]) -> dict[str, ImuErrors]:
    """The same with some boards turned besides: role -> how."""
    errors = draw_specimens(seed)
    for role, turn in turned.items():
        errors[role] = replace(errors[role], mount=multiply(turn, errors[role].mount))
    return errors
