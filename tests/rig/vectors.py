"""A played table's numbers, printed: run on CPython and on MicroPython, they must be the same."""

from table_rig import drivetrain as parts
from table_rig.chance import Chance
from table_rig.drivetrain import Drivetrain
from table_rig.lsm6dsox import Lsm6dsox
from table_rig.motion import Motion
from table_rig.mpu6050 import Mpu6050
from table_rig.trigonometry import sine
from table_rig.units import angle_of_mdeg

ERRORS = {
    "accel_q14": [16_300, 210, -95, -180, 16_420, 60, 100, -44, 16_384],
    "gyro_q14": [16_380, -100, 40, 90, 16_500, -30, -50, 20, 16_200],
    "accel_bias_ug": [12_000, -9_000, 30_000],
    "accel_slope_ug": [100, -50, 20],
    "gyro_bias_udps": [400_000, -1_200_000, 90_000],
    "gyro_slope_udps": [5_000, 0, -9_000],
}
PRIMARY = ((0x10, b"\x52\x52\x44\x02\x00\x06\x00\x40"),)
MONITOR = ((0x6B, b"\x01"), (0x19, b"\x04\x05\x00\x00"))

for angle in range(-70_000, 70_000, 997):
    print(sine(angle))

drivetrain = Drivetrain()
drivetrain.put(parts.ALONG, -4_574)
drivetrain.put(parts.NORMAL, 16_008)
drivetrain.place(angle_of_mdeg(-75_300))
motion = Motion()
sensors = (Lsm6dsox(1), Mpu6050(2))
for sensor, registers in zip(sensors, (PRIMARY, MONITOR)):
    sensor.use(ERRORS)
    for register, values in registers:
        sensor.memory[register : register + len(values)] = values
    sensor.written()

chance = Chance(5)
drive = 0
for ms in range(12_000):
    if ms % 500 == 0:
        drive = chance.uniform() - 12_000
        drivetrain.put(parts.STALLED, 1 if chance.uniform() < 3_000 else 0)
        drivetrain.put(parts.SLIPS, 1 if chance.uniform() < 3_000 else 0)
        creep = chance.uniform() - 16_384 if chance.uniform() < 6_000 else 0
        drivetrain.put(parts.CREEP, creep)
        enabled = 0 if chance.uniform() < 6_000 else 1
    drivetrain.step(drive, 1, enabled)
    motion.step(drivetrain)
    sensors[ms & 1].follow(motion)
    sensors[ms & 1].publish()
    if ms % 50 == 0:
        print(ms, drivetrain.angle, drivetrain.rate, drivetrain.speed, drivetrain.current_ma)
        print([list(sensor.memory[sensor.DATA : sensor.DATA + 14]) for sensor in sensors])
