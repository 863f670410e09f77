"""A hostile host at the port of real MicroPython; `make fuzz` is the long run of the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from table_bench.operator import Operator
from tests.fuzz import against_table

FEW, MANY = 300, 2_500
LONG = pytest.mark.needs("minutes")


@pytest.mark.requirement("RQ-061", "RQ-071", "RQ-129", "RQ-131")
@pytest.mark.parametrize(
    ("attack", "frames"),
    [
        (against_table.at_home, FEW),
        (against_table.in_a_session, FEW),
        pytest.param(against_table.at_home, MANY, marks=LONG),
        pytest.param(against_table.in_a_session, MANY, marks=LONG),
        pytest.param(against_table.stop_and_return_too, MANY, marks=LONG),
    ],
)
@pytest.mark.needs("boot_count", "flash_log")
def test_a_hostile_host_gets_replies_and_nothing_else(
    operator: Operator,
    attack: Callable[[Operator, int, int], against_table.Outcome],
    frames: int,
) -> None:
    outcome = attack(operator, 7, frames)
    assert outcome.problems == []
    assert outcome.frames == frames
    assert outcome.replies == outcome.lines > frames // 2
    assert len(outcome.errors) >= 5
    assert outcome.results > frames // 80
    assert outcome.ticks > frames // 5
