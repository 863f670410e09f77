"""Where the time of the control tick goes on the emulated chip: `make bench-chip`.

The statements of `App.tick`, and of App's own methods that it calls, get marks between them: writes
to a register that only the bench has (table_bench.chip.blocks.marks). What a mark itself costs is
measured and taken off. `--inside estimation/tilt.py:update` marks another function, too. The whole
tick is measured from outside, with the firmware as it is.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inversion_table.contract import frame
from itable.firmware import package_folder
from table_bench.chip import ChipTable
from table_bench.chip.flash_cache import MISS_CYCLES, MissMeter
from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from tests.benchmarks.on_chip import CYCLES_OF_US, MARK

APP = "app.py"
TICK = "tick"
MARKER = "marker.py"
ITSELF = 0
"""Two marks with nothing between them."""
TICK_BEGINS = 1

MEASURED_MS = 500
MOVING_AFTER_MS = 2_000
LOOK_MS = 10
HOME_MOST_MS = 30_000
PROVED_AFTER_MS = 4_000
"""The log's place is compared with the flash, and START is taken."""
PLAN = simple_plan((0, 1))
PROVISION = calibrated(1) | {"/data/plan.json": frame.encode(PLAN.to_wire())}
LABEL_MOST = 60
WAY_OUT = "the way out"


# --- marks in the sources ------------------------------------------------------------------------


@dataclass
class Marked:
    """The firmware's package with marks in it, in a folder; what each mark begins."""

    folder: Path
    labels: list[str] = field(default_factory=lambda: ["nothing: two marks"])

    def function(self, path: str, name: str) -> None:
        """Mark the function or method `name` of the module at `path`."""
        file = self.folder / path
        tree = ast.parse(file.read_text())
        functions = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and node.name == name
        ]
        if len(functions) != 1:
            raise SystemExit(f"{len(functions)} functions are called {name} in {path}, not one")
        self._mark(functions[0], "" if name == TICK else f"{name}: ")
        text = ast.unparse(ast.fix_missing_locations(tree))
        marks = "from inversion_table.marker import mark\n"
        file.write_text(marks + text.removeprefix(marks))

    def _mark(self, function: ast.FunctionDef, prefix: str) -> None:
        body = [item for item in function.body if not _is_text(item)]
        function.body = [_mark(ITSELF)] if not prefix else []
        for item in body:
            function.body += [_mark(len(self.labels)), item]
            self.labels.append(prefix + ast.unparse(item).split("\n")[0][:LABEL_MOST])
        function.body.append(_mark(len(self.labels)))
        self.labels.append(prefix + WAY_OUT)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _mark(number: int) -> ast.stmt:
    return ast.parse(f"mark({number})").body[0]


def own_methods(source: str) -> list[str]:
    """The tick, and the methods of the same class that it calls, and those that they call."""
    methods = {
        node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)
    }
    found = [TICK]
    for name in found:
        for node in ast.walk(methods[name]):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "self"
                and node.func.attr in methods
                and node.func.attr not in found
            ):
                found.append(node.func.attr)
    return found


@contextmanager
def marked_firmware(inside: Sequence[str]) -> Iterator[Marked]:
    """A copy of the firmware with marks; `inside`: "module.py:function" of further ones."""
    package = package_folder()
    assert package is not None
    with tempfile.TemporaryDirectory(prefix="chip-tick-") as place:
        marked = Marked(Path(place) / package.name)
        shutil.copytree(package, marked.folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in own_methods((package / APP).read_text()):
            marked.function(APP, name)
        for one in inside:
            path, _, name = one.partition(":")
            marked.function(path, name)
        (marked.folder / MARKER).write_text(MARK)
        yield marked


# --- measuring -----------------------------------------------------------------------------------


@dataclass
class Part:
    """Microseconds of one statement, tick by tick; `waited_us` is what it waited for a bus."""

    worked_us: list[float] = field(default_factory=list)
    waited_us: list[float] = field(default_factory=list)


def doubled_us(worked_us: float, waited_us: float) -> float:
    """Executed cycles twice, for what the emulator leaves out; waits for I2C once."""
    return 2 * worked_us + waited_us


def parts_of(
    seen: Sequence[tuple[int, int, int]], last: int
) -> tuple[list[dict[int, Part]], float]:
    """(each whole tick: mark -> its Part, what a mark costs in us) out of the marks in order.

    last: the mark that ends a tick; what comes after it belongs to nobody.
    """
    spans = [
        (number, (cycle_after - cycle - (wait_after - wait)), wait_after - wait)
        for (number, cycle, wait), (_, cycle_after, wait_after) in itertools.pairwise(seen)
    ]
    mark = statistics.median(worked for number, worked, _ in spans if number == ITSELF)
    ticks: list[dict[int, Part]] = []
    for number, worked, waited in spans:
        if number == ITSELF:
            ticks.append(defaultdict(Part))
        elif ticks and number != last:
            part = ticks[-1][number]
            part.worked_us.append((worked - mark) / CYCLES_OF_US)
            part.waited_us.append(waited / CYCLES_OF_US)
    return ticks[:-1], mark / CYCLES_OF_US  # the last one may be cut off


def go_to_moving(table: Any) -> None:
    """Press START, and be on the way outward."""
    Operator(table).press("START")
    table.advance(MOVING_AFTER_MS)
    assert table.truth.relay_closed, "START moved nothing"


def marks_seen(table: ChipTable) -> list[tuple[int, int, int]]:
    """What is marked during the next MEASURED_MS."""
    chip = table.controller.chip
    assert chip is not None
    chip.marks.seen.clear()
    table.advance(MEASURED_MS)
    return list(chip.marks.seen)


def whole_ticks(table: ChipTable) -> MissMeter:
    """The ticks of the next MEASURED_MS, measured from outside."""
    assert table.controller.chip is not None
    meter = MissMeter(table.controller.chip, lambda: table.ticks)
    meter.advance(MEASURED_MS)
    meter.stop()
    return meter


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inside", action="append", default=[], metavar="MODULE.py:FUNCTION")
    arguments = parser.parse_args()
    common: dict[str, Any] = {"ready": True, "provision": PROVISION}
    with ChipTable(traced=True, **common) as table:
        print_start(table)
        for state in ("HOME", "MOVING"):
            print_whole(state, whole_ticks(table))
            if state == "HOME":
                go_to_moving(table)
    with marked_firmware(arguments.inside) as marked:
        with ChipTable(firmware=marked.folder, **common) as table:
            last = marked.labels.index(WAY_OUT)
            home, mark_us = parts_of(marks_seen(table), last)
            go_to_moving(table)
            moving, _ = parts_of(marks_seen(table), last)
        print_parts(marked.labels, home, moving, mark_us)


def print_start(table: ChipTable) -> None:
    """Memory, and how long starts take."""
    operator = Operator(table)
    print(f"heap free: {operator.status()['heap_free'] / 1000:.1f} KB")
    assert table.start is not None
    print_times("first start of a pack", table.start.first_tick_ms, table.start.home_ms)
    table.power_cut()
    table.power_on()
    power_on_ms, ticks = table.now_ms, table.ticks
    while table.ticks == ticks:
        table.advance(LOOK_MS)
    first_tick_ms = table.now_ms - power_on_ms
    operator.wait_for_state("HOME", HOME_MOST_MS, LOOK_MS)
    print_times("later ones", first_tick_ms, table.now_ms - power_on_ms)
    table.advance(PROVED_AFTER_MS)
    print(
        "\n| state | ticks | typical, ms | worst, ms | of it I2C | doubled: typical | worst"
        " | lines from the flash: typical | most | with them: typical, ms | worst |"
    )
    print("|---" * 11 + "|", flush=True)


def print_times(start: str, first_tick_ms: float, home_ms: float) -> None:
    """One line: from power-on."""
    print(f"{start}: first tick after {first_tick_ms / 1000:.2f} s, HOME {home_ms / 1000:.2f} s")


def print_whole(state: str, meter: MissMeter) -> None:
    """One row: the whole tick, in ms."""
    ticks = meter.ticks
    whole = [tick.whole / CYCLES_OF_US / 1000 for tick in ticks]
    waited = [tick.waited / CYCLES_OF_US / 1000 for tick in ticks]
    doubled = [
        doubled_us(tick.worked / CYCLES_OF_US, tick.waited / CYCLES_OF_US) / 1000 for tick in ticks
    ]
    with_misses = [
        (tick.whole + MISS_CYCLES * misses) / CYCLES_OF_US / 1000
        for tick, misses in zip(ticks, meter.misses, strict=True)
    ]
    print(
        f"| {state} | {len(ticks)} | {statistics.mean(whole):.2f} | {max(whole):.2f}"
        f" | {statistics.mean(waited):.2f} | {statistics.mean(doubled):.2f} | {max(doubled):.2f}"
        f" | {statistics.mean(meter.misses):.0f} | {max(meter.misses)}"
        f" | {statistics.mean(with_misses):.2f} | {max(with_misses):.2f} |",
        flush=True,
    )


def print_parts(
    labels: Sequence[str],
    home: Sequence[dict[int, Part]],
    moving: Sequence[dict[int, Part]],
    mark_us: float,
) -> None:
    """Each statement: microseconds in a typical tick and in the worst one, at HOME and MOVING."""
    worst_home, worst_moving = max(home, key=_doubled), max(moving, key=_doubled)
    print(
        f"\n{len(home)} ticks at HOME, {len(moving)} MOVING; a mark costs {mark_us:.1f} us, taken"
    )
    print("off; what interrupts a statement counts for it. Microseconds, not doubled:\n")
    print("| statement | HOME | I2C | in the worst | MOVING | I2C | in the worst |")
    print("|---|---|---|---|---|---|---|")
    for number in range(TICK_BEGINS, len(labels)):
        if labels[number] == WAY_OUT:
            continue
        columns = []
        for ticks, worst in ((home, worst_home), (moving, worst_moving)):
            columns += [
                statistics.mean(sum(tick[number].worked_us) for tick in ticks),
                statistics.mean(sum(tick[number].waited_us) for tick in ticks),
                sum(worst[number].worked_us) + sum(worst[number].waited_us),
            ]
        print(f"| `{labels[number]}` | " + " | ".join(f"{us:.0f}" for us in columns) + " |")
    for state, ticks, worst in (("HOME", home, worst_home), ("MOVING", moving, worst_moving)):
        more = {
            number: _doubled_part(worst[number])
            - statistics.mean(_doubled_part(tick[number]) for tick in ticks)
            for number in worst
        }
        number = max(more, key=lambda one: more[one])
        print(
            f"\n{state}: the worst tick is {_doubled(worst) / 1000:.2f} ms, doubled;"
            f" most of what it takes longer is `{labels[number]}`: +{more[number]:.0f} us"
        )


def _doubled_part(part: Part) -> float:
    return doubled_us(sum(part.worked_us), sum(part.waited_us))


def _doubled(tick: dict[int, Part]) -> float:
    return sum(_doubled_part(part) for part in tick.values())


if __name__ == "__main__":
    main()
