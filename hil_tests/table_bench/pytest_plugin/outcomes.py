"""Puts the phases of each test together to one outcome, wherever it ran."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from table_bench.reporting.measurement import Measurement

_WORKER = re.compile(r"^\[gw\d+\] .*\n", re.MULTILINE)
"""A line that pytest-xdist puts before each failure."""
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Outcome:
    """One test, as a person wants to read it."""

    nodeid: str
    verdict: str = PASSED
    reason: str = ""
    """Of a skip, or what the failure says, all of it."""
    seconds: float = 0.0
    bench_s: float = 0.0
    doc: str = ""
    requirements: list[str] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    timeline: str = ""
    picture: str = ""

    @property
    def file(self) -> str:
        """The test's file, without its folder."""
        return self.nodeid.split("::")[0].rsplit("/", 1)[-1]

    @property
    def title(self) -> str:
        """The test's name as a sentence."""
        name, bracket, case = self.nodeid.split("::", 1)[-1].partition("[")
        words = name.removeprefix("test_").replace("_", " ")
        return f"{words} · {case.removesuffix(']')}" if bracket else words


class Outcomes:
    """Takes reports as they come."""

    def __init__(self) -> None:
        self._by_id: dict[str, Outcome] = {}

    def take(self, report: pytest.TestReport) -> None:
        """Add one phase of one test; a test of another folder has no `bench` and is left out."""
        told: dict[str, Any] | None = getattr(report, "bench", None)
        if told is None:
            return
        outcome = self._by_id.setdefault(report.nodeid, Outcome(report.nodeid))
        outcome.seconds += report.duration
        outcome.doc = told["doc"]
        outcome.requirements = told["requirements"]
        outcome.bench_s = max(outcome.bench_s, told["bench_s"])
        outcome.measurements = [Measurement(**one) for one in told["measurements"]]
        outcome.timeline = told["timeline"] or outcome.timeline
        outcome.picture = told["picture"] or outcome.picture
        if report.failed:
            outcome.verdict = FAILED
            before = {"setup": "before the test:\n", "teardown": "after the test:\n"}
            text = _WORKER.sub("", report.longreprtext)
            outcome.reason += "\n\n" * bool(outcome.reason) + before.get(report.when, "") + text
        elif report.skipped and outcome.verdict == PASSED:
            outcome.verdict = SKIPPED
            longrepr = report.longrepr
            text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
            outcome.reason = text.removeprefix("Skipped: ")

    def all(self) -> list[Outcome]:
        """Every test's outcome, in the order of their names."""
        return [self._by_id[nodeid] for nodeid in sorted(self._by_id)]


def count(outcomes: Iterable[Outcome], verdict: str) -> int:
    """How many ended so."""
    return sum(outcome.verdict == verdict for outcome in outcomes)
