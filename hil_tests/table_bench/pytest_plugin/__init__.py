"""Pytest on a bench: which one, what a test needs, measures and leaves, what a run tells."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from table_bench.bench import BenchUnavailable
from table_bench.benches import BENCHES, bench_class
from table_bench.pytest_plugin import gating, junit
from table_bench.pytest_plugin.fixtures import (
    bench_type,
    head_down,
    make_operator,
    measured,
    nothing_leaks,
    operator,
    used_flash,
)
from table_bench.pytest_plugin.options import DEFAULT_BENCH, bench_name, bench_options
from table_bench.pytest_plugin.reporter import Reporter
from table_bench.pytest_plugin.story import keep, story_of, told

__all__ = [
    "bench_type",
    "head_down",
    "make_operator",
    "measured",
    "nothing_leaks",
    "operator",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_pyfunc_call",
    "pytest_runtest_makereport",
    "used_flash",
]

# hil_tests/conftest.py takes all of `__all__`; docs/hil.md says how to write a test.
MARKERS = (
    "needs(*abilities): what a bench must offer; elsewhere the test is skipped, and counted",
    "measures(name, unit, *, at_least, at_most, proves): a number that the test judges",
    "leaves(*faults): the controller reports one of these after the test, on purpose",
)
DEFAULT_FOLDER = "build/hil"
"""Timelines of failures go there when no report was asked for."""
TIMELINES = "timelines"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the benches."""
    group = parser.getgroup("bench", "hardware-in-the-loop bench")
    group.addoption(
        "--bench",
        choices=tuple(BENCHES),
        default=DEFAULT_BENCH,
        help=f"the bench that the tests run on (default: {DEFAULT_BENCH})",
    )
    group.addoption(
        "--bench-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument for the bench, such as a port or an image; may be repeated",
    )
    group.addoption(
        "--hil-report",
        metavar="DIR",
        help="write index.html, junit.xml and the timelines of failures there",
    )
    group.addoption(
        "--keep-timelines",
        action="store_true",
        help="keep the timeline and the picture of every test, not only of failures",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """End with one line where the bench cannot be had; see to where the reports go."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    try:
        bench_class(bench_name(config)).check_available(**bench_options(config))
    except BenchUnavailable as error:
        raise pytest.UsageError(str(error)) from None
    folder = _report_folder(config)
    config.pluginmanager.register(Reporter(config, folder), "table_bench reporter")


def _report_folder(config: pytest.Config) -> Path | None:
    given = config.getoption("--hil-report", None)
    return None if given is None else Path(given).absolute()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, and count, what needs something that this bench does not offer."""
    bench = bench_class(bench_name(config), bench_options(config))
    gating.skip_what_lacks(bench, items)
    for item in items:
        story_of(item)  # a measurement declared wrongly is found before anything runs


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """A measurement that is not set or out of its limits fails the test."""
    story = story_of(pyfuncitem)
    try:
        result = yield
    finally:
        junit.add_test(pyfuncitem, story.measured)
    if problems := story.measured.problems():
        pytest.fail("\n".join(problems), pytrace=False)
    bench = bench_name(pyfuncitem.config)
    if problem := gating.hides_minutes(pyfuncitem, bench, story.bench_s):
        pytest.fail(problem, pytrace=False)
    story.passed = True
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the timeline of a failure; a test that met what this bench lacks is skipped."""
    report = gating.skipped_if_lacking(item, call, (yield))
    every = item.config.getoption("--keep-timelines", False) and call.when == "teardown"
    if report.failed or every:
        folder = _report_folder(item.config) or item.config.rootpath / DEFAULT_FOLDER
        why = call.excinfo.exconly().removeprefix("Failed: ") if call.excinfo else ""
        keep(item, why, folder / TIMELINES)
        if report.failed and story_of(item).timeline:
            report.sections.append(("timeline", story_of(item).picture or story_of(item).timeline))
    report.bench = told(item)  # type: ignore[attr-defined]
    return report
