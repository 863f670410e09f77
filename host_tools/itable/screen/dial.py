"""The tilt as a picture in characters: the bed seen from the side, its scale, target and limit.

The head is at the right: up at home, level at 0 deg, straight down at 90 deg.
"""

import math

from rich.text import Text

BED = "bold"
SCALE = "bright_black"
TARGET = "bold cyan"
LIMIT = "red"
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_LOW_DEG, _HIGH_DEG = -75.0, 90.0
_LABELS_DEG = (-75, -45, 0, 30, 60, 90)
_LABEL_DOTS = 6
"""A label of the scale that is nearer to that of the limit gives way to it."""


class Dial:
    """A picture of `rows` lines; `columns` follows from it, since dots are about square."""

    def __init__(self, rows: int = 13) -> None:
        self.rows = max(7, rows)
        self._radius = self.rows * 2 - 6
        self._foot = round(self._radius * 0.55)
        self._x0 = self._foot + 2
        self._y0 = self.rows * 2 - 1
        self.columns = (self._x0 + self._radius + 4) // 2 + 6
        self._bits = [[0] * self.columns for _ in range(self.rows)]
        self._style = [[""] * self.columns for _ in range(self.rows)]
        self._signs: dict[tuple[int, int], tuple[str, str]] = {}

    def draw(
        self,
        tilt_deg: float | None,
        target_deg: float | None,
        limit_deg: float | None,
        style: str = BED,
    ) -> Text:
        """The picture; a tilt that is not known leaves the bed away."""
        self._scale(limit_deg)
        if limit_deg is not None:
            self._limit(limit_deg)
        if tilt_deg is not None:
            self._bed(tilt_deg, style)
        if target_deg is not None:
            self._sign(target_deg, self._radius, "◆", TARGET)
        if tilt_deg is None:
            words = "tilt not known"
            column = max(0, self.columns // 2 - len(words) + 2)
            self._write(self.rows // 2 - 2, column, words, "bold red")
        return self._text()

    def _scale(self, limit_deg: float | None) -> None:
        """The arc: whole as far as the table may go, dotted beyond."""
        step_deg = 57.3 / self._radius / 2
        for number in range(round((_HIGH_DEG - _LOW_DEG) / step_deg) + 1):
            tilt_deg = _LOW_DEG + number * step_deg
            beyond = limit_deg is not None and tilt_deg > limit_deg
            if beyond and number % 6 > 1:
                continue
            self._dot(tilt_deg, self._radius, LIMIT if beyond else SCALE)
        for label_deg in _LABELS_DEG:
            for out in range(1, 3):
                self._dot(label_deg, self._radius + out, SCALE)
            apart_dots = math.radians(abs(label_deg - (limit_deg or 0.0))) * (self._radius + 4)
            if limit_deg is None or apart_dots >= _LABEL_DOTS:
                text = f"{label_deg}°".replace("-", "−")
                self._label(label_deg, text, SCALE)

    def _limit(self, limit_deg: float) -> None:
        for out in range(-2, 4):
            self._dot(limit_deg, self._radius + out, LIMIT)
        self._label(limit_deg, f"≤{limit_deg:g}°", LIMIT)

    def _bed(self, tilt_deg: float, style: str) -> None:
        """The bed as a line two dots thick, the head as a disc at its end."""
        angle = math.radians(tilt_deg)
        across, down = math.cos(angle), math.sin(angle)
        for half in range(-2 * self._foot, 2 * (self._radius - 5)):
            for side in (-0.5, 0.5):
                self._put(
                    self._x0 + across * half / 2 - down * side,
                    self._y0 + down * half / 2 + across * side,
                    style,
                )
        head = self._radius - 4
        for dx in range(-2, 3):
            for dy in range(-2, 3):
                if dx * dx + dy * dy <= 5:
                    self._put(self._x0 + across * head + dx, self._y0 + down * head + dy, style)

    def _place(self, tilt_deg: float, radius: float) -> tuple[float, float]:
        angle = math.radians(tilt_deg)
        return self._x0 + math.cos(angle) * radius, self._y0 + math.sin(angle) * radius

    def _dot(self, tilt_deg: float, radius: float, style: str) -> None:
        self._put(*self._place(tilt_deg, radius), style)

    def _put(self, x: float, y: float, style: str) -> None:
        column, row = round(x) // 2, round(y) // 4
        if 0 <= column < self.columns and 0 <= row < self.rows:
            self._bits[row][column] |= _DOTS[round(x) % 2][round(y) % 4]
            self._style[row][column] = style

    def _sign(self, tilt_deg: float, radius: float, sign: str, style: str) -> None:
        x, y = self._place(tilt_deg, radius)
        self._signs[min(round(y) // 4, self.rows - 1), min(round(x) // 2, self.columns - 1)] = (
            sign,
            style,
        )

    def _label(self, tilt_deg: float, text: str, style: str) -> None:
        """Outside the arc: beside it, or below its lowest end."""
        x, y = self._place(tilt_deg, self._radius + 4)
        self._write(round(y) // 4, round(x) // 2 + (tilt_deg < 75), text, style)

    def _write(self, row: int, column: int, text: str, style: str) -> None:
        row = min(max(row, 0), self.rows - 1)
        for offset, char in enumerate(text):
            if 0 <= column + offset < self.columns:
                self._signs[row, column + offset] = (char, style)

    def _text(self) -> Text:
        text = Text(no_wrap=True)
        for row in range(self.rows):
            for column in range(self.columns):
                bits = self._bits[row][column]
                sign, style = self._signs.get(
                    (row, column),
                    (chr(0x2800 + bits) if bits else " ", self._style[row][column]),
                )
                text.append(sign, style)
            if row < self.rows - 1:
                text.append("\n")
        return text
