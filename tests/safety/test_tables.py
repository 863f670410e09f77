"""The closed lists: faults, reactions, states, settings, and the limits among themselves."""

import pytest

from inversion_table.safety import faults, limits, ports, states
from inversion_table.safety.fault_words import words_of
from inversion_table.safety.ticks import CLOCK_MAX_MS, advanced_ms, elapsed_ms, step_ms

NOT_CODES = ("REACT_NONE", "REACT_REFUSE", "REACT_RETURN", "REACT_RETURN_BLIND", "REACT_STOP")


def fault_constants() -> dict[str, int]:
    return {
        name: value
        for name, value in vars(faults).items()
        if name.isupper() and type(value) is int and name not in NOT_CODES
    }


def test_each_fault_constant_is_the_number_of_its_row() -> None:
    constants = fault_constants()
    assert len(constants) == len(faults.FAULTS)
    for name, code in constants.items():
        assert faults.FAULTS[code][0] == name


@pytest.mark.requirement("RQ-080")
def test_names_are_unique_and_every_row_is_whole() -> None:
    names = [row[0] for row in faults.FAULTS]
    assert len(set(names)) == len(names)
    for code, (name, reaction, hazard) in enumerate(faults.FAULTS):
        assert reaction == faults.reaction(code)
        patient, engineer = words_of(code)
        assert patient, name
        assert engineer, name
        if code == faults.NO_FAULT:
            assert reaction == faults.REACT_NONE
        else:
            # One of the four reactions was chosen, and the hazard that it answers is named.
            assert faults.REACT_REFUSE <= reaction <= faults.REACT_STOP
            assert hazard.startswith("HZ-")


def test_reactions_are_ordered_and_named() -> None:
    values = [getattr(faults, name) for name in NOT_CODES]
    assert values == list(range(5))
    assert [f"REACT_{name}" for name in faults.REACTION_NAMES] == list(NOT_CODES)


@pytest.mark.parametrize("code", [-1, len(faults.FAULTS), 999, -(1 << 29), (1 << 30) - 1])
def test_an_unknown_code_stops(code: int) -> None:
    assert faults.reaction(code) == faults.REACT_STOP


def test_states_are_numbered_as_they_are_named() -> None:
    for number, name in enumerate(states.STATE_NAMES):
        assert getattr(states, name) == number


def test_the_powered_states_lie_between_moving_and_returning() -> None:
    between = states.STATE_NAMES[states.MOVING : states.RETURNING + 1]
    assert between == ("MOVING", "HOLDING", "PAUSED", "RETURNING")


def test_the_inputs_start_on_the_side_that_permits_nothing() -> None:
    inputs = ports.Inputs()
    assert inputs.estop_pressed
    assert inputs.end_reached
    assert not inputs.ankle_locked
    assert not inputs.home_switch
    assert inputs.relay_closed
    assert not inputs.settings_ok
    assert not inputs.program_ok
    assert not inputs.clocks_ok
    assert not inputs.home_angle_ok
    assert not inputs.settled
    assert not inputs.plan_ready
    assert not inputs.started_up
    decision = ports.Decision()
    assert (decision.power, decision.duty_permille, decision.ready) == (False, 0, False)


def test_default_settings_are_those_of_the_design() -> None:
    settings = limits.Settings()
    assert settings.to_dict() == {
        "tilt_max_mdeg": 60_000,
        "rate_max_mdeg_per_s": 3_000,
        "acceleration_mdeg_per_s2": 2_000,
        "head_down_max_ms": 6 * 60_000,
        "session_max_ms": 30 * 60_000,
        "return_rate_mdeg_per_s": 2_000,
        "rest_ms": 60_000,
        "jog_rate_mdeg_per_s": 2_000,
    }


def test_hard_limits_are_those_of_the_design() -> None:
    assert limits.TILT_MAX_MDEG == 90_000
    assert limits.RATE_MAX_MDEG_PER_S == 6_000
    assert limits.RATE_SETTING_MAX_MDEG_PER_S == 5_000
    assert limits.ACCELERATION_MAX_MDEG_PER_S2 == 5_000
    assert limits.ACCELERATION_SETTING_MAX_MDEG_PER_S2 == 3_000
    assert limits.OVERSPEED_MDEG_PER_S == 8_000
    assert limits.HEAD_DOWN_MAX_MS == 15 * 60_000
    assert limits.SESSION_MAX_MS == 40 * 60_000
    assert limits.OVERTRAVEL_MDEG == 1_500
    assert (limits.DISAGREEMENT_MDEG, limits.DISAGREEMENT_MS) == (4_000, 200)
    for low, high, default, hazard in limits.SETTINGS.values():
        assert low <= default <= high
        assert hazard.startswith("HZ-")


def test_a_blind_return_at_half_its_rate_has_time_enough() -> None:
    # 220 permille turns the reference bed at about 2.2 deg/s; 90 to -75 deg is 165 deg.
    half_rate_mdeg_per_s = limits.RETURN_BLIND_DUTY_PERMILLE * 10 // 2
    distance_mdeg = limits.TILT_MAX_MDEG - limits.HOME_TILT_MDEG
    assert distance_mdeg * 1000 // half_rate_mdeg_per_s <= limits.RETURN_BLIND_MAX_MS


def test_a_return_at_the_lowest_rate_has_time_enough() -> None:
    lowest = limits.SETTINGS["return_rate_mdeg_per_s"][0]
    distance_mdeg = limits.TILT_MAX_MDEG - limits.HOME_TILT_MDEG
    moving_ms = distance_mdeg * 1000 // lowest
    assert moving_ms + limits.REST_MAX_MS + 10_000 <= limits.RETURN_MAX_MS


def test_winding_down_from_the_highest_rate_has_time_enough() -> None:
    wind_down_ms = limits.RATE_MAX_MDEG_PER_S * 1000 // limits.WIND_DOWN_ACCELERATION_MDEG_PER_S2
    assert wind_down_ms < limits.WIND_DOWN_MAX_MS
    assert limits.WIND_DOWN_ACCELERATION_MDEG_PER_S2 <= limits.ACCELERATION_MAX_MDEG_PER_S2


@pytest.mark.requirement("RQ-021", "RQ-070")
@pytest.mark.parametrize("name", limits.SETTINGS)
def test_each_setting_is_bounded(name: str) -> None:
    low, high, _, hazard = limits.SETTINGS[name]
    good = limits.Settings().to_dict()
    for value in (low, high):
        assert getattr(limits.Settings.from_dict({**good, name: value}), name) == value
    bad: list[object] = [low - 1, high + 1, True, 1.5, "60", None]
    for wrong in bad:
        with pytest.raises(limits.SettingsError, match=f"'{name}'.*{hazard}"):
            limits.Settings.from_dict({**good, name: wrong})
    del good[name]
    with pytest.raises(limits.SettingsError, match=f"'{name}' is missing"):
        limits.Settings.from_dict(good)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(limits.SettingsError, match="no setting 'tilt'"):
        limits.Settings.from_dict({**limits.Settings().to_dict(), "tilt": 1})


@pytest.mark.parametrize(
    ("now", "then", "elapsed"),
    [
        (0, 0, 0),
        (10, 0, 10),
        (5, (1 << 30) - 5, 10),
        (0, 1, (1 << 30) - 1),
        (1 << 30, 3, (1 << 30) - 3),
    ],
)
def test_ticks_wrap(now: int, then: int, elapsed: int) -> None:
    assert elapsed_ms(now, then) == elapsed
    assert step_ms(now, then) == min(elapsed, CLOCK_MAX_MS)


def test_clocks_stop_and_stay_small() -> None:
    assert advanced_ms(0, 10) == 10
    assert advanced_ms(CLOCK_MAX_MS, 0) == CLOCK_MAX_MS
    assert advanced_ms(CLOCK_MAX_MS - 1, 10) == CLOCK_MAX_MS
    assert advanced_ms(CLOCK_MAX_MS, CLOCK_MAX_MS) == CLOCK_MAX_MS
    assert CLOCK_MAX_MS + CLOCK_MAX_MS < 1 << 30
