"""The estimator and the rest watches alone, on the emulated chip, with the build for the Pico.

`python -m tests.benchmarks.chip_estimator`, with ITABLE_UF2 as docs/chip.md says. Prints what they
cost a tick, what the objects take of the heap, and whether the lines of tests/estimation/vectors.py
are the same as on CPython.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import statistics
import tempfile
from pathlib import Path

from itable.deploy import pack
from itable.firmware import package_files, package_folder
from tests.benchmarks import on_chip
from tests.benchmarks.on_chip import CYCLES_OF_US, MARK

STARTUP = "inversion_table/startup.py"
ENTRY = "from inversion_table import startup\n"
"""The program to be measured stands in the place of the firmware's start."""
NEEDED = tuple(
    f"inversion_table/{part}" for part in ("__init__", "estimation/", "safety/", "sensing/")
)
SETTLED_FROM = 1_000
"""Ticks after which the filter is at its last stage."""
BLOCKS = 15
"""Of the vectors: each is a hundred ticks, for four estimators."""

MEASURED = (
    MARK
    + """
import gc
from micropython import heap_lock, heap_unlock
from inversion_table.estimation.calibration import nominal_monitor, nominal_primary
from inversion_table.estimation.estimate import Estimate
from inversion_table.sensing.imu import ImuSample
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.estimation.rest import RestWatch

def samples():
    made = []
    noise = 12345
    for number in range(64):
        sample = ImuSample()
        noise = (noise * 4093 + 12345) & 0xFFFF
        sample.ax_ug = (noise & 0x3FFF) - 8192
        sample.ay_ug = (noise >> 2 & 0x3FFF) - 8192
        sample.az_ug = 1_000_000 + (noise >> 1 & 0x3FFF) - 8192
        sample.gx_udps = (noise & 0xFFF) * 40
        sample.gy_udps = 3_000_000 if number < 32 else -3_000_000
        sample.gz_udps = -(noise & 0xFFF) * 40
        sample.ok = True
        made.append(sample)
    return made

def run(made, update_estimate, estimate, watch_first, watch_second):
    tick = 0
    while tick < 1_400:
        sample = made[tick & 63]
        mark(0)
        mark(1)
        update_estimate(sample, sample, tick * 10 + 10, estimate)
        mark(2)
        watch_first(sample)
        watch_second(sample)
        mark(3)
        tick += 1

def main():
    made = samples()
    gc.collect()
    free = gc.mem_free()
    estimator = TiltEstimator(nominal_primary(), nominal_monitor())
    first, second = RestWatch(0), RestWatch(2)
    gc.collect()
    taken = free - gc.mem_free()
    estimate = Estimate()
    methods = estimator.update, first.update, second.update  # as App keeps them
    heap_lock()
    run(made, methods[0], estimate, methods[1], methods[2])
    heap_unlock()
    mark(taken)
    mark(0x7FFFFFFF)

main()
"""
)

COMPARED = (
    MARK
    + """
def main():
    digest = 0
    for line in lines():
        digest = binascii.crc32(line.encode(), digest)
        mark(digest & 0xFFFF)
        mark(digest >> 16)
    mark(0x7FFFFFFF)

main()
"""
)
VECTORS = Path(__file__).parents[1] / "estimation" / "vectors.py"


def marks_of(main: str) -> list[tuple[int, int, int]]:
    """What a program on the chip marks: (number, cycle, cycles waited)."""
    package = package_folder()
    assert package is not None
    sources = {path: text for path, text in package_files(package) if path.startswith(NEEDED)}
    sources[STARTUP] = main.encode()
    return on_chip.marks_of(pack.made_small(list(sources.items()), ENTRY), ENTRY)


def measure() -> None:
    """Print a row each for the estimator, the rest watches, and both in the same tick."""
    seen = marks_of(MEASURED)
    ticks = [[cycle for _, cycle, _ in seen[at : at + 4]] for at in range(0, len(seen) - 1, 4)]
    mark = min(begin - before for before, begin, _, _ in ticks)
    estimator = [(two - one - mark) / CYCLES_OF_US for _, one, two, _ in ticks][SETTLED_FROM:]
    rests = [(three - two - mark) / CYCLES_OF_US for _, _, two, three in ticks][SETTLED_FROM:]
    both = [one + other for one, other in zip(estimator, rests, strict=True)]
    print("| us a tick, each cycle once | mean | median | most |\n|---|---|---|---|")
    for name, us in (
        ("both channels and their choice", estimator),
        ("both rest watches", rests),
        ("together", both),
    ):
        print(
            f"| {name} | {statistics.mean(us):.0f} | {statistics.median(us):.0f} | {max(us):.0f} |"
        )
    print(f"\nthe objects take {seen[-1][0]} bytes of the heap")


def compare() -> None:
    """Print whether chip and CPython agree on every line of the vectors."""
    text = VECTORS.read_text().replace("BLOCKS = 60", f"BLOCKS = {BLOCKS}")
    text = text[: text.index('if __name__ == "__main__"')]
    halves = [number for number, _, _ in marks_of(text + COMPARED)]
    chip = [low | high << 16 for low, high in zip(halves[::2], halves[1::2], strict=True)]
    here = _digests(text)
    same = sum(1 for one, other in zip(chip, here, strict=True) if one == other)
    print(f"\n{same} of {len(here)} lines of vectors.py are the same on the chip and on CPython")


def _digests(text: str) -> list[int]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "vectors.py"
        script.write_text(
            text + "digest = 0\nfor line in lines():\n"
            "    digest = binascii.crc32(line.encode(), digest)\n    print(digest)\n"
        )
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            runpy.run_path(str(script))
    return [int(line) for line in said.getvalue().split()]


if __name__ == "__main__":
    measure()
    compare()
