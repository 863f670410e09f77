"""The true errors of one sensor: what a calibration would have to find."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

ALIGNED: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
HALF_ROUND_ABOUT_Z: Matrix = ((-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0))
UPSIDE_DOWN: Matrix = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))


@dataclass(frozen=True)
class ImuErrors:
    """Measured = scale x (mount x bed vector) + bias, per sensor axis, plus noise.

    `mount` turns bed axes into sensor axes and includes the misalignment. Biases are those at
    25 degC; the slopes give their change with temperature.
    """

    mount: Matrix = ALIGNED
    accel_scale: Vector = (1.0, 1.0, 1.0)
    accel_bias_g: Vector = (0.0, 0.0, 0.0)
    accel_bias_slope_g_per_c: Vector = (0.0, 0.0, 0.0)
    gyro_scale: Vector = (1.0, 1.0, 1.0)
    gyro_bias_dps: Vector = (0.0, 0.0, 0.0)
    gyro_bias_slope_dps_per_c: Vector = (0.0, 0.0, 0.0)


def multiply(a: Matrix, b: Matrix) -> Matrix:
    """Matrix product."""

    def row(r: Vector) -> Vector:
        x, y, z = (sum(r[k] * b[k][column] for k in range(3)) for column in range(3))
        return (x, y, z)

    return (row(a[0]), row(a[1]), row(a[2]))


def rotation(roll_rad: float, pitch_rad: float, yaw_rad: float) -> Matrix:
    """Turn about x, then y, then z."""
    cr, sr = math.cos(roll_rad), math.sin(roll_rad)
    cp, sp = math.cos(pitch_rad), math.sin(pitch_rad)
    cy, sy = math.cos(yaw_rad), math.sin(yaw_rad)
    about_x: Matrix = ((1.0, 0.0, 0.0), (0.0, cr, -sr), (0.0, sr, cr))
    about_y: Matrix = ((cp, 0.0, sp), (0.0, 1.0, 0.0), (-sp, 0.0, cp))
    about_z: Matrix = ((cy, -sy, 0.0), (sy, cy, 0.0), (0.0, 0.0, 1.0))
    return multiply(about_z, multiply(about_y, about_x))


def draw_errors(
    seed: str,
    mount: Matrix,
    *,
    misalignment_deg: float,
    accel_bias_g: float,
    accel_scale: float,
    accel_slope_g_per_c: float,
    gyro_bias_dps: float,
    gyro_scale: float,
    gyro_slope_dps_per_c: float,
) -> ImuErrors:
    """One specimen: each figure is the standard deviation of the error it names."""
    draw = random.Random(seed)

    def three(centre: float, sigma: float) -> Vector:
        x, y, z = (draw.gauss(centre, sigma) for _ in range(3))
        return (x, y, z)

    turn = rotation(*three(0.0, math.radians(misalignment_deg)))
    return ImuErrors(
        mount=multiply(turn, mount),
        accel_scale=three(1.0, accel_scale),
        accel_bias_g=three(0.0, accel_bias_g),
        accel_bias_slope_g_per_c=three(0.0, accel_slope_g_per_c),
        gyro_scale=three(1.0, gyro_scale),
        gyro_bias_dps=three(0.0, gyro_bias_dps),
        gyro_bias_slope_dps_per_c=three(0.0, gyro_slope_dps_per_c),
    )
