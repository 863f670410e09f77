import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.safety import limits
from inversion_table.safety.ports import Inputs
from inversion_table.sensing.debounce import DEBOUNCE_TICKS
from inversion_table.sensing.panel import Panel
from tests.int31 import CheckedWords
from tests.sensing.fake_panel import BUTTONS, NAMES, FakePanelPins

OPEN_TICKS = limits.BUTTON_OPEN_MS // 10 + DEBOUNCE_TICKS
"""After a press, until the next one counts, also of a slow button."""

# What each input must say with a broken wire, which is an open contact: the safe side.
SAFE = {
    "estop": {"estop_pressed": True},
    "outward_end": {"end_reached": True},
    "ankle_lock": {"ankle_locked": False},
    "home_switch": {"home_switch": False},
    "relay_mirror": {"relay_closed": True},
    "start": {"start_edge": False},
    "pause": {"pause_edge": False},
    "return_home": {"return_edge": False},
    "jog_up": {"jog_up": False},
    "jog_down": {"jog_down": False, "jog_down_edge": False},
}
HEALTHY = {
    "estop_pressed": False, "end_reached": False, "ankle_locked": True, "home_switch": True,
    "relay_closed": False, "start_edge": False, "pause_edge": False, "return_edge": False,
    "jog_up": False, "jog_down": False, "jog_down_edge": False, "button_stuck": False,
    "service_gesture": False, "settled": True, "return_hasty": False,
}  # fmt: skip


class Bench:
    def __init__(self) -> None:
        self.pins = FakePanelPins()
        self.panel = Panel(self.pins)
        self.inputs = Inputs()
        self.now_ms = (1 << 30) - 35  # the clock wraps at once

    def ticks(self, count: int = 1, ms: int = 10) -> Inputs:
        for _ in range(count):
            self.now_ms = (self.now_ms + ms) & 0x3FFFFFFF
            self.panel.read(self.inputs, self.now_ms)
        return self.inputs

    def set(self, name: str, level: int) -> None:
        getattr(self.pins, name).level = level

    def says(self) -> dict[str, bool]:
        return {name: getattr(self.inputs, name) for name in HEALTHY}


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.ticks(OPEN_TICKS)
    assert bench.says() == HEALTHY
    return bench


def test_every_pin_has_its_safe_side_written_down() -> None:
    assert set(SAFE) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_wire_broken_from_the_start(name: str) -> None:
    bench = Bench()
    bench.set(name, 1)
    for _ in range(200):
        bench.ticks()
        for field, safe in SAFE[name].items():
            assert getattr(bench.inputs, field) is safe
    assert {**HEALTHY, **SAFE[name]} == bench.says()


@pytest.mark.requirement("RQ-066")
@pytest.mark.parametrize("name", NAMES)
def test_a_wire_that_breaks_later_reads_safe_and_nothing_else_changes(bench, name) -> None:
    bench.set(name, 1)
    bench.ticks(DEBOUNCE_TICKS)
    assert bench.says() == {**HEALTHY, **SAFE[name]}


def test_all_wires_broken() -> None:
    bench = Bench()
    for name in NAMES:
        bench.set(name, 1)
    bench.ticks(10)
    expected = dict(HEALTHY)
    for safe in SAFE.values():
        expected |= safe
    assert bench.says() == expected


def test_until_settled_everything_reads_safe() -> None:
    bench = Bench()
    for _ in range(DEBOUNCE_TICKS - 1):
        inputs = bench.ticks()
        assert not inputs.settled
        for safe in SAFE.values():
            for field, value in safe.items():
                assert getattr(inputs, field) is value
    assert bench.ticks().settled


def test_bouncing_while_held_at_power_up_is_not_letting_go() -> None:
    for pattern in ((1, 0), (0, 1), (0, 0, 1), (1, 1, 0), (0, 1, 1, 0)):
        bench = Bench()
        for tick in range(600):
            bench.set("start", pattern[tick % len(pattern)] if tick < 300 else 0)
            assert not bench.ticks().start_edge, pattern


@pytest.mark.requirement("RQ-060")
@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=60))
def test_an_edge_needs_a_release_seen_and_then_a_press_seen(pressed: list[bool]) -> None:
    bench = Bench()
    edges = []
    for level in pressed:
        bench.set("return_home", 0 if level else 1)
        edges.append(bench.ticks().return_edge)
    for at, edge in enumerate(edges):
        if not edge:
            continue
        began = at - DEBOUNCE_TICKS + 1
        assert all(pressed[began : at + 1])
        last = edges.index(True) if at != edges.index(True) else -1
        since = pressed[max(0, last) : began]
        assert any(
            not any(since[n : n + DEBOUNCE_TICKS]) for n in range(len(since) - DEBOUNCE_TICKS + 1)
        )


def test_a_bouncing_press_and_release_is_one_press(bench: Bench) -> None:
    edges = 0
    press, release = (0, 1, 0, 0, 1, 1, 0), (1, 0, 1, 1, 0, 0, 1)
    for level in (*press, *[0] * 20, *release, *[1] * 20):
        bench.set("return_home", level)
        edges += bench.ticks().return_edge
    assert edges == 1


def test_a_press_too_short_is_none(bench: Bench) -> None:
    bench.set("start", 0)
    assert not bench.ticks().start_edge
    assert not bench.ticks(DEBOUNCE_TICKS - 2).start_edge
    bench.set("start", 1)
    for _ in range(10):
        assert not bench.ticks().start_edge


def test_a_press_after_letting_go_counts_although_held_at_power_up() -> None:
    bench = Bench()
    bench.set("start", 0)
    assert bench.ticks(3_000).button_stuck
    bench.set("start", 1)
    assert not bench.ticks(DEBOUNCE_TICKS).button_stuck
    bench.ticks(OPEN_TICKS)
    bench.set("start", 0)
    assert bench.ticks(DEBOUNCE_TICKS).start_edge
    assert not bench.ticks().start_edge


def test_a_late_tick_counts_its_whole_time_for_a_stuck_button(bench: Bench) -> None:
    bench.set("pause", 0)
    bench.ticks(DEBOUNCE_TICKS)
    bench.ticks(limits.STUCK_BUTTON_MS // 400 + 1, ms=400)
    assert bench.inputs.button_stuck
    bench.panel._words = CheckedWords(bench.panel._words)
    bench.ticks(3_000, ms=400)
    bench.ticks(1, ms=(1 << 29) - 1)


@pytest.mark.requirement("RQ-033")
def test_the_estop_counts_in_the_same_tick_and_its_release_later(bench: Bench) -> None:
    bench.set("estop", 1)
    assert bench.ticks().estop_pressed
    bench.set("estop", 0)
    for _ in range(20):  # bouncing contacts on the way back
        bench.set("estop", 1)
        assert bench.ticks().estop_pressed
        bench.set("estop", 0)
        assert bench.ticks(DEBOUNCE_TICKS - 1).estop_pressed
    bench.ticks(DEBOUNCE_TICKS)
    assert not bench.inputs.estop_pressed


def test_an_estop_that_flickers_for_one_tick_counts_until_it_is_closed_for_good(bench) -> None:
    bench.set("estop", 1)
    assert bench.ticks().estop_pressed
    bench.set("estop", 0)
    assert bench.ticks(DEBOUNCE_TICKS - 1).estop_pressed
    assert not bench.ticks().estop_pressed


@pytest.mark.parametrize(
    ("name", "edge"),
    [("start", "start_edge"), ("pause", "pause_edge"), ("return_home", "return_edge"),
     ("jog_down", "jog_down_edge")],
)  # fmt: skip
def test_one_edge_a_press(bench: Bench, name: str, edge: str) -> None:
    bench.set(name, 0)
    edges = []
    for _ in range(50):
        bench.ticks()
        edges.append(getattr(bench.inputs, edge))
        others = {"start_edge", "pause_edge", "return_edge", "jog_down_edge"} - {edge}
        assert not any(getattr(bench.inputs, other) for other in others)
    assert edges.count(True) == 1


@pytest.mark.requirement("RQ-060")
@pytest.mark.parametrize("name", BUTTONS)
def test_held_at_power_up_does_nothing_until_let_go(name: str) -> None:
    bench = Bench()
    bench.set(name, 0)
    for _ in range(500):
        inputs = bench.ticks()
        assert not inputs.start_edge
        assert not inputs.pause_edge
        assert not inputs.return_edge
        assert not inputs.jog_down_edge
        assert not inputs.jog_up
        assert not inputs.jog_down
        assert not inputs.service_gesture
    assert inputs.settled


@pytest.mark.requirement("RQ-063")
@pytest.mark.parametrize("name", ["start", "pause", "return_home"])
def test_a_stuck_button_is_told(bench: Bench, name: str) -> None:
    bench.set(name, 0)
    assert not bench.ticks(limits.STUCK_BUTTON_MS // 10 - 5).button_stuck
    assert bench.ticks(10).button_stuck
    bench.set(name, 1)
    assert not bench.ticks(DEBOUNCE_TICKS).button_stuck


@pytest.mark.requirement("RQ-088")
@pytest.mark.parametrize("name", ["jog_up", "jog_down"])
def test_a_jog_runs_while_held_but_no_longer_than_anyone_holds_it(bench: Bench, name: str) -> None:
    for _ in range(3):
        bench.set(name, 0)
        bench.ticks(DEBOUNCE_TICKS)
        for _ in range(limits.STUCK_BUTTON_MS // 10 - 2):
            assert getattr(bench.ticks(), name)
            assert not bench.inputs.button_stuck
        for _ in range(2_500):
            assert not getattr(bench.ticks(), name)
            assert not bench.inputs.jog_down_edge
            assert bench.inputs.button_stuck
        bench.set(name, 1)
        assert not bench.ticks(DEBOUNCE_TICKS).button_stuck
        bench.ticks(OPEN_TICKS)


SLOW = [("start", "start_edge"), ("pause", "pause_edge"), ("jog_down", "jog_down_edge")]


@pytest.mark.requirement("RQ-101")
@pytest.mark.parametrize(("name", "edge"), SLOW)
def test_a_press_counts_only_after_half_a_second_of_opening(bench, name: str, edge: str) -> None:
    open_ticks = limits.BUTTON_OPEN_MS // 10
    for gap, counts in ((open_ticks - 1, False), (10, False), (open_ticks + 3, True)):
        bench.set(name, 0)
        bench.ticks(20)
        bench.set(name, 1)
        bench.ticks(gap)
        bench.set(name, 0)
        seen = 0
        held = 0
        for _ in range(20):
            seen += getattr(bench.ticks(), edge)
            held += bench.inputs.jog_down
        assert seen == counts
        assert (held > 0) is (counts and name == "jog_down")
        bench.set(name, 1)
        bench.ticks(OPEN_TICKS)


@pytest.mark.requirement("RQ-101")
@pytest.mark.parametrize(("name", "edge"), SLOW)
def test_one_flicker_begins_the_half_second_anew(bench: Bench, name: str, edge: str) -> None:
    bench.set(name, 0)
    bench.ticks(20)
    bench.set(name, 1)
    bench.ticks(40)
    bench.set(name, 0)
    bench.ticks()
    bench.set(name, 1)
    bench.ticks(40)
    bench.set(name, 0)
    for _ in range(20):
        assert not getattr(bench.ticks(), edge)


def test_the_buttons_wait_for_their_opening_one_by_one(bench: Bench) -> None:
    bench.set("start", 0)
    bench.ticks(20)
    bench.set("pause", 0)
    assert bench.ticks(DEBOUNCE_TICKS).pause_edge


@pytest.mark.requirement("RQ-089", "RQ-101")
@pytest.mark.parametrize(("name", "edge"), SLOW)
@pytest.mark.parametrize("seed", range(5))
def test_a_chattering_contact_is_one_press_and_then_a_stuck_button(
    bench: Bench, name: str, edge: str, seed: int
) -> None:
    dice = random.Random(seed)
    presses = 0
    stuck_at = -1
    for tick in range(6_000):
        bench.set(name, dice.randrange(2))
        presses += getattr(bench.ticks(), edge)
        if bench.inputs.button_stuck and stuck_at < 0:
            stuck_at = tick
    assert presses <= 1
    assert 0 < stuck_at < 2 * limits.CHATTER_WINDOW_MS // 10
    bench.set(name, 1)
    assert bench.ticks(limits.CHATTER_QUIET_MS // 10 - 2).button_stuck
    assert not bench.ticks(10).button_stuck
    bench.set(name, 0)
    assert getattr(bench.ticks(DEBOUNCE_TICKS), edge)


@pytest.mark.requirement("RQ-089")
def test_fingers_do_not_chatter(bench: Bench) -> None:
    """Ten presses a second, for a minute, each level seen in five ticks."""
    for _ in range(600):
        bench.set("jog_up", 0)
        bench.ticks(5)
        bench.set("jog_up", 1)
        assert not bench.ticks(5).button_stuck


@pytest.mark.requirement("RQ-104")
def test_return_always_counts_and_says_when_it_may_be_a_bad_contact(bench: Bench) -> None:
    for gap in (3, 10, 49):
        bench.set("return_home", 0)
        bench.ticks(20)
        bench.set("return_home", 1)
        bench.ticks(gap)
        bench.set("return_home", 0)
        inputs = bench.ticks(DEBOUNCE_TICKS)
        assert (inputs.return_edge, inputs.return_hasty) == (True, True)
        assert not bench.ticks().return_hasty
    bench.set("return_home", 1)
    bench.ticks(OPEN_TICKS)
    bench.set("return_home", 0)
    inputs = bench.ticks(DEBOUNCE_TICKS)
    assert (inputs.return_edge, inputs.return_hasty) == (True, False)


@pytest.mark.requirement("RQ-067")
def test_the_service_gesture_is_start_and_pause_for_its_time(bench: Bench) -> None:
    bench.set("start", 0)
    bench.ticks(1_000)
    bench.set("pause", 0)
    assert not bench.ticks(limits.SERVICE_GESTURE_MS // 10 - 5).service_gesture
    assert bench.ticks(10).service_gesture
    bench.set("start", 1)
    assert not bench.ticks(DEBOUNCE_TICKS).service_gesture


@pytest.mark.requirement("RQ-067")
@pytest.mark.parametrize("between", [0, 30])
def test_start_begins_nothing_while_pause_is_held(bench: Bench, between: int) -> None:
    # Whoever makes the gesture at a table with a plan would start it otherwise.
    bench.ticks(OPEN_TICKS)
    bench.set("pause", 0)
    bench.ticks(between)
    bench.set("start", 0)
    for _ in range(limits.SERVICE_GESTURE_MS // 10 + 10):
        assert not bench.ticks().start_edge
    assert bench.inputs.service_gesture
    bench.set("pause", 1)
    for _ in range(OPEN_TICKS):
        assert not bench.ticks().start_edge  # nor when it lets go of PAUSE first
    bench.set("start", 1)
    bench.ticks(OPEN_TICKS + DEBOUNCE_TICKS)
    bench.set("start", 0)
    assert bench.ticks(DEBOUNCE_TICKS).start_edge


@pytest.mark.parametrize("name", ["start", "pause"])
def test_a_button_held_since_power_up_makes_no_service_gesture(name: str) -> None:
    bench = Bench()
    bench.set(name, 0)
    bench.ticks(10)
    bench.set("start", 0)
    bench.set("pause", 0)
    bench.ticks(limits.SERVICE_GESTURE_MS // 10 + 100)
    assert not bench.inputs.service_gesture
