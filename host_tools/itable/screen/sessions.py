"""The table's list of sessions."""

from rich.console import RenderableType
from rich.table import Table

from itable.link.models import LogList


def listing(answer: LogList) -> RenderableType:
    """The sessions as a table of what the device says about each."""
    if not answer.sessions:
        return "The log is empty: no session was run yet."
    names = list(dict.fromkeys(["session", *(name for one in answer.sessions for name in one)]))
    caption = f"{answer.lost_records} records were lost" if answer.lost_records else None
    table = Table(
        box=None, header_style="bright_black", pad_edge=False, padding=(0, 2), caption=caption
    )
    for name in names:
        table.add_column(name.replace("_", " "), justify="right" if name == "session" else "left")
    for entry in answer.sessions:
        table.add_row(*[_shown(entry.get(name)) for name in names])
    return table


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
