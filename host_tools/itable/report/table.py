"""The sessions of a store as a table for statistics: one row a session, CSV or Parquet."""

import csv
import datetime
import io
from collections.abc import Sequence
from pathlib import Path

from itable.clinic.sessions import Done
from itable.errors import InputError
from itable.files import write_whole

COLUMNS = {
    "patient": "pseudonym; empty: nobody's",
    "device": "name of the table",
    "session": "its number on that table",
    "start": "START, in UTC (ISO 8601); empty: the table's clock was not set",
    "plan": "name of the plan, without the release's mark",
    "week": "week of the programme",
    "how": "completed, shortened, fault, or cut off",
    "ended": "what ended it, in words",
    "duration_s": "seconds from START to the last record",
    "head_down_s": "seconds head-down",
    "planned_head_down_s": "seconds head-down that were planned",
    "tilt_max_deg": "greatest tilt",
    "planned_tilt_deg": "greatest tilt that was planned",
    "pain_before": "0 to 10",
    "pain_after": "0 to 10",
    "comfort": "0 to 10",
    "note": "what else was said",
}
"""Every column and what it is; docs/itable.md has the same table."""


def write(rows: Sequence[Done], path: Path) -> None:
    """Write the rows as the ending of the name says; raises InputError for another ending."""
    if path.suffix == ".csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_values(done) for done in rows)
        write_whole(path, text.getvalue().encode())
    elif path.suffix == ".parquet":
        write_whole(path, _parquet(rows))
    else:
        raise InputError(
            f"'{path.name}' ends neither in .csv nor in .parquet",
            next_step="name a file that does",
        )


def _values(done: Done) -> list[object]:
    """One row, in the order of COLUMNS."""
    from itable.clinic.release import without_mark

    return [
        done.patient,
        done.device,
        done.number,
        _start(done.start_unix_s),
        without_mark(done.plan_name or ""),
        done.week,
        done.how,
        done.ended,
        done.duration_ms / 1000,
        _thousandth(done.head_down_ms),
        _thousandth(done.planned_head_down_ms),
        _thousandth(done.max_tilt_mdeg),
        _thousandth(done.planned_tilt_mdeg),
        done.pain_before,
        done.pain_after,
        done.comfort,
        done.note or None,
    ]


def _parquet(rows: Sequence[Done]) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            "Parquet needs pyarrow, which is not installed",
            next_step="pip install 'inversion-table-controller[parquet]', or write .csv",
        ) from error
    kinds = {
        "session": pyarrow.int64(),
        **dict.fromkeys(("week", "pain_before", "pain_after", "comfort"), pyarrow.int32()),
        **{name: pyarrow.float64() for name in COLUMNS if name.endswith(("_s", "_deg"))},
    }
    schema = pyarrow.schema(
        [
            pyarrow.field(name, kinds.get(name, pyarrow.string()), metadata={"what": what})
            for name, what in COLUMNS.items()
        ]
    )
    values = [_values(done) for done in rows]
    columns = [list(column) for column in zip(*values, strict=True)] or [[] for _ in COLUMNS]
    arrays = [
        pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)
    ]
    out = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays, schema=schema), out)
    return out.getvalue()


def _start(unix_s: int | None) -> str | None:
    if not unix_s:
        return None
    return datetime.datetime.fromtimestamp(unix_s, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _thousandth(value: int | None) -> float | None:
    return None if value is None else value / 1000
