"""Fixtures of the hardware-in-the-loop tests: a table at home, ready for START."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.virtual import VirtualTable

READY_MS = 60_000


@pytest.fixture(scope="session")
def used_flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Flash of a table that was switched on once, so that the log has its place already."""
    state_dir = tmp_path_factory.mktemp("factory")
    with VirtualTable(state_dir=state_dir) as table:
        operator = Operator(table)
        operator.wait_for_state("HOME", READY_MS)
        operator.close()
    return state_dir / "flash.bin"


@pytest.fixture
def make_operator(used_flash: Path, tmp_path: Path) -> Iterator[Callable[..., Operator]]:
    """Make operators at tables; arguments: VirtualTable's, `ready` (wait for HOME), `calibrate`."""
    with ExitStack() as stack:
        count = 0

        def make(*, seed: int = 1, ready: bool = True, **arguments: object) -> Operator:
            nonlocal count
            count += 1
            state_dir = tmp_path / f"table{count}"
            state_dir.mkdir()
            shutil.copyfile(used_flash, state_dir / "flash.bin")
            made = calibrated(seed) if arguments.pop("calibrate", True) else {}
            provision = {**made, **dict(arguments.pop("provision", {}))}  # type: ignore[call-overload]
            table = stack.enter_context(
                VirtualTable(seed=seed, state_dir=state_dir, provision=provision, **arguments)  # type: ignore[arg-type]
            )
            operator = Operator(table)
            if ready:
                operator.wait_for_state("HOME", READY_MS)
            return operator

        yield make


@pytest.fixture
def operator(make_operator: Callable[..., Operator]) -> Operator:
    """Somebody at a calibrated table that rests at home, with no plan yet."""
    return make_operator()


@pytest.fixture
def head_down(operator: Operator) -> Operator:
    """Somebody holding at 40 deg head-down in a session."""
    operator.upload(simple_plan((40, 100)))
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=500)
    assert operator.table.truth.tilt_deg > 39
    return operator
