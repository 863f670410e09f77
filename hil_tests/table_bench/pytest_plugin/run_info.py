"""What a run was made with: bench, program, versions; workers tell it to the one that reports."""

from __future__ import annotations

import pytest

from table_bench.bench import Bench
from table_bench.operator import Operator

KEY = pytest.StashKey[dict[str, str]]()


def info_of(config: pytest.Config) -> dict[str, str]:
    """Name -> value, in the order in which it is shown; may be added to."""
    if KEY not in config.stash:
        config.stash[KEY] = {}
    return config.stash[KEY]


def ask_the_table(config: pytest.Config, operator: Operator, bench: Bench) -> None:
    """Note what the controller says of its firmware, and the bench of what it runs on."""
    hello = operator.result("hello")
    info_of(config).update(
        {
            "firmware": hello["firmware"],
            "contract": hello["contract"],
            **bench.versions(),
        }
    )
