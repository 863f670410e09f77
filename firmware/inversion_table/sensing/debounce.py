"""Debouncing of many contacts at once, one bit each: cheap enough for every tick."""

DEBOUNCE_TICKS = 3
"""A new level is believed when seen in this many ticks on end: 30 ms at 100 Hz (RQ-060)."""


class Debouncer:
    """Up to 16 contacts; bit set = closed. `closed`: what is believed until it was seen otherwise.

    Each contact has a counter of two bits, and the counters of all of them lie across two integers
    ("vertical counters"), so one tick costs the same for one contact as for all.
    """

    def __init__(self, closed: int = 0) -> None:
        self.closed = closed
        self.settled = False
        """Enough ticks have passed for each contact to be believed, or found bouncing."""
        self._low = 0
        self._high = 0
        self._ticks = 0

    def update(self, raw: int) -> None:
        """Take in this tick's raw levels."""
        differs = raw ^ self.closed
        high = (self._high ^ self._low) & differs
        low = ~self._low & differs
        flips = low & high  # both bits: the third tick on end
        self.closed ^= flips
        self._low = low & ~flips
        self._high = high & ~flips
        if not self.settled:
            self._ticks += 1
            self.settled = self._ticks >= DEBOUNCE_TICKS

    def open_at_once(self, contacts: int) -> None:
        """Believe these contacts open now; closed again only when they were seen so for long."""
        self.closed &= ~contacts
        self._low &= ~contacts
        self._high &= ~contacts
