"""Names of events above a picture, in rows, so that none lies over another."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROWS = 5
ROW_PX = 19
_GAP_PX = 8
_LIFT_PX = 5
_FONT_SIZE = 8


@dataclass(frozen=True)
class Label:
    """A word at a moment; the lowest `weight` gets room first."""

    at_s: float
    text: str
    colour: str
    weight: int


@dataclass(frozen=True)
class Placed:
    """A label that found room: its row from below, and where its text and its moment lie."""

    label: Label
    row: int
    begin_px: float
    at_px: float


def arrange(figure: "Figure", axes: "Axes", labels: list[Label]) -> list[Placed]:
    """Find room for labels above `axes` in at most `ROWS` rows; those without any are left out.

    The text begins at its moment; near the right edge it ends there.
    """
    right_px = axes.get_window_extent().x1
    taken: list[list[tuple[float, float]]] = [[] for _ in range(ROWS)]
    placed = []
    for label in sorted(labels, key=lambda one: (one.weight, one.at_s)):
        at_px = float(axes.transData.transform((label.at_s, 0))[0])
        text = figure.text(0, 0, label.text, fontsize=_FONT_SIZE)
        width = text.get_window_extent().width
        text.remove()
        begin = at_px - width if at_px + width > right_px else at_px
        row = _free_row(taken, begin - _GAP_PX, begin + width + _GAP_PX)
        if row is not None:
            taken[row].append((begin, begin + width))
            placed.append(Placed(label, row, begin, at_px))
    return placed


def write(figure: "Figure", axes: "Axes", placed: list[Placed]) -> None:
    """Write arranged labels above `axes`, each with a line down to its moment."""
    from matplotlib.lines import Line2D

    top_px = axes.get_window_extent().y1
    to_figure = figure.transFigure.inverted().transform
    for one in placed:
        y_px = top_px + _LIFT_PX + one.row * ROW_PX
        x, y = to_figure((one.begin_px, y_px))
        colour = one.label.colour
        figure.text(float(x), float(y), one.label.text, fontsize=_FONT_SIZE, color=colour)
        ends = to_figure([(one.at_px, top_px), (one.at_px, y_px)])
        figure.add_artist(
            Line2D(
                ends[:, 0], ends[:, 1], color=colour, linewidth=0.7, transform=figure.transFigure
            )
        )


def _free_row(taken: list[list[tuple[float, float]]], begin: float, end: float) -> int | None:
    for row, spans in enumerate(taken):
        if all(end <= other_begin or begin >= other_end for other_begin, other_end in spans):
            return row
    return None
