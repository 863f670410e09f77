"""`make explore`: walk the kernel's reachable states; then find every planted defect."""

import argparse
import gc
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import starmap
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from inversion_table.safety import faults
from tests.explore.defects import DEFECTS, LIVENESS_DEFECTS, spoiled
from tests.explore.liveness import HOME_IN_MS, OBEYED_FOR_EVER, ask, questions, told_cycle
from tests.explore.walk import Walk

SMALL = (faults.NO_FAULT, faults.MOVED_UNDRIVEN)
"""What may be reported where a planted defect is looked for: one fault, that stops."""
NUMBERS = re.compile(r"(<!-- numbers -->\n).*(<!-- end of numbers -->\n)", re.DOTALL)


def find(defect: tuple[str, str, str], seconds: float = 600.0) -> tuple[str, list[str]]:
    """(what is told against the kernel with this defect, "" if nothing is; the counter-example)."""
    walk = Walk(spoiled(defect), SMALL)
    if defect not in LIVENESS_DEFECTS:
        walk.run(seconds=seconds)
        if not walk.broken:
            return "", []
        return f"{len(walk.counter_example())} steps: {walk.broken}", walk.told()
    # No single step shows these: the checks on steps are left out, to see that the rest finds them.
    if not walk.run(seconds=seconds, checks=False).complete:
        return "", []
    for question in questions(SMALL):
        answer = ask(walk, question)
        if answer.trouble:
            return f"{answer.name}: {answer.trouble}", told_cycle(walk, question, answer)
    return "", []


def _find_here(number: int) -> str:
    gc.disable()
    return find((*DEFECTS, *LIVENESS_DEFECTS)[number])[0]


# What is told of one fault: its name, row of the table, counter-example, whether all is well.
Told = tuple[str, list[str], bool, int]


def one_fault(code: int, seconds: float) -> Told:
    """Every question, in an environment that reports this fault, or none, at any time."""
    gc.disable()
    start = time.perf_counter()
    active = tuple(sorted({faults.NO_FAULT, code}))
    name = faults.FAULTS[code][0]
    walk = Walk(active=active).run(seconds=seconds, checks=False)
    if not walk.complete:
        return f"| {name} | some | | | | | |", [], False, 0
    lines: list[str] = []
    longest_ms = []
    presses = 0
    edges = 0
    trouble = False
    for question in questions((code,)):
        answer = ask(walk, question)
        longest_ms.append(answer.longest_ms)
        presses = max(presses, answer.presses)
        edges = max(edges, answer.edges)
        if answer.trouble:
            trouble = True
            lines += [f"{name}: {question.name}", *told_cycle(walk, question, answer)]
    row = (
        f"| {name} | all | {len(walk.came):,} | {edges:,} | {longest_ms[0] / 1000:,.0f} s |"
        f" {longest_ms[1] / 1000:,.0f} s | {'obeyed' if code in OBEYED_FOR_EVER else presses} |"
        f" {time.perf_counter() - start:.0f} s |"
    )
    return row, lines, not trouble, longest_ms[0]


def _each(pool: ProcessPoolExecutor | None, call: Any, *values: Iterable[Any]) -> Iterator[Any]:
    if pool is None:
        return starmap(call, zip(*values, strict=True))
    return pool.map(call, *values)


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


def liveness(report: Report, pool: ProcessPoolExecutor | None, seconds: float) -> None:
    """Home, or held, within the stated time, under each fault."""
    codes = Walk().space.classes.active
    report.row("")
    report.row(
        "| fault | extent | states | transitions | from RETURN to home, or held |"
        " from anywhere, nobody pressing | presses of RETURN, at most | s |"
    )
    report.row("|---|---|---|---|---|---|---|---|")
    longest_ms = 0
    for row, lines, good, way_ms in _each(pool, one_fault, codes, [seconds] * len(codes)):
        report.row(row)
        longest_ms = max(longest_ms, way_ms)
        if not good:
            report.trouble(lines or ["the walk did not come to its end"])
    report.row("")
    report.row(
        f"Longest way from RETURN to home, or held: {longest_ms / 1000:.0f} s;"
        f" allowed are {HOME_IN_MS / 1000:.0f} s (RQ-006)."
    )


def defects(report: Report, pool: ProcessPoolExecutor | None, quick: bool) -> None:
    """Each planted defect is found."""
    every = (*DEFECTS, *LIVENESS_DEFECTS)
    numbers = (3, 10, 15, 18) if quick else tuple(range(len(every)))
    report.row("")
    report.row("| planted defect | found |")
    report.row("|---|---|")
    found = 0
    for number, told in zip(numbers, _each(pool, _find_here, numbers), strict=True):
        report.row(f"| {every[number][0]} | {told or 'MISSED'} |")
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
        pool = ProcessPoolExecutor(arguments.workers, get_context("spawn"), max_tasks_per_child=1)
    try:
        safety(report, arguments)
        if not arguments.quick:
            liveness(report, pool, arguments.seconds)
        defects(report, pool, arguments.quick)
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
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
