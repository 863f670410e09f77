"""A session in the terminal: its curve, its facts, its events."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from inversion_table.contract import events
from inversion_table.safety import limits
from itable.log import words
from itable.log.about import About
from itable.log.decode import BlackBox, SessionLog
from itable.screen.chart import Chart, clock, interpolated

_HEIGHT = 18
_EVENTS_SHOWN = 60


def show(log: SessionLog, about: About, console: Console) -> None:
    """Print a session that has at least one page."""
    header = log.header
    title = header.plan_name if header is not None and header.plan_name else "Session"
    console.print(
        f"\n[bold]{escape(title)}[/]   [bright_black]session {log.session}"
        f"{' · ' + escape(about.device) if about.device else ''}[/]\n"
    )
    if len(log.columns) > 1:
        console.print(_chart(log, about, console))
        console.print()
    console.print(_facts(log))
    console.print()
    console.print(_events(log))
    if len(log.events) > _EVENTS_SHOWN:
        console.print(f"[bright_black]... {len(log.events) - _EVENTS_SHOWN} more in --json[/]")
    for gap in log.missing:
        console.print(f"[yellow]missing:[/] {escape(gap)}")


def _chart(log: SessionLog, about: About, console: Console) -> Text:
    columns = log.columns
    limit_deg = about.settings.get("tilt_max_mdeg", limits.TILT_MAX_MDEG) / 1000
    chart = Chart(
        min(console.width, 120),
        _HEIGHT,
        float(columns.t_ms[-1] - columns.t_ms[0]) / 1000,
        limits.HOME_TILT_MDEG / 1000 - 5,
        max(limit_deg, int(columns.tilt_mdeg.max()) / 1000) + 5,
        plain=not console.encoding.lower().startswith("utf"),
    )
    times_s = [(t_ms - int(columns.t_ms[0])) / 1000 for t_ms in columns.t_ms.tolist()]
    chart.draw(interpolated(times_s, [tilt / 1000 for tilt in columns.tilt_mdeg.tolist()]))
    return chart.render(limit_deg)


def _facts(log: SessionLog) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bright_black")
    grid.add_column()
    if log.header is not None:
        grid.add_row("plan", log.header.plan_id)
        grid.add_row("firmware", log.header.firmware)
        grid.add_row("calibration", log.header.calibration_id or "none")
    grid.add_row("duration", clock(log.duration_ms))
    if log.end is not None:
        grid.add_row("head-down", clock(log.end.head_down_ms))
        grid.add_row("greatest tilt", f"{log.end.max_tilt_mdeg / 1000:.1f}°")
        grid.add_row("ended", words.end_words(log.end))
    for box in log.boxes:
        grid.add_row("black box", box_words(box))
    grid.add_row("samples", f"{len(log.columns)}, {log.bytes_per_sample:.2f} bytes each")
    return grid


def box_words(box: BlackBox) -> str:
    """What a black box holds, in a few words."""
    if not box.samples:
        return f"{words.fault_name(box.fault)}: nothing of it is left"
    seconds = (box.samples[-1].t_ms - box.samples[0].t_ms) / 1000
    return (
        f"{seconds:.1f} s before {words.fault_name(box.fault)} at "
        f"{clock(box.samples[-1].t_ms)}, {len(box.samples)} samples"
    )


def _events(log: SessionLog) -> Table:
    table = Table(box=None, header_style="bright_black", pad_edge=False, padding=(0, 2))
    table.add_column("time", justify="right")
    table.add_column("event")
    for event in log.events[:_EVENTS_SHOWN]:
        style = "red" if event.code == events.FAULT_RAISED else ""
        text = words.event_words(event)
        if event.code == events.FAULT_RAISED:
            text += f": {words.fault_patient_words(event.a)}"
        sign = "−" if event.t_ms <= -500 else ""
        table.add_row(sign + clock(abs(event.t_ms)), text, style=style)
    return table
