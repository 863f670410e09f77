"""Whatever goes in: `step` never raises, and what comes out keeps the invariants.

The conditions are stated here once more, from the design and not from the kernel's code.
"""

import copy
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from inversion_table.safety import faults, kernel, limits, states
from inversion_table.safety.ports import Decision, Inputs
from tests.int31 import attributes_are_checked, wrap_attributes
from tests.safety.one_step import OneStep

# Half of what the chip's small int holds, so that the garbage can be negated and added to.
GARBAGE = 1 << 29
TILT_EDGES = (-79_000, -78_000, -75_000, -71_000, 2_000, 60_000, 61_500, 90_000, 91_500)
FLAGS = [name for name, value in vars(Inputs()).items() if type(value) is bool]
PERMITTING = {
    "estop_pressed": False,
    "end_reached": False,
    "ankle_locked": True,
    "home_switch": False,
    "relay_closed": True,
    "settings_ok": True,
    "program_ok": True,
    "clocks_ok": True,
    "started_up": True,
    "home_angle_ok": True,
    "settled": True,
    "jog_up": False,
    "return_edge": False,
    "host_return": False,
}


class Maker:
    """Arbitrary values from a seed: ordinary ones mostly, edges often, garbage now and then."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.garbage_too = seed % 2 == 0

    def garbage(self) -> bool:
        return self.garbage_too and self.rng.random() < 0.04

    def among(self, values) -> int:
        return self.any_int() if self.garbage() else self.rng.choice(values)

    def any_int(self) -> int:
        return self.rng.choice([-GARBAGE, -1, GARBAGE - 1, self.rng.randrange(-GARBAGE, GARBAGE)])

    def clock(self, *edges_ms: int) -> int:
        if self.garbage():
            return self.rng.choice([GARBAGE - 1, self.rng.randrange(GARBAGE)])
        edge_ms = self.rng.choice((0, 0, *edges_ms))
        return max(
            0, edge_ms + self.rng.choice([-11, -10, -1, 0, 1, 10, self.rng.randrange(5_000)])
        )

    def tilt(self) -> int:
        if self.garbage():
            return self.any_int()
        if self.rng.random() < 0.5:
            return self.rng.randint(-80_000, 95_000)
        return self.rng.choice(TILT_EDGES) + self.rng.randint(-1, 1)

    def likely(self, chance: float) -> bool:
        return self.rng.random() < chance

    def flag(self) -> bool:
        return self.rng.random() < 0.5


def situation(seed: int) -> OneStep:
    """Any arguments of a step; every fourth: outward motion with none to three things changed,
    and every eighth: a return that comes to rest to be paused, with none to three things changed.
    """
    one = anything(seed)
    rng = random.Random(seed)
    if seed % 4 == 1:
        good = OneStep(states.MOVING)
        good.move(rng.randint(1, 1_000))
    elif seed % 8 == 3:
        good = OneStep(states.RETURNING)
        good.k.wind_down = states.PAUSED
        good.k.duty_permille = -rng.randint(0, 1_000)
        good.move(-rng.randint(1, 1_000))
    else:
        return one
    pairs = [
        (getattr(good, part), getattr(one, part), name)
        for part in ("k", "wish", "estimate", "inputs", "watch", "settings")
        for name in vars(getattr(good, part))
    ]
    for into, source, name in rng.sample(pairs, rng.randrange(4)):
        setattr(into, name, getattr(source, name))
    # Every change of state ends both, and backing off is never paused.
    if good.k.state not in (states.RETURNING, states.FAULT):
        good.k.backing_off = False
    moves = good.k.state in (states.MOVING, states.HOLDING, states.RETURNING)
    if good.k.backing_off or not moves:
        good.k.wind_down = kernel.NO_WIND_DOWN
    return good


def anything(seed: int) -> OneStep:
    """Any arguments of a step; in every other seed the fields may also hold garbage."""
    make = Maker(seed)
    one = OneStep(make.among([*range(9), states.MOVING, states.MOVING, states.RETURNING]))
    k, wish, estimate, inputs = one.k, one.wish, one.estimate, one.inputs
    k.mode = make.among([0, 1, 1, 2])
    k.boot = make.among([0, 1])
    k.started = make.likely(0.95)
    k.then_ms = make.rng.randrange(1 << 30)
    passed_ms = make.rng.choice([0, 9, 10, 10, 10, 11, 451, make.rng.randrange(1 << 30)])
    one.now_ms = (k.then_ms + passed_ms) & ((1 << 30) - 1)
    codes = [0, 0, *range(len(faults.FAULTS))] if make.flag() else [0]
    k.fault = make.among(codes)
    k.excused = make.among([0, 0, 0, faults.ANKLE_LOCK_OPEN, faults.RELAY_DEAD, *codes])
    one.watch.active = make.among(codes)
    one.watch.tilt_trusted = make.likely(0.8)
    k.state_ms = make.clock(limits.SELF_TEST_MS, limits.SETTLE_MAX_MS, limits.ASSESS_MS, 400)
    k.clear_ms = make.clock(limits.CLEAR_MS)
    k.session_ms = make.clock(limits.SESSION_MAX_MS, 1_800_000)
    k.head_down_ms = make.clock(limits.HEAD_DOWN_MAX_MS, 360_000)
    k.head_up_ms = make.clock(limits.HEAD_UP_RESETS_MS)
    k.return_ms = make.clock(limits.RETURN_MAX_MS, limits.RETURN_BLIND_MAX_MS)
    k.idle_ms = make.clock(limits.RETURN_IDLE_MS)
    k.blind_current_ms = make.clock(limits.BLIND_CURRENT_MS)
    k.wind_down_ms = make.clock(limits.WIND_DOWN_MAX_MS)
    k.assessing = make.likely(0.2)
    k.was_head_down = make.flag()
    k.blind = make.likely(0.3)
    k.paused_return = make.flag()
    if k.state in (states.MOVING, states.HOLDING) and make.likely(0.3):
        k.wind_down = make.rng.choice([states.PAUSED, states.RETURNING])
    if k.state in (states.RETURNING, states.FAULT) and make.likely(0.2):
        k.backing_off = True
    elif k.state == states.RETURNING and make.likely(0.5):
        k.wind_down = states.PAUSED
    k.return_pauses = make.rng.randrange(4)
    one.watch.backed_off = make.likely(0.3)
    one.watch.return_futile = make.likely(0.1)
    k.duty_permille = make.rng.choice([0, 0, make.rng.randint(-1_000, 1_000)])
    k.refusals = make.rng.choice([0, 0xFFFF, make.rng.randrange(0x10000)])
    wish.request = make.among([0, 1, 2, 2, 2, 3])
    wish.duty_permille = make.any_int() if make.garbage() else make.rng.randint(-1_200, 1_200)
    wish.limit_mdeg = make.tilt()
    estimate.tilt_mdeg = make.tilt()
    rates = [0, -7_999, 8_000, 150, -150, make.rng.randint(-9_000, 9_000)]
    estimate.rate_mdeg_per_s = make.among(rates)
    estimate.valid = make.likely(0.85)
    estimate.age_ms = make.among([0, 0, 10, 99, 100, 101, 1_000_000])
    estimate.primary_ok = make.likely(0.8)
    estimate.monitor_ok = make.likely(0.8)
    chance = make.rng.choice([0.97, 0.97, 0.5])
    for name in FLAGS:
        good = PERMITTING.get(name, make.flag())
        setattr(inputs, name, good if make.likely(chance) else not good)
    inputs.current_ma = make.among([0, 3_500, 3_501, 9_000, 9_001, 16_500])
    inputs.supply_mv = make.among([0, 13_999, 14_000, 18_999, 19_000, 24_000])
    one.settings.tilt_max_mdeg = make.rng.choice([60_000, 90_000, make.tilt()])
    one.settings.head_down_max_ms = make.among([360_000, 900_000, 900_001, 10_000])
    one.settings.session_max_ms = make.among([1_800_000, 2_400_000, 2_400_001, 60_000])
    return one


def situations(count: int) -> Iterator[tuple[int, OneStep]]:
    """Seeds and what they make."""
    for seed in range(count):
        yield seed, situation(seed)


def assert_safe(one: OneStep) -> None:
    """The invariants of a decision, given what was known when it was made."""
    out, inputs, estimate = one.out, one.inputs, one.estimate
    assert 0 <= out.state <= 8
    assert -1_000 <= out.duty_permille <= 1_000
    powered_states = {states.MOVING, states.HOLDING, states.PAUSED, states.RETURNING}
    if out.power:
        assert out.state in powered_states
        assert not inputs.estop_pressed
    else:
        assert out.state not in powered_states or inputs.estop_pressed
        assert out.duty_permille == 0
        assert not out.ready
    if out.duty_permille < 0:
        assert out.state in (states.MOVING, states.RETURNING)
        assert out.ready or out.backing_off
        assert inputs.relay_closed or out.excused == faults.RELAY_DEAD
    if out.duty_permille > 0:
        assert out.state == states.MOVING
        assert out.power
        assert out.ready
        assert inputs.relay_closed
        assert inputs.ankle_locked
        assert not inputs.end_reached
        assert inputs.settings_ok
        assert out.fault == faults.NO_FAULT
        assert one.watch.tilt_trusted
        assert estimate.valid
        assert estimate.age_ms <= 100
        assert estimate.tilt_mdeg < 90_000
        assert estimate.tilt_mdeg < one.settings.tilt_max_mdeg
        assert estimate.tilt_mdeg < one.wish.limit_mdeg
        assert -8_000 < estimate.rate_mdeg_per_s < 8_000
        assert one.wish.request == states.WISH_MOVE
        assert out.duty_permille <= one.wish.duty_permille
        assert out.mode in (1, 2)
        if out.mode == 2:
            assert inputs.jog_down
            assert not inputs.jog_up
    if out.winding_down:
        assert out.state in (states.MOVING, states.HOLDING, states.RETURNING)
    if out.winding_down and out.state == states.RETURNING:
        assert out.fault == faults.NO_FAULT
        assert one.watch.tilt_trusted
        assert not out.backing_off
    if out.backing_off:
        assert out.state == states.RETURNING
        assert not out.ready


@pytest.mark.requirement("RQ-008", "RQ-010", "RQ-020", "RQ-046", "RQ-049")
def test_step_is_total_and_every_decision_is_safe() -> None:
    seen: Counter[tuple[int, int]] = Counter()
    winding_home = 0
    for seed, one in situations(60_000):
        then_out, then_home = max(one.k.duty_permille, 0), min(one.k.duty_permille, 0)
        was_winding_down = one.k.wind_down != kernel.NO_WIND_DOWN
        try:
            out = one.step(0)
            assert_safe(one)
            # Power grows by a step at most, in either direction.
            assert then_home - 5 <= out.duty_permille <= then_out + 5
            if out.winding_down and was_winding_down:
                assert out.duty_permille <= then_out
                if out.state == states.RETURNING:
                    assert out.duty_permille >= then_home
                    winding_home += out.duty_permille < 0
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        seen[out.state, (out.duty_permille > 0) - (out.duty_permille < 0)] += 1
    # The condition of the test: it has met every state, and both ways of driving, often.
    for state in range(9):
        assert seen[state, 0] > 100, state
    assert seen[states.MOVING, 1] > 5_000
    assert seen[states.MOVING, -1] > 100
    assert seen[states.RETURNING, -1] > 100
    assert winding_home > 100


def test_every_intermediate_is_a_small_int_and_clocks_stop() -> None:
    for seed, one in situations(4_000):
        parts = (one.k, one.wish, one.estimate, one.inputs, one.watch, one.settings)
        for part in parts:
            wrap_attributes(part)
        for dt_ms in (0, 10, (1 << 30) - 1, 1 << 29, 10):
            one.step(dt_ms)
            assert all(attributes_are_checked(part) for part in (*parts, one.out)), seed
        for name, value in vars(one.k).items():
            if name.endswith("_ms") and name != "then_ms":
                assert 0 <= value < 1 << 29, (seed, name)


def test_the_decision_depends_on_the_arguments_alone() -> None:
    for seed, one in situations(10_000):
        twin = copy.deepcopy(one)
        read_only = (one.wish, one.estimate, one.inputs, one.watch, one.settings)
        before = [dict(vars(part)) for part in read_only]
        one.step(0)
        situation(seed + 1).step(0)  # a step in between leaves nothing behind
        for name in vars(Decision()):
            setattr(twin.out, name, 77)  # a dirty decision is rewritten as a whole
        twin.step(0)
        assert vars(twin.out) == vars(one.out), seed
        assert vars(twin.k) == vars(one.k), seed
        assert [vars(part) for part in read_only] == before, seed


def test_where_the_ticks_stand_makes_no_difference() -> None:
    mask = (1 << 30) - 1
    for seed, one in situations(10_000):
        twin = copy.deepcopy(one)
        shift_ms = random.Random(seed).randrange(1 << 30)
        twin.k.then_ms = (twin.k.then_ms + shift_ms) & mask
        twin.now_ms = (twin.now_ms + shift_ms) & mask
        one.step(0)
        twin.step(0)
        assert vars(twin.out) == vars(one.out), seed
        twin.k.then_ms = one.k.then_ms
        assert vars(twin.k) == vars(one.k), seed


@pytest.mark.requirement("RQ-042")
def test_a_state_that_is_none_becomes_a_latched_fault() -> None:
    for state in (-1, 9, 77, -GARBAGE, GARBAGE - 1):
        one = OneStep(state)
        out = one.step()
        assert (out.state, out.fault, out.power) == (states.FAULT, faults.INTERNAL, False)


@pytest.mark.requirement("RQ-042")
def test_a_state_that_is_none_never_moves_the_table_whatever_else_there_is() -> None:
    for seed, one in situations(5_000):
        one.k.state = 9 + seed
        assert not one.step(0).power or one.inputs.return_edge or one.inputs.host_return, seed
