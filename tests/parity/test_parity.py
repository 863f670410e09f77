"""Monitors, sequencer and kernel: the same decisions on CPython and MicroPython, no allocation."""

from pathlib import Path

import pytest

from inversion_table.safety import faults
from tests.micropython import run_on_cpython, run_on_micropython

SCRIPT = Path(__file__).parent / "device" / "sessions.py"
TABLE = Path(__file__).parents[1] / "safety"
STATES = 9


@pytest.mark.requirement("RQ-081")
def test_cpython_and_micropython_decide_alike_in_every_tick() -> None:
    here = run_on_cpython(SCRIPT, path=(TABLE,))
    there = run_on_micropython(SCRIPT, path=(TABLE,))
    assert len(here) == 14 * 40
    columns = [line.split() for line in here]
    assert len({row[3] for row in columns}) >= STATES - 1, "the walks must meet the states"
    assert len({row[6] for row in columns}) >= 8, "and many faults"
    internal = str(faults.INTERNAL)
    assert not [row for row in columns if row[6] == internal and int(row[0]) < 12]
    assert [row for row in columns if row[6] == internal], "and flipped bits"
    for mine, theirs in zip(here, there, strict=True):
        assert mine == theirs


@pytest.mark.requirement("RQ-043")
def test_no_tick_allocates_in_any_state() -> None:
    lines = run_on_micropython(SCRIPT, "locked", path=(TABLE,))
    met = {state: int(count) for state, count in (line.split() for line in lines)}
    assert len(met) == STATES
    assert min(met.values()) > 0, met
    assert sum(met.values()) >= 10_000
