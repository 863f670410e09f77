"""The black box: every tick of the last seconds, in RAM, and coded into pages when a fault latches.

The tick writes each entry into columns that were laid out beforehand, round and round, and never
stops for a fault. The background codes the pieces (`fill`) far faster than the tick goes round, so
nothing is copied and nothing held still; `_SPARE` entries are its lead. Memory: 23 bytes an entry,
13 KB, in pieces of at most 2.3 KB.

When faults follow each other in less than 5 s, the second box begins where the first one ended:
together they hold every tick. Faults that latch while one box is being stored share the next.
"""

from array import array

from inversion_table.contract.flags import (
    FLAG_BOX_HOST,
    FLAG_BOX_JOG_DOWN,
    FLAG_BOX_JOG_UP,
    FLAG_BOX_MONITOR_OK,
    FLAG_BOX_PAUSE,
    FLAG_BOX_PRIMARY_OK,
    FLAG_BOX_RETURN,
)
from inversion_table.contract.pages import CRC_AT, PAGE_BYTES, PAYLOAD_AT
from inversion_table.contract.records import (
    BOX_PERIOD_MS,
    BOX_QUANTUM,
    BOX_STATUS,
    BOX_TIME,
    MOST_RECORD_BYTES,
    TAG_BOX,
)
from inversion_table.contract.varint import put_signed, put_unsigned
from inversion_table.safety.ticks import TICKS_MASK, TICKS_PERIOD_MS

BOX_ENTRIES = 500
"""5 s of ticks (RQ-095)."""
_SPARE = 64
"""Ticks that the background may be late with a piece: 0.64 s."""
_ENTRIES = BOX_ENTRIES + _SPARE
_NUMBERS = _ENTRIES << 20
"""Entries are numbered modulo this, so an entry's place is its number modulo `_ENTRIES`."""
_MOST = 32_767
_HALF = BOX_QUANTUM // 2


def session_ms(now_ms: int, start_ms: int) -> int:
    """Time since a session's start, negative before it (up to 6 days either way)."""
    half = TICKS_PERIOD_MS // 2
    return ((now_ms - start_ms + half) & TICKS_MASK) - half


def _quanta(value: int) -> int:
    value = (value + _HALF) // BOX_QUANTUM
    return _MOST if value > _MOST else -_MOST if value < -_MOST else value


class BlackBox:
    """`take` and `latch` are the tick's and allocate nothing; all else is the background's."""

    def __init__(self) -> None:
        self._now_ms = array("i", [0] * _ENTRIES)
        self._tilt = array("h", [0] * _ENTRIES)
        self._primary = array("h", [0] * _ENTRIES)
        self._monitor = array("h", [0] * _ENTRIES)
        self._rate = array("h", [0] * _ENTRIES)
        self._current = array("h", [0] * _ENTRIES)
        self._duty = array("h", [0] * _ENTRIES)
        self._target = array("h", [0] * _ENTRIES)
        self._supply = array("h", [0] * _ENTRIES)
        self._flags = array("h", [0] * _ENTRIES)
        self._state = array("B", [0] * _ENTRIES)
        # In the order of the mask's bits.
        self._columns = (
            self._tilt,
            self._primary,
            self._monitor,
            self._rate,
            self._current,
            self._duty,
            self._target,
            self._supply,
        )
        self._count = 0
        # The tick's: the numbers behind the entries of the first fault's tick that has no box yet,
        # and of the last one's; how many there were. `_taken` is the background's.
        self._first = 0
        self._last = 0
        self._last_fault = 0
        self._latches = 0
        self._taken = 0
        self._asked = False
        self._next = self._until = 0
        """Entries that still belong into the box; none when they are the same."""
        self._fault = 0
        self._page = bytearray(CRC_AT + MOST_RECORD_BYTES)
        self.page = memoryview(self._page)[:PAGE_BYTES]
        """What `fill` made, the payload at its place."""
        self._values = [0] * len(self._columns)
        self._differences = [0] * len(self._columns)

    # The tick's side: allocates nothing

    def take(self, decision, estimate, inputs, wish, flags: int, now_ms: int) -> None:
        """Keep what this tick saw and did. flags: those of a sample."""
        at = self._count % _ENTRIES
        self._now_ms[at] = now_ms
        self._tilt[at] = _quanta(estimate.tilt_mdeg)
        self._primary[at] = _quanta(estimate.primary_tilt_mdeg)
        self._monitor[at] = _quanta(estimate.monitor_tilt_mdeg)
        self._rate[at] = _quanta(estimate.rate_mdeg_per_s)
        self._current[at] = _quanta(inputs.current_ma)
        self._duty[at] = decision.duty_permille
        self._target[at] = _quanta(wish.target_mdeg)
        self._supply[at] = _quanta(inputs.supply_mv)
        if estimate.primary_ok:
            flags |= FLAG_BOX_PRIMARY_OK
        if estimate.monitor_ok:
            flags |= FLAG_BOX_MONITOR_OK
        if inputs.return_edge:
            flags |= FLAG_BOX_RETURN
        if inputs.pause_edge:
            flags |= FLAG_BOX_PAUSE
        if inputs.jog_up:
            flags |= FLAG_BOX_JOG_UP
        if inputs.jog_down:
            flags |= FLAG_BOX_JOG_DOWN
        if inputs.host_return or inputs.host_stop:
            flags |= FLAG_BOX_HOST
        self._flags[at] = flags
        self._state[at] = decision.state
        # Last: an entry is whole before it counts.
        self._count = (self._count + 1) % _NUMBERS

    def latch(self, fault: int) -> None:
        """A fault latched in the tick that was taken last."""
        if self._latches == self._taken:
            self._first = self._count
        self._last_fault = fault
        self._last = self._count
        self._latches = (self._latches + 1) & TICKS_MASK

    # The background's side

    def ask(self) -> None:
        """The log has told of a fault: what latched until now gets its box."""
        self._asked = True

    def waits(self) -> int:
        """Entries that still belong into the box; the next box begins when one is done."""
        if self._next == self._until and self._asked:
            self._asked = False
            self._begin()
        return (self._until - self._next) % _NUMBERS

    def _begin(self) -> None:
        while True:
            latches = self._latches
            first = self._first
            until = self._last
            fault = self._last_fault
            if latches == self._latches:  # no tick came in between
                break
        self._taken = latches
        # From 5 s before the first, or from where the last box ended.
        since_start = (until - first) % _NUMBERS + BOX_ENTRIES
        if (until - self._next) % _NUMBERS > since_start:
            self._next = (until - since_start) % _NUMBERS
        self._until = until
        self._fault = fault

    def drop(self) -> int:
        """Leave out what still waits; returns how many entries that was."""
        count = 0
        while self.waits():
            count += self.waits()
            self._next = self._until
        return count

    def fault(self) -> int:
        """The fault that the box ends with."""
        return self._fault

    def fill(self, start_ms: int) -> int:
        """Code the next piece into `page`; returns the payload's bytes, 0 for no sample in it.

        start_ms: when the session began.
        """
        waiting = self.waits()
        late = (self._count - self._next) % _NUMBERS - _ENTRIES
        if waiting and late > 0:  # these are overwritten; the reader misses them by their number
            self._next = (self._next + min(late, waiting)) % _NUMBERS
            waiting = self.waits()
        if not waiting:
            return 0
        page = self._page
        values = self._values
        for index in range(len(values)):
            values[index] = 0
        status = -1
        now_ms = self._now_ms[self._next % _ENTRIES]
        then_ms = (now_ms - BOX_PERIOD_MS) & TICKS_MASK
        page[PAYLOAD_AT] = TAG_BOX
        page[PAYLOAD_AT + 1] = self._fault
        at = put_unsigned(page, PAYLOAD_AT + 2, waiting)
        at = put_signed(page, at, session_ms(now_ms, start_ms))
        begin = self._next
        while self._next != self._until:
            slot = self._next % _ENTRIES
            now_ms = self._now_ms[slot]
            end = self._sample(at, slot, (now_ms - then_ms) & TICKS_MASK, status)
            if end > CRC_AT or (self._count - self._next) % _NUMBERS > _ENTRIES:
                break
            status = self._flags[slot] << 8 | self._state[slot]
            for index in range(len(values)):
                values[index] += self._differences[index]
            then_ms = now_ms
            at = end
            self._next = (self._next + 1) % _NUMBERS
        return 0 if self._next == begin else at - PAYLOAD_AT

    def _sample(self, at: int, slot: int, passed_ms: int, status: int) -> int:
        """Write one sample at `at`, which may be past the page's end; returns the index behind."""
        mask = 0
        bit = 1
        for index in range(len(self._columns)):
            difference = self._columns[index][slot] - self._values[index]
            self._differences[index] = difference
            if difference:
                mask |= bit
            bit <<= 1
        flags = self._flags[slot]
        state = self._state[slot]
        if flags << 8 | state != status:
            mask |= BOX_STATUS
        if passed_ms != BOX_PERIOD_MS:
            mask |= BOX_TIME
        page = self._page
        at = put_unsigned(page, at, mask)
        for difference in self._differences:
            if difference:
                at = put_signed(page, at, difference)
        if mask & BOX_STATUS:
            page[at] = state
            at = put_unsigned(page, at + 1, flags)
        if mask & BOX_TIME:
            at = put_signed(page, at, passed_ms - BOX_PERIOD_MS)
        return at
