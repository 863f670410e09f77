"""START when the table is not ready for it yet: what is said, what is seen, and what helps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from table_bench.operator import Operator, simple_plan

PLAN = simple_plan((-60, 1))
WHITE = (1.0, 1.0, 1.0)
GREEN = (0.0, 1.0, 0.0)
YELLOW = (1.0, 1.0, 0.0)
DARK = (0.0, 0.0, 0.0)

SLOW_PROOF = """
from inversion_table import app, startup

app.PROOF_STEPS = 1
startup.run()
"""
"""The log's place is proved in 4 s, where it takes a little over one."""


def lights(operator: Operator, ms: int = 1_000) -> set[tuple[float, ...]]:
    """All that the light shows in that time."""
    seen = set()
    for _ in range(ms // 20):
        operator.table.advance(20)
        seen.add(tuple(operator.table.truth.led))
    return seen


@pytest.mark.requirement("RQ-078", "RQ-079", "RQ-163")
@pytest.mark.needs("entry", "power_cut")
@pytest.mark.parametrize("button", ["START", "JOG_DOWN"])
def test_a_press_before_a_start_is_over_is_told_to_wait(
    make_operator: Callable[..., Operator], button: str
) -> None:
    operator = make_operator(entry=SLOW_PROOF)
    table = operator.table
    operator.upload(PLAN)
    operator.close()
    table.power_cut()
    table.power_on()
    operator.wait_for_state("HOME", 20_000)
    assert lights(operator, 500) == {WHITE, DARK}
    operator.press(button)
    status = operator.status()
    assert (status["state"], status["refused"]) == ("HOME", "NOT_READY")
    assert "Wait a moment" in status["refused_patient"]
    assert not table.truth.relay_closed
    assert table.advance_until(lambda t: t.truth.led == GREEN, 8_000)
    assert lights(operator) == {GREEN}
    operator.press(button, 1_500)
    operator.wait(1)
    assert table.truth.tilt_deg > -74.5
    assert operator.status()["refused"] == "NO_FAULT"
    operator.return_home()


@pytest.mark.requirement("RQ-064", "RQ-078", "RQ-080")
@pytest.mark.parametrize("button", ["START", "JOG_DOWN"])
def test_a_bed_let_go_of_just_before_its_switch_is_shown_and_told(
    operator: Operator, button: str
) -> None:
    """A short jog out and back, as somebody makes who tries the buttons."""
    table = operator.table
    operator.upload(PLAN)
    operator.wait(1)
    for number in range(30):  # the backlash decides where the bed comes to rest
        operator.press("JOG_DOWN", 900 + 10 * number)
        operator.wait(0.6)
        table.hold("JOG_UP")
        table.advance_until(lambda t: t.truth.at_home_switch, 5_000)
        table.release("JOG_UP")
        operator.wait(1)
        status = operator.status()
        if status["state"] == "HOME" and not status["inputs"]["home_switch"]:
            break
    else:
        pytest.fail("the bed always came to rest on its switch")
    assert table.truth.tilt_deg < -74
    assert lights(operator) == {YELLOW, DARK}
    operator.press(button)
    status = operator.status()
    assert (status["state"], status["refused"]) == ("HOME", "NOT_AT_HOME")
    assert "Press RETURN" in status["refused_patient"]
    operator.wait(2)
    operator.return_home()
    operator.wait_for_state("HOME")
    operator.wait(1)
    assert lights(operator) == {GREEN}
    operator.press(button, 1_500)
    operator.wait(1)
    assert table.truth.tilt_deg > -74.5
    operator.return_home()


@pytest.mark.requirement("RQ-045", "RQ-079")
def test_a_press_before_the_relay_has_opened_is_told_to_wait(operator: Operator) -> None:
    table = operator.table
    operator.upload(PLAN)
    operator.press("JOG_DOWN", 2_000)
    operator.wait(0.6)
    operator.press("RETURN")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 10_000)
    assert table.truth.relay_closed
    operator.press("START", 50)
    status = operator.status()
    assert (status["state"], status["refused"]) == ("HOME", "NOT_READY")
    assert status["fault"] == "NO_FAULT"
    operator.wait(1)
    operator.press("START")
    assert operator.status()["state"] == "MOVING"
    operator.return_home()
