"""Random walks of hands, laptop and faults on a whole table; the invariants hold at each tick."""

import random

import pytest

from inversion_table.safety import faults, limits, states
from inversion_table.safety.ports import BOOT_POWER_ON, BOOT_WATCHDOG
from tests.safety.table import STUCK_CLOSED, STUCK_OPEN, WORKING, Table, simple_program

SEEDS = range(16)
TICKS = 12_000
DETECTION_MS = 600
"""Longest time until a fault that matters outward is latched: HOME_SWITCH_MS and a little."""


class Walk:
    """A table under a random person, a random laptop and random faults."""

    def __init__(self, seed: int, hands: bool, laptop: bool, breaking: bool) -> None:
        self.rng = random.Random(seed)
        self.hands, self.laptop, self.breaking = hands, laptop, breaking
        boot = self.rng.choice([BOOT_POWER_ON, BOOT_WATCHDOG])
        tilt_mdeg = self.rng.choice([-75_100, -75_100, -60_000, 0, 40_000, 60_000])
        program = simple_program(self.rng.choice([20_000, 60_000]), 5_000, 2_000, 6_000)
        self.table = Table(program, boot, tilt_mdeg, self.rng.randrange(1 << 30))
        self.table.settings.head_down_max_ms = 20_000
        self.table.settings.rate_max_mdeg_per_s = 6_000

    def tick(self) -> None:
        table, rng = self.table, self.rng
        if self.hands:
            self._touch(0.01)
        if self.laptop and rng.random() < 0.02:
            table.host_return = rng.random() < 0.5
            table.host_stop = rng.random() < 0.3
        if self.breaking and rng.random() < 0.0015:
            self._spoil()
        table.tick()

    def _touch(self, chance: float) -> None:
        table, rng = self.table, self.rng
        if table.decision.state == states.HOME or rng.random() < chance / 4:
            table.start = rng.random() < chance * 4
        if rng.random() < chance / 4:
            table.pause = True
        if rng.random() < chance / 4:
            table.return_home = True
        if rng.random() < chance:
            table.jog_down = rng.random() < 0.5
        if rng.random() < chance:
            table.jog_up = rng.random() < 0.3
        if table.estop_pressed:
            table.estop_pressed = rng.random() > chance
        elif rng.random() < chance / 20:
            table.estop_pressed = True

    def _spoil(self) -> None:
        """Something breaks, or all is repaired."""
        table, rng = self.table, self.rng
        table.home_switch = table.end_switch = table.relay = table.mirror = WORKING
        table.tilt_lost = table.primary_lost = table.monitor_lost = table.blocked = False
        table.reversed = table.sequencer_dead = False
        table.ankle_locked, table.disagreement_mdeg, table.creep_mdeg_per_s = True, 0, 0
        table.current_stuck_ma, table.supply_stuck_mv, table.supply_mv = -1, -1, 24_000
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            name, value = rng.choice(
                [
                    ("home_switch", STUCK_OPEN), ("home_switch", STUCK_CLOSED),
                    ("end_switch", STUCK_OPEN), ("relay", STUCK_OPEN), ("relay", STUCK_CLOSED),
                    ("mirror", STUCK_OPEN), ("mirror", STUCK_CLOSED), ("tilt_lost", True),
                    ("primary_lost", True), ("monitor_lost", True), ("blocked", True),
                    ("reversed", True), ("sequencer_dead", True), ("ankle_locked", False),
                    ("disagreement_mdeg", 9_000), ("creep_mdeg_per_s", 2_500),
                    ("current_stuck_ma", 16_500), ("supply_stuck_mv", 0), ("supply_mv", 16_000),
                ]
            )  # fmt: skip
            setattr(table, name, value)


def assert_sound(table: Table) -> None:
    decision, inputs, estimate = table.decision, table.inputs, table.estimate
    assert 0 <= decision.state <= 8
    powered = decision.state in (2, 3, 4, 5) and not inputs.estop_pressed
    assert decision.power is powered
    if decision.duty_permille > 0:
        assert decision.state == states.MOVING
        assert decision.fault == faults.NO_FAULT
        assert inputs.ankle_locked
        assert not inputs.end_reached
        assert inputs.relay_closed
        assert estimate.valid
        assert estimate.tilt_mdeg < min(table.settings.tilt_max_mdeg, table.wish.limit_mdeg)
    if decision.duty_permille < 0:
        assert decision.state in (states.MOVING, states.RETURNING)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_everything_at_once_each_decision_is_sound(seed: int) -> None:
    walk = Walk(seed, hands=True, laptop=True, breaking=True)
    for _ in range(TICKS):
        walk.tick()
        assert_sound(walk.table)


def test_the_walks_go_everywhere() -> None:
    """The condition of the tests here: they meet every state that can be met, and many faults."""
    seen_states, seen_faults, outward = set(), set(), 0
    for seed in SEEDS:
        walk = Walk(seed, hands=True, laptop=True, breaking=True)
        for _ in range(TICKS):
            walk.tick()
            seen_states.add(walk.table.decision.state)
            seen_faults.add(walk.table.decision.fault)
            outward += walk.table.decision.duty_permille > 0
    assert seen_states == set(range(9)) - {states.SERVICE}
    assert len(seen_faults) >= 16
    assert outward > 3_000


@pytest.mark.requirement("RQ-061")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_laptop_alone_never_moves_the_table_outward(seed: int) -> None:
    walk = Walk(seed, hands=False, laptop=True, breaking=seed % 2 == 0)
    for _ in range(TICKS):
        walk.tick()
        assert walk.table.decision.duty_permille <= 0


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_laptop_does_in_motion_outward_power_only_ends(seed: int) -> None:
    """Against the same session without a laptop: once it has spoken, outward is at most a
    coming to rest, and then nothing."""
    rng = random.Random(seed)
    table = Table(simple_program(60_000, 5_000, 2_000))
    table.boot()
    table.start = True
    table.run(rng.randrange(1_000, 40_000))
    spoke_ms = -1
    for count in range(20_000):
        if rng.random() < 0.01:
            table.host_return = rng.random() < 0.5
            table.host_stop = not table.host_return
            if spoke_ms < 0:
                spoke_ms = count * 10
        table.tick()
        if spoke_ms >= 0 and count * 10 - spoke_ms > limits.WIND_DOWN_MAX_MS:
            assert table.decision.duty_permille <= 0
    assert spoke_ms >= 0


@pytest.mark.requirement("RQ-065")
@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_fault_outward_only_from_home_cleared_and_with_a_fresh_start(seed: int) -> None:
    walk = Walk(seed, hands=True, laptop=True, breaking=True)
    table = walk.table
    faulty, was_home_cleared, started = True, False, False
    for _ in range(TICKS):
        walk.tick()
        decision = table.decision
        if decision.fault != faults.NO_FAULT:
            faulty, was_home_cleared, started = True, False, False
        elif decision.state == states.HOME:
            # The kernel's own home: the switch, and no tilt that contradicts it.
            assert table.inputs.home_switch or not faulty
            faulty, was_home_cleared = False, True
        if was_home_cleared and (table.inputs.start_edge or table.inputs.jog_down_edge):
            started = True
        if decision.duty_permille > 0:
            assert not faulty
            assert was_home_cleared
            assert started
        if decision.state in (states.HOME, states.FAULT, states.STOPPED):
            started = False


@pytest.mark.requirement("RQ-034")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_pressed_estop_and_its_release_move_nothing(seed: int) -> None:
    walk = Walk(seed, hands=True, laptop=False, breaking=seed % 2 == 0)
    table = walk.table
    held = False
    for _ in range(TICKS):
        was_home = table.decision.at_home
        walk.tick()
        if table.estop_pressed and table.decision.state != states.SELF_TEST and not was_home:
            held = True
        if table.inputs.return_edge or table.inputs.home_switch:
            held = False
        if held:
            assert not table.decision.power


@pytest.mark.parametrize("seed", SEEDS)
def test_from_wherever_a_walk_ends_return_brings_the_person_home(seed: int) -> None:
    walk = Walk(seed, hands=True, laptop=True, breaking=True)
    for _ in range(TICKS // 4):
        walk.tick()
    table = walk.table
    fresh = Table()
    for name in (
        "home_switch", "end_switch", "relay", "mirror", "tilt_lost", "primary_lost",
        "monitor_lost", "blocked", "reversed", "ankle_locked", "disagreement_mdeg",
        "creep_mdeg_per_s", "current_stuck_ma", "supply_stuck_mv", "supply_mv", "estop_pressed",
    ):  # fmt: skip
        setattr(table, name, getattr(fresh, name))
    table.jog_up = table.jog_down = False
    for count in range(16_000):
        if table.monitors.return_futile:
            table.restart()  # wires that were swapped: RQ-098
        if count % 500 == 0:
            table.return_home = True
        table.tick()
        if table.decision.at_home and not table.decision.power:
            break
    assert table.tilt_mdeg() <= -75_000 + limits.HOME_TOLERANCE_MDEG
    assert not table.decision.power
