"""Figures, where matplotlib is installed: it is an extra of the project."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class NoMatplotlib(RuntimeError):
    """A picture was asked for and matplotlib is not installed; the text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "pictures need matplotlib: pip install 'inversion-table-controller[reports]'"
        )


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure, laid out without overlaps; raises NoMatplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise NoMatplotlib from None
    return Figure(figsize=(width_in, height_in), layout="constrained")


def png_of(figure: Figure, dpi: int) -> bytes:
    """The figure as a PNG file's content."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=dpi)
    return png.getvalue()
