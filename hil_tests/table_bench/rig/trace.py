"""The rig's rows in the columns of the other benches' trace."""

from __future__ import annotations

from table_bench.simulated.trace import Trace
from table_rig.truth import BLUE, GREEN, RED, RELAY_CLOSED


class RowTrace(Trace):
    """A row every 10 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.offset_ms = 0.0
        """The bench's time when the rig's clock stood at 0."""

    def take_row(self, row: list[int]) -> None:
        """Add a row of the rig (table_rig.truth.COLUMNS), while `recording`."""
        if not self.recording:
            return
        ms, tilt, rate, current, supply, drive, flags, _, buzzer_hz = row
        led = sum(bit for bit, flag in ((1, RED), (2, GREEN), (4, BLUE)) if flags & flag)
        self.add(
            round((ms + self.offset_ms) * 1000),
            tilt / 1000,
            rate / 1000,
            current / 1000,
            supply / 1000,
            drive / 1000,
            flags & RELAY_CLOSED,
            led,
            min(buzzer_hz, 0xFFFF),
        )
