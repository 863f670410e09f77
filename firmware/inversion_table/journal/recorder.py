"""Carries samples and events from the control tick to the ring in flash.

The tick writes whole numbers into a queue that was laid out beforehand, and allocates nothing. The
background takes them out in `flush`, codes them, and programs at most one page a call. One writer,
one reader, no lock: the tick moves `_put` alone, the background `_get` alone, and each entry is
whole before `_put` says so.

A queue entry is 8 words: kind | state << 8, now_ms, then up to 6 values.

When a fault latches in a session, the last 5 s before it follow tick by tick from the black box
(journal/black_box.py), as pages of their own between the others: the page that tells of the fault
first, then a page a call, oldest samples first, and before the session's last page. Samples and
events go on beside it. At most `BOX_PAGES_MOST` of a session are stored, and none that would
take the room of the session itself.

Nothing is lost silently: what finds no place in the queue, and what finds no erased flash, is
counted and told in the log as an event as soon as there is place again (RQ-076).
"""

from array import array

from inversion_table.contract.events import (
    BOX_LEFT_OUT,
    FAULT_RAISED,
    LOG_FULL,
    LOG_RECORDS_LOST,
)
from inversion_table.contract.pages import CRC_AT, FIRST_PAGE, LAST_PAGE, PAGE_BYTES, PAYLOAD_AT
from inversion_table.contract.records import MOST_RECORD_BYTES, PLAN_ID_BYTES, Header
from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import ptr32
from inversion_table.journal.black_box import BlackBox, session_ms
from inversion_table.journal.encoder import Encoder, header_texts
from inversion_table.safety.ticks import elapsed_ms

QUEUE_ENTRIES = 128
PAGE_AGE_MS = 20_000
FAULT_PAGE_GAP_MS = 1_000
BOX_PAGES_MOST = 96
"""Of a session, for black boxes: three whole ones however noisy, about five as measured."""
BOX_LEAVES_PAGES = 64
"""Erased pages that a black box leaves to the session: 64 hold half an hour of it."""

_WORDS = 8
_SAMPLE = 1
_EVENT = 2
_BEGIN = 3
_END = 4
# Entries that samples leave free for events, and events for the begin and end of a session.
_KEPT_FOR_EVENTS = 16
_KEPT_FOR_BOUNDS = 2
# Pages that a session leaves free for its last one, so that even a full log says how it ended.
_KEPT_FOR_LAST_PAGE = 2
# Newest events from outside a session that the next session's first page tells.
_HELD_EVENTS = 5  # as many as fit behind the longest header


class Recorder:
    """Records into `ring` (journal/ring.py); `unix_time_s()` gives the clock, 0 when it is not set.

    lost_records: entries that found the queue full; lost_pages: pages that found no erased flash.
    """

    def __init__(self, ring, unix_time_s, queue_entries: int = QUEUE_ENTRIES):
        self._ring = ring
        self._unix_time_s = unix_time_s
        self._entries = queue_entries
        self._queue = array("i", bytes(4 * _WORDS * queue_entries))
        self._put = 0
        self._get = 0
        self.lost_records = 0
        self.lost_pages = 0
        self._told_lost_records = 0
        self._told_lost_pages = 0
        self._stored_lost_records = 0
        self._stored_lost_pages = 0
        self._page = bytearray(CRC_AT + MOST_RECORD_BYTES)
        self._flash_page = memoryview(self._page)[:PAGE_BYTES]
        self._encoder = Encoder(self._page, PAYLOAD_AT, CRC_AT)
        self.box = BlackBox()
        self._box_pages = 0
        self._left_out = 0
        self._left_out_told = False
        self._page_began_ms = 0
        self._fault_waits = False
        self._fault_page_ms = 0
        self._open = False
        self._first = False
        self._stored = False
        self._start_ms = 0
        self._session = 0
        self._held: list = []
        self._notes: list = []
        self._plan_id = "00" * PLAN_ID_BYTES
        self._plan_name = self._firmware = self._contract = ""
        self._settings_id = self._calibration_id = ""
        self._reset_cause = 0

    # The tick's side: allocates nothing

    def begin(self, now_ms: int, kind: int) -> None:
        """A session begins now; `kind` is one of contract/records.py's KIND_..."""
        if self._free() > 0:
            at = self._put * _WORDS
            queue = self._queue
            queue[at] = _BEGIN
            queue[at + 1] = now_ms
            queue[at + 2] = kind
            self._put = (self._put + 1) % self._entries
        else:
            self.lost_records += 1

    @micropython.viper
    def sample(
        self,
        now_ms: int,
        tilt_mdeg: int,
        target_mdeg: int,
        rate_mdeg_per_s: int,
        current_ma: int,
        supply_mv: int,
        state: int,
        flags: int,
    ):
        """One sample, to be given every 100 ms; ignored outside a session. flags: 16 bits."""
        entries = int(self._entries)
        put = int(self._put)
        if (int(self._get) - put - 1) % entries > int(_KEPT_FOR_EVENTS):
            at = put * int(_WORDS)
            queue = ptr32(self._queue)
            queue[at] = int(_SAMPLE) | (state & 0xFF) << 8
            queue[at + 1] = now_ms
            queue[at + 2] = tilt_mdeg
            queue[at + 3] = target_mdeg
            queue[at + 4] = rate_mdeg_per_s
            queue[at + 5] = current_ma
            queue[at + 6] = supply_mv
            queue[at + 7] = flags
            self._put = (put + 1) % entries
        else:
            self.lost_records = int(self.lost_records) + 1

    def event(self, now_ms: int, code: int, a: int, b: int) -> None:
        """One event of contract/events.py. Outside a session the newest few wait for the next."""
        if self._free() > _KEPT_FOR_BOUNDS:
            at = self._put * _WORDS
            queue = self._queue
            queue[at] = _EVENT
            queue[at + 1] = now_ms
            queue[at + 2] = code
            queue[at + 3] = a
            queue[at + 4] = b
            self._put = (self._put + 1) % self._entries
        else:
            self.lost_records += 1

    def end(
        self,
        now_ms: int,
        reason: int,
        fault: int,
        faults: int,
        max_tilt_mdeg: int,
        head_down_ms: int,
        worst_error_mdeg: int,
    ) -> None:
        """The session ends now, with its summary (contract/records.py, End)."""
        if self._free() > 0:
            at = self._put * _WORDS
            queue = self._queue
            queue[at] = _END
            queue[at + 1] = now_ms
            queue[at + 2] = reason
            queue[at + 3] = fault
            queue[at + 4] = faults
            queue[at + 5] = max_tilt_mdeg
            queue[at + 6] = head_down_ms
            queue[at + 7] = worst_error_mdeg
            self._put = (self._put + 1) % self._entries
        else:
            self.lost_records += 1

    def _free(self) -> int:
        return (self._get - self._put - 1) % self._entries

    # The background's side

    def use(self, ring) -> None:
        """From now on record into `ring`: while nothing was stored in the one before it."""
        self._ring = ring

    def describe(
        self,
        plan_id: str,
        plan_name: str,
        firmware: str,
        contract: str,
        settings_id: str,
        calibration_id: str,
        reset_cause: int,
    ) -> None:
        """What the next session's header says. Raises ValueError for what cannot be stored.

        plan_id: 16 hex digits. The texts have at most 48, 32, 16, 8 and 8 bytes in UTF-8.
        """
        header_texts(plan_name, firmware, contract, settings_id, calibration_id)
        if len(plan_id) != 2 * PLAN_ID_BYTES:
            raise ValueError("a plan id has %d hex digits" % (2 * PLAN_ID_BYTES))
        int(plan_id, 16)
        self._plan_id = plan_id
        self._plan_name = plan_name
        self._firmware = firmware
        self._contract = contract
        self._settings_id = settings_id
        self._calibration_id = calibration_id
        self._reset_cause = reset_cause

    def note(self, now_ms: int, code: int, a: int, b: int) -> None:
        """`event`, for what happens in the background: never call it from the tick."""
        self._notes.append((now_ms, code, a, b))

    def recording(self) -> bool:
        """Whether a session is open or entries still wait: nothing may be erased meanwhile."""
        return self._open or self._get != self._put

    def flush(self, now_ms: int) -> bool:
        """Code what waits and program at most one page (RQ-121); returns whether more waits.

        After a start the first page takes two programs (Ring.append). A page is programmed when
        it is full, at the session's end, when its oldest record is `PAGE_AGE_MS` old, and at once
        after a fault (at most one a second for that); the black box's pages when there is no other.
        """
        while self._get != self._put:
            at = self._get * _WORDS
            if self._queue[at] == _END and self._open and self.box.waits():
                self._program_box(now_ms)
                return True
            if not self._code(at):
                self._program(0)
                return True
            ended = self._queue[at] == _END
            self._get = (self._get + 1) % self._entries
            if ended and self._open:
                self._program(LAST_PAGE)
                self._open = False
                return self._get != self._put
        while self._notes:
            if not self._code_event(*self._notes[0]):
                self._program(0)
                return True
            self._notes.pop(0)
        if self._open:
            if not self._tell_losses(now_ms) or self._due(now_ms):
                self._program(0)
            elif self.box.waits():
                self._program_box(now_ms)
            return self.box.waits() > 0
        return False

    def _due(self, now_ms: int) -> bool:
        """Whether the page that is being filled should not wait any longer."""
        if not self._encoder.payload_bytes():
            return False
        if self._fault_waits and elapsed_ms(now_ms, self._fault_page_ms) >= FAULT_PAGE_GAP_MS:
            self._fault_waits = False
            self._fault_page_ms = now_ms
            return True
        return elapsed_ms(now_ms, self._page_began_ms) >= PAGE_AGE_MS

    def _code(self, at: int) -> bool:
        """Code the entry at that word of the queue; False when the page is full first."""
        queue = self._queue
        kind = queue[at] & 0xFF
        now_ms = queue[at + 1]
        if kind == _BEGIN:
            return self._begin(now_ms, queue[at + 2])
        if kind == _EVENT:
            return self._code_event(now_ms, queue[at + 2], queue[at + 3], queue[at + 4])
        if not self._open:
            return True
        self._date_page(now_ms)
        if kind == _SAMPLE:
            return self._encoder.sample(
                self._session_ms(now_ms),
                queue[at + 2],
                queue[at + 3],
                queue[at + 4],
                queue[at + 5],
                queue[at + 6],
                queue[at] >> 8,
                queue[at + 7],
            )
        if self._left_out and not self._tell_left_out(now_ms):
            return False
        return self._tell_losses(now_ms) and self._encoder.end(
            self._session_ms(now_ms),
            queue[at + 2],
            queue[at + 3],
            queue[at + 4],
            queue[at + 5],
            queue[at + 6],
            queue[at + 7],
        )

    def _begin(self, now_ms: int, kind: int) -> bool:
        if self._open and self._encoder.payload_bytes():
            return False  # the session before has no end: its last page goes first
        self._open = True
        self._first = True
        self._stored = True
        self._start_ms = now_ms
        self._box_pages = 0
        self._left_out = 0
        self._left_out_told = False
        self.box.drop()
        self._session = self._ring.next_session()
        self._encoder.restart()
        self._date_page(now_ms)
        self._encoder.header(
            Header(
                self._session,
                kind,
                self._plan_id,
                self._plan_name,
                self._firmware,
                self._contract,
                self._settings_id,
                self._calibration_id,
                self._reset_cause,
                self._unix_time_s(),
            )
        )
        for held_ms, code, a, b in self._held:
            self._encoder.event(self._session_ms(held_ms), code, a, b)
        self._held = []
        self._tell_losses(now_ms)
        return True

    def _code_event(self, now_ms: int, code: int, a: int, b: int) -> bool:
        if not self._open:
            self._held = self._held[1 - _HELD_EVENTS :] + [(now_ms, code, a, b)]
            return True
        self._date_page(now_ms)
        if not self._encoder.event(self._session_ms(now_ms), code, a, b):
            return False
        if code == FAULT_RAISED:
            self._fault_waits = True
            self.box.ask()
        return True

    def _tell_losses(self, now_ms: int) -> bool:
        """Say in the log what was lost since the last time; False when the page is full first."""
        t_ms = self._session_ms(now_ms)
        lost = self.lost_records
        if lost != self._told_lost_records:
            if not self._encoder.event(t_ms, LOG_RECORDS_LOST, lost - self._told_lost_records, 0):
                return False
            self._told_lost_records = lost
        lost = self.lost_pages
        if lost != self._told_lost_pages:
            if not self._encoder.event(t_ms, LOG_FULL, lost - self._told_lost_pages, 0):
                return False
            self._told_lost_pages = lost
        return True

    def _date_page(self, now_ms: int) -> None:
        if not self._encoder.payload_bytes():
            self._page_began_ms = now_ms

    def _session_ms(self, now_ms: int) -> int:
        return session_ms(now_ms, self._start_ms)

    def _program(self, flags: int) -> None:
        """Store the page that was filled; without room for it, count it as lost."""
        if self._first:
            flags |= FIRST_PAGE
        kept = 0 if flags & LAST_PAGE else _KEPT_FOR_LAST_PAGE
        payload_bytes = self._encoder.payload_bytes()
        if (
            self._stored
            and self._ring.free_pages() > kept
            and self._ring.append(self._flash_page, self._session, payload_bytes, flags)
        ):
            self._stored_lost_records = self._told_lost_records
            self._stored_lost_pages = self._told_lost_pages
        else:
            self.lost_pages += 1
            self._told_lost_records = self._stored_lost_records
            self._told_lost_pages = self._stored_lost_pages
            if self._first:
                self._stored = False  # without its header page, the rest would belong to no session
        self._first = False
        self._encoder.restart()

    def _program_box(self, now_ms: int) -> None:
        """Store the black box's next piece, or say that there is no room for the rest of it."""
        if self._first:
            self._program(0)  # a session begins with its header
            return
        if (
            not self._stored
            or self._box_pages >= BOX_PAGES_MOST
            or self._ring.free_pages() <= BOX_LEAVES_PAGES
        ):
            self._left_out += self.box.drop()
            if not self._left_out_told:  # once at once, the rest at the end
                self._left_out_told = self._tell_left_out(now_ms)
            return
        payload_bytes = self.box.fill(self._start_ms)
        if payload_bytes:
            self._box_pages += 1
            if not self._ring.append(self.box.page, self._session, payload_bytes, 0):
                self.lost_pages += 1

    def _tell_left_out(self, now_ms: int) -> bool:
        """Say how many samples of black boxes are not in the log; False when the page is full."""
        fault = self.box.fault()
        if self._encoder.event(self._session_ms(now_ms), BOX_LEFT_OUT, fault, self._left_out):
            self._left_out = 0
            return True
        return False
