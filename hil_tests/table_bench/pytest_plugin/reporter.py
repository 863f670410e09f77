"""Gathers what all processes of a run found, and writes it down when the run is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from table_bench.pytest_plugin import gating, junit
from table_bench.pytest_plugin.options import bench_name
from table_bench.pytest_plugin.outcomes import SKIPPED, Outcomes
from table_bench.pytest_plugin.page import write_page
from table_bench.pytest_plugin.run_info import info_of
from table_bench.reporting.around import around

_WORKER = "table_bench"


class Reporter:
    """Registered with pytest in every process; the one without a leader writes."""

    def __init__(self, config: pytest.Config, folder: Path | None) -> None:
        self._config = config
        self._folder = folder
        self._outcomes = Outcomes()
        self._page: Path | None = None
        if folder is not None and not self._works_for_another:
            junit.write_into(config, folder)

    @property
    def _works_for_another(self) -> bool:
        return hasattr(self._config, "workerinput")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test is over, here or in a worker."""
        self._outcomes.take(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker of pytest-xdist has ended: take over what its tables said of themselves."""
        del error
        info_of(self._config).update(getattr(node, "workeroutput", {}).get(_WORKER, {}))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """All tests are over."""
        if self._works_for_another:
            session.config.workeroutput[_WORKER] = info_of(self._config)  # type: ignore[attr-defined]
            return
        if self._folder is None:
            return
        info = {**around(self._config.rootpath, bench_name(self._config)), **info_of(self._config)}
        junit.add_run(self._config, info)
        self._page = self._folder / "index.html"
        requirements = self._config.rootpath / "docs" / "requirements.md"
        write_page(self._page, self._outcomes.all(), info, requirements)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """How many tests were skipped for want of what, and where the report lies."""
        skipped = [one for one in self._outcomes.all() if one.verdict == SKIPPED]
        counts = gating.count_lacking(one.reason for one in skipped)
        if counts:
            bench = bench_name(self._config)
            terminalreporter.section(f"{len(skipped)} skipped, because bench {bench} lacks")
            for need, number in counts.most_common():
                terminalreporter.line(f"{number:4} {need}: {gating.meaning(need)}")
        if self._page is not None:
            terminalreporter.line(f"report: {self._page}")
