"""A part of the walk, and the proof that it can fail."""

import pytest

from inversion_table.safety import faults
from tests.explore.__main__ import find
from tests.explore.choices import Chooser, Number
from tests.explore.defects import DEFECTS, spoiled
from tests.explore.walk import Walk
from tests.explore.world import Environment, fault_class


def test_a_part_of_the_walk_breaks_no_invariant() -> None:
    walk = Walk(environment=Environment.small()).run(most_classes=60_000)
    assert walk.broken is None, "\n".join(walk.told())
    assert len(walk.came) > 20


def test_from_states_reached_late_no_invariant_breaks() -> None:
    environment = Environment.small()
    environment.firsts = 0
    walk = Walk(environment=environment).run(most_classes=40_000)
    assert walk.broken is None, "\n".join(walk.told())


@pytest.mark.parametrize("number", [16, 27, 3, 10, 15, 18])
def test_a_planted_defect_is_found_and_told(number: int) -> None:
    walk = find(number, 10_000)
    assert walk.broken is not None
    assert "BROKEN" in walk.told()[-1]


@pytest.mark.parametrize("number", range(len(DEFECTS)))
def test_every_planted_defect_fits_the_kernel(number: int) -> None:
    assert spoiled(number).step


def test_a_comparison_is_walked_both_ways_and_stays_decided() -> None:
    chooser, seen = Chooser(), set()
    while True:
        number = Number(chooser, 0, 9)
        low = number < 5
        assert (number < 5) == low
        seen.add((low, number.lo, number.hi))
        if not chooser.next():
            break
    assert seen == {(True, 0, 4), (False, 5, 9)}


@pytest.mark.parametrize("code", range(len(faults.FAULTS)))
def test_a_fault_stands_for_those_with_its_reaction_only(code: int) -> None:
    assert faults.reaction(fault_class(code)) == faults.reaction(code)
