"""What a rig bench asks of where rig and controller stand: as two processes, or on a real desk."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from table_bench.bench import SerialLink


class Desk(Protocol):
    """Time, and the two serial ports."""

    name: str
    """Of the rig's port, for messages."""

    @property
    def now_ms(self) -> float:
        """Time since it was made."""

    def advance(self, ms: float) -> None:
        """Let `ms` pass."""

    def follow(self) -> None:
        """Do what the rig's power and reset lines say, where no real wire does."""

    def control(self) -> AbstractContextManager[None]:
        """Hold the desk alone."""

    def rig_link(self) -> SerialLink:
        """The rig's own serial line, opened."""

    @property
    def controller_port(self) -> str:
        """Path that pyserial opens."""

    def controller_link(self, timeout: float | None) -> SerialLink:
        """The controller's serial line, opened."""

    def run_free(self, speed: float | None) -> AbstractContextManager[None]:
        """While inside, time passes by itself."""

    def close(self) -> None:
        """Give everything back."""
