"""A tilt-over-time chart in characters: braille dots, head-down part coloured, axes with units."""

import bisect
import math
from collections.abc import Callable, Sequence

from rich.text import Text

HEAD_DOWN_STYLE = "bold dark_orange"
HEAD_UP_STYLE = "cyan"
AXIS_STYLE = "bright_black"
LIMIT_STYLE = "red"

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_TIME_STEPS_S = (5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800)
_LABEL_WIDTH = 7


class Chart:
    """Draws a curve of tilt in degrees over time in seconds into `width` x `height` characters.

    `plain` draws with ASCII alone, for terminals that have no Unicode.
    """

    def __init__(
        self,
        width: int,
        height: int,
        duration_s: float,
        low_deg: float,
        high_deg: float,
        *,
        plain: bool = False,
    ) -> None:
        self._columns = max(16, width - _LABEL_WIDTH - 2)
        self._rows = max(6, height - 2)
        self._duration_s = max(duration_s, 1e-3)
        self._low_deg = low_deg
        self._high_deg = high_deg
        self._plain = plain
        self._cells = [[0] * self._columns for _ in range(self._rows)]

    def draw(self, tilt_at: Callable[[float], float]) -> None:
        """Put the curve of a function from seconds to degrees into the chart."""
        previous: int | None = None
        dot_columns = self._columns * 2
        for column in range(dot_columns):
            row = self._dot_row(tilt_at(column / (dot_columns - 1) * self._duration_s))
            begin, end = (row, row) if previous is None else sorted((previous, row))
            for between in range(begin, end + 1):
                self._cells[between // 4][column // 2] |= _DOTS[column % 2][between % 4]
            previous = row

    def render(self, limit_deg: float | None = None) -> Text:
        """The chart as text, with the limit as a dashed line where there is no curve."""
        zero_row = self._dot_row(0) // 4
        limit_row = -1 if limit_deg is None else self._dot_row(limit_deg) // 4
        labels = self._labels(zero_row, limit_row, limit_deg)
        text = Text(no_wrap=True)
        for row in range(self._rows):
            text.append(labels.get(row, "").rjust(_LABEL_WIDTH), AXIS_STYLE)
            text.append(" |" if self._plain else " ┤", AXIS_STYLE)
            for column in range(self._columns):
                self._append_cell(text, row, column, zero_row, limit_row)
            text.append("\n")
        self._append_time_axis(text)
        return text

    def _append_cell(
        self, text: Text, row: int, column: int, zero_row: int, limit_row: int
    ) -> None:
        bits = self._cells[row][column]
        if bits:
            style = HEAD_DOWN_STYLE if row < zero_row else HEAD_UP_STYLE
            text.append("*" if self._plain else chr(0x2800 + bits), style)
        elif row == limit_row and column % 2:
            text.append("-" if self._plain else "╌", LIMIT_STYLE)
        elif row == zero_row:
            text.append("-" if self._plain else "─", AXIS_STYLE)
        else:
            text.append(" ")

    def _labels(self, zero_row: int, limit_row: int, limit_deg: float | None) -> dict[int, str]:
        step = _tilt_step(self._high_deg - self._low_deg, self._rows)
        labels: dict[int, str] = {}
        tilt = math.ceil(self._low_deg / step) * step
        while tilt <= self._high_deg:
            row = self._dot_row(tilt) // 4
            if abs(row - zero_row) > 1 and abs(row - limit_row) > 1:
                labels[row] = _degrees(tilt, self._plain)
            tilt += step
        if limit_deg is not None:
            labels[limit_row] = _degrees(limit_deg, self._plain)
        labels[zero_row] = "flat " + _degrees(0, self._plain)
        return labels

    def _append_time_axis(self, text: Text) -> None:
        step_s = _time_step(self._duration_s, self._columns)
        line = [" " if self._plain else "─"] * self._columns
        labels = [" "] * (self._columns + 8)
        at_s = 0
        while at_s <= self._duration_s:
            column = round(at_s / self._duration_s * (self._columns - 1))
            line[column] = "+" if self._plain else "┬"
            label = clock(at_s * 1000)
            begin = max(0, column - len(label) // 2)
            if begin + len(label) <= self._columns:
                labels[begin : begin + len(label)] = label
            at_s += step_s
        corner = " +" if self._plain else " └"
        text.append(" " * _LABEL_WIDTH + corner + "".join(line) + "\n", AXIS_STYLE)
        text.append(" " * (_LABEL_WIDTH + 2) + "".join(labels).rstrip(), AXIS_STYLE)

    def _dot_row(self, tilt_deg: float) -> int:
        span = self._high_deg - self._low_deg
        share = (self._high_deg - tilt_deg) / span
        return min(max(round(share * (self._rows * 4 - 1)), 0), self._rows * 4 - 1)


def clock(duration_ms: float) -> str:
    """A duration as minutes and seconds: 3:05."""
    seconds = round(duration_ms / 1000)
    return f"{seconds // 60}:{seconds % 60:02d}"


def interpolated(times_s: Sequence[float], values: Sequence[float]) -> Callable[[float], float]:
    """The function that goes through the points, straight in between; times must rise."""

    def at(time_s: float) -> float:
        right = bisect.bisect_right(times_s, time_s)
        if right == 0:
            return values[0]
        if right == len(times_s):
            return values[-1]
        share = (time_s - times_s[right - 1]) / (times_s[right] - times_s[right - 1])
        return values[right - 1] + share * (values[right] - values[right - 1])

    return at


def _degrees(tilt_deg: float, plain: bool) -> str:
    return f"{tilt_deg:g}".replace("-", "-" if plain else "−") + ("" if plain else "°")


def _tilt_step(span_deg: float, rows: int) -> float:
    for step in (5, 10, 15, 30, 45):
        if span_deg / step * 2 <= rows:
            return step
    return 90


def _time_step(duration_s: float, columns: int) -> int:
    for step_s in _TIME_STEPS_S:
        if duration_s / step_s * 8 <= columns:
            return step_s
    return _TIME_STEPS_S[-1]
