"""Pytest on a bench: `--bench virtual|chip|rig`, what tests need, and operators at tables."""

from __future__ import annotations

import pytest

from table_bench.bench import BenchUnavailable
from table_bench.benches import BENCHES, bench_class
from table_bench.pytest_plugin import gating
from table_bench.pytest_plugin.fixtures import (
    bench_type,
    head_down,
    make_operator,
    operator,
    used_flash,
)
from table_bench.pytest_plugin.options import DEFAULT_BENCH, bench_name, bench_options

__all__ = [
    "bench_type",
    "head_down",
    "make_operator",
    "operator",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_makereport",
    "pytest_terminal_summary",
    "used_flash",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the benches."""
    group = parser.getgroup("bench", "hardware-in-the-loop bench")
    group.addoption(
        "--bench",
        choices=tuple(BENCHES),
        default=DEFAULT_BENCH,
        help="the bench that the tests run on (default: virtual)",
    )
    group.addoption(
        "--bench-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument for the bench, such as a port or an image; may be repeated",
    )


def pytest_configure(config: pytest.Config) -> None:
    """End with one line where the bench cannot be had."""
    options = bench_options(config)
    try:
        bench_class(bench_name(config)).check_available(**options)
    except BenchUnavailable as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, and count, what needs something that this bench does not offer."""
    gating.skip_what_lacks(bench_class(bench_name(config)), items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> gating.ReportSteps:
    """A test that met what this bench lacks is skipped, not failed."""
    report = yield
    return gating.skipped_if_lacking(item, call, report)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """How many tests were skipped for want of what."""
    gating.tell_skips(terminalreporter, bench_name(config))
