"""What every picture has in common: canvas, colours, time axis, writing the file."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from itable.errors import InputError
from itable.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#22303c"
FAINT = "#7b8894"
GRID = "#dfe4e8"
PLANNED = "#8d99a6"
MEASURED = "#1f6fb2"
HEAD_DOWN = "#e8833a"
LIMIT = "#c8322b"
TRUTH = "#111111"

DPI = 130


def new_figure(width_in: float, height_in: float) -> "Figure":
    """An empty white figure; raises InputError when matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError(
            "pictures need matplotlib, which is not installed",
            next_step="pip install 'inversion-table-controller[reports]'",
        ) from error
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def dress(axes: "Axes") -> None:
    """Quiet axes: light grid, no box, ink-coloured labels."""
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)


def minutes_axis(axes: "Axes", duration_s: float) -> None:
    """Label the x axis, which is in seconds, with minutes and seconds at round places."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    steps_s = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
    step_s = next((step for step in steps_s if duration_s / step <= 17), steps_s[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step_s))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda at_s, _: f"{'−' if at_s < 0 else ''}{_clock(abs(at_s))}")
    )
    axes.set_xlabel("time since START (min:s)", color=INK, fontsize=10)


def degrees_axis(axes: "Axes", low_deg: float, high_deg: float) -> None:
    """A y axis of tilt, with a tick every 15 degrees and the words for its ends."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    axes.set_ylim(low_deg, high_deg)
    axes.yaxis.set_major_locator(MultipleLocator(15))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tilt, _: f"{tilt:g}°".replace("-", "−")))
    axes.axhspan(0, high_deg, color=HEAD_DOWN, alpha=0.06, linewidth=0)
    axes.axhline(0, color=FAINT, linewidth=1)


def save(figure: "Figure", path: Path) -> None:
    """Write the figure as the name says, .png or .svg, whole or not at all; raises InputError."""
    from matplotlib import rc_context

    kind = path.suffix.lower().removeprefix(".")
    buffer = io.BytesIO()
    # Nothing that changes from run to run: the same picture is the same file.
    said = {"png": {"Software": "itable"}, "svg": {"Creator": "itable", "Date": None}}[kind]
    with rc_context({"svg.hashsalt": "itable"}):
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=said)
    write_whole(path, buffer.getvalue())


def require_picture(path: Path) -> None:
    """Raise InputError for a name that says no kind of picture, before anything is drawn."""
    if path.suffix.lower() not in (".png", ".svg"):
        raise InputError(
            f"'{path.name}' ends neither in .png nor in .svg", next_step="name a file that does"
        )


def _clock(at_s: float) -> str:
    seconds = round(at_s)
    return f"{seconds // 60}:{seconds % 60:02d}"
