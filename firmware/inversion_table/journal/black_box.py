"""The black box: every tick of the last seconds, in RAM, and coded into pages when a fault latches.

The tick writes each entry into rows that were laid out beforehand, round and round, and never
stops for a fault. The background codes the pieces (`fill`) far faster than the tick goes round, so
nothing is copied and nothing held still; `_SPARE` entries are its lead. Memory: 24 bytes an entry,
13 KB, in pieces of 2.3 KB.

When faults follow each other in less than 5 s, the second box begins where the first one ended:
together they hold every tick. Faults that latch while one box is being stored share the next.
"""

from array import array

from inversion_table.contract.flags import (
    FLAG_ANKLE_LOCKED,
    FLAG_BOX_HOST,
    FLAG_BOX_JOG_DOWN,
    FLAG_BOX_JOG_UP,
    FLAG_BOX_MONITOR_OK,
    FLAG_BOX_PAUSE,
    FLAG_BOX_PRIMARY_OK,
    FLAG_BOX_RETURN,
    FLAG_END_REACHED,
    FLAG_ESTOP,
    FLAG_HOME_SWITCH,
    FLAG_POWER,
    FLAG_RELAY_CLOSED,
    FLAG_TILT_VALID,
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
from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr16, ptr32
from inversion_table.safety.ticks import TICKS_MASK, TICKS_PERIOD_MS

BOX_ENTRIES = const(500)
"""5 s of ticks (RQ-095)."""
_SPARE = const(64)
"""Ticks that the background may be late with a piece: 0.64 s."""
_ENTRIES = const(BOX_ENTRIES + _SPARE)
_PIECES = const(6)
_ROWS = const(_ENTRIES // _PIECES)
_NUMBERS = const(_ENTRIES << 20)
"""Entries are numbered modulo this, so an entry's place is its number modulo `_ENTRIES`."""
# Beside the flags that `take` returns, and no part of the entry.
START_PRESSED = 1 << 14
CHANGED = 1 << 15
"""State, fault or a jog button is not what it was in the tick before."""

_JOGS = FLAG_BOX_JOG_UP | FLAG_BOX_JOG_DOWN

# Where what stands in an entry. The time's low 15 bits come first, so that each fits its half-word.
_WORDS = const(12)
_TIME = const(0)
_TIME_HIGH = const(1)
_TIME_BITS = const(15)
_TIME_MASK = const(0x7FFF)
_MEASURED = const(2)
_MEASURES = const(7)
_FAULT_BEFORE = const(7)
_STATE_BEFORE = const(8)
_FLAGS_BEFORE = const(9)
_NOTED = const(10)
_DUTY = const(9)
_FLAGS = const(10)
_STATE = const(11)
_COLUMNS = (2, 3, 4, 5, 6, 9, 7, 8)
"""Tilt, primary, monitor, rate, current, duty, target, supply: in the order of the mask's bits."""
_MOST = const(32_767)
_LIFT = const(1_000_000_000)
"""Added to what may be negative: a 64-bit machine reads a cell of an array without its sign."""


def session_ms(now_ms: int, start_ms: int) -> int:
    """Time since a session's start, negative before it (up to 6 days either way)."""
    half = TICKS_PERIOD_MS // 2
    return ((now_ms - start_ms + half) & TICKS_MASK) - half


class BlackBox:
    """`take` and `latch` are the tick's and allocate nothing; all else is the background's."""

    def __init__(self) -> None:
        self._pieces = [array("h", bytes(2 * _WORDS * _ROWS)) for _ in range(_PIECES)]
        self._noted = array("i", [0] * _NOTED)
        """Of this tick, what is measured; of the one before, what CHANGED compares with."""
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
        self._values = [0] * len(_COLUMNS)
        self._differences = [0] * len(_COLUMNS)

    # The tick's side: allocates nothing

    @micropython.viper
    def take(self, decision, estimate, inputs, wish, now_ms: int) -> int:
        """Keep what this tick saw and did.

        Returns its flags: those of a sample, those of the box, START_PRESSED and CHANGED.
        """
        count = int(self._count)
        slot = count % _ENTRIES
        row = ptr16(self._pieces[slot // _ROWS])
        at = slot % _ROWS * _WORDS
        row[at + _TIME] = now_ms & _TIME_MASK
        row[at + _TIME_HIGH] = now_ms >> _TIME_BITS
        noted = ptr32(self._noted)
        noted[0] = int(estimate.tilt_mdeg) + _LIFT
        noted[1] = int(estimate.primary_tilt_mdeg) + _LIFT
        noted[2] = int(estimate.monitor_tilt_mdeg) + _LIFT
        noted[3] = int(estimate.rate_mdeg_per_s) + _LIFT
        noted[4] = int(inputs.current_ma) + _LIFT
        noted[5] = int(wish.target_mdeg) + _LIFT
        noted[6] = int(inputs.supply_mv) + _LIFT
        quantum = int(BOX_QUANTUM)
        half = quantum >> 1
        lift = _LIFT // quantum
        for index in range(_MEASURES):
            value = (noted[index] + half) // quantum - lift
            if value > _MOST:
                value = _MOST
            elif value < -_MOST:
                value = -_MOST
            row[at + _MEASURED + index] = value
        row[at + _DUTY] = int(decision.duty_permille)
        flags = 0
        if estimate.valid:
            flags |= int(FLAG_TILT_VALID)
        if decision.power:
            flags |= int(FLAG_POWER)
        if inputs.relay_closed:
            flags |= int(FLAG_RELAY_CLOSED)
        if inputs.home_switch:
            flags |= int(FLAG_HOME_SWITCH)
        if inputs.estop_pressed:
            flags |= int(FLAG_ESTOP)
        if inputs.ankle_locked:
            flags |= int(FLAG_ANKLE_LOCKED)
        if inputs.end_reached:
            flags |= int(FLAG_END_REACHED)
        if estimate.primary_ok:
            flags |= int(FLAG_BOX_PRIMARY_OK)
        if estimate.monitor_ok:
            flags |= int(FLAG_BOX_MONITOR_OK)
        if inputs.return_edge:
            flags |= int(FLAG_BOX_RETURN)
        if inputs.pause_edge:
            flags |= int(FLAG_BOX_PAUSE)
        if inputs.jog_up:
            flags |= int(FLAG_BOX_JOG_UP)
        if inputs.jog_down:
            flags |= int(FLAG_BOX_JOG_DOWN)
        if inputs.host_return or inputs.host_stop:
            flags |= int(FLAG_BOX_HOST)
        row[at + _FLAGS] = flags
        state = int(decision.state)
        row[at + _STATE] = state
        # Last: an entry is whole before it counts.
        self._count = (count + 1) % _NUMBERS
        fault = int(decision.fault)
        changed = (flags ^ noted[_FLAGS_BEFORE]) & int(_JOGS)
        if changed or state != noted[_STATE_BEFORE] or fault != noted[_FAULT_BEFORE]:
            noted[_FLAGS_BEFORE] = flags
            noted[_STATE_BEFORE] = state
            noted[_FAULT_BEFORE] = fault
            flags |= int(CHANGED)
        if inputs.start_edge:
            flags |= int(START_PRESSED)
        return flags

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
        now_ms = self._time(self._next)
        then_ms = (now_ms - BOX_PERIOD_MS) & TICKS_MASK
        page[PAYLOAD_AT] = TAG_BOX
        page[PAYLOAD_AT + 1] = self._fault
        at = put_unsigned(page, PAYLOAD_AT + 2, waiting)
        at = put_signed(page, at, session_ms(now_ms, start_ms))
        begin = self._next
        while self._next != self._until:
            now_ms = self._time(self._next)
            end = self._sample(at, self._next, (now_ms - then_ms) & TICKS_MASK, status)
            if end > CRC_AT or (self._count - self._next) % _NUMBERS > _ENTRIES:
                break
            piece, row = self._place(self._next)
            status = piece[row + _FLAGS] << 8 | piece[row + _STATE]
            for index in range(len(values)):
                values[index] += self._differences[index]
            then_ms = now_ms
            at = end
            self._next = (self._next + 1) % _NUMBERS
        return 0 if self._next == begin else at - PAYLOAD_AT

    def _place(self, number: int) -> tuple:
        """(piece, index in it) of an entry."""
        slot = number % _ENTRIES
        return self._pieces[slot // _ROWS], slot % _ROWS * _WORDS

    def _time(self, number: int) -> int:
        piece, row = self._place(number)
        return piece[row + _TIME_HIGH] << _TIME_BITS | piece[row + _TIME]

    def _sample(self, at: int, number: int, passed_ms: int, status: int) -> int:
        """Write that entry at `at`, which may be past the page's end; returns the index behind."""
        piece, row = self._place(number)
        mask = 0
        bit = 1
        for index in range(len(_COLUMNS)):
            difference = piece[row + _COLUMNS[index]] - self._values[index]
            self._differences[index] = difference
            if difference:
                mask |= bit
            bit <<= 1
        flags = piece[row + _FLAGS]
        state = piece[row + _STATE]
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
