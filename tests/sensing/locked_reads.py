"""Runs on MicroPython: 10,000 reads of both drivers under a locked heap, with NACKs on the way."""

from fake_i2c import FakeI2c, FakeLsm6dsox, FakeMpu6050  # type: ignore[import-not-found]
from micropython import heap_lock, heap_unlock  # type: ignore[import-not-found]

from inversion_table.sensing.i2c_bus import I2cBus
from inversion_table.sensing.imu import ImuSample
from inversion_table.sensing.lsm6dsox import Lsm6dsox
from inversion_table.sensing.mpu6050 import Mpu6050


def main() -> None:
    raw = FakeI2c({0x6A: FakeLsm6dsox(), 0x68: FakeMpu6050()})
    bus = I2cBus(lambda: raw, None, None, None)
    first = Lsm6dsox(bus)
    second = Mpu6050(bus)
    first_sample = ImuSample()
    second_sample = ImuSample()
    now_ms = 0
    while first.needs_restart or second.needs_restart:
        now_ms += 1
        if first.needs_restart:
            first.start(now_ms)
        if second.needs_restart:
            second.start(now_ms)
    good = 0
    bad = 0
    heap_lock()
    for tick in range(10_000):
        now_ms += 10
        raw.nack = tick % 100 > 97
        first.read(first_sample, now_ms)
        second.read(second_sample, now_ms)
        if first_sample.ok and second_sample.ok:
            good += 1
        else:
            bad += 1
    raw.nack = True
    for _ in range(20):
        first.read(first_sample, now_ms)
    heap_unlock()
    print("good", good, "bad", bad, "gave up", first.needs_restart)


main()
