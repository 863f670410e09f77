"""What the doctor found, a line for each thing, and below it what to do."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from itable.care.findings import BAD, GOOD, NOTE, TODO, Finding

_SIGNS = {
    GOOD: ("✓", "green"),
    NOTE: ("·", "cyan"),
    TODO: ("!", "bold yellow"),
    BAD: ("✗", "bold red"),
}
_NAME_WIDTH = 12


def finding(found: Finding) -> RenderableType:
    """One thing: its sign, its name, how it is; what to do below, where something is to be done."""
    sign, style = _SIGNS[found.level]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=_NAME_WIDTH)
    grid.add_column(overflow="fold")
    grid.add_row(Text(sign, style), Text(found.name, style if found.asks else ""), Text(found.says))
    if found.do:
        grid.add_row("", "", Text.assemble(("→ ", "green"), found.do))
    return grid


def summary(all_found: Sequence[Finding]) -> RenderableType:
    """The last line: whether all is well, else what is to be done first."""
    asking = [found for found in all_found if found.asks]
    if not asking:
        return Text("all is well", "bold green")
    stops = [found.name for found in asking if found.level == BAD]
    count = f"{len(asking)} thing{'s' if len(asking) > 1 else ''} to do"
    if not stops:
        return Text(count, "bold yellow")
    return Group(Text(f"{count}; first: {', '.join(stops)}", "bold red"))
