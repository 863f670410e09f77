"""`make explore`: walk the kernel's reachable states; then find every planted defect."""

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

from tests.explore.defects import EVERY_DEFECT
from tests.explore.liveness import HOME_IN_MS
from tests.explore.tasks import SMALL, find_number, one_fault
from tests.explore.walk import Walk

NUMBERS = re.compile(r"(<!-- numbers -->\n).*(<!-- end of numbers -->\n)", re.DOTALL)


def _each(pool: Pool | None, call: Callable[[Any], Any], values: Iterable[Any]) -> Iterator[Any]:
    return map(call, values) if pool is None else pool.imap(call, values)


class Report:
    """What is printed, and what of it goes into the document."""

    def __init__(self) -> None:
        self.table: list[str] = []
        self.good = True

    def row(self, text: str) -> None:
        """A line for both."""
        self.table.append(text)
        print(text, flush=True)

    def trouble(self, lines: list[str]) -> None:
        """Something is wrong: printed, and remembered."""
        self.good = False
        print("\n".join(lines), flush=True)


def safety(report: Report, arguments: argparse.Namespace) -> None:
    """The invariants on every transition, whatever may be reported, in any order."""
    report.row("| walk | extent | states | transitions | classes | s |")
    report.row("|---|---|---|---|---|---|")
    walks: list[tuple[str, tuple[int, ...] | None]] = [("one fault that stops", SMALL)]
    if not arguments.quick:
        walks.append(("all faults, in any order", None))
    for name, active in walks:
        walk = Walk(active=active).run(arguments.seconds, arguments.workers)
        report.row(
            f"| {name} | {'all' if walk.complete else 'some'} | {len(walk.came):,} |"
            f" {walk.transitions:,} | {walk.classes:,} | {walk.seconds:.0f} |"
        )
        if walk.broken:
            report.trouble(walk.told())
        elif not walk.complete:
            report.trouble([f"{name}: the walk did not come to its end"])


def liveness(report: Report, pool: Pool | None, seconds: float) -> None:
    """Home, or held, within the stated time, under each fault."""
    codes = Walk().space.classes.active
    report.row("")
    report.row(
        "| fault | extent | states | transitions | from RETURN to home, or held |"
        " from anywhere, nobody pressing | presses of RETURN, at most | s |"
    )
    report.row("|---|---|---|---|---|---|---|---|")
    longest_ms = 0
    for row, lines, good, way_ms in _each(pool, partial(one_fault, seconds=seconds), codes):
        report.row(row)
        longest_ms = max(longest_ms, way_ms)
        if not good:
            report.trouble(lines or ["the walk did not come to its end"])
    report.row("")
    report.row(
        f"Longest way from RETURN to home, or held: {longest_ms / 1000:.0f} s;"
        f" allowed are {HOME_IN_MS / 1000:.0f} s (RQ-006)."
    )


def defects(report: Report, pool: Pool | None, quick: bool) -> None:
    """Each planted defect is found."""
    numbers = (3, 10, 15, 18) if quick else tuple(range(len(EVERY_DEFECT)))
    report.row("")
    report.row("| planted defect | found |")
    report.row("|---|---|")
    found = 0
    for number, told in zip(numbers, _each(pool, find_number, numbers), strict=True):
        report.row(f"| {EVERY_DEFECT[number][0]} | {told or 'MISSED'} |")
        found += bool(told)
    report.row("")
    report.row(f"Planted defects found: {found} of {len(numbers)}.")
    report.good = report.good and found == len(numbers)


def main(words: list[str] | None = None) -> int:
    """0 when every walk is complete, every invariant holds and every planted defect is found."""
    parser = argparse.ArgumentParser(prog="make explore", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of it, in a minute")
    parser.add_argument("--seconds", type=float, default=3600.0, help="that a walk may take")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--write", type=Path, help="a document to put the numbers into")
    arguments = parser.parse_args(words)
    start = time.perf_counter()
    report = Report()
    pool = None
    if arguments.workers > 1:
        # Each task in a process of its own: its memory is given back.
        pool = get_context("spawn").Pool(arguments.workers, maxtasksperchild=1)
    try:
        safety(report, arguments)
        if not arguments.quick:
            liveness(report, pool, arguments.seconds)
        defects(report, pool, arguments.quick)
    finally:
        if pool is not None:
            pool.terminate()
    report.row("")
    report.row(
        f"{time.perf_counter() - start:.0f} s with {arguments.workers} processes."
        f" {'Complete, nothing broken.' if report.good else 'NOT GOOD.'}"
    )
    if arguments.write is not None:
        text = arguments.write.read_text(encoding="utf-8")
        table = "\n".join(report.table)
        text, count = NUMBERS.subn(lambda m: f"{m[1]}\n{table}\n\n{m[2]}", text)
        if count != 1:
            print(f"{arguments.write}: there is no place for the numbers", file=sys.stderr)
            return 1
        arguments.write.write_text(text, encoding="utf-8")
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
