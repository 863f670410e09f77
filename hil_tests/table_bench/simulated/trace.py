"""A record of the truth at every snapshot, cheap to take and ready for numpy."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from table_bench.plant import Plant

_ROW = struct.Struct("<q5fI2H")
_DTYPE = np.dtype(
    [
        ("time_us", "<i8"),
        ("tilt_deg", "<f4"),
        ("rate_deg_per_s", "<f4"),
        ("current_a", "<f4"),
        ("supply_v", "<f4"),
        ("motor_drive", "<f4"),
        ("relay_closed", "<u4"),
        ("led", "<u2"),
        ("buzzer_hz", "<u2"),
    ]
)
_DEGREES = 57.29577951308232


class Trace:
    """Columns by name: `trace["tilt_deg"]`; `trace.columns` lists them.

    `led` has a bit for each colour that shines: 1 red, 2 green, 4 blue.
    """

    columns = tuple(_DTYPE.names or ())

    def __init__(self) -> None:
        self.recording = True
        self._rows = bytearray()
        self._cleared = 0

    def take(self, plant: Plant) -> None:
        """Add the present instant, while `recording`."""
        if not self.recording:
            return
        drivetrain = plant.drivetrain
        outputs = plant.outputs
        self.add(
            plant.now_us,
            drivetrain.tilt_rad * _DEGREES,
            drivetrain.rate_rad_s * _DEGREES,
            drivetrain.current_a,
            drivetrain.supply_v,
            outputs.outward - outputs.homeward if outputs.enabled else 0.0,
            plant.relay.closed,
            outputs.led_bits,
            outputs.buzzer_hz,
        )

    def add(self, *values: float) -> None:
        """A row: a value for each column."""
        self._rows += _ROW.pack(*values)

    def clear(self) -> None:
        """From here on the columns begin with what comes next; `whole` keeps all."""
        self._cleared = len(self._rows)

    def forget(self) -> None:
        """Drop everything so far for good: for runs of hours."""
        self._rows = bytearray()
        self._cleared = 0

    def whole(self) -> np.ndarray[Any, Any]:
        """All rows that were ever taken and not forgotten, one record each."""
        return np.frombuffer(bytes(self._rows), dtype=_DTYPE)

    def __len__(self) -> int:
        return (len(self._rows) - self._cleared) // _ROW.size

    def __getitem__(self, column: str) -> np.ndarray[Any, Any]:
        return np.frombuffer(bytes(self._rows[self._cleared :]), dtype=_DTYPE)[column]
