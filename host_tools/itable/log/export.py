"""A session as CSV: one file of samples, one of events, for spreadsheets and statistics."""

import csv
import io
from pathlib import Path

from inversion_table.contract import events
from itable.files import write_whole
from itable.log import words
from itable.log.content import NAMES
from itable.log.decode import SessionLog

# name -> what it is; docs/itable.md prints the same.
SAMPLE_COLUMNS = {
    "t_s": "seconds since START",
    "tilt_deg": "measured tilt: 0 = flat, positive = head down",
    "target_deg": "where the table is to be at this moment",
    "rate_deg_per_s": "measured rate, positive = toward head-down",
    "current_a": "motor current, negative when driven homeward",
    "supply_v": "motor supply",
    "state": "name of the machine's state",
    "flags": "flag bits, as a number",
}
EVENT_COLUMNS = {
    "t_s": "seconds since START",
    "event": "name of the event",
    "a": "its first number",
    "a_is": "what the first number is",
    "b": "its second number",
    "b_is": "what the second number is",
    "words": "the event in words",
}


def sample_rows(log: SessionLog) -> str:
    """The samples as CSV text with a line of column names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(SAMPLE_COLUMNS)
    rows = zip(*(getattr(log.columns, name).tolist() for name in NAMES), strict=True)
    for *thousandths, state, flags in rows:
        values = [f"{value / 1000:.3f}" for value in thousandths]
        writer.writerow((*values, words.state_name(state), flags))
    return out.getvalue()


def event_rows(log: SessionLog) -> str:
    """The events as CSV text with a line of column names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(EVENT_COLUMNS)
    for event in log.events:
        _, a_is, b_is = events.EVENTS.get(event.code, ("", "", ""))
        writer.writerow(
            (
                f"{event.t_ms / 1000:.3f}",
                events.event_name(event.code),
                event.a,
                a_is,
                event.b,
                b_is,
                words.event_words(event),
            )
        )
    return out.getvalue()


def write_csv(log: SessionLog, path: Path) -> tuple[Path, Path]:
    """Write samples to `path` and events beside it as `<name>-events.csv`; returns both."""
    events_path = path.with_name(f"{path.stem}-events.csv")
    write_whole(path, sample_rows(log).encode())
    write_whole(events_path, event_rows(log).encode())
    return path, events_path
