"""The table of docs/bench.md, out of the junit.xml of one or more runs.

`python -m table_bench.reporting.by_file build/hil/junit.xml ...`: a row for each file of tests:
what passed, failed and was skipped, for want of what, and the seconds that its tests took. A file
that was run twice counts as in the last report that has it.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

_LACKING = re.compile(r"^bench lacks (.*)")
HEAD = "| file | passed | failed | skipped | s | skipped for want of |\n|---|---|---|---|---|---|"


class UnreadableError(Exception):
    """A file that holds no results of tests; the text says which and why."""


@dataclass
class FileResult:
    """One file's tests."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    lacking: Counter[str] = field(default_factory=Counter)
    """What the bench lacks, or why else a test was skipped -> tests."""

    def row(self) -> str:
        """As a line of a Markdown table."""
        why = ", ".join(f"{need} ({count})" for need, count in self.lacking.most_common())
        return (
            f"| `{self.name}` | {self.passed} | {self.failed} | {self.skipped}"
            f" | {self.seconds:.0f} | {why} |"
        )

    def take(self, case: ElementTree.Element) -> None:
        """Count one test."""
        self.seconds += float(case.get("time", "0"))
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            self.failed += 1
        elif skip is not None:
            self.skipped += 1
            reason = skip.get("message", "")
            found = _LACKING.match(reason)
            self.lacking.update(found[1].split(", ") if found else [reason])
        else:
            self.passed += 1


def by_file(paths: Iterable[Path]) -> list[FileResult]:
    """The results of each file of tests, by its name; raises UnreadableError."""
    results: dict[str, FileResult] = {}
    for path in paths:
        here: dict[str, FileResult] = {}
        try:
            cases = list(ElementTree.parse(path).iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:
            raise UnreadableError(f"{path}: {error}; give the junit.xml of a run") from None
        for case in cases:
            name = case.get("classname", "").rsplit(".", 1)[-1]
            here.setdefault(name, FileResult(name)).take(case)
        results.update(here)
    return [results[name] for name in sorted(results)]


def table(results: Sequence[FileResult]) -> str:
    """All rows and their sum, as Markdown."""
    whole = FileResult("in all")
    for one in results:
        whole.passed += one.passed
        whole.failed += one.failed
        whole.skipped += one.skipped
        whole.seconds += one.seconds
    last = whole.row().replace("`", "")
    return "\n".join([HEAD, *(one.row() for one in results), last])


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    if not arguments:
        print("usage: python -m table_bench.reporting.by_file JUNIT.XML ...", file=sys.stderr)
        return 2
    try:
        print(table(by_file(Path(name) for name in arguments)))
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
