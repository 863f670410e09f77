"""A calibration on the screen: the walk as it goes, its result, and what the table keeps."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from itable.calibrate.solver import ROLES
from itable.calibrate.walk import Outcome, View
from itable.link.models import CalibrationGet, RestWindow

_BAR = 24


def walk(view: View) -> RenderableType:
    """What to do now, live tilt of both IMUs, whether the bed is still, how far the capture is."""
    filled = round(view.progress * _BAR)
    bar = Text("█" * filled, "green").append("░" * (_BAR - filled), "bright_black")
    if view.why_not:
        bar.append("  " + view.why_not, "yellow")
    elif view.progress:
        bar.append("  still: capturing", "green")
    return Group(
        Text(f"step {view.step} of {view.steps}: {view.ask}", "bold"),
        Text.assemble(
            ("tilt  ", "bright_black"),
            f"primary {_live(view.windows.primary)}   monitor {_live(view.windows.monitor)}",
        ),
        Text.assemble(("rest  ", "bright_black"), bar),
    )


def _live(window: RestWindow) -> str:
    return signed(window.tilt_mdeg / 1000, 1) + "°" if window.ok else "not known"


def signed(value: float, digits: int) -> str:
    """A number with a real minus sign; never minus zero."""
    text = f"{abs(value):.{digits}f}"
    return ("−" if value < 0 and float(text) else "") + text


def result(outcome: Outcome) -> RenderableType:
    """Before and after at each rest, what was found of each IMU, the verdict."""
    table = Table(box=None, header_style="bright_black", pad_edge=False, padding=(0, 2))
    table.add_column("rest")
    table.add_column("tilt", justify="right")
    for role in ROLES:
        table.add_column(f"{role}: off before", justify="right")
        table.add_column("now", justify="right")
    for at, rest in enumerate(outcome.rests):
        tilt = outcome.fit.tilts_deg[at]
        row = [rest.name, signed(tilt, 1) + "°"]
        for role in ROLES:
            row.append(signed(outcome.before_deg[role][at] - tilt, 2) + "°")
            row.append(signed(outcome.fit.sensors[role].tilts_deg[at] - tilt, 2) + "°")
        table.add_row(*row)
    return Group(table, Text(""), *(found(outcome, role) for role in ROLES), Text(verdict(outcome)))


def found(outcome: Outcome, role: str) -> Text:
    """One IMU's errors, each with what stays uncertain of it."""
    sensor = outcome.fit.sensors[role]
    bias = ", ".join(
        f"{signed(value * 1000, 1)} ± {sigma * 1000:.1f}"
        for value, sigma in zip(sensor.bias_g, sensor.bias_sigma_g, strict=True)
    )
    scale = ", ".join(
        f"{signed(value * 100, 2)} ± {sigma * 100:.2f}"
        for value, sigma in zip(sensor.scale, sensor.scale_sigma, strict=True)
    )
    return Text.assemble(
        (f"{role}: ", "bold"),
        f"offsets {bias} mg; scales {scale} %; {sensor.temperature_c:.0f} °C;"
        f" tilt right to {sensor.residual_deg:.2f}°",
    )


def verdict(outcome: Outcome) -> str:
    """The result in one sentence."""
    worst = max(outcome.fit.sensors.values(), key=lambda sensor: sensor.residual_deg)
    before = max(
        abs(tilt - outcome.fit.tilts_deg[at])
        for role in ROLES
        for at, tilt in enumerate(outcome.before_deg[role])
    )
    return (
        f"Good: the tilt was wrong by up to {before:.2f}°, it is now right to"
        f" {worst.residual_deg:.2f}° (the {worst.role}, temperature included)."
    )


def kept(answer: CalibrationGet) -> RenderableType:
    """The calibration that a table keeps, the one before it, and home since."""
    lines: list[RenderableType] = []
    if answer.calibrated:
        lines.append(Text(f"calibration: {_described(answer.current)}, slot {answer.slot}"))
    else:
        what = "never calibrated" if answer.current is None else "a first guess only"
        lines.append(
            Text(
                f"calibration: {what}; the table limits itself to"
                f" {answer.tilt_max_mdeg / 1000:g}°. Run `itable calibrate`",
                "yellow",
            )
        )
    if answer.damaged:
        lines.append(
            Text(
                f"slot {' and '.join(answer.damaged)} is damaged: nothing starts before"
                " `itable calibrate` has mended it",
                "bold red",
            )
        )
    if answer.previous is not None:
        lines.append(
            Text(f"before it: {_described(answer.previous)}; `itable calibrate --undo` uses it")
        )
    if answer.arrivals:
        primary, monitor, warm = answer.arrivals[-1]
        lines.append(
            Text(
                f"arrivals at home since: {len(answer.arrivals)}; the last one off by"
                f" {signed(primary / 1000, 2)}° (primary), {signed(monitor / 1000, 2)}° (monitor)"
                f" at {warm / 1000:.0f} °C, {_trend(answer.arrivals)}"
            )
        )
    return Group(*lines)


def _described(record: Mapping[str, Any] | None) -> str:
    """A record in a few words; a field that is not there is not told."""
    if not isinstance(record, Mapping):
        return "none"
    parts = [f"version {record.get('version', '?')}"]
    made_s = record.get("made_s")
    if isinstance(made_s, int) and made_s:
        parts.append(time.strftime("%Y-%m-%d %H:%M", time.localtime(made_s)))
    if record.get("kind") != "full":
        parts.append(str(record.get("kind")))
    warm = record.get("temperature_mdegc")
    for at, role in enumerate(ROLES):
        imu = record.get(role)
        if isinstance(imu, Mapping) and isinstance(imu.get("residual_mdeg"), int):
            text = f"{role} right to {imu['residual_mdeg'] / 1000:.2f}°"
            if isinstance(warm, list) and len(warm) == len(ROLES):
                text += f" (at {warm[at] / 1000:.0f} °C)"
            parts.append(text)
    return ", ".join(parts)


def _trend(arrivals: list[list[int]]) -> str:
    """Whether home has moved since the first arrivals after the calibration."""
    part = max(1, len(arrivals) // 4)
    moved = [
        (sum(entry[at] for entry in arrivals[-part:]) - sum(entry[at] for entry in arrivals[:part]))
        / part
        / 1000
        for at in (0, 1)
    ]
    return f"moved by {signed(moved[0], 2)}° and {signed(moved[1], 2)}° since the first"
