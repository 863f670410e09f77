"""A session's raw pages back into its records; what is missing is said in its place (RQ-124)."""

from collections import namedtuple

from inversion_table.contract.pages import (
    FIRST_PAGE,
    LAST_PAGE,
    PAGE_BYTES,
    payload_of,
    read_header,
)
from inversion_table.contract.records import Box, BoxSample, RecordError, decode_payload

# page: index in what was read; pages: how many are missing there (0: less than a page).
Missing = namedtuple("Missing", ("page", "pages", "reason"))


class BoxGaps:
    """Counts the samples of black boxes that were announced and never came; fed every record."""

    def __init__(self) -> None:
        self.began = False
        """The last Box that was fed is the first piece of another black box."""
        self._left = 0
        self._fault = 0

    def before(self, record) -> int:
        """How many are missing right before `record`."""
        if isinstance(record, BoxSample):
            self._left -= 1
            return 0
        if not isinstance(record, Box):
            return 0
        missing = self._left
        self.began = not missing or record.fault != self._fault or record.left > missing
        if not self.began:
            missing -= record.left
        self._left = record.left
        self._fault = record.fault
        return missing

    def at_end(self) -> int:
        """How many are missing once there are no more records."""
        return self._left


def _header_of(page: bytes, session: int):
    header = read_header(page)
    return header if header is not None and header.session == session else None


def _first_sequence(headers: list) -> int | None:
    """The sequence of the page in front, as most pages have it: one may lie in a wrong place."""
    votes: dict = {}
    for page in range(len(headers)):
        if headers[page] is not None:
            first = headers[page].sequence - page
            votes[first] = votes.get(first, 0) + 1
    best = None
    for first in votes:
        if best is None or votes[first] > votes[best]:
            best = first
    return best


def decode_session(raw: bytes, session: int):
    """Yield the records of `session` from its pages as `log.read` gives them, and each Missing.

    Only pages whose CRC is right and which belong to the session are decoded. Raises RecordError
    for a sound page with records that this version does not know.
    """
    page_count = len(raw) // PAGE_BYTES
    headers = [
        _header_of(raw[page * PAGE_BYTES : (page + 1) * PAGE_BYTES], session)
        for page in range(page_count)
    ]
    first_sequence = _first_sequence(headers)
    damaged = 0
    headed = False
    complete = False
    gaps = BoxGaps()
    for page in range(page_count):
        header = headers[page]
        if header is None or header.sequence - page != first_sequence:
            damaged += 1
            continue
        if damaged:
            yield Missing(page - damaged, damaged, "damaged, or overwritten by later sessions")
            damaged = 0
        if header.flags & FIRST_PAGE:
            headed = True
        elif not headed:
            headed = True
            overwritten = first_sequence - header.first_sequence
            if overwritten > 0:
                yield Missing(0, overwritten, "the session's start is overwritten by later ones")
        complete = bool(header.flags & LAST_PAGE)
        try:
            for record in decode_payload(
                payload_of(raw[page * PAGE_BYTES : (page + 1) * PAGE_BYTES], header)
            ):
                missing = gaps.before(record)
                if missing:
                    yield Missing(page, 0, "%d samples of a black box" % missing)
                yield record
        except RecordError as error:
            raise RecordError("page %d of session %d: %s" % (page, session, error)) from None
    if damaged:
        yield Missing(page_count - damaged, damaged, "damaged, or overwritten by later sessions")
    if gaps.at_end():
        yield Missing(page_count, 0, "%d samples of a black box" % gaps.at_end())
    if len(raw) % PAGE_BYTES:
        yield Missing(page_count, 1, "the data end inside a page")
    elif not complete:
        yield Missing(page_count, 0, "no end: power was cut, or the log was full")
