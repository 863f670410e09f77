"""Stand-ins for machine.Timer, machine.WDT and machine.RTC."""

import bench_core as core
import bench_frame as frame
import utime

_out = core.out
_NOW = frame.NOW_US
_WDT_MAX_MS = 8388
_BOOT_EPOCH_S = 1_609_459_200  # the rp2 port starts its clock at 2021-01-01 00:00:00


class Timer:
    """A hard timer: its callback runs with the heap locked; an exception ends it for good."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        self.due_us = core.NEVER_US
        self.period_us = 0
        self.one_shot = False
        self.callback = None
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, period=-1, freq=-1, callback=None, hard=False):
        """Start. `period` in ms or `freq` in Hz."""
        self.deinit()
        self.period_us = int(1_000_000 / freq) if freq > 0 else period * 1000
        if self.period_us <= 0:
            raise ValueError("period")
        self.one_shot = mode == Timer.ONE_SHOT
        self.callback = callback
        self.due_us = _out[_NOW] + self.period_us
        core.timers.append(self)
        core.schedule_changed()

    def deinit(self):
        """Stop."""
        if self in core.timers:
            core.timers.remove(self)
            core.schedule_changed()


class WDT:
    """The watchdog; once started it cannot be stopped."""

    def __init__(self, id=0, timeout=5000):
        if not 1 <= timeout <= _WDT_MAX_MS:
            raise ValueError("timeout exceeds " + str(_WDT_MAX_MS))
        self._timeout_us = timeout * 1000
        self.feed()

    def feed(self):
        """Start the time-out anew."""
        _out[frame.WDT_DEADLINE_US] = _out[_NOW] + self._timeout_us


class _Epoch:
    offset_s = _BOOT_EPOCH_S


def epoch_s():
    """Seconds since 1970 by the device's clock."""
    return _Epoch.offset_s + core.clock_us(frame.RTC) // 1_000_000


class RTC:
    """The calendar clock."""

    def datetime(self, value=None):
        """(year, month, day, weekday, hour, minute, second, subsecond), or set it."""
        if value is None:
            t = utime.gmtime(epoch_s())
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0)
        year, month, day, _, hour, minute, second, _ = value
        wanted = utime.mktime((year, month, day, hour, minute, second, 0, 0, 0))
        _Epoch.offset_s = int(wanted) - core.clock_us(frame.RTC) // 1_000_000
        return None
