"""A part of the walk, and the proof that it can fail."""

from random import Random
from types import SimpleNamespace

import pytest

from inversion_table.safety import faults, kernel, limits, ports
from tests.explore import world
from tests.explore.__main__ import main
from tests.explore.choices import EVERYTHING, Chooser, Clock, Number, OneOf, Run
from tests.explore.defects import DEFECTS, EVERY_DEFECT, LIVENESS_DEFECTS, spoiled
from tests.explore.liveness import HOME_IN_MS, WAY_HOME, Answer, cycle_in, ends_in_time
from tests.explore.pieces import PieceError, Pieces, source_of
from tests.explore.tasks import SMALL, find
from tests.explore.walk import Walk, told_state
from tests.explore.world import Space

# Found within a second or so each; `make explore` finds all.
QUICK = (3, 10, 11, 14, 15, 18, 20, 22, 23, 29, 30)


@pytest.fixture(scope="module")
def way() -> Walk:
    """Every state that is reached with one fault that stops."""
    return Walk(active=SMALL).run(checks=False)


def test_a_part_of_the_walk_breaks_no_invariant() -> None:
    walk = Walk(active=SMALL).run(seconds=5.0)
    assert not walk.broken, "\n".join(walk.told())
    assert len(walk.came) > 20


@pytest.mark.requirement("RQ-006")
def test_whatever_happens_the_way_home_ends_in_the_stated_time(way: Walk) -> None:
    assert way.complete
    answer = ends_in_time(way, WAY_HOME)
    assert not answer.trouble
    parts = limits.WIND_DOWN_MAX_MS + limits.RETURN_MAX_MS + limits.RETURN_BLIND_MAX_MS
    assert parts <= answer.longest_ms <= HOME_IN_MS


def test_a_shorter_time_is_not_kept(way: Walk) -> None:
    short = type(WAY_HOME)("short", WAY_HOME.inside, WAY_HOME.held_to, 700_000)
    assert "more than 700000 ms" in ends_in_time(way, short).trouble


@pytest.mark.parametrize("number", QUICK)
def test_a_planted_defect_is_found_and_told(number: int) -> None:
    told, lines = find(DEFECTS[number])
    assert told
    assert "BROKEN" in lines[-1]


def test_a_stop_that_is_never_excused_is_found_though_no_step_shows_it() -> None:
    told, lines = find(LIVENESS_DEFECTS[0])
    assert "again and again" in told
    assert lines[-2].lstrip().startswith("and again")


@pytest.mark.parametrize("defect", EVERY_DEFECT, ids=lambda defect: defect[0])
def test_every_planted_defect_fits_the_kernel(defect: tuple[str, str, str]) -> None:
    source = spoiled(defect)
    assert source != source_of()
    compile(source, "spoiled", "exec")


def test_the_exit_status_tells_that_a_walk_was_not_complete(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--quick", "--workers", "1", "--seconds", "0.5"]) == 1
    told = capsys.readouterr().out
    assert "| some |" in told
    assert "did not come to its end" in told


def test_a_comparison_is_walked_both_ways_and_stays_decided() -> None:
    chooser, seen = Chooser(), set()
    while True:
        run = Run(chooser, {"n": (0, 9)}, EVERYTHING)
        number = Number(run, "n")
        low = number < 5
        assert (number < 5) == low
        assert (number + 2 < 7) == low
        assert (-number > -5) == low
        seen.add((low, run.known["n"]))
        if not chooser.next():
            break
    assert seen == {(True, (0, 4)), (False, (5, 9))}


def test_what_was_compared_before_a_clock_advanced_bounds_it_from_below_only() -> None:
    run = Run(Chooser(), {"c": (0, 100), "c+": (0, 100)}, frozenset({("c", (10, 20))}))
    later = Clock(run, "c") + 1
    assert later.advanced == 1
    assert run.known["c+"] == (10, 100)


def test_one_of_a_few_is_divided_only_as_far_as_it_is_asked() -> None:
    chooser, seen = Chooser(), set()
    while True:
        run = Run(chooser, {"v": frozenset((1, 2, 3))}, EVERYTHING)
        seen.add((OneOf(run, "v") == 2, run.known["v"]))
        if not chooser.next():
            break
    assert seen == {(True, frozenset((2,))), (False, frozenset((1, 3)))}


@pytest.mark.parametrize("code", range(len(faults.FAULTS)))
def test_a_fault_stands_for_those_with_its_reaction_only(code: int) -> None:
    assert faults.reaction(Space(source_of()).classes.of(code)) == faults.reaction(code)


def test_a_field_of_too_many_values_is_refused_not_walked_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(world, "STATE_VALUES_MAX", 2)
    with pytest.raises(PieceError, match="too many values"):
        Walk(active=SMALL).run(checks=False)


def test_a_step_that_is_not_the_kernels_is_refused() -> None:
    with pytest.raises(PieceError, match="no function 'step'"):
        Pieces("def other():\n    pass\n")


def test_what_the_kernel_really_does_is_among_what_was_walked(way: Walk) -> None:
    """The kernel itself, whole, on drawn values: each step that it makes is a transition found."""
    space, draw = way.space, Random(20)
    width = len(space.control)
    k, met = kernel.KernelState(), set()
    was = space.firsts()[0]
    for _ in range(30_000):
        if draw.random() < 0.002:
            k = kernel.KernelState(draw.choice((0, 1)))
            was = space.firsts()[0]
        drawn = _drawn(space, draw)
        out = ports.Decision()
        now_ms = k.then_ms + draw.choice((10, 10, 400, 1_000, 3_000, 8_388))
        args = (drawn["wish"], drawn["estimate"], drawn["inputs"], drawn["monitors"])
        kernel.step(k, *args, drawn["settings"], now_ms, out)
        flags = [getattr(k, name) for name in space.flags]
        after = (*space.control_after(k), *flags)
        ends = way.steps[was[:width]].ends
        found = {end.state((*was[width:-1], n)) for end in ends for n in range(3)}
        assert after in {state[:-1] for state in found if state}, (
            f"{told_state(space, was)} -> {told_state(space, (*after, 0))}"
        )
        was = (*after, 0)
        met.add(after)
    assert len(met) > 40


def _drawn(space: Space, draw: Random) -> dict[str, SimpleNamespace]:
    """The world with a value for each of its variables, many of them next to a bound."""
    found: dict[str, SimpleNamespace] = {}
    near = [limits.HOME_TILT_MDEG + 4_000, limits.HOME_TILT_MDEG - 3_000, 2_000, 30_000, 61_500]
    for name, domain in space.domains.items():
        thing, _, attribute = name.partition(".")
        if isinstance(domain, frozenset):
            value = draw.choice(sorted(domain))
        elif attribute == "tilt_mdeg":
            value = draw.choice(near) + draw.choice((-1, 0, 1))
        else:
            value = draw.choice((0, 100, 101, 149, 3_501, 8_000))
        setattr(found.setdefault(thing, SimpleNamespace()), attribute, value)
    quiet = ("return_edge", "host_return", "pause_edge", "service_gesture")
    for attribute in quiet:
        if draw.random() < 0.7:
            setattr(found["inputs"], attribute, False)
    found["monitors"].active = draw.choice((0, 0, 0, *sorted(SMALL)))
    return found


def test_a_cycle_is_told_by_its_states() -> None:
    steps = [(("a",), ("b",), ()), (("b",), ("c",), ()), (("c",), ("b",), ())]
    assert cycle_in(steps) == [("b",), ("c",), ("b",)]
    assert Answer("x").trouble == ""


def test_a_state_is_told_in_words() -> None:
    space = Space(source_of())
    assert told_state(space, space.firsts()[0]).startswith("SELF_TEST")
