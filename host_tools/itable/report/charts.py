"""Charts as SVG text: the tilt of a session, and a programme's weeks with adherence and pain."""

from collections.abc import Sequence
from html import escape

from itable.clinic.programme import Week
from itable.log.content import Columns

_POINTS = 600
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 10, 30


def tilt(columns: Columns, limit_deg: float | None = None, width: int = 720) -> str:
    """Planned and measured tilt over the minutes of a session; "" without samples."""
    if len(columns) < 2:
        return ""
    height = 230
    step = max(1, len(columns) // _POINTS)
    times_s = [t_ms / 1000 for t_ms in columns.t_ms[::step].tolist()]
    measured = [value / 1000 for value in columns.tilt_mdeg[::step].tolist()]
    planned = [value / 1000 for value in columns.target_mdeg[::step].tolist()]
    first, last = times_s[0], max(times_s[-1], times_s[0] + 1)
    low = min(-75.0, *measured) - 3
    high = max(15.0, *measured, *planned, *([] if limit_deg is None else [limit_deg])) + 5

    def x(at_s: float) -> float:
        return _LEFT + (at_s - first) / (last - first) * (width - _LEFT - _RIGHT)

    def y(deg: float) -> float:
        return _TOP + (high - deg) / (high - low) * (height - _TOP - _BOTTOM)

    parts = [_open(width, height, "Tilt over time: planned and measured")]
    parts.append(
        f'<rect class="down" x="{_LEFT}" y="{_TOP}" width="{width - _LEFT - _RIGHT}"'
        f' height="{y(0) - _TOP:.1f}"/>'
    )
    for deg in range(-60, int(high) + 1, 30):
        parts.append(_line("grid" if deg else "zero", _LEFT, y(deg), width - _RIGHT, y(deg)))
        parts.append(_text(_LEFT - 6, y(deg) + 4, f"{deg}°", "end"))
    if limit_deg is not None:
        parts.append(_line("limit", _LEFT, y(limit_deg), width - _RIGHT, y(limit_deg)))
        parts.append(_text(width - _RIGHT, y(limit_deg) - 4, "limit", "end"))
    minutes = max(1, round((last - first) / 60 / 8))
    for minute in range(0, int((last - first) / 60) + 1, minutes):
        parts.append(_text(x(first + minute * 60), height - 8, f"{minute} min", "middle"))
    for name, values in (("planned", planned), ("measured", measured)):
        points = " ".join(
            f"{x(at_s):.1f},{y(deg):.1f}" for at_s, deg in zip(times_s, values, strict=True)
        )
        parts.append(f'<polyline class="{name}" points="{points}"/>')
    return "".join([*parts, "</svg>"])


def weeks(found: Sequence[Week], this_week: int, width: int = 720) -> str:
    """Adherence as bars, pain before and after as lines, one place a week."""
    height = 210
    inner = (width - _LEFT - _RIGHT) / len(found)
    base = height - _BOTTOM

    def x(week: Week) -> float:
        return _LEFT + (week.number - 0.5) * inner

    def pain_y(value: float) -> float:
        return base - value / 10 * (base - _TOP)

    parts = [_open(width, height, "Adherence and pain by week")]
    for pain in range(0, 11, 2):
        parts.append(_line("grid", _LEFT, pain_y(pain), width - _RIGHT, pain_y(pain)))
        parts.append(_text(_LEFT - 6, pain_y(pain) + 4, str(pain), "end"))
    parts.append(_text(0, height - 8, "week", "start"))
    for week in found:
        if week.number <= this_week:
            tall = week.adherence_percent / 100 * (base - _TOP)
            parts.append(
                f'<rect class="bar" x="{x(week) - inner * 0.32:.1f}" y="{base - tall:.1f}"'
                f' width="{inner * 0.64:.1f}" height="{tall:.1f}"/>'
            )
            parts.append(_text(x(week), base - 5, f"{week.done}/{week.prescribed}", "middle"))
        parts.append(_text(x(week), height - 8, str(week.number), "middle"))
    for percent in (50, 100):
        y = base - percent / 100 * (base - _TOP)
        parts.append(_text(width - 2, y + 12, f"{percent} %", "end"))
    for name in ("before", "after"):
        points = [
            (x(week), pain_y(value))
            for week in found
            if (value := week.mean(f"pain_{name}")) is not None
        ]
        joined = " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
        parts.append(f'<polyline class="pain-{name}" points="{joined}"/>')
        parts += [
            f'<circle class="pain-{name}" cx="{across:.1f}" cy="{down:.1f}" r="4"/>'
            for across, down in points
        ]
    return "".join([*parts, "</svg>"])


def _open(width: int, height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>"
    )


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
