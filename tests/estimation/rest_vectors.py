"""Seeded readings through the rest watch, one line of results per window.

Runs unchanged on CPython and on MicroPython; with "locked" 10,000 ticks under a locked heap.
"""

import sys

from inversion_table.estimation.rest import RestWatch
from inversion_table.sensing.imu import ImuSample


class Dice:
    """A linear congruential generator that stays in 31-bit integers."""

    def __init__(self, seed: int) -> None:
        self.state = seed & 0xFFFF

    def around(self, half: int) -> int:
        """-half .. half, for half up to 2^14 - 1."""
        self.state = (self.state * 4_093 + 12_345) & 0xFFFF
        return ((self.state >> 1) * (2 * half + 1) >> 15) - half


def fill(sample, dice, tick: int) -> None:
    """A bed that rests, creeps, shakes, is lost, and readings that no bed gives, by turns."""
    kind = tick // 1_000 % 5
    noise_ug = 6_000
    shake_ug = (9_000 if tick // 4 % 2 else -9_000) if kind == 2 else 0
    creep_ug = (tick % 1_000) * 17 if kind == 1 else 0
    if kind == 4:
        sample.ax_ug = dice.around(16_383) * 122
        sample.ay_ug = dice.around(16_383) * 122
        sample.az_ug = dice.around(16_383) * 122
        sample.gx_udps = dice.around(16_383) * 15_267
        sample.gy_udps = dice.around(16_383) * 15_267
        sample.gz_udps = dice.around(16_383) * 15_267
    else:
        sample.ax_ug = 965_926 + shake_ug - creep_ug + dice.around(noise_ug) // 4
        sample.ay_ug = -3_000 + dice.around(noise_ug) // 4
        sample.az_ug = 258_819 + creep_ug * 3 + dice.around(noise_ug) // 4
        sample.gx_udps = 400_000 + dice.around(9_000) * 8
        sample.gy_udps = -700_000 + dice.around(9_000) * 8
        sample.gz_udps = dice.around(9_000) * 8
    sample.temperature_mdegc = 22_000 + tick // 50
    sample.ok = not (kind == 3 and dice.around(100) > -30)
    sample.saturated = kind == 4 and dice.around(100) > 90


def main() -> None:
    locked = len(sys.argv) > 1 and sys.argv[1] == "locked"
    watch, sample, dice = RestWatch(2), ImuSample(), Dice(5)
    seen = 0
    if locked:
        from micropython import heap_lock, heap_unlock  # type: ignore[import-not-found]

        heap_lock()
    for tick in range(10_000):
        fill(sample, dice, tick)
        watch.update(sample)
        if watch.windows != seen and not locked:
            print(
                tick, watch.verdict, watch.mean, watch.accel_scatter_ug, watch.gyro_scatter_udps,
                watch.accel_shift_ug, watch.gyro_shift_udps, watch.temperature_mdegc,
            )  # fmt: skip
        seen = watch.windows
    if locked:
        heap_unlock()
        print("windows", seen)


main()
