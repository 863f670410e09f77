"""A session in numbers: what `log show` prints and `--json` gives."""

from inversion_table.contract import events
from itable.log import words
from itable.log.about import About
from itable.log.decode import SessionLog


def summary(log: SessionLog, about: About) -> dict[str, object]:
    """The session's facts, sums, events and gaps; times in ms, tilts in mdeg."""
    return {
        "session": log.session,
        "device": about.device,
        "header": None if log.header is None else log.header._asdict(),
        "end": None if log.end is None else log.end._asdict(),
        "duration_ms": log.duration_ms,
        "samples": len(log.columns),
        "pages": log.page_count,
        "bytes": log.byte_count,
        "bytes_per_sample": round(log.bytes_per_sample, 3),
        "max_tilt_mdeg": int(log.columns.tilt_mdeg.max()) if len(log.columns) else None,
        "events": [
            {
                "t_ms": event.t_ms,
                "event": events.event_name(event.code),
                "a": event.a,
                "b": event.b,
                "words": words.event_words(event),
            }
            for event in log.events
        ],
        "black_boxes": [
            {
                "fault": words.fault_name(box.fault),
                "samples": [sample._asdict() for sample in box.samples],
            }
            for box in log.boxes
        ],
        "missing": log.missing,
    }
