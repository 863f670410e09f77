"""Debouncing of many contacts at once, one bit each: cheap enough for every tick."""

from array import array

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr32

DEBOUNCE_TICKS = const(3)
"""A new level is believed when seen in this many ticks on end: 30 ms at 100 Hz (RQ-060)."""

SETTLED = const(1 << 16)
_ALL = const(SETTLED - 1)
# Words of the state.
_CLOSED = const(0)
_LOW = const(1)
_HIGH = const(2)
_TICKS = const(3)


class Debouncer:
    """Up to 16 contacts; bit set = closed. What is believed stays until it was seen otherwise.

    Each contact has a counter of two bits, and the counters of all of them lie across two integers
    ("vertical counters"), so one tick costs the same for one contact as for all.
    """

    def __init__(self, closed: int = 0) -> None:
        """closed: what is believed at first."""
        self.words = array("i", (closed, 0, 0, 0))

    @micropython.viper
    def update(self, raw: int, open_at_once: int) -> int:
        """Take in this tick's raw levels; returns the contacts that are believed closed.

        Contacts of `open_at_once` that read open are believed open in the same tick; closed again
        only when they were seen so for long. Bit SETTLED is set with them once enough ticks have
        passed for each contact to be believed, or found bouncing.
        """
        words = ptr32(self.words)
        closed = words[_CLOSED]
        differs = raw ^ closed
        high = (words[_HIGH] ^ words[_LOW]) & differs
        low = (words[_LOW] ^ _ALL) & differs
        flips = low & high  # both bits: the third tick on end
        opened = open_at_once & (raw ^ _ALL)
        closed = (closed ^ flips) & (opened ^ _ALL)
        counting = _ALL ^ (flips | opened)
        words[_CLOSED] = closed
        words[_LOW] = low & counting
        words[_HIGH] = high & counting
        if words[_TICKS] < DEBOUNCE_TICKS:
            words[_TICKS] += 1
            if words[_TICKS] < DEBOUNCE_TICKS:
                return closed
        return closed | SETTLED
