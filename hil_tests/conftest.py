"""The tests of this folder run on a bench: `pytest hil_tests --bench virtual|chip|rig`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

# Hooks and fixtures of a plugin. Named in `pytest_plugins` they could not be had from `pytest .`.
from table_bench.pytest_plugin import *  # noqa: F403

if TYPE_CHECKING:
    from table_bench.chip import ChipTable


@pytest.fixture
def make_chip() -> Iterator[Callable[..., ChipTable]]:
    """Make tables with an emulated chip; arguments are ChipTable's. Skips without an image."""
    from table_bench.chip import ChipTable, NoImageError  # loads the emulator

    with ExitStack() as stack:

        def make(**arguments: Any) -> ChipTable:
            try:
                return stack.enter_context(ChipTable(**arguments))
            except NoImageError as error:
                pytest.skip(str(error))

        yield make
