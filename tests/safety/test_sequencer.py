"""The sequencer as the kernel's counterpart: coming to rest, limits, waiting, small integers."""

import pytest

from inversion_table.safety import limits, states
from inversion_table.safety.ports import Decision, Inputs, Wish
from inversion_table.session.sequencer import REST, Sequencer
from tests.int31 import attributes_are_checked, wrap_attributes
from tests.safety.table import Reading, Table, simple_program


@pytest.mark.requirement("RQ-023")
@pytest.mark.parametrize("acceleration", [500, 2_000, 5_000])
@pytest.mark.parametrize("rate", [1_000, 3_000, 6_000])
@pytest.mark.parametrize("button", ["pause", "return_home"])
def test_coming_to_rest_is_smooth_and_in_time(acceleration: int, rate: int, button: str) -> None:
    table = Table(simple_program(60_000, 2_000, rate_mdeg_per_s=rate))
    table.settings.acceleration_mdeg_per_s2 = acceleration
    table.settings.rate_max_mdeg_per_s = 6_000
    table.boot()
    table.start = True
    assert table.run_to_tilt(0, 90_000)
    setattr(table, button, True)
    last_rate = table.rate_mdeg_per_s
    began_ms = table.now_ms
    while table.now_ms < began_ms + limits.WIND_DOWN_MAX_MS:
        table.tick()
        if table.decision.state != states.MOVING:
            break
        last_rate = table.rate_mdeg_per_s
    # The last of it is not a jerk: what was left of the rate is small.
    assert abs(last_rate) <= 600
    assert table.now_ms - began_ms <= rate * 1_000 // max(acceleration, 2_000) + 50


def test_a_paused_return_may_not_go_further_out_than_where_it_began() -> None:
    """And near home it is no fault to be there."""
    table = Table(simple_program(), tilt_mdeg=-75_100)
    table.boot()
    table.tilt_udeg = -72_000_000
    table.return_home = True
    table.run(1_000)
    assert table.decision.state == states.RETURNING
    table.pause = True
    table.run(3_000)
    assert (table.decision.state, table.decision.fault) == (states.PAUSED, 0)
    assert table.wish.limit_mdeg <= -71_900


def test_the_motion_waits_for_the_relay() -> None:
    table = Table(simple_program())
    table.boot()
    table.start = True
    for _ in range(5):
        table.tick()
        assert not table.decision.ready
        assert table.wish.duty_permille == 0


def test_without_a_program_a_session_goes_nowhere() -> None:
    table = Table(simple_program())
    table.boot()
    table.start = True
    table.tick()
    table.program = None
    table.run(5_000)
    assert table.decision.state == states.HOLDING
    assert table.tilt_mdeg() < -75_000


@pytest.mark.parametrize("state", [*range(9), 77])
@pytest.mark.parametrize("mode", [0, 1, 2])
def test_no_intermediate_is_more_than_a_small_int(state: int, mode: int) -> None:
    sequencer, wish, decision, estimate = Sequencer(), Wish(), Decision(), Reading()
    settings, inputs, program = limits.Settings(), Inputs(), simple_program(90_000, 900_000)
    decision.state, decision.mode, decision.ready = state, mode, True
    for part in (sequencer, sequencer.motion, wish, estimate, settings):
        wrap_attributes(part)
    now_ms = 0
    for count in range(600):
        estimate.tilt_mdeg = (-180_000, 180_000, 0, 60_000)[count // 150]
        wrap_attributes(estimate)
        decision.winding_down = count % 100 > 90
        inputs.jog_down = count % 40 > 20
        now_ms = (now_ms + ((1 << 30) - 1 if count % 50 == 0 else 10)) & ((1 << 30) - 1)
        sequencer.step(program, decision, estimate, inputs, settings, now_ms, wish)
        for part in (sequencer, sequencer.motion, wish):
            assert attributes_are_checked(part)
        assert -1_000 <= wish.duty_permille <= 1_000


@pytest.mark.requirement("RQ-023")
@pytest.mark.parametrize("rate", [1_000, 5_000])
def test_a_pause_on_the_way_home_comes_to_rest_first(rate: int) -> None:
    """The kernel asks for it by `winding_down`; until then, and after it, the way home is led."""
    table = Table(simple_program(60_000, 2_000, rate_mdeg_per_s=rate), tilt_mdeg=30_000)
    table.settings.return_rate_mdeg_per_s = table.settings.rate_max_mdeg_per_s = rate
    sequencer, decision, estimate, wish = Sequencer(), Decision(), Reading(), Wish()
    inputs = Inputs()
    decision.state, decision.ready = states.RETURNING, True
    estimate.tilt_mdeg = 30_000
    rates = []
    for tick in range(1_000):
        decision.winding_down = tick >= 400
        sequencer.step(None, decision, estimate, inputs, table.settings, tick * 10, wish)
        # A bed that follows, and comes loose at once.
        estimate.tilt_mdeg = wish.target_mdeg - (40 if not sequencer.motion.started else 0)
        estimate.rate_mdeg_per_s = wish.rate_mdeg_per_s
        if tick >= 400:
            rates.append(wish.rate_mdeg_per_s)
            if wish.request == states.WISH_HOLD:
                break
    assert -rate <= rates[0] < -rate + 100
    assert rates == sorted(rates)  # slower in each tick
    assert len(rates) == pytest.approx(rate // 20, abs=5)  # at 2 deg/s2, in ticks of 10 ms
    assert sequencer.returning


@pytest.mark.requirement("RQ-029", "RQ-104")
def test_a_hasty_return_skips_no_rest() -> None:
    table = Table(simple_program(20_000, 300_000, rest_ms=60_000))
    table.boot()
    table.start = True
    table.run(45_000)
    table.return_home = True
    table.run(25_000)
    assert table.sequencer.return_phase == REST
    table.inputs.return_hasty = True
    for _ in range(20):
        table.return_home = True
        table.run(50)
    assert table.sequencer.return_phase == REST
    table.inputs.return_hasty = False
    table.return_home = True
    table.run(50)
    assert table.sequencer.return_phase != REST
