"""Compares three clocks: the count of ticks, `ticks_ms`, and the chip's real-time clock. Pure.

The real-time clock tells whole seconds, so a window of comparison begins and ends where a second
was seen to begin. Between two looks nobody sees: an edge is known only to within the time since
the look before. A window is judged at the first edge at which it is long enough, and the blur of
both its edges small enough to be no part of a difference. So a stall (flash erase at home) makes a
window longer, not void: with stalls as long as the watchdog bears (3 s) it ends after 13 minutes
at the latest, else after 10 to 11 s. A real-time clock that shows no edge at all stands still, and
that is found by the other two.

What all three have in common is not seen: on the reference board they divide the same crystal.
"""

from inversion_table.safety import limits
from inversion_table.safety.ticks import TICKS_MASK, elapsed_ms

WINDOW_MS = 10_000
"""A window is at least this long, by whichever clock says the most."""
APART_PERMILLE = 20
"""Two clocks that differ by more than this in a window are apart (HZ-03, HZ-09)."""
STANDING_MS = 3_000
"""A real-time clock that shows the same second for so long stands still."""
BLUR_SHARE = 128
"""The blur of both edges together is at most this part (0.8 %) of a window that is judged."""
LONGEST_MS = 8_000_000
"""No window lasts so long: some clock leapt."""
_TICKS_MOST = LONGEST_MS // limits.TICK_MS
_SECONDS_MOST = LONGEST_MS // 1_000


class Clocks:
    """Give it the three clocks at each pass of the background; `ok` says whether they agree.

    `ok` is never True again once it was False: all three divide one crystal, so a difference is
    a fault of the controller, and no later agreement explains it. A restart tries anew.
    """

    def __init__(self) -> None:
        self.ok = True
        self._started = False
        self._open = False
        self._ticks = 0
        self._now_ms = 0
        self._rtc_s = 0
        # Where the real-time clock changed last, and where the window began.
        self._edge_ticks = 0
        self._edge_ms = 0
        self._from_ticks = 0
        self._from_ms = 0
        self._from_s = 0
        self._from_blur_ms = 0

    def restart(self) -> None:
        """Begin anew, since somebody set the real-time clock. What was found is not forgotten."""
        self._started = False
        self._open = False

    def look(self, ticks: int, now_ms: int, rtc_s: int) -> None:
        """Take the clocks of this moment (RQ-082).

        ticks: control ticks so far; now_ms: `ticks_ms`, both wrapping at 2**30; rtc_s: seconds of
        the real-time clock since any epoch.
        """
        rtc_s &= TICKS_MASK
        blur_ms = elapsed_ms(now_ms, self._now_ms)
        changed = rtc_s != self._rtc_s
        self._ticks = ticks
        self._now_ms = now_ms
        self._rtc_s = rtc_s
        if changed or not self._started:
            self._edge_ticks = ticks
            self._edge_ms = now_ms
        if not self._started:
            self._started = True
        elif changed:
            self._edge(blur_ms)
        elif (
            elapsed_ms(now_ms, self._edge_ms) >= STANDING_MS
            or (ticks - self._edge_ticks) & TICKS_MASK >= STANDING_MS // limits.TICK_MS
        ):
            self.ok = False

    def _edge(self, blur_ms: int) -> None:
        """A second began, at most `blur_ms` ago."""
        if not self._open:
            self._begin(blur_ms)
            return
        ticks = (self._ticks - self._from_ticks) & TICKS_MASK
        length_ms = elapsed_ms(self._now_ms, self._from_ms)
        length_s = (self._rtc_s - self._from_s) & TICKS_MASK
        if ticks > _TICKS_MOST or length_ms > LONGEST_MS or length_s > _SECONDS_MOST:
            self.ok = False
            self._begin(blur_ms)
            return
        ticked_ms = ticks * limits.TICK_MS
        counted_ms = length_s * 1_000
        longest_ms = max(ticked_ms, length_ms, counted_ms)
        if longest_ms < WINDOW_MS:
            if 2 * blur_ms < self._from_blur_ms:
                self._begin(blur_ms)  # a much sharper edge to begin from
            return
        if (self._from_blur_ms + blur_ms) * BLUR_SHARE > longest_ms:
            return
        shortest_ms = min(ticked_ms, length_ms, counted_ms)
        if longest_ms - shortest_ms > longest_ms // 1_000 * APART_PERMILLE:
            self.ok = False
        self._begin(blur_ms)

    def _begin(self, blur_ms: int) -> None:
        self._open = True
        self._from_ticks = self._ticks
        self._from_ms = self._now_ms
        self._from_s = self._rtc_s
        self._from_blur_ms = blur_ms
