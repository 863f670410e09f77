"""The rig's rows as columns, named and scaled as the other benches' trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from table_bench.rig.link import RELAY_CLOSED

_COLUMNS = {
    "time_us": (0, 1000.0),
    "tilt_deg": (1, 1e-3),
    "rate_deg_per_s": (2, 1e-3),
    "current_a": (3, 1e-3),
    "supply_v": (4, 1e-3),
    "motor_drive": (5, 1e-3),
    "relay_closed": (6, 1.0),
}


class RowTrace:
    """Columns by name: `trace["tilt_deg"]`; `trace.columns` lists them. Ten rows a 0.1 s."""

    columns = tuple(_COLUMNS)

    def __init__(self) -> None:
        self.recording = True
        self.offset_ms = 0.0
        """The bench's time when the rig's clock stood at 0."""
        self._rows: list[list[int]] = []

    def take(self, row: list[int]) -> None:
        """Add a row, while `recording`."""
        if self.recording:
            self._rows.append(row)

    def clear(self) -> None:
        """Forget everything so far."""
        self._rows = []

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, column: str) -> np.ndarray[Any, Any]:
        index, scale = _COLUMNS[column]
        values = np.array([row[index] for row in self._rows], dtype=np.int64)
        if column == "relay_closed":
            return (values & RELAY_CLOSED != 0).astype(np.uint32)
        if column == "time_us":
            return np.asarray(values * 1000 + round(self.offset_ms * 1000), dtype=np.int64)
        return np.asarray(values * scale, dtype=np.float64)
