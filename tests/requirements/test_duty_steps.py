"""How fast the power of the motor may change, whatever is wished."""

import random

import pytest

from inversion_table.safety import limits, states
from tests.safety.one_step import OneStep

pytestmark = pytest.mark.requirement("RQ-022")


@pytest.mark.parametrize("state", [states.MOVING, states.RETURNING])
def test_from_tick_to_tick_the_duty_grows_by_no_more_than_a_step(state: int) -> None:
    rng = random.Random(22)
    one = OneStep(state)
    before = 0
    grown = 0
    for _ in range(600):
        wished = rng.choice([-1_000, -300, -20, 0, 20, 300, 1_000])
        for _ in range(rng.randrange(1, 100)):
            one.move(wished)
            duty = one.step().duty_permille
            one.k.head_down_ms = one.k.session_ms = one.k.return_ms = one.k.idle_ms = 0
            same_side = duty * before > 0
            growth = abs(duty) - (abs(before) if same_side else 0)
            assert growth <= limits.DUTY_STEP_PERMILLE
            assert abs(duty) <= abs(wished)
            grown += growth == limits.DUTY_STEP_PERMILLE
            before = duty
    assert one.out.state == state
    assert grown > 1_000


def test_power_is_taken_away_at_once() -> None:
    one = OneStep(states.MOVING)
    for _ in range(900 // 5):
        one.move(900)
        one.step()
    assert one.out.duty_permille == 900
    one.move(100)
    assert one.step().duty_permille == 100
    one.move(0)
    assert one.step().duty_permille == 0
