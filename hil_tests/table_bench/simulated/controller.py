"""What a simulated table asks of whatever runs the firmware."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from table_bench.plant import Truth


class FlashOperation(NamedTuple):
    """An erase of a sector or a program of one page or more, and what was the case then."""

    erase: bool
    address: int
    size: int
    truth: Truth


class SimulatedController(Protocol):
    """The controller's board as the table sees it: power, time, and faults of its own."""

    flash_log: list[FlashOperation]
    boots: int
    reset_cause: int

    @property
    def powered(self) -> bool:
        """Whether the firmware runs."""

    @property
    def ticks(self) -> int:
        """Control ticks that were started, over all boots."""

    def power_on(self) -> None:
        """Start from power-on; no effect if it runs already."""

    def power_cut(self) -> None:
        """Power fails."""

    def run_pin(self) -> None:
        """Somebody pulls the RUN pin to ground; no effect without power."""

    def soft_reset(self) -> None:
        """The interpreter starts afresh; nothing that the chip keeps changes."""

    def kill(self) -> None:
        """End it for good."""

    def run_to(self, target_us: int) -> None:
        """Let the plant's time pass to `target_us`."""

    def inject(self, name: str, parameters: dict[str, Any]) -> None:
        """Make a fault of the controller present, with all its parameters."""

    def clear_fault(self, name: str) -> None:
        """Repair it."""
