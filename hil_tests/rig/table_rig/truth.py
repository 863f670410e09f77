"""The truth as rows, kept by the tick and sent by the background."""

import array

ROW_MS = 10
COLUMNS = (
    "ms",
    "tilt_mdeg",
    "rate_mdeg_per_s",
    "current_ma",
    "supply_mv",
    "drive_permille",
    "flags",
    "heartbeat_age_ms",
    "buzzer_hz",
)
RELAY_CLOSED = 1
ENABLED = 2
RED = 4
GREEN = 8
BLUE = 16
AT_HOME = 32
AT_END = 64
ESTOP = 128
LOCKED = 256
NO_BEAT_YET = 1 << 28

_ROWS = 64
_WIDTH = len(COLUMNS)


def one_row() -> array.array:
    """Room for a row."""
    return array.array("i", [0] * _WIDTH)


class TruthRows:
    """A ring of the latest 640 ms: what is not sent by then is counted as lost."""

    def __init__(self) -> None:
        self.cells = array.array("i", [0] * (_ROWS * _WIDTH))
        self._written = 0
        self._read = 0
        self.lost = 0

    def start(self) -> None:
        """From now on rows are wanted."""
        self._read = self._written

    def next_cell(self) -> int:
        """Where the next row begins in `cells`; call `wrote` when it is filled."""
        return self._written % _ROWS * _WIDTH

    def wrote(self) -> None:
        """The row at `next_cell` is whole."""
        self._written += 1

    def waiting(self) -> int:
        """Rows not yet taken."""
        return self._written - self._read

    def take(self, most: int) -> list:
        """Up to `most` of the oldest rows not yet taken, as lists."""
        behind = self._written - self._read - _ROWS + 1
        if behind > 0:
            self.lost += behind
            self._read += behind
        rows: list = []
        while self._read < self._written and len(rows) < most:
            start = self._read % _ROWS * _WIDTH
            rows.append(list(self.cells[start : start + _WIDTH]))
            self._read += 1
        return rows
