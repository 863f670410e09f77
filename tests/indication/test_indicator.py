"""What a person without a laptop sees and hears."""

import itertools

import pytest

from inversion_table.indication import patterns
from inversion_table.indication.indicator import REFUSED_MS, Indicator
from inversion_table.indication.patterns import Pattern, pattern_of
from inversion_table.safety import faults, states
from inversion_table.safety.ports import Decision
from tests.indication.fake_lights import FakeBuzzer, FakeLight
from tests.int31 import Int31

WATCHED_MS = 4_000


class Bench:
    def __init__(self, now_ms: int = 0) -> None:
        self.red, self.green, self.blue = FakeLight(), FakeLight(), FakeLight()
        self.buzzer = FakeBuzzer()
        self.indicator = Indicator(self.red, self.green, self.blue, self.buzzer)
        self.indicator.tell_ready(True)
        self.decision = Decision()
        self.now_ms = now_ms

    def tick(self) -> tuple[int, int]:
        """(colour, tone in Hz) as shown in this tick."""
        self.indicator.show(self.decision, self.now_ms)
        self.now_ms = (self.now_ms + 10) & 0x3FFFFFFF
        colour = self.red.level | self.green.level << 1 | self.blue.level << 2
        return colour, self.buzzer.hz if self.buzzer.duty else 0

    def watch(self, ms: int = WATCHED_MS) -> list[tuple[int, int]]:
        return [self.tick() for _ in range(ms // 10)]


def look(state: int, fault: int = 0, at_home: bool = False, refused: int = 0) -> tuple:
    """What eyes tell apart: colour, lit part of the time, and how often a second it lights up."""
    bench = Bench()
    bench.decision.state = state
    bench.decision.fault = fault
    bench.decision.at_home = at_home
    if refused:
        bench.decision.refused = refused
        bench.decision.refusals = 1
    seen = [colour for colour, _ in bench.watch(1_400 if refused else WATCHED_MS)]
    (colour,) = {colour for colour in seen if colour}
    starts = sum(1 for a, b in itertools.pairwise(seen) if not a and b)
    steady = all(seen)
    return colour, "steady" if steady else round(starts / len(seen) * 100)


OTHERS = (
    *(patterns.FAULT_RETURN, patterns.FAULT_AT_HOME, patterns.OFF_HOME),
    *(patterns.REFUSED, patterns.NOT_READY),
)
EVERYTHING = {
    **{states.STATE_NAMES[state]: (state, 0, state == states.HOME, 0) for state in range(9)},
    "going home for a fault": (states.RETURNING, faults.STALLED, False, 0),
    "fault at home": (states.FAULT, faults.BUTTON_STUCK, True, 0),
    "refused": (states.HOME, 0, True, faults.NO_PLAN),
    "too soon": (states.HOME, 0, True, faults.NOT_READY),
}


@pytest.mark.requirement("RQ-078")
def test_every_state_can_be_told_from_every_other_by_eye() -> None:
    looks = {name: look(*what) for name, what in EVERYTHING.items()}
    for one, other in itertools.combinations(looks, 2):
        assert looks[one] != looks[other], (one, other)


def test_every_state_has_a_pattern_of_its_own() -> None:
    assert len(patterns.BY_STATE) == len(states.STATE_NAMES)
    every = [*patterns.BY_STATE, *OTHERS]
    for pattern in every:
        assert 0 < pattern.light_ms <= pattern.period_ms
        assert 0 <= pattern.sound_ms <= pattern.period_ms
        assert (pattern.tone_hz > 0) == (pattern.sound_ms > 0)
        assert pattern.period_ms % 10 == pattern.light_ms % 10 == pattern.sound_ms % 10 == 0
        # Above 3 flashes a second a bright light can harm some people; the quick ones are brief.
        assert pattern.period_ms >= 200
    assert len({vars_of(pattern) for pattern in every}) == len(every)


def vars_of(pattern: Pattern) -> tuple:
    return tuple(sorted(vars(pattern).items()))


def test_an_unknown_state_looks_like_a_fault() -> None:
    for odd in (-1, 9, 1_000):
        assert pattern_of(odd, 0, False) is patterns.BY_STATE[states.FAULT]


@pytest.mark.requirement("RQ-078")
@pytest.mark.parametrize("fault", range(1, len(faults.FAULTS)))
def test_a_fault_away_from_home_is_never_silent_and_never_looks_well(fault: int) -> None:
    for state in (states.FAULT, states.RETURNING, states.STOPPED):
        pattern = pattern_of(state, fault, False)
        assert pattern.tone_hz
        assert pattern.colour & patterns.RED


def test_at_home_the_buzzer_is_silent() -> None:
    for state, fault in ((states.HOME, 0), (states.FAULT, faults.BUTTON_STUCK)):
        bench = Bench()
        bench.decision.state = state
        bench.decision.fault = fault
        bench.decision.at_home = True
        assert {tone for _, tone in bench.watch()} == {0}


def test_a_pattern_begins_at_its_beginning() -> None:
    bench = Bench(now_ms=777)
    bench.decision.state = states.HOME
    bench.decision.at_home = True
    bench.watch(130)
    bench.decision.state = states.PAUSED
    seen = [colour for colour, _ in bench.watch(2_000)]
    assert seen == [patterns.YELLOW] * 100 + [0] * 100


def test_the_sound_of_moving_is_a_tick_each_second() -> None:
    bench = Bench()
    bench.decision.state = states.MOVING
    tones = [tone for _, tone in bench.watch(3_000)]
    assert tones == ([1_200] * 6 + [0] * 94) * 3


def refused(bench: Bench) -> None:
    bench.decision.state = states.HOME
    bench.decision.at_home = True
    bench.watch(500)
    bench.decision.refused = faults.ANKLE_LOCK_OPEN
    bench.decision.refusals += 1


@pytest.mark.requirement("RQ-079")
def test_refused_is_shown_and_then_gone() -> None:
    bench = Bench()
    refused(bench)
    shown = bench.watch(REFUSED_MS)
    assert {colour for colour, _ in shown} == {patterns.RED, 0}
    assert {tone for _, tone in shown} == {400, 0}
    assert set(bench.watch(10_000)) == {(patterns.GREEN, 0)}


@pytest.mark.requirement("RQ-079")
def test_a_press_that_came_too_soon_is_shown_otherwise() -> None:
    bench = Bench()
    refused(bench)
    bench.decision.refused = faults.NOT_READY
    shown = bench.watch(REFUSED_MS)
    assert {colour for colour, _ in shown} == {patterns.WHITE, 0}
    assert {tone for _, tone in shown} == {400, 0}
    assert set(bench.watch(10_000)) == {(patterns.GREEN, 0)}


@pytest.mark.requirement("RQ-078")
def test_home_off_its_switch_shows_what_asks_for_return_without_a_sound() -> None:
    assert look(states.HOME, at_home=False) == look(states.STOPPED)
    bench = Bench()
    bench.decision.state = states.HOME
    assert {tone for _, tone in bench.watch()} == {0}
    bench.decision.at_home = True
    assert set(bench.watch()) == {(patterns.GREEN, 0)}


@pytest.mark.requirement("RQ-078")
def test_until_the_table_is_ready_home_looks_like_the_self_test() -> None:
    bench = Bench()
    bench.indicator.tell_ready(False)
    bench.decision.state = states.HOME
    bench.decision.at_home = True
    quick_white = {(patterns.WHITE, 0), (0, 0)}
    assert set(bench.watch()) == quick_white
    bench.indicator.tell_ready(True)
    assert set(bench.watch()) == {(patterns.GREEN, 0)}
    bench.decision.state = states.RETURNING  # what else happens is shown whether ready or not
    returning = bench.watch()
    bench.indicator.tell_ready(False)
    bench.watch(500)
    assert set(bench.watch()) == set(returning)


@pytest.mark.requirement("RQ-079")
def test_refused_again_is_shown_again() -> None:
    bench = Bench()
    refused(bench)
    bench.watch(1_000)
    bench.decision.refusals += 1
    assert {colour for colour, _ in bench.watch(REFUSED_MS)} == {patterns.RED, 0}
    assert set(bench.watch(1_000)) == {(patterns.GREEN, 0)}


def test_the_count_of_refusals_may_wrap() -> None:
    bench = Bench()
    bench.decision.refusals = 0xFFFF
    bench.indicator.show(bench.decision, 0)
    refused(bench)
    bench.decision.refusals = 0
    assert patterns.RED in {colour for colour, _ in bench.watch(300)}


def test_an_old_refusal_does_not_come_back_when_the_clock_wraps() -> None:
    bench = Bench(now_ms=1_000)
    refused(bench)
    bench.watch(REFUSED_MS + 100)
    bench.now_ms = 1_510  # the same moment, 12.4 days later
    assert set(bench.watch(3_000)) == {(patterns.GREEN, 0)}


def test_a_start_that_is_accepted_ends_the_refusal_at_once() -> None:
    bench = Bench()
    refused(bench)
    bench.watch(200)
    bench.decision.refused = faults.NO_FAULT
    bench.decision.state = states.MOVING
    assert patterns.RED not in {colour for colour, _ in bench.watch(2_000)}


def test_pins_are_written_only_on_a_change() -> None:
    bench = Bench()
    bench.decision.state = states.HOME
    bench.decision.at_home = True
    bench.watch(5_000)
    assert bench.red.writes == bench.green.writes == bench.blue.writes == 1
    assert bench.buzzer.writes == 1


def test_whatever_the_last_program_left_is_overwritten_by_the_first_tick() -> None:
    bench = Bench()
    bench.decision.state = states.HOLDING
    assert bench.tick() == (patterns.BLUE, 0)


def test_what_is_shown_is_worked_out_only_at_the_edges_of_its_pattern(monkeypatch) -> None:
    bench = Bench(now_ms=(1 << 30) - 5_000)
    bench.decision.state = states.MOVING
    bench.tick()
    worked_out_ms = []
    work_out = bench.indicator._work_out

    def counted(decision, now_ms: int) -> None:
        worked_out_ms.append(now_ms)
        work_out(decision, now_ms)

    monkeypatch.setattr(bench.indicator, "_work_out", counted)
    began_ms = bench.now_ms - 10
    bench.watch(2_000)
    edges_ms = [60, 500, 1_000, 1_060, 1_500, 2_000]  # the tick's end, the light's, the period's
    assert worked_out_ms == [began_ms + edge_ms for edge_ms in edges_ms]


@pytest.mark.parametrize("pattern", [*patterns.BY_STATE, *OTHERS])
def test_between_two_edges_nothing_changes(pattern: Pattern) -> None:
    def shown(phase_ms: int) -> tuple[bool, bool]:
        return phase_ms < pattern.light_ms, phase_ms < pattern.sound_ms

    for phase_ms in range(pattern.period_ms):
        edge_ms = phase_ms + pattern.same_for_ms(phase_ms)
        assert phase_ms < edge_ms <= pattern.period_ms
        assert {shown(ms) for ms in range(phase_ms, edge_ms)} == {shown(phase_ms)}
        if edge_ms < pattern.period_ms:
            assert shown(edge_ms) != shown(phase_ms)


def test_a_pattern_that_outlasts_the_clock_goes_on_as_its_elapsed_time_says() -> None:
    bench = Bench(now_ms=0)
    bench.decision.state = states.PAUSED
    bench.tick()
    bench.now_ms = (1 << 30) - 50  # 12.4 days on, the time since it began wraps to 0
    seen = [bench.tick()[0] for _ in range(10)]
    phase_ms = ((1 << 30) - 50) % 2_000
    before = patterns.YELLOW if phase_ms < 1_000 else 0
    assert seen == [before] * 5 + [patterns.YELLOW] * 5


def test_everything_fits_the_chips_small_integers() -> None:
    bench = Bench()
    for now_ms in (0, 0, 5, 1_000, (1 << 30) - 1, (1 << 30) - 1, 7):
        for state in (states.HOME, states.MOVING):
            bench.decision.state = Int31(state)
            bench.decision.refusals = Int31(now_ms & 1)
            bench.indicator.show(bench.decision, Int31(now_ms))
