"""An append-only ring of flash pages: sessions one behind the other, the oldest overwritten.

A page's sequence number says where it lies (sequence modulo pages in the region) and never runs
backward, so the pages themselves are the whole index: nothing else is stored, nothing is rewritten.

    older pages ... | newest page | erased ahead ........ | oldest page | ...
                                  ^ head                  ^ erased_end

Erasing is done by `prepare` alone, which the caller allows only at home with the motor off. When a
session uses up what was erased ahead, `append` refuses; it never erases.

Power may fail inside any program or erase (RQ-077), and the log goes on (RQ-120). What a cut
program leaves may read as erased and yet not hold; so after every start the page at the head is
programmed to all zeros, which it always takes, and passed over. What a cut erase leaves may read as
erased too; so the last block that was erased is not trusted before it is erased again or followed
by another.
"""

from inversion_table.contract.pages import (
    FIRST_PAGE,
    LAST_PAGE,
    PAGE_BYTES,
    read_header,
    seal_page,
)
from inversion_table.journal.region import PAGES_PER_BLOCK

_PROGRAM_TRIES = 3
_SESSION_MOST = 0xFFFF


class SessionInfo:
    """Where one session lies. `complete`: its last page is there; `headed`: its first page is."""

    def __init__(self, session: int, first_sequence: int, last_sequence: int):
        self.session = session
        self.first_sequence = first_sequence
        self.last_sequence = last_sequence
        self.complete = False
        self.headed = False

    def pages(self) -> int:
        """Pages from the session's first to its last that are not overwritten yet."""
        return self.last_sequence - self.first_sequence + 1

    def total_bytes(self) -> int:
        """Bytes that `Ring.read` has of this session."""
        return self.pages() * PAGE_BYTES


class Ring:
    """The ring in `region`. `ahead_blocks`: how many whole erased blocks `prepare` sees to.

    Opening it reads one page of each block and the pages around the head.
    """

    def __init__(self, region, ahead_blocks: int = 24):
        if region.block_count < 3:
            raise ValueError("a ring needs at least 3 blocks")
        self._region = region
        self._ahead_pages = min(ahead_blocks, region.block_count - 2) * PAGES_PER_BLOCK
        self._page = bytearray(PAGE_BYTES)
        self.bad_pages = 0
        self._head_doubtful = True
        self._session = 0
        self._first_sequence = 0
        self._head = 0
        self._erased_end = 0
        self._gone_end = (
            0  # as `_erased_end`, with the block that reads as erased but is not trusted
        )
        self._find_head()

    # Writing

    def next_session(self) -> int:
        """The number that the next session gets, 1 .. 65535."""
        return 1 if self._session >= _SESSION_MOST else self._session + 1

    def free_pages(self) -> int:
        """Pages that can be appended before `prepare` must run again."""
        return max(0, self._erased_end - self._head - self._head_doubtful)

    def prepare(self, most_erases: int) -> int:
        """Erase up to `most_erases` blocks ahead; returns how many blocks are still wanted.

        Stalls the chip for each block: the caller answers for the table being home and the motor
        off.
        """
        wanted = self._head + self._ahead_pages
        while self._erased_end < wanted and most_erases > 0:
            self._region.erase(self._erased_end // PAGES_PER_BLOCK % self._region.block_count)
            self._erased_end += PAGES_PER_BLOCK
            self._gone_end = max(self._gone_end, self._erased_end)
            most_erases -= 1
        return max(0, -((self._erased_end - wanted) // PAGES_PER_BLOCK))

    def append(
        self, page: bytearray | memoryview, session: int, payload_bytes: int, flags: int
    ) -> bool:
        """Seal `page` (payload at its place, 256 bytes) as the next one and program it.

        With FIRST_PAGE in `flags` a new session begins here. Returns True when the page reads back
        whole; False when nothing is erased ahead or the flash does not take it: it is lost then.
        """
        if self._head_doubtful and self._head < self._erased_end:
            self._head_doubtful = False
            self._region.program(self._head % self._region.page_count, bytes(PAGE_BYTES))
            self._head += 1
        for _ in range(_PROGRAM_TRIES):
            if self._head >= self._erased_end:
                return False
            sequence = self._head
            if flags & FIRST_PAGE:
                self._session = session
                self._first_sequence = sequence
            seal_page(page, flags, sequence, self._first_sequence, session, payload_bytes)
            self._head += 1
            if self._region.program(sequence % self._region.page_count, page):
                return True
            self.bad_pages += 1
        return False

    def span(self) -> tuple:
        """(pages in the ring, sequence of the next one, pages that are kept erased ahead of it).

        A page is gone once it lies within the erased ones: one round later.
        """
        return self._region.page_count, self._head, self._ahead_pages

    # Reading

    def sessions(self, below: int | None = None):
        """Yield a SessionInfo for each session in the ring, newest first.

        below: only those that end before the page of that sequence number.
        """
        oldest = max(0, self._gone_end - self._region.page_count)
        sequence = (self._head if below is None else min(below, self._head)) - 1
        while sequence >= oldest:
            header = self._header_at(sequence)
            if header is None:
                sequence -= 1
                continue
            first = max(header.first_sequence, oldest)
            info = SessionInfo(header.session, first, sequence)
            info.complete = bool(header.flags & LAST_PAGE)
            opening = self._header_at(first)
            info.headed = opening is not None and bool(opening.flags & FIRST_PAGE)
            yield info
            sequence = first - 1

    def find(self, session: int, most: int = _SESSION_MOST) -> SessionInfo | None:
        """The newest session of that number, among the newest `most`; None when it is not there."""
        for info in self.sessions():
            if info.session == session:
                return info
            most -= 1
            if not most:
                break
        return None

    def ending_at(self, session: int, last_sequence: int) -> SessionInfo | None:
        """The session of that number whose last page so far is that one; None when it is not here.

        Reads one page, however many sessions there are.
        """
        oldest = max(0, self._gone_end - self._region.page_count)
        if not oldest <= last_sequence < self._head:
            return None
        header = self._header_at(last_sequence)
        if header is None or header.session != session:
            return None
        info = SessionInfo(session, max(header.first_sequence, oldest), last_sequence)
        info.complete = bool(header.flags & LAST_PAGE)
        return info

    def read(self, info: SessionInfo, offset: int, buffer: bytearray | memoryview) -> int:
        """Copy the session's raw pages from byte `offset` on into `buffer`; returns the bytes.

        Pages come as they lie in flash, damaged ones too: whoever reads them checks each.
        """
        view = memoryview(buffer)
        count = min(len(view), max(0, info.total_bytes() - offset))
        done = 0
        while done < count:
            page, at = divmod(offset + done, PAGE_BYTES)
            slot = (info.first_sequence + page) % self._region.page_count
            to_block_end = (PAGES_PER_BLOCK - slot % PAGES_PER_BLOCK) * PAGE_BYTES - at
            size = min(to_block_end, count - done)
            self._region.read(slot, view[done : done + size], at)
            done += size
        return done

    def _header_at(self, sequence: int):
        """Header of the page with that sequence number; None when its place holds anything else."""
        self._region.read(sequence % self._region.page_count, self._page)
        header = read_header(self._page)
        return header if header is not None and header.sequence == sequence else None

    # Finding the head

    def _header_in(self, slot: int):
        """Header of the page in that place; None when it is no page or belongs elsewhere."""
        self._region.read(slot, self._page)
        header = read_header(self._page)
        if header is None or header.sequence % self._region.page_count != slot:
            return None
        return header

    def _find_head(self) -> None:
        newest = self._newest_page()
        self._head = 0
        ring_start = 0
        if newest is not None:
            self._session = newest.session
            self._head = newest.sequence + 1
            ring_start = newest.sequence - newest.sequence % PAGES_PER_BLOCK
        self._erased_end = self._head
        if self._head % PAGES_PER_BLOCK:
            # Good pages lie in the head's block, so its erase was whole. Torn ones may follow.
            self._erased_end = ring_start + PAGES_PER_BLOCK
            self._head = max(self._head, ring_start + self._erased_from(ring_start))
        self._find_erased_end(ring_start + self._region.page_count)

    def _find_erased_end(self, ring_end: int) -> None:
        """Extend the erased run over the blocks behind it, up to `ring_end`, but for the last."""
        end = self._erased_end
        torn_pages = 0
        while end < ring_end:
            erased_from = self._erased_from(end)
            if erased_from:
                # The block at the head may begin with torn pages, but with none that is whole.
                if end != self._head or self._whole_pages(end, erased_from):
                    break
                torn_pages = erased_from
            end += PAGES_PER_BLOCK
        self._gone_end = end
        if end > self._erased_end:
            end -= PAGES_PER_BLOCK
            if self._head == self._erased_end < end:
                self._head += torn_pages
            self._erased_end = end

    def _erased_from(self, block_start: int) -> int:
        """Pages up to the last that is not erased, 0 .. 16, in the block that begins there."""
        slot = block_start % self._region.page_count
        count = PAGES_PER_BLOCK
        while count and self._region.is_erased(slot + count - 1):
            count -= 1
        return count

    def _whole_pages(self, block_start: int, count: int) -> int:
        """How many of that block's first `count` pages are whole pages of any age."""
        slot = block_start % self._region.page_count
        return sum([self._header_in(slot + page) is not None for page in range(count)])

    def _newest_page(self):
        """Header of the page with the highest sequence number; None in an empty ring."""
        newest = None
        for block in range(self._region.block_count):
            for slot in range(block * PAGES_PER_BLOCK, (block + 1) * PAGES_PER_BLOCK):
                header = self._header_in(slot)
                if header is not None:
                    if newest is None or header.sequence > newest.sequence:
                        newest = header
                    break
        if newest is None:
            return None
        first_slot = newest.sequence % self._region.page_count
        for slot in range(first_slot + 1, (first_slot // PAGES_PER_BLOCK + 1) * PAGES_PER_BLOCK):
            header = self._header_in(slot)
            if header is not None and header.sequence > newest.sequence:
                newest = header
        return newest
