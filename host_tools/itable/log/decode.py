"""From a session's pages to columns, events and a list of what is missing."""

import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from inversion_table.contract import pages, records
from inversion_table.contract.session_log import BoxGaps
from itable.log import vectors
from itable.log.content import Columns, Content

Decoder = Callable[[bytes, Sequence[int]], Content]

# As contract/pages.py lays out a page; a test holds them together.
_PAGE = np.dtype(
    [
        ("magic", "<u2"),
        ("format", "u1"),
        ("flags", "u1"),
        ("sequence", "<u4"),
        ("first", "<u4"),
        ("session", "<u2"),
        ("payload_bytes", "<u2"),
        ("payload", "u1", pages.PAYLOAD_BYTES),
        ("crc", "<u4"),
    ]
)


@dataclass
class BlackBox:
    """Every tick of the last seconds before a fault; `samples` are as in the log, oldest first."""

    fault: int
    samples: list[records.BoxSample] = field(default_factory=list)


@dataclass
class SessionLog:
    """A session as it was read; `missing` says in words what is not there, one entry a gap."""

    header: records.Header | None = None
    columns: Columns = field(default_factory=Columns)
    events: list[records.Event] = field(default_factory=list)
    boxes: list[BlackBox] = field(default_factory=list)
    end: records.End | None = None
    page_count: int = 0
    byte_count: int = 0
    missing: list[str] = field(default_factory=list)
    session: int = 0

    @property
    def duration_ms(self) -> int:
        """From START to the last record."""
        times = [int(self.columns.t_ms[-1])] if len(self.columns) else []
        times += [event.t_ms for event in self.events[-1:]]
        if self.end is not None:
            times.append(self.end.t_ms)
        return max(times, default=0)

    @property
    def bytes_per_sample(self) -> float:
        """Bytes in flash for each sample, whole pages counted; 0.0 without samples."""
        return self.byte_count / len(self.columns) if len(self.columns) else 0.0


def decode(data: bytes, decoder: Decoder = vectors.read) -> SessionLog:
    """Read the pages of one session; damaged ones are left out and said in `missing`."""
    log = SessionLog(byte_count=len(data))
    gaps: list[tuple[int, str]] = []  # page number from 1, what is missing
    places = _places(data, log, gaps)
    log.page_count = len(places)
    content = decoder(data, places)
    log.missing = _fill_boxes(log, content, gaps) + log.missing
    gaps += [(place + 1, f"the rest of page {place + 1}: {why}") for place, why in content.problems]
    gaps.sort(key=lambda gap: gap[0])
    log.missing = [words for _, words in gaps] + log.missing
    log.columns = content.columns
    log.events = [event for _, event in content.events]
    log.header = content.headers[-1][1] if content.headers else None
    log.end = content.ends[-1][1] if content.ends else None
    return log


def _fill_boxes(log: SessionLog, content: Content, gaps: list[tuple[int, str]]) -> list[str]:
    """Put the black boxes together; returns what is missing at their end, in words."""
    boxes = BoxGaps()
    for place, record in content.boxes:
        if count := boxes.before(record):
            gaps.append((place + 1, f"{count} samples of a black box before page {place + 1}"))
        if isinstance(record, records.BoxSample):
            log.boxes[-1].samples.append(record)
        elif boxes.began:
            log.boxes.append(BlackBox(record.fault))
    count = boxes.at_end()
    return [f"{count} samples of a black box after page {log.page_count}"] if count else []


def _places(data: bytes, log: SessionLog, gaps: list[tuple[int, str]]) -> list[int]:
    """The indices of the session's sound pages; what is wrong with the others goes to `gaps`."""
    count, rest = divmod(len(data), pages.PAGE_BYTES)
    table = np.frombuffer(data, _PAGE, count)
    sound = _sound(data, table)
    places = []
    expected: int | None = None
    flags = None
    for place, (good, sequence, first, session, page_flags) in enumerate(
        zip(
            sound,
            table["sequence"].tolist(),
            table["first"].tolist(),
            table["session"].tolist(),
            table["flags"].tolist(),
            strict=True,
        )
    ):
        number = place + 1
        if not good:
            gaps.append((number, f"page {number} is damaged (its CRC-32 does not match)"))
            expected = None if expected is None else expected + 1
            continue
        if expected is None and number == 1 and not page_flags & pages.FIRST_PAGE:
            lost = sequence - first
            gaps.append(
                (number, f"the session's first {lost} pages were overwritten by newer ones")
            )
        if log.session and session != log.session:
            gaps.append((number, f"page {number} belongs to session {session}"))
            continue
        if expected is not None and sequence != expected:
            lost = sequence - expected
            gaps.append((number, f"{lost} pages are missing before page {number}"))
        expected = sequence + 1
        flags = page_flags
        log.session = session
        places.append(place)
    if rest:
        log.missing.append(f"the data end inside page {count + 1}: {rest} bytes left over")
    if flags is None:
        log.missing.append("there is no whole page")
    elif not flags & pages.LAST_PAGE:
        log.missing.append("the end: the session's last page was never written")
    return places


def _sound(data: bytes, table: np.ndarray) -> list[bool]:
    """For each page, what pages.read_header would say of it."""
    view = memoryview(data)
    crcs = [
        binascii.crc32(view[at : at + pages.CRC_AT])
        for at in range(0, len(table) * pages.PAGE_BYTES, pages.PAGE_BYTES)
    ]
    good = (table["magic"] == pages.MAGIC) & (table["format"] == pages.PAGE_FORMAT)
    good &= table["crc"] == np.array(crcs, np.uint32)
    good &= table["payload_bytes"] <= pages.PAYLOAD_BYTES
    good &= (table["first"] <= table["sequence"]) & (table["session"] != 0)
    return [bool(one) for one in good]
