"""Register-level models of the two inertial sensors: what a driver can see of them over I2C."""

from table_bench.imu.errors import ImuErrors, draw_errors
from table_bench.imu.lsm6dsox import Lsm6dsox
from table_bench.imu.mpu6050 import Mpu6050

__all__ = ["ImuErrors", "Lsm6dsox", "Mpu6050", "draw_errors"]
