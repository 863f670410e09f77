"""Where the time of the control tick goes on the emulated chip: `make bench-chip`.

The statements of `App.tick` and `App._sense` get marks between them: writes to a register that only
the bench has (table_bench.chip.blocks.marks). What a mark itself costs is measured and taken off.
"""

from __future__ import annotations

import ast
import itertools
import shutil
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from inversion_table.contract import manifest
from itable.cells import without_offset
from itable.compact import compact
from itable.firmware import package_files, package_folder
from table_bench.chip import ChipTable, files, image, program
from table_bench.factory import calibrated
from table_bench.operator import Operator
from table_bench.virtual.table import DEFAULT_ENTRY

MARKED = {"tick": "", "_sense": "sense: "}
MARKER = "inversion_table/marker.py"
MARKER_TEXT = b"""\
@micropython.viper
def mark(number: int):
    ptr32(0x40068000)[0] = number
"""
CYCLES_OF_US = 125
MEASURED_MS = 500
START_MOST_MS = 60_000


def marked(source: str) -> tuple[str, list[str]]:
    """app.py with a mark before each statement of the tick, and what each mark begins."""
    tree = ast.parse(source)
    labels = ["nothing: two marks"]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in MARKED:
            body = [
                item
                for item in node.body
                if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
            ]
            node.body = [_mark(0)]
            for item in body:
                labels.append(MARKED[node.name] + ast.unparse(item).split("\n")[0].split("(")[0])
                node.body += [_mark(len(labels) - 1), item]
            labels.append(MARKED[node.name] + "the way out")
            node.body.append(_mark(len(labels) - 1))
    text = ast.unparse(ast.fix_missing_locations(tree))
    return f"from inversion_table.marker import mark\n{text}", labels


def _mark(number: int) -> ast.stmt:
    return ast.parse(f"mark({number})").body[0]


def flash_with_marks(folder: Path) -> list[str]:
    """Put the marked firmware into `folder` as a table's flash; returns the labels."""
    package = package_folder()
    assert package is not None
    sources = []
    labels: list[str] = []
    for path, content in package_files(package):
        if path.endswith("/app.py"):
            text, labels = marked(content.decode())
            content = text.encode()
        sources.append((path, content))
    sources.append((MARKER, MARKER_TEXT))
    made = program.compiled(compact(without_offset(sources), [DEFAULT_ENTRY]))
    flash = bytearray(program.flash_with_firmware(image.find(), DEFAULT_ENTRY))
    content_of = {f"/{path}": data for path, data in made.items()}
    content_of[manifest.PATH] = manifest.build(made.items())
    files.write(flash, content_of)
    (folder / "flash.bin").write_bytes(flash)
    return labels


def main() -> None:
    """Print the table."""
    folder = Path(tempfile.mkdtemp(prefix="chip-tick-"))
    try:
        labels = flash_with_marks(folder)
        with ChipTable(state_dir=folder, provision=calibrated(1)) as table:
            at: Any = table
            Operator(at).wait_for_state("HOME", START_MOST_MS)
            chip = table.controller.chip
            assert chip is not None
            chip.marks.seen.clear()
            ticks = table.ticks
            table.advance(MEASURED_MS)
            ticks = table.ticks - ticks
            report(chip.marks.seen, labels, ticks)
    finally:
        shutil.rmtree(folder)


def report(seen: list[tuple[int, int, int]], labels: list[str], ticks: int) -> None:
    """Microseconds of each statement in each tick, the processor's apart from the buses'."""
    worked: dict[int, list[float]] = defaultdict(list)
    waited: dict[int, float] = defaultdict(float)
    ways_out = {number for number, label in enumerate(labels) if label.endswith("the way out")}
    for (number, cycle, wait), (_, next_cycle, next_wait) in itertools.pairwise(seen):
        if number in ways_out:
            continue
        worked[number].append((next_cycle - cycle - (next_wait - wait)) / CYCLES_OF_US)
        waited[number] += (next_wait - wait) / CYCLES_OF_US
    mark_us = min(worked[0])
    print(f"{ticks} ticks; a mark costs {mark_us:.1f} us, taken off\n")
    print("| statement of the tick | us | waits for I2C, us |\n|---|---|---|")
    for number, label in enumerate(labels):
        if number and number not in ways_out and "self._sense" not in label:
            own_us = statistics.mean(worked[number]) - mark_us
            print(f"| `{label}` | {own_us:.0f} | {waited[number] / ticks:.0f} |")


if __name__ == "__main__":
    main()
