"""What a process of its own does: look for one planted defect, or ask about one fault."""

import gc
import time

from inversion_table.safety import faults
from tests.explore.defects import DEFECTS, EVERY_DEFECT, LAPTOP_DEFECTS, spoiled
from tests.explore.liveness import OBEYED_FOR_EVER, ask, questions, told_cycle
from tests.explore.walk import Walk

SMALL = (faults.NO_FAULT, faults.MOVED_UNDRIVEN)
"""What may be reported where a planted defect is looked for: one fault, that stops."""
LAPTOP = (faults.NO_FAULT, faults.HOST_STOP)
"""And where it shows only if the laptop may say stop."""


def find(defect: tuple[str, str, str], seconds: float = 600.0) -> tuple[str, list[str]]:
    """(what is told against the kernel with this defect, "" if nothing is; the counter-example)."""
    active = LAPTOP if defect in LAPTOP_DEFECTS else SMALL
    walk = Walk(spoiled(defect), active)
    if defect in DEFECTS:
        walk.run(seconds=seconds)
        if not walk.broken:
            return "", []
        return f"{len(walk.counter_example())} steps: {walk.broken}", walk.told()
    # No single step shows these: the checks on steps are left out, to see that the rest finds them.
    if not walk.run(seconds=seconds, checks=False).complete:
        return "", []
    for question in questions(active):
        answer = ask(walk, question)
        if answer.trouble:
            return f"{answer.name}: {answer.trouble}", told_cycle(walk, question, answer)
    return "", []


def find_number(number: int) -> str:
    gc.disable()
    return find(EVERY_DEFECT[number])[0]


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
