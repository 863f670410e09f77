"""The table's status as a screen: state in words, tilt, target, times, inputs, fault."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from inversion_table.safety import limits
from itable.link.models import LastFault, Status
from itable.log.words import state_words
from itable.screen.chart import clock

STATE_STYLES = {
    "HOME": "green",
    "MOVING": "bold dark_orange",
    "HOLDING": "bold cyan",
    "PAUSED": "bold yellow",
    "RETURNING": "bold blue",
    "STOPPED": "bold red",
    "FAULT": "bold red",
    "SELF_TEST": "bright_black",
    "SERVICE": "magenta",
}
# What each input says when it is on, and when it is off ("" = not worth saying).
INPUT_WORDS = {
    "estop_pressed": ("E-STOP PRESSED", ""),
    "end_reached": ("end switch reached", ""),
    "ankle_locked": ("ankle lock closed", "ANKLE LOCK OPEN"),
    "home_switch": ("home switch on", ""),
    "relay_closed": ("motor power on", "motor power off"),
}
_BAR_WIDTH = 47
_LOW_DEG, _HIGH_DEG = -75, 90
_UNCALIBRATED = f"{limits.UNCALIBRATED_TILT_MAX_MDEG / 1000:g}°"
_HOME_OFF_WORTH_MDEG = limits.HOME_DRIFT_MAX_MDEG // 2
"""Half way to where nothing starts any more."""


def off_home(status: Status) -> bool:
    """In HOME with the home switch open: nothing starts there."""
    return status.state == "HOME" and not status.inputs.get("home_switch")


def state_style(status: Status) -> str:
    """The colour of the state."""
    return "bold yellow" if off_home(status) else STATE_STYLES.get(status.state, "bold")


def state_sentence(status: Status) -> str:
    """What the table does, as one would say it."""
    if off_home(status):
        return "Not quite at home: the bed is off its switch; RETURN brings it there"
    return {
        "SELF_TEST": "Testing itself",
        "HOME": "At home",
        "MOVING": f"Moving to {degrees(status.goal_mdeg)}",
        "HOLDING": f"Holding at {degrees(status.goal_mdeg)}",
        "PAUSED": "Paused: holding until START or RETURN is pressed",
        "RETURNING": "On the way home",
        "STOPPED": "Stopped: power is off, the gear holds; RETURN brings the person back",
        "FAULT": "Fault",
        "SERVICE": "In service",
    }.get(status.state, status.state)


def degrees(tilt_mdeg: int) -> str:
    """A tilt, or a rate, to a tenth of a degree; never minus zero."""
    tenths = round(tilt_mdeg / 100)
    return f"{'−' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}°"


def screen(status: Status, port: str) -> RenderableType:
    """The whole view, for one print or for a live display."""
    style = state_style(status)
    rows: list[RenderableType] = [Text(state_sentence(status), style), Text("")]
    if status.fault != "NO_FAULT":
        rows[1:1] = [
            Text(status.fault_patient, "bold red"),
            Text(f"{status.fault}: {status.fault_engineer}", "red"),
        ]
    elif status.refused != "NO_FAULT":
        rows[1:1] = [Text(f"START refused: {status.refused_patient}", "yellow")]
    if status.last_fault:
        rows.insert(-1, Text(last_fault_words(status.last_fault, status.fault), "bright_black"))
    if status.program:
        rows.insert(-1, Text(f"program: {status.program}", "yellow"))
    if status.firmware_note:
        rows.insert(-1, Text(status.firmware_note, "yellow"))
    if not status.calibrated:
        rows.insert(-1, Text(f"not calibrated: at most {_UNCALIBRATED} head-down", "yellow"))
    if status.home_off_mdeg is not None and abs(status.home_off_mdeg) > _HOME_OFF_WORTH_MDEG:
        off = degrees(status.home_off_mdeg)
        rows.insert(
            -1, Text(f"a tilt sensor is {off} off at home: see `itable settings show`", "yellow")
        )
    rows.append(_tilt_bar(status))
    rows.append(Text(""))
    rows.append(_facts(status))
    rows.append(Text.assemble(("inputs     ", "bright_black"), input_words(status.inputs)))
    rows.append(Text.assemble(("last start ", "bright_black"), status.last_start))
    title = Text.assemble(
        (f" {status.plan_name or 'no plan'} ", "bold"), (f"{status.plan_id} ", "bright_black")
    )
    return Panel(
        Group(*rows),
        title=title,
        title_align="left",
        subtitle=f" {port} ",
        subtitle_align="right",
        border_style=style,
        width=76,
        padding=(1, 2),
    )


def last_fault_words(last: LastFault, now: str) -> str:
    """When the fault came, and what was measured then: what an engineer asks first."""
    motor = f"{last.current_ma / 1000:.1f} A, {last.supply_mv / 1000:.1f} V"
    what = "" if last.name == now else f"last fault: {last.name}, "
    return (
        f"{what}{clock(last.age_ms)} ago, {state_words(last.state)} at"
        f" {degrees(last.tilt_mdeg)}, {degrees(last.rate_mdeg_per_s)}/s, {motor}"
    )


def _tilt_bar(status: Status) -> RenderableType:
    """Home at the left, head down at the right: where the bed is and where it goes."""
    bar = Text()
    here = _bar_column(status.tilt_mdeg / 1000)
    target = _bar_column(status.goal_mdeg / 1000)
    flat = _bar_column(0)
    for column in range(_BAR_WIDTH):
        style = "dark_orange" if column > flat else "cyan"
        if column == here:
            bar.append("●" if status.tilt_valid else "?", "bold " + style)
        elif column == target:
            bar.append("◇", "bold")
        elif column == flat:
            bar.append("┼", "bright_black")
        elif min(flat, here) < column < max(flat, here):
            bar.append("━", style)
        else:
            bar.append("─", "bright_black")
    tilt = degrees(status.tilt_mdeg) if status.tilt_valid else "not known"
    scale = [" "] * (_BAR_WIDTH + 4)
    for label, column in (("−75°", 0), ("flat", flat), ("90°", _BAR_WIDTH - 1)):
        begin = max(0, column - len(label) // 2)
        scale[begin : begin + len(label)] = label
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(tilt.rjust(9), "bold"), bar)
    grid.add_row("", Text("".join(scale).rstrip(), "bright_black"))
    return grid


def _bar_column(tilt_deg: float) -> int:
    share = (tilt_deg - _LOW_DEG) / (_HIGH_DEG - _LOW_DEG)
    return min(max(round(share * (_BAR_WIDTH - 1)), 0), _BAR_WIDTH - 1)


def _facts(status: Status) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bright_black")
    grid.add_column(min_width=20)
    grid.add_column(style="bright_black")
    grid.add_column()
    step = f"{status.step} of {status.steps}" if status.step else "–"
    grid.add_row("step", step, "rate", f"{degrees(status.rate_mdeg_per_s)}/s")
    grid.add_row("time left", clock(status.left_ms), "session", clock(status.session_ms))
    motor = f"{status.current_ma / 1000:.1f} A, {status.supply_mv / 1000:.1f} V"
    grid.add_row("head-down", head_down(status), "motor", motor)
    return grid


def head_down(status: Status) -> Text:
    """The head-down clock against its limit, with a bar."""
    most_ms = min(status.head_down_max_ms, limits.HEAD_DOWN_MAX_MS)
    share = status.head_down_ms / most_ms if most_ms else 0.0
    style = "red" if share > 0.9 else "yellow" if share > 0.7 else ""
    filled = min(8, round(share * 8))
    text = Text(f"{clock(status.head_down_ms)} of {clock(most_ms)} ", style)
    return text.append("█" * filled, style or "cyan").append("░" * (8 - filled), "bright_black")


def input_words(inputs: dict[str, object]) -> str:
    """What the switches say; what is as it should be is said too."""
    said = []
    for name, value in inputs.items():
        words = INPUT_WORDS.get(name, (name.replace("_", " "), ""))[0 if value else 1]
        if words:
            said.append(words)
    return ", ".join(said)
