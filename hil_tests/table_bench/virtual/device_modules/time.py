"""Stand-in for the chip's `time` module, in virtual time; ticks wrap at 2**30 as on the chip."""

import bench_clock as _clock
import bench_core as _core
import bench_frame as _frame
import utime as _utime

_PERIOD = 1 << 30
_HALF = _PERIOD >> 1
_CALL_US = 2  # about what a call costs on the chip; it also lets a polling loop end
_out = _core.out
_NOW = _frame.NOW_US

mktime = _utime.mktime


def ticks_us():
    """Microseconds, wrapping."""
    _core.spend(_CALL_US)
    return _core.clock_us(_frame.TICKS_MS) & (_PERIOD - 1)


def ticks_ms():
    """Milliseconds, wrapping."""
    _core.spend(_CALL_US)
    return (_core.clock_us(_frame.TICKS_MS) // 1000) & (_PERIOD - 1)


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    """Ticks `delta` later."""
    return (ticks + delta) & (_PERIOD - 1)


def ticks_diff(end, start):
    """Signed distance from start to end."""
    return ((end - start + _HALF) & (_PERIOD - 1)) - _HALF


def sleep_us(duration_us):
    """Wait; timers fire meanwhile."""
    end = _out[_NOW] + duration_us
    if _core.state[_core.IN_TIMER]:
        _out[_NOW] = end
        return
    while _out[_NOW] < end:
        _core.wait_in_background(end)


def sleep_ms(duration_ms):
    """Wait; timers fire meanwhile."""
    sleep_us(duration_ms * 1000)


def sleep(duration_s):
    """Wait; timers fire meanwhile."""
    sleep_us(int(duration_s * 1_000_000))


def time():
    """Seconds since 1970 by the device's clock (starts at 2021-01-01)."""
    return _clock.epoch_s()


def time_ns():
    """Nanoseconds since 1970 by the device's clock."""
    return _clock.epoch_s() * 1_000_000_000 + _out[_NOW] % 1_000_000 * 1000


def gmtime(seconds=None):
    """Calendar time of `seconds` since 1970, or of now by the device's clock."""
    return _utime.gmtime(time() if seconds is None else seconds)


localtime = gmtime  # the device knows no zone
