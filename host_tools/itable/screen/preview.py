"""A plan as it will go, in the terminal: chart, steps, sums against their limits."""

import bisect
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from itable.plans import timeline
from itable.plans.definitions import STEPS
from itable.plans.loading import Judged
from itable.screen.chart import Chart, clock

_HEIGHT = 18


def show(judged: Judged, console: Console) -> None:
    """Print the preview of a plan without problems."""
    settings = judged.settings
    plan = judged.plan
    stretches = list(timeline.stretches(plan, settings.acceleration_mdeg_per_s2))
    sums = judged.sums()
    console.print()
    console.print(f"[bold]{_escaped(plan.name)}[/]   [bright_black]id {plan.plan_id()}[/]")
    if judged.plan_file.source:
        console.print(f"[bright_black]{_escaped(judged.plan_file.source)}[/]")
    console.print()
    limit_deg = plans.tilt_limit(settings) / 1000
    chart = Chart(
        min(console.width, 120),
        _HEIGHT,
        sums.total_ms / 1000,
        limits.HOME_TILT_MDEG / 1000 - 5,
        max(limit_deg, sums.tilt_max_mdeg / 1000) + 5,
        plain=not console.encoding.lower().startswith("utf"),
    )
    chart.draw(tilt_function(stretches))
    console.print(chart.render(limit_deg))
    console.print()
    console.print(_steps(judged))
    console.print(_sums(sums, settings))
    for caution in judged.plan_file.cautions:
        console.print(f"[yellow]![/] {_escaped(caution)}")


def tilt_function(stretches: list[timeline.Stretch]) -> Callable[[float], float]:
    """From seconds since START to planned tilt in degrees."""
    starts = [stretch.start_ms for stretch in stretches]

    def tilt_deg(at_s: float) -> float:
        at_ms = at_s * 1000
        stretch = stretches[max(bisect.bisect_right(starts, at_ms) - 1, 0)]
        return stretch.tilt_deg(at_ms)

    return tilt_deg


def _steps(judged: Judged) -> Table:
    """The plain steps, all that the table knows, beside the sets that they come from."""
    plan = judged.plan
    table = Table(box=None, header_style="bright_black", pad_edge=False, padding=(0, 2))
    table.add_column("set")
    table.add_column("step", justify="right")
    table.add_column("tilt", justify="right")
    table.add_column("rate", justify="right")
    table.add_column("hold", justify="right")
    table.add_column("")
    number, shown = 0, -1
    for step_set, written in zip(plan.sets, judged.plan_file.written_sets, strict=True):
        for place, step in enumerate(step_set.steps):
            number += 1
            head_down = step.tilt_mdeg > limits.HEAD_DOWN_TILT_MDEG
            mode = judged.plan_file.sets[written].mode
            table.add_row(
                f"{written + 1} {'steps' if mode == STEPS else mode}" if written > shown else "",
                str(number),
                f"{step.tilt_mdeg / 1000:g}°",
                f"{step.rate_mdeg_per_s / 1000:g}°/s",
                clock(step.hold_ms),
                _repeat(place, len(step_set.steps), step_set.times),
                style="dark_orange" if head_down else "",
            )
            shown = written
    table.add_row(
        "home",
        "",
        f"{limits.HOME_TILT_MDEG / 1000:g}°",
        f"{plan.return_rate_mdeg_per_s / 1000:g}°/s",
        "",
        f"with {clock(plan.rest_ms)} at horizontal",
        style="bright_black",
    )
    return table


def _repeat(place: int, count: int, times: int) -> str:
    """The bracket at the right of steps that are repeated."""
    if times == 1:
        return ""
    if count == 1:
        return f"{times} times"
    if place == 0:
        return f"┐ {times} times"
    return "┘" if place == count - 1 else "│"


def _sums(sums: timeline.Sums, settings: limits.Settings) -> Table:
    table = Table(box=None, header_style="bright_black", pad_edge=False, padding=(1, 2, 0, 0))
    table.add_column("")
    table.add_column("this plan", justify="right")
    table.add_column("limit", justify="right")
    stretch_max_ms = min(settings.head_down_max_ms, limits.HEAD_DOWN_MAX_MS)
    session_max_ms = min(settings.session_max_ms, limits.SESSION_MAX_MS)
    table.padding = (0, 2, 0, 0)
    table.add_row("total time", f"[bold]{clock(sums.total_ms)}[/]", clock(session_max_ms))
    table.add_row("head-down, all in all", f"[bold]{clock(sums.head_down_ms)}[/]", "")
    table.add_row(
        "head-down at a stretch",
        f"[bold]{clock(sums.head_down_stretch_ms)}[/]",
        clock(stretch_max_ms),
    )
    table.add_row(
        "greatest tilt",
        f"[bold]{sums.tilt_max_mdeg / 1000:g}°[/]",
        f"{plans.tilt_limit(settings) / 1000:g}°",
    )
    return table


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
