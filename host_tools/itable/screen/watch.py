"""The live view of a table: dial, what it does, times, inputs, faults, and how the link is."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from inversion_table.safety import limits
from itable.link.models import Status
from itable.screen.chart import clock
from itable.screen.dial import Dial
from itable.screen.status import (
    degrees,
    head_down,
    input_words,
    last_fault_words,
    state_sentence,
    state_style,
)

STALE_S = 3.0
"""Values of longer ago are not shown as if they were of now (RQ-149)."""
WIDE = 58
"""Columns from which the dial stands beside the facts."""
WIDTH_MOST = 92
_UNDER_WAY = ("MOVING", "RETURNING", "HOLDING", "PAUSED")
_KEYS = "q or Ctrl-C leaves; the table goes on"


@dataclass
class Link:
    """How the link is. `heard_s`, `lost_s`: of the clock that `View.now_s` is of."""

    port: str
    round_trip_ms: float = 0.0
    lost: int = 0
    """Requests that had to be asked again, or were not answered."""
    heard_s: float = 0.0
    lost_s: float | None = None
    """Since when it does not answer."""
    why: str = ""
    again: int = 0
    """How often it came back."""

    def quality(self) -> Text:
        """In words and bars, which also mean something without colours."""
        if self.lost_s is not None:
            return Text("no answer", "bold red")
        level = 3 - (self.round_trip_ms > 60) - (self.round_trip_ms > 250)
        bars = "▂▅█"[:level].ljust(3, "·")
        style = ("red", "yellow", "green")[level - 1]
        text = Text.assemble((bars, style), f" {self.round_trip_ms:.0f} ms")
        if self.lost:
            text.append(f", {self.lost} asked again", "yellow")
        return text


@dataclass
class View:
    """Everything that one picture shows."""

    status: Status | None
    limit_mdeg: int | None
    link: Link
    now_s: float

    @property
    def stale(self) -> bool:
        """What is known is not of now."""
        return self.link.lost_s is not None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As large a dial as there is room for, else none: what is written goes before it."""
        width = min(options.max_width, WIDTH_MOST)
        height = options.height or console.size.height
        panel = _panel(self, width, 0)
        if width >= WIDE:
            for dial_rows in (13, 9):
                larger = _panel(self, width, dial_rows)
                lines = console.render_lines(larger, options.update(height=None), pad=False)
                if len(lines) <= height:
                    panel = larger
                    break
        yield panel


def _panel(view: View, width: int, dial_rows: int) -> Panel:
    status = view.status
    style = "bright_black" if view.stale or status is None else state_style(status)
    title = Text(" no plan ", "bold")
    if status is not None and status.plan_name:
        title = Text.assemble((f" {status.plan_name} ", "bold"))
    title.truncate(max(10, width - 6), overflow="ellipsis")
    return Panel(
        Group(*_rows(view, dial_rows)),
        title=title,
        title_align="left",
        subtitle=f" {view.link.port[-(width - 8) :]} ",
        subtitle_align="right",
        border_style=style,
        width=width,
        padding=(0, 1),
    )


def _rows(view: View, dial_rows: int) -> list[RenderableType]:
    status = view.status
    rows: list[RenderableType] = []
    if view.stale:
        rows += _lost(view)
    if status is None:
        return [*rows, Text(""), Text(_KEYS, "bright_black")]
    # What was known stays to be seen, but nothing of it may be taken for now.
    dim = "bright_black" if view.stale else ""
    if not view.stale:
        rows.append(Text(state_sentence(status), state_style(status), overflow="fold"))
    rows += _trouble(status, dim)
    if dial_rows:
        grid = Table.grid(padding=(0, 1))
        grid.add_column()
        grid.add_column(overflow="fold")
        grid.add_row(_dial(view, dial_rows), _facts(view, dim, airy=dial_rows > 9))
        rows += [Text(""), grid]
    else:
        rows.append(_facts(view, dim, airy=False))
    rows.append(Text.assemble(("inputs     ", "bright_black"), (input_words(status.inputs), dim)))
    rows.append(Text(_KEYS, "bright_black"))
    return rows


def _lost(view: View) -> list[RenderableType]:
    """What happened to the link, for how long, and that it is tried again by itself."""
    since_s = view.now_s - (view.link.lost_s or view.now_s)
    ago = clock(since_s * 1000)
    rows: list[RenderableType] = [
        Text(f"No answer for {ago}: {view.link.why}", "bold red"),
        Text(
            "The table goes on by itself; its buttons work. Check the cable and that it has"
            " power; this view goes on when it answers.",
            "yellow",
        ),
    ]
    if view.status is not None:
        said = state_sentence(view.status)
        rows.append(Text(f"What it said {ago} ago, and not now: {said}", "bright_black"))
    return rows


def _trouble(status: Status, dim: str) -> list[RenderableType]:
    """Faults in the words for the person, which say what to do, and in the engineer's."""
    rows: list[RenderableType] = []
    if status.fault != "NO_FAULT":
        rows.append(Text(status.fault_patient, dim or "bold red"))
        rows.append(Text(f"{status.fault}: {status.fault_engineer}", dim or "red"))
    elif status.refused != "NO_FAULT":
        rows.append(Text(f"START refused: {status.refused_patient}", dim or "yellow"))
    if status.last_fault is not None:
        rows.append(Text(last_fault_words(status.last_fault, status.fault), "bright_black"))
    if status.program:
        rows.append(Text(f"program: {status.program}", dim or "yellow"))
    if status.firmware_note:
        rows.append(Text(status.firmware_note, dim or "yellow"))
    if not status.calibrated:
        most = limits.UNCALIBRATED_TILT_MAX_MDEG // 1000
        rows.append(Text(f"not calibrated: at most {most}° head-down", dim or "yellow"))
    return rows


def _dial(view: View, rows: int) -> Text:
    status = view.status
    assert status is not None
    style = "bright_black" if view.stale else state_style(status)
    return Dial(rows).draw(
        status.tilt_mdeg / 1000 if status.tilt_valid else None,
        status.goal_mdeg / 1000 if status.state in _UNDER_WAY and not view.stale else None,
        None if view.limit_mdeg is None else view.limit_mdeg / 1000,
        style,
    )


def _facts(view: View, dim: str, *, airy: bool) -> Table:
    status = view.status
    assert status is not None
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bright_black", no_wrap=True)
    grid.add_column(style=dim, overflow="fold")

    def add(name: str, value: str | Text) -> None:
        grid.add_row(name, Text(value.plain, dim) if dim and isinstance(value, Text) else value)

    tilt = degrees(status.tilt_mdeg) if status.tilt_valid else "not known"
    add("tilt", Text(tilt, "bold"))
    target = degrees(status.goal_mdeg) if status.state in _UNDER_WAY else "–"
    add("target ◆", target + ("" if view.limit_mdeg is None else f", ≤ {degrees(view.limit_mdeg)}"))
    add("rate", f"{degrees(status.rate_mdeg_per_s)}/s")
    add("motor", f"{status.current_ma / 1000:.1f} A, {status.supply_mv / 1000:.1f} V")
    if airy:
        add("", "")
    add("step", _step(status))
    add("session", _session(status))
    add("head-down", head_down(status))
    if airy:
        add("", "")
    grid.add_row("link", _link_words(view))
    return grid


def _step(status: Status) -> str:
    if status.state == "RETURNING" or not status.step:
        return f"rest, {clock(status.step_left_ms)} left" if status.step_left_ms else "–"
    left = f", {clock(status.step_left_ms)} left" if status.step_left_ms else ""
    return f"{status.step} of {status.steps}{left}"


def _session(status: Status) -> str:
    left = f", {clock(status.left_ms)} left" if status.left_ms else ""
    return f"{clock(status.session_ms)}{left}"


def _link_words(view: View) -> Text:
    text = view.link.quality()
    if view.link.again and view.link.lost_s is None:
        text.append(f", came back {view.link.again}×")
    return text


def line(status: Status, now: Callable[[], str]) -> str:
    """One look on one line, for output that is no terminal."""
    parts = [now(), status.state, f"{status.tilt_mdeg / 1000:.1f} deg"]
    if status.step:
        parts.append(f"step {status.step} of {status.steps}")
    parts.append(f"head-down {clock(status.head_down_ms)}")
    if status.fault != "NO_FAULT":
        parts.append(f"{status.fault}: {status.fault_patient}")
    return "  ".join(parts)
