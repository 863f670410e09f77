"""From a session's pages to columns, events and a list of what is missing."""

from dataclasses import dataclass, field

from inversion_table.contract import pages, records
from inversion_table.contract.session_log import BoxGaps


@dataclass
class Columns:
    """The samples, one list a quantity; index i of each is one moment."""

    t_ms: list[int] = field(default_factory=list)
    tilt_mdeg: list[int] = field(default_factory=list)
    target_mdeg: list[int] = field(default_factory=list)
    rate_mdeg_per_s: list[int] = field(default_factory=list)
    current_ma: list[int] = field(default_factory=list)
    supply_mv: list[int] = field(default_factory=list)
    state: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.t_ms)

    def add(self, sample: records.Sample) -> None:
        """Append one sample to every column."""
        for name in records.Sample._fields:
            getattr(self, name).append(getattr(sample, name))


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
        times = [*self.columns.t_ms[-1:], *[event.t_ms for event in self.events[-1:]]]
        if self.end is not None:
            times.append(self.end.t_ms)
        return max(times, default=0)

    @property
    def bytes_per_sample(self) -> float:
        """Bytes in flash for each sample, whole pages counted; 0.0 without samples."""
        return self.byte_count / len(self.columns) if len(self.columns) else 0.0


def decode(data: bytes) -> SessionLog:
    """Read the pages of one session; damaged ones are left out and said in `missing`."""
    log = SessionLog(byte_count=len(data))
    expected: int | None = None
    last = None
    gaps = BoxGaps()
    for at in range(0, len(data), pages.PAGE_BYTES):
        page = data[at : at + pages.PAGE_BYTES]
        number = at // pages.PAGE_BYTES + 1
        if len(page) < pages.PAGE_BYTES:
            log.missing.append(f"the data end inside page {number}: {len(page)} bytes left over")
            break
        page_header = pages.read_header(page)
        if page_header is None:
            log.missing.append(f"page {number} is damaged (its CRC-32 does not match)")
            expected = None if expected is None else expected + 1
            continue
        if expected is None and number == 1 and not page_header.flags & pages.FIRST_PAGE:
            count = page_header.sequence - page_header.first_sequence
            log.missing.append(f"the session's first {count} pages were overwritten by newer ones")
        if log.session and page_header.session != log.session:
            log.missing.append(f"page {number} belongs to session {page_header.session}")
            continue
        if expected is not None and page_header.sequence != expected:
            count = page_header.sequence - expected
            log.missing.append(f"{count} pages are missing before page {number}")
        expected = page_header.sequence + 1
        last = page_header
        log.session = page_header.session
        _add_page(log, pages.payload_of(page, page_header), number, gaps)
    _miss_samples(log, gaps.at_end(), f"after page {log.page_count}")
    if last is None:
        log.missing.append("there is no whole page")
    elif not last.flags & pages.LAST_PAGE:
        log.missing.append("the end: the session's last page was never written")
    return log


def _miss_samples(log: SessionLog, count: int, where: str) -> None:
    if count:
        log.missing.append(f"{count} samples of a black box {where}")


def _add_page(log: SessionLog, payload: bytes, number: int, gaps: BoxGaps) -> None:
    log.page_count += 1
    try:
        for record in records.decode_payload(payload):
            _miss_samples(log, gaps.before(record), f"before page {number}")
            if isinstance(record, records.Sample):
                log.columns.add(record)
            elif isinstance(record, records.Event):
                log.events.append(record)
            elif isinstance(record, records.Header):
                log.header = record
            elif isinstance(record, records.Box):
                if gaps.began:
                    log.boxes.append(BlackBox(record.fault))
            elif isinstance(record, records.BoxSample):
                log.boxes[-1].samples.append(record)
            else:
                log.end = record
    except records.RecordError as error:
        log.missing.append(f"the rest of page {number}: {error}")
