"""The power cut at every flash operation of a run of sessions, torn in every way.

The run: sessions with and without faults (and so with black boxes), starts at home and away from
it, twice and more around a small ring. A cut point is an operation and what it leaves half done;
two that leave the same bytes count once. After each the controller starts anew and

- every page that was acknowledged before the cut, and is not overwritten, reads back to the byte;
- nothing is read that was never written; each session's records are those of its pages;
- what is missing of a session is said, page for page; a whole one misses nothing;
- the log goes on: away from home with what was erased before, then at home, and reads back again.

After some of them the power is cut a second time, in each of the first operations after the start.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from unittest import mock

from inversion_table.contract import session_log
from inversion_table.contract.events import STATE_CHANGED
from inversion_table.contract.pages import (
    CRC_AT,
    FIRST_PAGE,
    LAST_PAGE,
    PAGE_BYTES,
    PAYLOAD_AT,
    PageHeader,
    payload_of,
    read_header,
)
from inversion_table.contract.records import MOST_RECORD_BYTES, decode_payload
from inversion_table.contract.session_log import Missing, decode_session
from inversion_table.journal import recorder, ring
from inversion_table.journal.encoder import Encoder
from inversion_table.journal.region import PAGES_PER_BLOCK, Region
from inversion_table.journal.ring import Ring
from inversion_table.safety import faults
from tests.journal import nor_flash
from tests.journal.logged_table import LoggedTable
from tests.journal.nor_flash import BLOCK_BYTES, NorFlash, PowerCut, torn

BLOCKS = 10
AHEAD = 6
PAGES = BLOCKS * PAGES_PER_BLOCK

LENGTHS = (0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 17, 24, 64, 128, 200, 251, 252, 253, 254)
PROGRAM_TEARS = (
    *((nor_flash.PREFIX, number) for number in (*LENGTHS, 255, 256)),
    *((nor_flash.SUFFIX, number) for number in (1, 4, 16, 128, 252, 255)),
    *((nor_flash.BITS, seed) for seed in range(6)),
    *((nor_flash.FEW_BITS, seed) for seed in range(4)),
    *((nor_flash.MOST_BITS, seed) for seed in range(4)),
)
ERASE_TEARS = (
    *((nor_flash.PREFIX, number) for number in (0, 1, 8, 16, 32, 100, 128, 240, 255, 256)),
    *((nor_flash.SUFFIX, number) for number in (1, 16, 128, 240, 255)),
    *((nor_flash.ZEROED, number) for number in (1, 16, 100, 128, 240, 256)),
    *((nor_flash.BITS, seed) for seed in range(4)),
    *((nor_flash.FEW_BITS, seed) for seed in range(2)),
    *((nor_flash.MOST_BITS, seed) for seed in range(4)),
    *((nor_flash.ZEROED_BITS, seed) for seed in range(3)),
)
AGAIN_OPERATIONS = 12
AGAIN_TEARS = (
    (nor_flash.PREFIX, 0),
    (nor_flash.PREFIX, 100),
    (nor_flash.BITS, 1),
    (nor_flash.MOST_BITS, 2),
)

Operation = tuple[bool, int, bytes]

# Pure functions of a page's bytes, and the same pages are read thousands of times.
_header_of = functools.lru_cache(maxsize=50_000)(read_header)
_records_of = functools.lru_cache(maxsize=50_000)(lambda payload: tuple(decode_payload(payload)))


@contextmanager
def remembering() -> Iterator[None]:
    """Read and decode each page's bytes once."""

    def header(page: bytes | bytearray | memoryview) -> PageHeader | None:
        return _header_of(bytes(page))

    with (
        mock.patch.object(session_log, "read_header", header),
        mock.patch.object(ring, "read_header", header),
        mock.patch.object(session_log, "decode_payload", _records_of),
    ):
        yield


def run_of_sessions() -> list[Operation]:
    """Every flash operation of the run, in order."""
    flash = NorFlash(BLOCKS)
    flash.history = []
    with mock.patch.object(recorder, "BOX_LEAVES_PAGES", 8):
        table = LoggedTable(flash, AHEAD, noise=3_000)
        table.session(12)
        table.session(20, (9,))
        table.restart()
        table.session(30)
        table.session(15, (6, 6.5))
        table.session(4)
        table.restart()
        table.leave()  # found away from home
        table.fault(faults.POWER_RESTORED)
        table.tick(900)
        table.arrive()
        table.tick(100)
        table.session(25, (20,))
        table.session(400)  # longer than there is room
        table.restart()
        table.restart()
        table.session(30, (10, 25))
        table.session(1)
        table.session(20, (1,))
        table.restart()
        table.session(35, (30,))
        table.session(20)
    return flash.history


@dataclass
class Known:
    """What was ever written, and what must still be there."""

    pages: dict[int, bytes] = field(default_factory=dict)
    """Sequence -> page."""
    places: list[int | None] = field(default_factory=lambda: [None] * PAGES)
    """Place -> the sequence of the page that must read back from there."""

    def copy(self) -> "Known":
        return Known(dict(self.pages), list(self.places))

    def happened(self, operation: Operation) -> None:
        """A whole operation."""
        erase, place, content = operation
        if erase:
            self.lost(operation)
            return
        header = _header_of(content)
        if header is not None:
            self.pages[header.sequence] = content
            self.places[place] = header.sequence

    def lost(self, operation: Operation) -> None:
        """An operation that was cut: its block may be gone, its page was not acknowledged."""
        erase, place, content = operation
        if erase:
            start = place * PAGES_PER_BLOCK
            self.places[start : start + PAGES_PER_BLOCK] = [None] * PAGES_PER_BLOCK
        else:
            header = _header_of(content)
            if header is not None:
                self.pages[header.sequence] = content

    def must_be_there(self) -> set[int]:
        return {sequence for sequence in self.places if sequence is not None}


def opened(flash: NorFlash) -> Ring:
    return Ring(Region(flash, range(BLOCKS)), AHEAD)


def check(log: Ring, known: Known) -> None:
    """Everything that must be there is, nothing else is, and what is missing is said."""
    found: set[int] = set()
    for info in log.sessions():
        raw = bytearray(info.total_bytes())
        log.read(info, 0, raw)
        whole: list[int] = []
        expected: list = []
        first_sequence = info.first_sequence
        complete = False
        for page in range(info.pages()):
            data = bytes(raw[page * PAGE_BYTES : (page + 1) * PAGE_BYTES])
            header = _header_of(data)
            if header is None or header.session != info.session:
                continue
            assert header.sequence == info.first_sequence + page
            assert data == known.pages[header.sequence], "never written"
            whole.append(header.sequence)
            expected += _records_of(payload_of(data, header))
            first_sequence = header.first_sequence
            complete = bool(header.flags & LAST_PAGE)
        found.update(whole)
        read = list(decode_session(bytes(raw), info.session))
        gaps = [record for record in read if isinstance(record, Missing)]
        assert [record for record in read if not isinstance(record, Missing)] == expected
        assert (
            len(whole) + sum(gap.pages for gap in gaps) == info.last_sequence - first_sequence + 1
        )
        all_of_it = complete and len(whole) == info.last_sequence - first_sequence + 1
        assert all_of_it == (not gaps), gaps
    missing = known.must_be_there() - found
    assert not missing, f"lost: {sorted(missing)}"


def write_session(log: Ring, pages: int) -> int:
    """A session of events; returns how many of its pages were stored."""
    session = log.next_session()
    buffer = bytearray(PAGE_BYTES + MOST_RECORD_BYTES)
    stored = 0
    for page in range(pages):
        coder = Encoder(buffer, PAYLOAD_AT, CRC_AT)
        for number in range(5):
            coder.event(number, STATE_CHANGED, session, page)
        flags = (0 if page else FIRST_PAGE) | (LAST_PAGE if page == pages - 1 else 0)
        stored += log.append(memoryview(buffer)[:PAGE_BYTES], session, coder.payload_bytes(), flags)
    return stored


def go_on(flash: NorFlash, known: Known, away_pages: int = 3) -> None:
    """Start on `flash`, read, write (`away_pages` before anything is erased), and read again."""
    log = opened(flash)
    check(log, known)
    flash.history = []
    room = log.free_pages()
    assert write_session(log, away_pages) == min(room, away_pages)
    while log.prepare(1):
        pass
    assert write_session(log, 20) == 20
    for operation in flash.history:
        known.happened(operation)
    check(log, known)
    again = opened(flash)
    check(again, known)
    assert again.next_session() == log.next_session()


def cut_again(flash: NorFlash, known: Known) -> int:
    """Cut the power in each of the first operations after the start; returns how many."""
    for number in range(AGAIN_OPERATIONS):
        tear = AGAIN_TEARS[number % len(AGAIN_TEARS)]
        other = flash.copy()
        other.history = []
        other.cut_at = number
        other.tear = tear
        after = known.copy()
        try:
            go_on_writing(other)
        except PowerCut:
            pass
        else:
            return number
        for operation in other.history:
            after.happened(operation)
        assert other.cut_operation is not None
        after.lost(other.cut_operation)
        other.power_on()
        go_on(other, after)
    return AGAIN_OPERATIONS


def go_on_writing(flash: NorFlash) -> None:
    """What `go_on` does to the flash."""
    log = opened(flash)
    write_session(log, 3)
    while log.prepare(1):
        pass
    write_session(log, 20)


@dataclass
class Count:
    """How many cut points were tried."""

    operations: int = 0
    in_programs: int = 0
    in_erases: int = 0
    second: int = 0

    def total(self) -> int:
        return self.in_programs + self.in_erases + self.second


def cut_points(operations: list[Operation]) -> Iterator[tuple[int, NorFlash, Known]]:
    """(number of the operation, the flash as the cut leaves it, what is known) of each."""
    flash = NorFlash(BLOCKS)
    known = Known()
    for number, operation in enumerate(operations):
        erase, place, content = operation
        size = BLOCK_BYTES if erase else PAGE_BYTES
        at = place * size
        old = bytes(flash.data[at : at + size])
        new = b"\xff" * size if erase else content
        seen = set()
        for tear in ERASE_TEARS if erase else PROGRAM_TEARS:
            left = torn(old, new, tear)
            if left in seen:
                continue
            seen.add(left)
            after = known.copy()
            after.lost(operation)
            cut = flash.copy()
            cut.data[at : at + size] = left
            first = at // PAGE_BYTES
            cut.suspect_pages.update(range(first, first + size // PAGE_BYTES))
            yield number, cut, after
        flash.data[at : at + size] = new
        known.happened(operation)


def prove(share: float = 1.0, again: float = 0.0, seed: int = 1) -> Count:
    """Try that share of all cut points, and a second cut after that share of them."""
    random = Random(seed)
    operations = run_of_sessions()
    count = Count(len(operations))
    with remembering():
        for number, flash, known in cut_points(operations):
            if random.random() >= share:
                continue
            erase = operations[number][0]
            if random.random() < again:
                count.second += cut_again(flash, known)
            # After a cut erase everything that is thought to be erased is used at once.
            go_on(flash, known, PAGES if erase else 3)
            if erase:
                count.in_erases += 1
            else:
                count.in_programs += 1
    return count
