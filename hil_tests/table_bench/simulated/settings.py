"""What a table is made with, on every bench whose controller is no board on a desk."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from table_bench.imu.errors import Matrix
from table_bench.physics import Rider
from table_bench.plant import PlantSettings
from table_bench.plant.plant import HOME_TILT_DEG

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
HEAP_KB = 640
"""More than twice the Pico's 233 KB: objects are twice as large, and machine code is not laid out
as tightly as for the chip (itable.deploy.thumb). What fits there is the chip bench's question."""


@dataclass(frozen=True)
class TableSettings:
    """The same settings and the same calls give the same bytes everywhere."""

    seed: int = 1
    """Of all chance: noise, bouncing contacts, the sensors' specimens, a restless rider."""
    rider: Rider = field(default_factory=Rider)
    state_dir: Path | str | None = None
    """Folder that holds the flash; None = a temporary one."""
    provision: Mapping[str, bytes] = field(default_factory=dict)
    """Path on the device -> content, written before the firmware starts where no such file is."""
    start_tilt_deg: float = HOME_TILT_DEG
    entry: str = DEFAULT_ENTRY
    """Text of the program that the device runs as its main.py."""
    with_manifest: bool = True
    """Whoever put the firmware on wrote its manifest too."""
    cpu: int | None = None
    """Number of the CPU that bench and firmware share; None = a free one."""
    turned: Mapping[str, Matrix] = field(default_factory=dict)
    """Role of a sensor -> how its board is turned besides what its specimen says."""

    @property
    def plant(self) -> PlantSettings:
        """What of it concerns the table and not the controller."""
        return PlantSettings(self.seed, self.rider, self.start_tilt_deg, self.turned)


@dataclass(frozen=True)
class ProcessSettings(TableSettings):
    """The same, for a controller that is a MicroPython process."""

    heap_kb: int = HEAP_KB
    bare: bool = False
    """A chip with MicroPython and what its flash holds; else the source tree lies on it as well."""
    words: bool = False
    """That source tree as it is built for the chip: records as machine words (itable.words)."""


def state_folder(bench: str, settings: TableSettings) -> Path:
    """The folder that these settings name, or a new temporary one; it is there."""
    folder = Path(settings.state_dir or tempfile.mkdtemp(prefix=f"{bench}-table-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class TableKeywords(TypedDict, total=False):
    """The fields of TableSettings, as keywords of whatever makes a table."""

    seed: int
    rider: Rider
    state_dir: Path | str | None
    provision: Mapping[str, bytes]
    start_tilt_deg: float
    entry: str
    with_manifest: bool
    cpu: int | None
    turned: Mapping[str, Matrix]


class ProcessKeywords(TableKeywords, total=False):
    """The fields of ProcessSettings."""

    heap_kb: int
    bare: bool
    words: bool
