"""What the kernel remembers is kept twice: any flipped bit takes the power away at once."""

from copy import deepcopy

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.guarded import GuardedKernel
from inversion_table.safety.memory import Complement, KernelState
from inversion_table.safety.ports import BOOT_WATCHDOG
from tests.safety.one_step import OneStep
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
@pytest.mark.parametrize("sign", [1, -1])
def test_whatever_a_field_holds_its_complement_is_kept(sign: int) -> None:
    k = KernelState()
    for number, name in enumerate(FIELDS):
        truth = type(getattr(k, name)) is bool
        setattr(k, name, sign > 0 if truth else sign * (7 + number))
    later = Complement(KernelState())
    assert not later.agrees(k)
    later.keep(k)
    for complement in (later, Complement(k)):
        assert vars(complement) == {name: -1 - value for name, value in vars(k).items()}
        assert complement.agrees(k)


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


@pytest.mark.requirement("RQ-012", "RQ-081")
@pytest.mark.parametrize("name", ["session_ms", "head_down_ms"])
def test_after_a_flipped_bit_everything_has_its_safe_value(name: str) -> None:
    k = KernelState(BOOT_WATCHDOG)
    for number, field in enumerate(FIELDS):
        setattr(k, field, 7 + number)
    k.head_down_ms = 70_000
    complement = Complement(k)
    flip(k, name, 3)
    complement.restart(k)
    assert vars(k) == {
        **vars(KernelState()),
        "state": states.FAULT,
        "fault": faults.INTERNAL,
        "head_down_ms": 70_000 if name == "session_ms" else limits.HEAD_DOWN_MAX_MS,
        "head_up_ms": 0,
        "was_head_down": True,  # until a valid tilt says otherwise
    }


@pytest.mark.requirement("RQ-081")
def test_the_tick_of_a_flipped_bit_has_no_power_even_for_a_return() -> None:
    """The relay is still closed, RETURN is pressed, and the wish leads home."""
    one = OneStep(states.RETURNING)
    guarded = GuardedKernel()
    for name, value in vars(one.k).items():
        setattr(guarded.state, name, value)
    guarded.state.duty_permille = -100
    guarded.complement.keep(guarded.state)
    one.move(-300)
    arguments = (one.wish, one.estimate, one.inputs, one.watch, one.settings)
    guarded.step(*arguments, 10, one.out)
    assert one.out.duty_permille == -105
    flip(guarded.state, "refusals", 9)
    one.inputs.return_edge = True
    guarded.step(*arguments, 20, one.out)
    assert one.out.state == states.RETURNING
    assert (one.out.power, one.out.duty_permille, one.out.ready) == (False, 0, False)
    assert guarded.state.duty_permille == 0  # what is remembered is what was given
    one.inputs.return_edge = False
    guarded.step(*arguments, 30, one.out)
    assert (one.out.power, one.out.duty_permille) == (True, -5)  # from zero again
