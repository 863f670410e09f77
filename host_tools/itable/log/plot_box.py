"""The black box below a session's picture: every tick of the last seconds before a fault."""

from typing import TYPE_CHECKING, cast

from itable import pictures
from itable.log import words
from itable.log.decode import BlackBox, SessionLog

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MORE_IN = 3.4
_LEFT, _GAP, _WIDTH = 0.07, 0.07, 0.86
_SPAN_MIN = 1.0
"""Of an axis, in its unit: noise alone is not drawn over its whole height."""
_RATE, _CURRENT, _DUTY = "#2f8f6b", "#9a4f96", "#b07d2b"


def draw(figure: "Figure", log: SessionLog) -> None:
    """Make `figure` higher and draw the session's first black box into the new room, if any."""
    boxes = [box for box in log.boxes if box.samples]
    if not boxes:
        return
    bottom = _make_room(figure)
    box = boxes[0]
    at_s = box.samples[-1].t_ms / 1000
    times_s = [sample.t_ms / 1000 - at_s for sample in box.samples]
    width = (_WIDTH - _GAP) / 2
    tilt = figure.add_axes((_LEFT, 0.2 * bottom, width, 0.58 * bottom))
    motor = figure.add_axes((_LEFT + width + _GAP, 0.2 * bottom, width, 0.58 * bottom))
    _draw_tilt(tilt, box, times_s)
    _draw_motor(motor, box, times_s)
    for axes in (tilt, motor):
        axes.axvline(0, color=pictures.LIMIT, linewidth=1.3)
        axes.set_xlim(times_s[0], max(0.05, -0.02 * times_s[0]))
        axes.set_xlabel("seconds before the fault", color=pictures.INK, fontsize=10)
    more = f", the first of {len(boxes)}" if len(boxes) > 1 else ""
    figure.text(
        _LEFT,
        0.93 * bottom,
        f"Black box{more}: {words.fault_name(box.fault).lower().replace('_', ' ')}"
        f" at {at_s:.2f} s, {len(box.samples)} ticks",
        fontsize=11,
        fontweight="bold",
        color=pictures.INK,
    )


def _make_room(figure: "Figure") -> float:
    """Add height at the bottom; what is drawn stays as it is. Returns the new room's share."""
    from matplotlib.transforms import Bbox

    old_in = figure.get_figheight()
    share = old_in / (old_in + _MORE_IN)
    bottom = 1 - share
    to_figure = figure.transFigure.inverted()
    anchors = [
        (legend, legend.get_bbox_to_anchor().transformed(to_figure)) for legend in figure.legends
    ]
    figure.set_figheight(old_in + _MORE_IN)
    # All are asked first: axes with two scales are moved together.
    for axes, at in [(axes, axes.get_position()) for axes in figure.axes]:
        axes.set_position((at.x0, bottom + at.y0 * share, at.width, at.height * share))
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((x, bottom + y * share))
    for line in figure.lines:
        line.set_ydata(
            [bottom + float(y) * share for y in cast(list[float], line.get_ydata(orig=True))]
        )
    for legend, at in anchors:
        moved = Bbox.from_bounds(at.x0, bottom + at.y0 * share, at.width, at.height * share)
        legend.set_bbox_to_anchor(moved, transform=figure.transFigure)
    return bottom


def _draw_tilt(axes: "Axes", box: BlackBox, times_s: list[float]) -> None:
    pictures.dress(axes)
    for name, label, colour, width in (
        ("target_mdeg", "planned", pictures.PLANNED, 2.6),
        ("primary_tilt_mdeg", "first IMU", "#e8833a", 1.0),
        ("monitor_tilt_mdeg", "second IMU", "#2f8f6b", 1.0),
        ("tilt_mdeg", "tilt", pictures.MEASURED, 1.4),
    ):
        values = [getattr(sample, name) / 1000 for sample in box.samples]
        axes.plot(times_s, values, color=colour, linewidth=width, label=label)
    axes.set_ylabel("tilt (°)", color=pictures.INK, fontsize=10)
    _widen(axes)
    _legend(axes, 4)


def _draw_motor(axes: "Axes", box: BlackBox, times_s: list[float]) -> None:
    pictures.dress(axes)
    rates = [sample.rate_mdeg_per_s / 1000 for sample in box.samples]
    currents = [sample.current_ma / 1000 for sample in box.samples]
    duties = [sample.duty_permille / 100 for sample in box.samples]
    axes.plot(times_s, rates, color=_RATE, linewidth=1.2, label="rate (°/s)")
    axes.plot(times_s, currents, color=_CURRENT, linewidth=1.2, label="motor current (A)")
    axes.plot(times_s, duties, color=_DUTY, linewidth=1.2, label="duty (10 %)")
    axes.axhline(0, color=pictures.FAINT, linewidth=0.8)
    _widen(axes)
    _legend(axes, 3)


def _widen(axes: "Axes") -> None:
    low, high = axes.get_ylim()
    more = max(0.0, _SPAN_MIN - (high - low)) / 2
    axes.set_ylim(low - more, high + more)


def _legend(axes: "Axes", columns: int) -> None:
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        labelcolor=pictures.INK,
        borderaxespad=0.2,
    )
