"""Stand-in for the rig's `machine`."""

import bench_core as _core
import bench_frame as _frame
from bench_analog import PWM
from bench_clock import Timer
from bench_edges import Pin
from bench_target import I2CTarget

__all__ = ("PWM", "I2CTarget", "Pin", "Timer", "idle", "unique_id")


def idle():
    """Sleep until something happens: in virtual time, until the next timer (10 ms at most)."""
    _core.wait_in_background(_core.out[_frame.NOW_US] + _core.IDLE_US)


def unique_id():
    """The flash chip's 8-byte serial number."""
    return b"rig-0001"
