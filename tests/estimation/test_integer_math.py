import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.estimation.integer_math import atan2_mdeg
from tests.int31 import HIGH, LOW, Int31, Int31Overflow

BOUND_MDEG = 3.0


def error_mdeg(y: int, x: int) -> float:
    true = math.degrees(math.atan2(y, x)) * 1_000
    error = abs(atan2_mdeg(y, x) - true)
    return min(error, 360_000 - error)


@pytest.mark.parametrize("long", [524_288, 786_432, 1_048_575, 600_011])
def test_every_reduced_tangent_is_within_the_bound(long: int) -> None:
    # Inside an octant the result depends on t alone, which has 32768 values: all of them are met.
    worst = max(error_mdeg(short, long) for short in range(0, long + 1, 8))
    assert worst <= BOUND_MDEG, worst


def test_every_centidegree_round_the_circle() -> None:
    for radius in (1_000_000, 524_288, 800_000, 1_300_000, 40_000):
        for step in range(36_000):
            angle = math.radians(step / 100)
            y, x = round(radius * math.sin(angle)), round(radius * math.cos(angle))
            assert error_mdeg(y, x) <= BOUND_MDEG, (y, x)


@pytest.mark.parametrize(
    ("y", "x", "want_mdeg"),
    [
        (0, 0, 0), (0, 5, 0), (5, 0, 90_000), (-5, 0, -90_000), (0, -5, 180_000),
        (1, 1, 45_000), (-1, -1, -135_000), (HIGH, HIGH, 45_000), (1, HIGH, 0), (HIGH, 1, 90_000),
    ],
)  # fmt: skip
def test_axes_diagonals_and_ends(y: int, x: int, want_mdeg: int) -> None:
    assert abs(atan2_mdeg(y, x) - want_mdeg) <= 1


@settings(max_examples=2_000, derandomize=True)
@given(st.integers(LOW + 1, HIGH), st.integers(LOW + 1, HIGH))
def test_any_small_ints(y: int, x: int) -> None:
    result = atan2_mdeg(Int31(y), Int31(x))
    assert -180_000 <= result <= 180_000
    if max(abs(x), abs(y)) >= 1 << 15:
        assert error_mdeg(y, x) <= BOUND_MDEG


def test_the_proof_tool_notices_a_big_int() -> None:
    with pytest.raises(Int31Overflow):
        Int31(1 << 15) * (1 << 15)
    with pytest.raises(Int31Overflow):
        -Int31(LOW)
    assert type(3 + Int31(4) * 5 >> 1) is Int31
