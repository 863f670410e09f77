"""From a rider and two sensors, in SI units and floats, to the whole numbers that the rig takes."""

from __future__ import annotations

import math

from table_bench.imu import ImuErrors
from table_bench.imu.errors import Vector
from table_bench.physics import drivetrain as machine
from table_bench.physics import rider as riders
from table_bench.physics.rider import BED_MASS_KG, BED_THICKNESS_OFFSET_M, Rider
from table_bench.plant.shaking import Shaking

_STEP_S = 0.001
_SPEED_RAD_S = 1.0 / 256.0
_DAMPING = machine.KT_V_S_PER_RAD**2 / machine.RESISTANCE_OHM + machine.VISCOUS_NM_S
_MOMENT_NM = _DAMPING * _SPEED_RAD_S * machine.RATIO / 8.0
_RATE_RAD_S = _SPEED_RAD_S / machine.RATIO
_MOMENTS_MOST = 120_000
"""Past this a product on the chip would not be a small int: 618 Nm, far from any rider."""


def table_parameters(rider: Rider) -> dict[str, int]:
    """What `table_rig.drivetrain.Table` holds; raises ValueError for a rider past its numbers."""
    inertia = rider.inertia_kg_m2()
    free = machine.ROTOR_INERTIA_KG_M2
    joined = free + inertia / machine.RATIO**2
    per_m = rider.mass_kg * machine.GRAVITY_M_S2 / _MOMENT_NM
    bed = BED_MASS_KG * BED_THICKNESS_OFFSET_M * machine.GRAVITY_M_S2 / _MOMENT_NM
    found = {
        "along": round(per_m * rider.com_along_m),
        "normal": round(per_m * rider.com_normal_m + bed),
        "along_per_m": round(per_m),
        "push": round(inertia * _RATE_RAD_S / _STEP_S / _MOMENT_NM * 2**8),
        "throw": round(_MOMENT_NM / inertia * _STEP_S / _RATE_RAD_S * 2**14),
        "shift_um": round(riders._SHIFT_STEP_M * rider.restless * 1e6),
        "resettle_um": round(riders._RESETTLE_M * rider.restless * 1e6),
    }
    for name, rotor in (("joined", joined), ("free", free)):
        found[f"decay_{name}"] = round(math.exp(-_STEP_S * _DAMPING / rotor) * 2**12)
        found[f"coast_{name}"] = round(_DAMPING / 8.0 * _STEP_S / rotor * 2**15)
        found[f"drag_{name}"] = round(machine.VISCOUS_NM_S * _STEP_S / rotor * 2**16)
    if abs(found["along"]) + abs(found["normal"]) > _MOMENTS_MOST:
        raise ValueError("the rig's whole numbers do not reach to a rider so far off the hinge")
    return found


def sensor_parameters(errors: ImuErrors) -> dict[str, list[int]]:
    """What `table_rig.sensor.Sensor.use` takes: matrices in Q14, biases in micro-g and -dps."""

    def micro(vector: Vector) -> list[int]:
        return [round(value * 1e6) for value in vector]

    return {
        "accel_q14": _scaled(errors, errors.accel_scale),
        "gyro_q14": _scaled(errors, errors.gyro_scale),
        "accel_bias_ug": micro(errors.accel_bias_g),
        "accel_slope_ug": micro(errors.accel_bias_slope_g_per_c),
        "gyro_bias_udps": micro(errors.gyro_bias_dps),
        "gyro_slope_udps": micro(errors.gyro_bias_slope_dps_per_c),
    }


def shaking_strength(seed: int) -> int:
    """Of the motor's vibration at full amplitude, in 2^-15 g."""
    return round(Shaking(seed).strength_g * 2**15)


def _scaled(errors: ImuErrors, scale: Vector) -> list[int]:
    return [
        round(errors.mount[row][column] * scale[row] * 2**14)
        for row in range(3)
        for column in range(3)
    ]
