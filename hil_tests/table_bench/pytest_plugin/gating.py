"""Which tests a bench can run: those that `need` nothing that it lacks; the others are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from table_bench.bench import ABILITIES, FAULT, Bench, LacksAbility
from table_bench.benches import BENCHES
from table_bench.faults import FAULTS
from table_bench.pytest_plugin.options import DEFAULT_BENCH

MARK = "needs"
BENCH = "bench:"
MINUTES = "minutes"
MINUTES_FROM_S = 62
"""A test whose table lives longer, on the bench that runs all, must say `needs("minutes")`."""
LACKING = "bench lacks "
"""Begins the reason of each such skip."""


def needs_of(item: pytest.Item) -> list[str]:
    """All that a test says it needs, each once; raises pytest.UsageError for what is unknown."""
    needs: dict[str, None] = {}
    for mark in item.iter_markers(MARK):
        for need in mark.args:
            if not _is_known(need):
                raise pytest.UsageError(
                    f"{item.nodeid} needs {need!r}, which no bench knows; known:"
                    f" {', '.join(ABILITIES)}, {FAULT}NAME, {BENCH}NAME"
                )
            needs[need] = None
    return list(needs)


def _is_known(need: str) -> bool:
    return (
        need in ABILITIES
        or (need.startswith(FAULT) and need.removeprefix(FAULT) in FAULTS)
        or (need.startswith(BENCH) and need.removeprefix(BENCH) in BENCHES)
    )


def lacking(bench: type[Bench], needs: Iterable[str]) -> list[str]:
    """Those of `needs` that the bench does not have."""
    return [need for need in needs if not _has(bench, need)]


def _has(bench: type[Bench], need: str) -> bool:
    if need.startswith(FAULT):
        return need.removeprefix(FAULT) in bench.FAULTS
    if need.startswith(BENCH):
        return need.removeprefix(BENCH) == bench.NAME
    return need in bench.OFFERS


def hides_minutes(item: pytest.Item, bench: str, passed_s: float) -> str | None:
    """What is wrong with a test that took `passed_s` of its tables' time and does not say so.

    Judged on one bench, where each run takes the same time to the microsecond; not where it is made
    for that bench alone, for no other would have to wait.
    """
    if bench != DEFAULT_BENCH or passed_s <= MINUTES_FROM_S:
        return None
    if {MINUTES, BENCH + DEFAULT_BENCH} & set(needs_of(item)):
        return None
    return f"took {passed_s:.0f} s of the table's time: it must say that it needs {MINUTES!r}"


def skip_what_lacks(bench: type[Bench], items: list[pytest.Item]) -> None:
    """Mark the tests that this bench cannot run."""
    for item in items:
        if missing := lacking(bench, needs_of(item)):
            item.add_marker(pytest.mark.skip(reason=LACKING + ", ".join(missing)))


def skipped_if_lacking(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> pytest.TestReport:
    """`report`, turned into a skip if the test ended because the bench lacks an ability."""
    if call.excinfo is not None and isinstance(call.excinfo.value, LacksAbility):
        path, line, _ = item.location
        report.outcome = "skipped"
        report.longrepr = (path, (line or 0) + 1, LACKING + call.excinfo.value.need)
    return report


def count_lacking(reasons: Iterable[str]) -> Counter[str]:
    """What the bench lacks -> how many tests were skipped for it, from the skips' reasons."""
    counts: Counter[str] = Counter()
    for reason in reasons:
        if reason.startswith(LACKING):
            counts.update(reason.removeprefix(LACKING).split(", "))
    return counts


def meaning(need: str) -> str:
    """What a need is, in words."""
    if need.startswith(FAULT):
        return "fault of the catalogue: " + FAULTS[need.removeprefix(FAULT)].text
    if need.startswith(BENCH):
        return f"is made for the bench {need.removeprefix(BENCH)} alone"
    return ABILITIES[need]
