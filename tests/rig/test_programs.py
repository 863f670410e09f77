"""The rig's PIO programs, instruction by instruction, do what the bench plays of them."""

from __future__ import annotations

import ast

import pytest

from table_bench.rig import wires
from tests.rig.pio import PROGRAMS, Assembled, StateMachine, programs

CLOCK_HZ = 125_000_000
PERIOD = CLOCK_HZ // 20_000
NUMBERS: dict[str, int] = {
    target.id: node.value.value
    for node in ast.parse(PROGRAMS.read_text("utf-8")).body
    if isinstance(node, ast.Assign)
    and isinstance(node.value, ast.Constant)
    and isinstance(node.value.value, int)
    for target in node.targets
    if isinstance(target, ast.Name)
}


def test_both_fit_and_their_numbers_are_the_benchs() -> None:
    found = programs()
    assert set(found) == {"share_high", "hold_until_clocked"}
    assert all(len(Assembled(program).code) <= 16 for program in found.values())
    assert NUMBERS["SAMPLES"] + 1 == wires._WINDOW
    assert NUMBERS["CLOCKS"] == 9


@pytest.mark.parametrize("duty", [0.0, 0.001, 0.2, 0.5, 0.999, 1.0])
def test_a_window_counts_the_share_of_time_that_the_pin_is_high(duty: float) -> None:
    machine = StateMachine(
        programs()["share_high"],
        NUMBERS["SAMPLES"],
        lambda cycle: int(cycle % PERIOD < duty * PERIOD),
    )
    machine.run(CLOCK_HZ * 2 // 1000 + 100)
    assert len(machine.pushed) == 2  # one a millisecond
    for count in machine.pushed:
        assert abs(count / wires._WINDOW - duty) < 0.001


def test_the_window_is_a_millisecond_whatever_the_pin_does() -> None:
    cycles = []
    for level in (0, 1):
        machine = StateMachine(
            programs()["share_high"], NUMBERS["SAMPLES"], [lambda cycle: 0, lambda cycle: 1][level]
        )
        while len(machine.pushed) < 2:
            machine.run(1)
        cycles.append(machine.cycle)
    assert abs(cycles[0] - cycles[1]) < 20
    assert abs(cycles[0] / CLOCK_HZ - 0.002) < 2e-5


def test_a_held_line_is_let_go_with_the_ninth_clock() -> None:
    half = CLOCK_HZ // 200_000  # 100 kHz, as the controller clocks
    let_go_after: list[float] = []
    machine = StateMachine(
        programs()["hold_until_clocked"],
        NUMBERS["CLOCKS"] - 1,
        lambda cycle: cycle // half % 2 ^ 1,
    )
    while machine.cycle < 30 * 2 * half:
        machine.run(1)
        if not machine.holds and not let_go_after:
            let_go_after.append(machine.cycle / (2 * half))
    assert len(machine.pushed) == 1  # told once
    assert 9.0 <= let_go_after[0] < 9.2  # the clock comes high at 1, 2, ...


def test_a_line_that_nobody_clocks_stays_held() -> None:
    machine = StateMachine(programs()["hold_until_clocked"], NUMBERS["CLOCKS"] - 1, lambda cycle: 1)
    machine.run(1_000_000)
    assert machine.holds
    assert not machine.pushed
