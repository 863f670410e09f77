"""Stand-in for the chip's `select`: who sleeps until a byte comes lets virtual time pass."""

import bench_core as _core
import bench_frame as _frame
import uselect as _select

POLLIN = _select.POLLIN
POLLOUT = _select.POLLOUT
POLLERR = _select.POLLERR
POLLHUP = _select.POLLHUP
_out = _core.out
_NOW = _frame.NOW_US


class poll:
    """As on the chip, but `ipoll` with a time sleeps until the next timer, also with a byte there.

    So the background goes on right after a tick whatever comes over the link: the microseconds that
    its calls are said to take (time.py) never make the next tick late.
    """

    def __init__(self):
        self._poll = _select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister
        self.modify = self._poll.modify
        self.poll = self._poll.poll

    def ipoll(self, timeout_ms=-1):
        """(object, events) of all that is ready, as an iterator that allocates nothing."""
        if timeout_ms:
            most_us = timeout_ms * 1000 if timeout_ms > 0 else _core.IDLE_US
            _core.wait_in_background(_out[_NOW] + most_us)
        return self._poll.ipoll(0)
