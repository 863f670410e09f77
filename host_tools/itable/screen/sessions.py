"""Lists of sessions: those on the table, those that are kept here."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table

from itable.clinic.release import without_mark
from itable.days import day_and_time
from itable.log import words
from itable.screen.chart import clock
from itable.screen.lines import blocks

if TYPE_CHECKING:
    from itable.clinic.sessions import Done
    from itable.link.models import LogList


def listing(answer: "LogList") -> RenderableType:
    """The sessions on the table, as it lists them."""
    if not answer.sessions:
        return "The log is empty: no session was run yet."
    table = _table("session", "bytes", right=("session", "bytes"))
    if answer.lost_records:
        table.caption = f"{answer.lost_records} records were lost"
    for name in ("complete", "pulled"):
        table.add_column(name)
    for entry in answer.sessions:
        table.add_row(
            str(entry.session), str(entry.bytes), _yes(entry.complete), _yes(entry.pulled)
        )
    return table


def kept(rows: "Sequence[Done]", width: int | None = None) -> Iterator[str]:
    """Sessions of the store as lines, the heads first; folded to `width`, if that is given."""
    several = len({row.device for row in rows}) > 1
    patients = any(row.patient for row in rows)
    heads = (
        *("id", *(("device",) if several else ()), "no.", "date"),
        *(*(("patient",) if patients else ()), "plan", "min", "down", "tilt", "ended"),
    )
    cells = [
        (
            f"@{row.id}",
            *((row.device,) if several else ()),
            str(row.number),
            day_and_time(row.start_unix_s),
            *((row.patient or "",) if patients else ()),
            without_mark(row.plan_name or "") if row.patient else row.plan_name or "",
            clock(row.duration_ms),
            "" if row.head_down_ms is None else clock(row.head_down_ms),
            "" if row.max_tilt_mdeg is None else f"{row.max_tilt_mdeg / 1000:.1f}°",
            _ended(row),
        )
        for row in rows
    ]
    right = ("id", "no.", "min", "down", "tilt")
    return blocks(heads, cells, right=right, fold=("device", "plan", "ended"), width=width)


def _table(*names: str, right: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bright_black", pad_edge=False, padding=(0, 1))
    for name in names:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return table


def _ended(row: "Done") -> str:
    ended = words.ended_words(row.end_reason, row.end_fault, row.fault_count)
    return ended if row.whole or row.end_reason is None else f"{ended}; parts are missing"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
