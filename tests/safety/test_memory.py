"""What the kernel remembers is kept twice: any flipped bit takes the power away at once."""

from copy import deepcopy

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.guarded import GuardedKernel
from inversion_table.safety.memory import Complement, KernelState
from tests.safety.table import Table, simple_program

FIELDS = tuple(vars(KernelState()))
BITS = 31
"""Of a small int on the chip."""


def under_way() -> Table:
    """Driving outward, head-down, in a session."""
    table = Table(simple_program(rest_ms=5_000))
    table.boot()
    table.start = True
    assert table.run_to_tilt(40_000, 60_000)
    assert table.decision.power
    assert table.decision.duty_permille > 0
    return table


@pytest.fixture(scope="module")
def moving() -> Table:
    return under_way()


def flip(holder: object, name: str, bit: int) -> None:
    setattr(holder, name, int(getattr(holder, name)) ^ (1 << bit if bit < 30 else -(1 << 30)))


def test_every_field_has_a_complement() -> None:
    assert set(vars(Complement(KernelState()))) == set(FIELDS)


@pytest.mark.requirement("RQ-081")
@pytest.mark.parametrize("copy", ["state", "complement"])
@pytest.mark.parametrize("name", FIELDS)
def test_every_bit_of_every_field_is_watched(moving: Table, name: str, copy: str) -> None:
    """Each is flipped in a table that moves, is found, and flipped back."""
    guarded = moving.guarded
    holder = getattr(guarded, copy)
    kept = getattr(holder, name)
    assert guarded.complement.agrees(guarded.state)
    for bit in range(BITS):
        flip(holder, name, bit)
        assert not guarded.complement.agrees(guarded.state)
        setattr(holder, name, kept)
    assert guarded.complement.agrees(guarded.state)


@pytest.mark.requirement("RQ-081")
@pytest.mark.parametrize("copy", ["state", "complement"])
@pytest.mark.parametrize("name", FIELDS)
def test_a_flipped_bit_removes_power_in_the_same_tick_and_return_works(
    moving: Table, name: str, copy: str
) -> None:
    table = deepcopy(moving)
    flip(getattr(table.guarded, copy), name, 0)
    table.return_home = True  # not even a press in that tick gives power in it
    table.tick()
    out = table.decision
    assert (out.power, out.duty_permille, out.ready) == (False, 0, False)
    assert out.fault == faults.INTERNAL
    table = deepcopy(moving)
    flip(getattr(table.guarded, copy), name, 4)
    table.tick()
    out = table.decision
    assert (out.state, out.fault, out.power) == (states.FAULT, faults.INTERNAL, False)
    table.run(5_000)
    assert (out.state, out.fault, out.power) == (states.FAULT, faults.INTERNAL, False)
    table.return_home = True
    table.run(1_000)
    assert out.state == states.RETURNING
    assert out.duty_permille < 0


def test_a_flipped_bit_at_home_is_told_and_forgotten() -> None:
    table = Table(simple_program())
    table.boot()
    flip(table.kernel, "refusals", 9)
    table.tick()
    assert (table.decision.state, table.decision.fault) == (states.FAULT, faults.INTERNAL)
    assert table.decision.refusals == 0
    assert table.run_until(states.HOME, limits.CLEAR_MS + 100) > 0


@pytest.mark.requirement("RQ-012")
def test_the_head_down_clock_is_not_lost_with_another_field() -> None:
    table = under_way()
    head_down_ms = table.decision.head_down_ms
    assert head_down_ms > 5_000
    flip(table.kernel, "session_ms", 3)
    table.tick()
    assert table.decision.head_down_ms == head_down_ms
    table.run(1_000)
    assert table.decision.head_down_ms == head_down_ms + 1_000


@pytest.mark.requirement("RQ-012")
@pytest.mark.parametrize("bit", [1, 20])
def test_a_damaged_head_down_clock_counts_as_used_up(bit: int) -> None:
    table = under_way()
    flip(table.kernel, "head_down_ms", bit)
    table.tick()
    assert table.decision.head_down_ms == limits.HEAD_DOWN_MAX_MS


def test_a_sound_memory_changes_nothing() -> None:
    """The guarded kernel decides what the kernel decides; its complement follows each tick."""
    guarded = GuardedKernel()
    for name in FIELDS:
        assert getattr(guarded.state, name) ^ getattr(guarded.complement, name) == -1
    table = under_way()
    for name in FIELDS:
        assert getattr(table.kernel, name) ^ getattr(table.guarded.complement, name) == -1
