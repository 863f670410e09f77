"""How time passes for the controller: each exchange brings foreseen reads and clock errors."""

import array

import bench_frame as frame
import uctypes
from bench_pipes import exchange, inp, out

slot_keys = array.array("l", [0] * frame.SLOTS)
slot_views = [None] * frame.SLOTS
slots_valid = array.array("l", [0])
"""One bit a slot; in an array, since a store to a global could allocate."""
_inp_bytes = memoryview(uctypes.bytearray_at(uctypes.addressof(inp), frame.SNAPSHOT_LONGS * 8))
_ALL_SLOTS = (1 << frame.SLOTS) - 1

_NOW = frame.NOW_US
_WAKE = frame.WAKE_US
_FLAGS = frame.FLAGS
_USED = frame.PREFETCH_USED
_WAIT = frame.WAIT

# Of each clock: how fast it is, where that began, and what it had gained by then.
clock_ppm = array.array("l", [0] * frame.CLOCKS)
clock_from_us = array.array("l", [0] * frame.CLOCKS)
clock_gained_us = array.array("l", [0] * frame.CLOCKS)
_PPM0 = frame.CLOCK_PPM0
_MILLION = 1_000_000


def pass_to(due_us):
    """Let time run to `due_us`."""
    out[_WAKE] = due_us
    exchange(_WAIT)
    out[_NOW] = due_us
    out[_USED] = 0
    slots_valid[0] = _ALL_SLOTS
    if inp[_FLAGS] & frame.SLOTS_CHANGED:
        _adopt_slots()
    for clock in range(frame.CLOCKS):
        if inp[_PPM0 + clock] != clock_ppm[clock]:
            _adopt_rate(clock)


def clock_us(clock):
    """What a clock that may be wrong says, in microseconds since power-on of the bench."""
    now = out[_NOW]
    if clock_ppm[clock]:
        now += (now - clock_from_us[clock]) * clock_ppm[clock] // _MILLION
    return now + clock_gained_us[clock]


def timer_period_us(period_us):
    """Time that passes between two calls of a timer."""
    ppm = clock_ppm[frame.TICKS]
    return period_us * _MILLION // (_MILLION + ppm) if ppm else period_us


def _adopt_rate(clock):
    clock_gained_us[clock] = clock_us(clock) - out[_NOW]
    clock_from_us[clock] = out[_NOW]
    clock_ppm[clock] = inp[_PPM0 + clock]


def _adopt_slots():
    for i in range(frame.SLOTS):
        key = inp[frame.SLOT_KEY0 + i]
        if key != slot_keys[i]:
            slot_keys[i] = key
            start = frame.SLOT_DATA0 * 8 + i * frame.SLOT_BYTES
            slot_views[i] = _inp_bytes[start : start + (key & 0xFF)]
