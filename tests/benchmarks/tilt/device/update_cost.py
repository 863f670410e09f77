"""On MicroPython: an update of the estimator beside one of a float Madgwick filter, in one run.

Prints one line each: name, microseconds an update of one IMU (best mean of many short rounds, the
two taking turns), bytes allocated an update with the garbage collector held off. Ours runs with the
heap locked, as in the tick; the peer cannot.
"""

import gc
import time
from math import sqrt

from micropython import heap_lock, heap_unlock

from inversion_table.estimation.calibration import nominal_monitor, nominal_primary
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.sensing.imu import ImuSample

CALLS = 250
ROUNDS = 40
COUNTED = 300
STEP_S = 0.01
BETA = 0.033


class Madgwick:
    """Gradient descent on a quaternion, written plainly: state in attributes, work in locals."""

    def __init__(self):
        self.w, self.x, self.y, self.z = 1.0, 0.0, 0.0, 0.0

    def update(self, gx, gy, gz, ax, ay, az):
        """Rates in rad/s, force in any unit."""
        w, x, y, z = self.w, self.x, self.y, self.z
        dw = 0.5 * (-x * gx - y * gy - z * gz)
        dx = 0.5 * (w * gx + y * gz - z * gy)
        dy = 0.5 * (w * gy - x * gz + z * gx)
        dz = 0.5 * (w * gz + x * gy - y * gx)
        norm = ax * ax + ay * ay + az * az
        if norm > 0.0:
            scale = 1.0 / sqrt(norm)
            ax *= scale
            ay *= scale
            az *= scale
            # How far the gravity that the quaternion expects is from the one measured ...
            fx = 2.0 * (x * z - w * y) - ax
            fy = 2.0 * (w * x + y * z) - ay
            fz = 1.0 - 2.0 * (x * x + y * y) - az
            # ... and the direction in which that grows.
            sw = 2.0 * (x * fy - y * fx)
            sx = 2.0 * (z * fx + w * fy) - 4.0 * x * fz
            sy = 2.0 * (z * fy - w * fx) - 4.0 * y * fz
            sz = 2.0 * (x * fx + y * fy)
            norm = sw * sw + sx * sx + sy * sy + sz * sz
            if norm > 0.0:
                scale = BETA / sqrt(norm)
                dw -= sw * scale
                dx -= sx * scale
                dy -= sy * scale
                dz -= sz * scale
        w += dw * STEP_S
        x += dx * STEP_S
        y += dy * STEP_S
        z += dz * STEP_S
        scale = 1.0 / sqrt(w * w + x * x + y * y + z * z)
        self.w = w * scale
        self.x = x * scale
        self.y = y * scale
        self.z = z * scale


def round_us(function, locked):
    """Mean time of a call in one round."""
    gc.collect()
    if locked:
        heap_lock()
    begin = time.ticks_us()
    for tick in range(CALLS):
        function(tick)
    end = time.ticks_us()
    if locked:
        heap_unlock()
    return time.ticks_diff(end, begin) / CALLS


def allocated_bytes(function):
    """Bytes that a call leaves behind."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for tick in range(COUNTED):
        function(tick)
    after = gc.mem_alloc()
    gc.enable()
    return (after - before) / COUNTED


class Moving:
    """Readings that change from tick to tick: turning, and noisy."""

    def __init__(self):
        self.samples = [ImuSample() for _ in range(64)]
        noise = 12345
        for number, sample in enumerate(self.samples):
            noise = (noise * 4093 + 12345) & 0xFFFF
            sample.ax_ug = (noise & 0x3FFF) - 8192
            sample.ay_ug = (noise >> 2 & 0x3FFF) - 8192
            sample.az_ug = 1_000_000 + (noise >> 1 & 0x3FFF) - 8192
            sample.gx_udps = (noise & 0xFFF) * 40
            sample.gy_udps = 3_000_000 if number < 32 else -3_000_000
            sample.gz_udps = -(noise & 0xFFF) * 40
            sample.ok = True


def main():
    moving = Moving()
    samples = moving.samples
    estimator = TiltEstimator(nominal_primary(), nominal_monitor())
    estimate = Estimate()
    now = 0

    def ours(tick):
        nonlocal now
        now = (now + 10) & 0x3FFFFFFF
        sample = samples[tick & 63]
        estimator.update(sample, sample, now, estimate)

    def nothing(tick):
        nonlocal now
        now = (now + 10) & 0x3FFFFFFF
        return samples[tick & 63]

    quaternion = Madgwick()
    udps = 3.141592653589793 / 180e6

    floats = [
        tuple(v * udps for v in (s.gx_udps, s.gy_udps, s.gz_udps))
        + tuple(v * 1e-6 for v in (s.ax_ug, s.ay_ug, s.az_ug))
        for s in samples
    ]

    def theirs(tick):
        gx, gy, gz, ax, ay, az = floats[tick & 63]
        quaternion.update(gx, gy, gz, ax, ay, az)

    for tick in range(600):  # past the start, and past first calls
        ours(tick)
        theirs(tick)
    ours_us = theirs_us = idle_us = 1e9
    for _ in range(ROUNDS):
        idle_us = min(idle_us, round_us(nothing, True))
        ours_us = min(ours_us, round_us(ours, True))
        theirs_us = min(theirs_us, round_us(theirs, False))
    print("ours;%.3f;%.2f" % ((ours_us - idle_us) / 2, allocated_bytes(ours) / 2))
    print("madgwick;%.3f;%.2f" % (theirs_us - idle_us, allocated_bytes(theirs)))


main()
