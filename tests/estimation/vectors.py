"""Seeded inputs through the estimator, one line of results per block.

Runs unchanged on CPython and on MicroPython, with firmware/ on the path; test_parity.py compares.
With "locked" as argument it runs 10,000 updates under a locked heap instead (MicroPython only).
"""

import binascii
import sys

from inversion_table.estimation.calibration import Calibration, nominal_monitor, nominal_primary
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.integer_math import atan2_mdeg
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.sensing.imu import ImuSample

BLOCKS = 60
TICKS = 100

# Skewed by 2 deg about y, with every field in use.
SKEWED = Calibration(
    (15_000, -20_000, 8_000),
    (9_000, -7_000, 3_000),
    (400_000, -500_000, 300_000),
    ((16_374, 0, -572), (0, 16_384, 0), (572, 0, 16_374)),
    -350,
    300,
)


class Lcg:
    """A linear congruential generator that stays in 31-bit integers."""

    def __init__(self, seed: int) -> None:
        self.state = seed & 0xFFFF

    def below(self, limit: int) -> int:
        """0 .. limit - 1, for limit up to 2^15."""
        self.state = (self.state * 4_093 + 12_345) & 0xFFFF
        return (self.state >> 1) * limit >> 15

    def around(self, half: int) -> int:
        """-half .. half, for half up to 2^14 - 1."""
        return self.below(2 * half + 1) - half


class Source:
    """Turns a made-up table, and now and then breaks something."""

    def __init__(self, seed: int) -> None:
        self.random = Lcg(seed)
        self.tilt_ppm_x = -965_926
        self.tilt_ppm_z = 258_819
        self.rate_mdps = 0
        self.now_ms = (1 << 30) - 5_000  # so that the clock wraps on the way

    def fill(self, sample: ImuSample, sign: int, wild: bool) -> None:
        """One reading in sensor axes, mounted by `sign`; `wild`: anything the sensor can give."""
        random = self.random
        if wild:
            sample.ax_ug = random.around(16_383) * 122
            sample.ay_ug = random.around(16_383) * 122
            sample.az_ug = random.around(16_383) * 122
            sample.gx_udps = random.around(16_383) * 15_267
            sample.gy_udps = random.around(16_383) * 15_267
            sample.gz_udps = random.around(16_383) * 15_267
        else:
            sample.ax_ug = sign * -self.tilt_ppm_x + random.around(9_000)
            sample.ay_ug = random.around(9_000)
            sample.az_ug = self.tilt_ppm_z + random.around(9_000)
            sample.gx_udps = random.around(9_000) * 10
            sample.gy_udps = sign * self.rate_mdps * 1_000 + 300_000 + random.around(9_000) * 10
            sample.gz_udps = random.around(9_000) * 10
        sample.saturated = wild and random.below(4) == 0
        sample.ok = random.below(100) != 0
        sample.read_ms = self.now_ms

    def advance(self) -> int:
        """Next tick: 10 ms, seldom 0 or up to 600; the table turns on by small steps."""
        random = self.random
        step_ms = 10
        dice = random.below(200)
        if dice == 0:
            step_ms = random.below(600)
        elif dice == 1:
            step_ms = 0
        left_ms = 0x3FFFFFFF - self.now_ms  # no sum here leaves the small ints of 32 bits either
        self.now_ms = step_ms - left_ms - 1 if step_ms > left_ms else self.now_ms + step_ms
        if random.below(300) == 0:
            self.rate_mdps = random.around(6_000)
        if self.tilt_ppm_z < 0:  # past the stops: come back
            self.rate_mdps = 5_000 if self.tilt_ppm_x < 0 else -5_000
        # Angle steps in 2^-20 rad, on a unit vector in ppm: sin' = cos w, cos' = -sin w.
        turn = self.rate_mdps * step_ms // 55
        x = self.tilt_ppm_x
        z = self.tilt_ppm_z
        x += (z >> 6) * turn >> 14
        z -= (x >> 6) * turn >> 14
        self.tilt_ppm_x = max(-1_000_000, min(1_000_000, x))
        self.tilt_ppm_z = max(-1_000_000, min(1_000_000, z))
        return self.now_ms


def results(estimate: Estimate) -> str:
    """Every field of the estimate."""
    return "%d %d %d %d %d %d %d %d %d %d %d" % (
        estimate.tilt_mdeg,
        estimate.rate_mdeg_per_s,
        estimate.valid,
        estimate.settled,
        estimate.age_ms,
        estimate.error_mdeg,
        estimate.primary_ok,
        estimate.monitor_ok,
        estimate.primary_tilt_mdeg,
        estimate.monitor_tilt_mdeg,
        estimate.disagreement_mdeg,
    )


def lines():
    """Yield the lines to compare."""
    for name, primary_calibration in (("nominal", nominal_primary()), ("skewed", SKEWED)):
        for seed in (1, 2):
            source = Source(seed)
            estimator = TiltEstimator(primary_calibration, nominal_monitor())
            estimate = Estimate()
            primary = ImuSample()
            monitor = ImuSample()
            for block in range(BLOCKS):
                digest = 0
                for _ in range(TICKS):
                    now_ms = source.advance()
                    wild = block % 12 == 11 and source.random.below(3) == 0
                    source.fill(primary, 1, wild)
                    source.fill(monitor, -1, wild)
                    estimator.update(primary, monitor, now_ms, estimate)
                    digest = binascii.crc32(results(estimate).encode(), digest)
                yield "%s %d %d: %s %08x" % (name, seed, block, results(estimate), digest)
    random = Lcg(7)
    for _ in range(500):
        y = random.around(16_383) << random.below(16)
        x = random.around(16_383) << random.below(16)
        yield "atan2 %d %d = %d" % (y, x, atan2_mdeg(y, x))


def run_locked() -> None:
    """10,000 updates without one allocation, the slow parts, faults and restarts included."""
    from micropython import heap_lock, heap_unlock  # type: ignore[import-not-found]

    estimator = TiltEstimator(nominal_primary(), SKEWED)
    estimate = Estimate()
    source = Source(3)
    primary = ImuSample()
    monitor = ImuSample()
    valid = 0
    lost = 0
    heap_lock()
    for tick in range(10_000):
        now_ms = source.advance()
        wild = tick % 1_000 > 900
        source.fill(primary, 1, wild)
        source.fill(monitor, 1, wild)
        estimator.update(primary, monitor, now_ms, estimate)
        if estimate.valid:
            valid += 1
        else:
            lost += 1
    heap_unlock()
    print("locked updates: 10000, valid and not:", valid > 1_000, lost > 100)


if __name__ == "__main__":
    if "locked" in sys.argv:
        run_locked()
    else:
        for line in lines():
            print(line)
