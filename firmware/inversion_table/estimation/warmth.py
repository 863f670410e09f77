"""What temperature adds to the error bound: a calibration is only as good as it is near.

Recorded, not compensated: at one temperature no slope is seen, and within WITHIN_MDEGC it is worth
0.06 deg (LSM6DSOX) and 0.2 deg (MPU-6050), which is part of what a calibration promises. Further
away the bound grows, by twice the typical slopes, as for all else that is promised (RQ-119).
"""

from inversion_table.estimation.channel import WARMTH_MDEG
from inversion_table.estimation.rest import LOST

WITHIN_MDEGC = 10_000
"""What a calibration promises holds this far to either side of its temperature."""
APART_MAX_MDEGC = 60_000
"""More is a thermometer that lies."""
PRIMARY_MDEG_PER_C = 12
"""Offset of the accelerometer: +-0.1 mg/degC typical (ST DS12814), 5.7 mdeg, twice."""
MONITOR_MDEG_PER_C = 34
"""The same: 35 mg over 125 degC on x and y (PS-MPU-6000A, 6.2), 0.3 mg/degC, 17 mdeg, twice."""


def widen(channel, rest, mdeg_per_c: int, calibrated_mdegc: int) -> None:
    """Tell a channel (channel.py) what the temperature of its IMU's last rest adds to its bound."""
    if rest.verdict != LOST:
        widening = widening_mdeg(mdeg_per_c, calibrated_mdegc, rest.temperature_mdegc)
        channel.put(WARMTH_MDEG, widening)


def widening_mdeg(mdeg_per_c: int, calibrated_mdegc: int, now_mdegc: int) -> int:
    """To add to the bound at `now_mdegc`, for a calibration made at `calibrated_mdegc`."""
    apart = abs(now_mdegc - calibrated_mdegc) - WITHIN_MDEGC
    if apart <= 0:
        return 0
    return min(apart, APART_MAX_MDEGC) * mdeg_per_c // 1_000
