"""Every number of the limits and every reaction, once more, from the design and the requirements.

Whoever changes one on purpose changes it here too.
"""

import pytest

from inversion_table.safety import faults, limits, ports, states, ticks

LIMITS = {
    # DESIGN, table of limits; docs/requirements.md
    "TILT_MAX_MDEG": 90_000,
    "RATE_MAX_MDEG_PER_S": 6_000,
    "RATE_SETTING_MAX_MDEG_PER_S": 5_000,
    "ACCELERATION_MAX_MDEG_PER_S2": 5_000,
    "ACCELERATION_SETTING_MAX_MDEG_PER_S2": 3_000,
    "OVERSPEED_MDEG_PER_S": 8_000,
    "HEAD_DOWN_MAX_MS": 15 * 60_000,
    "SESSION_MAX_MS": 40 * 60_000,
    "OVERTRAVEL_MDEG": 1_500,
    "DISAGREEMENT_MDEG": 4_000,
    "DISAGREEMENT_MS": 200,
    "HOME_TILT_MDEG": -75_000,
    # docs/requirements.md
    "ANKLE_MS": 100,
    "ARRIVED_MDEG": 3_000,
    "ASSESS_MS": 3_000,
    "BACK_OFF_MAX_MS": 2_500,
    "BACK_OFF_MDEG": 2_000,
    "BACK_OFF_REST_MS": 500,
    "BACKWARD_MS": 300,
    "BACKWARD_RATE_MDEG_PER_S": 700,
    "BLIND_CURRENT_MS": 300,
    "BLIND_CURRENT_TRIP_MA": 3_500,
    "BUTTON_OPEN_MS": 500,
    "CHATTER_CHANGES": 40,
    "CHATTER_QUIET_MS": 5_000,
    "CHATTER_WINDOW_MS": 2_000,
    "CLEAR_MS": 1_000,
    "CREEP_MDEG": 2_000,
    "CREEP_MS": 500,
    "CURRENT_DEAD_MA": 100,
    "CURRENT_DEAD_MS": 1_000,
    "CURRENT_TRIP_MA": 9_000,
    "CURRENT_TRIP_MS": 150,
    "DRIVEN_DUTY_PERMILLE": 120,
    "DUTY_STEP_PERMILLE": 5,
    "ESTIMATE_AGE_MAX_MS": 100,
    "FAULT_REST_MS": 5_000,
    "HEAD_DOWN_TILT_MDEG": 2_000,
    "HEAD_UP_RESETS_MS": 10_000,
    "HOME_SWITCH_MS": 500,
    "HOME_TOLERANCE_MDEG": 4_000,
    "IMU_LOST_MS": 500,
    "OVERSPEED_MS": 50,
    "RATE_DISAGREEMENT_MDEG_PER_S": 1_500,
    "RATE_DISAGREEMENT_MS": 250,
    "RATE_MIN_MDEG_PER_S": 200,
    "RELAY_CLOSE_MAX_MS": 400,
    "RELAY_OPEN_MAX_MS": 400,
    "REST_MAX_MS": 5 * 60_000,
    "RETURN_BLIND_DUTY_PERMILLE": 220,
    "RETURN_BLIND_MAX_MS": 150_000,
    "RETURN_IDLE_MS": 3_000,
    "RETURN_MAX_MS": 645_000,
    "RETURN_OUTWARD_MDEG": 800,
    "RETURN_OUTWARD_MS": 30,
    "RETURN_OUTWARD_RATE_MDEG_PER_S": 4_000,
    "RETURN_PAUSES": 2,
    "RETURN_RISE_MDEG": 2_500,
    "SERVICE_GESTURE_MS": 5_000,
    "SETTLE_MAX_MS": 10_000,
    "STALL_MS": 1_200,
    "STALL_RATE_MDEG_PER_S": 150,
    "STUCK_BUTTON_MS": 20_000,
    "SUPPLY_DEAD_MV": 14_000,
    "SUPPLY_LOW_MS": 500,
    "SUPPLY_LOW_MV": 19_000,
    "TICK_LATE_MS": 450,
    "UNDRIVEN_MS": 300,
    "UNDRIVEN_RATE_MDEG_PER_S": 1_500,
    "WIND_DOWN_ACCELERATION_MDEG_PER_S2": 2_000,
    "WIND_DOWN_MAX_MS": 4_000,
    # The reference drive, the form of a plan, the tick.
    "CREEP_SETTLE_MS": 1_000,
    "DUTY_MAX_PERMILLE": 1_000,
    "HOLD_MAX_MS": 15 * 60_000,
    "HOME_OVERSHOOT_MDEG": 3_000,
    "MAX_REPEATS": 200,
    "MAX_SETS": 16,
    "MAX_STEPS": 64,
    "HOME_DRIFT_MAX_MDEG": 2_000,
    "HOME_FIT_MDEG": 1_000,
    "UNCALIBRATED_TILT_MAX_MDEG": 30_000,
    "MDEG_PER_S_PER_PERMILLE": 10,
    "RATE_DOUBT_MDEG_PER_S": 1_000,
    "SELF_TEST_MS": 2_000,
    "TICK_MS": 10,
}

# name: lowest, highest, default, hazard
SETTINGS = {
    "tilt_max_mdeg": (0, 90_000, 60_000, "HZ-02"),
    "rate_max_mdeg_per_s": (200, 5_000, 3_000, "HZ-04"),
    "acceleration_mdeg_per_s2": (500, 3_000, 2_000, "HZ-05"),
    "head_down_max_ms": (10_000, 900_000, 360_000, "HZ-03"),
    "session_max_ms": (60_000, 2_400_000, 1_800_000, "HZ-03"),
    "return_rate_mdeg_per_s": (500, 5_000, 2_000, "HZ-06"),
    "rest_ms": (0, 300_000, 60_000, "HZ-06"),
    "jog_rate_mdeg_per_s": (200, 5_000, 2_000, "HZ-04"),
}

REACTIONS = {
    "NONE": {"NO_FAULT"},
    "REFUSE": {"RELAY_WELDED", "BUTTON_STUCK", "NO_PLAN", "HOME_DRIFT", "NOT_READY", "NOT_AT_HOME"},
    "RETURN": {
        *("IMU_PRIMARY_LOST", "IMU_MONITOR_LOST", "OVER_TILT", "OUTWARD_END", "SUPPLY_LOW"),
        *("HEAD_DOWN_TIMEOUT", "SESSION_TIMEOUT", "HOME_SWITCH_STUCK", "WATCHDOG_RESET"),
        *("TICK_LATE", "SETTINGS_CORRUPT", "CLOCKS_APART", "PROGRAM_CORRUPT"),
        *("CURRENT_SENSOR_DEAD", "BED_CREEPS"),
    },
    "RETURN_BLIND": {"TILT_LOST", "IMU_DISAGREE"},
    "STOP": {
        *("ESTOP_PRESSED", "OVERSPEED", "OVERCURRENT", "STALLED", "MOVED_UNDRIVEN"),
        *("MOVED_BACKWARD", "RELAY_DEAD", "ANKLE_LOCK_OPEN", "SUPPLY_DEAD", "POWER_RESTORED"),
        *("RETURN_TIMEOUT", "HOST_STOP", "INTERNAL"),
    },
}

CODES = (
    *("NO_FAULT", "ESTOP_PRESSED", "TILT_LOST", "IMU_DISAGREE", "IMU_PRIMARY_LOST"),
    *("IMU_MONITOR_LOST", "OVER_TILT", "OVERSPEED", "HEAD_DOWN_TIMEOUT", "SESSION_TIMEOUT"),
    *("OVERCURRENT", "STALLED", "MOVED_UNDRIVEN", "MOVED_BACKWARD", "RELAY_WELDED"),
    *("RELAY_DEAD", "ANKLE_LOCK_OPEN", "OUTWARD_END", "SUPPLY_LOW", "SUPPLY_DEAD"),
    *("HOME_SWITCH_STUCK", "BUTTON_STUCK", "WATCHDOG_RESET", "POWER_RESTORED", "TICK_LATE"),
    *("RETURN_TIMEOUT", "SETTINGS_CORRUPT", "HOST_STOP", "INTERNAL", "NO_PLAN"),
    *("CLOCKS_APART", "PROGRAM_CORRUPT", "CURRENT_SENSOR_DEAD", "BED_CREEPS"),
    *("HOME_DRIFT", "NOT_READY", "NOT_AT_HOME"),
)
"""The log keeps them as numbers for ever: new ones come behind."""


def whole_numbers(module) -> dict[str, int]:
    return {
        name: value for name, value in vars(module).items() if name.isupper() and type(value) is int
    }


def test_the_limits_are_exactly_these() -> None:
    assert whole_numbers(limits) == LIMITS


def test_the_settings_are_exactly_these() -> None:
    assert limits.SETTINGS == SETTINGS
    assert limits.Settings().to_dict() == {name: row[2] for name, row in SETTINGS.items()}
    assert vars(limits.Settings()) == {name: row[2] for name, row in SETTINGS.items()}


def test_settings_have_the_values_that_they_are_given() -> None:
    values = {name: row[1] - number for number, (name, row) in enumerate(SETTINGS.items())}
    settings = limits.Settings.from_dict(values)
    assert settings.to_dict() == vars(settings) == values


def test_a_setting_outside_its_bounds_is_told_with_them() -> None:
    values = {name: row[2] for name, row in SETTINGS.items()}
    with pytest.raises(limits.SettingsError) as caught:
        limits.Settings.from_dict({**values, "rest_ms": 300_001})
    told = "setting 'rest_ms' must be a whole number from 0 to 300000 (HZ-06), not 300001"
    assert str(caught.value) == told


@pytest.mark.parametrize("number", range(len(CODES)))
def test_each_code_has_its_number_and_its_one_reaction(number: int) -> None:
    name = CODES[number]
    assert getattr(faults, name) == number
    assert faults.FAULTS[number][0] == name
    reaction = faults.REACTION_NAMES[faults.reaction(number)]
    assert [kind for kind, names in REACTIONS.items() if name in names] == [reaction]


def test_there_are_no_other_codes() -> None:
    assert len(faults.FAULTS) == len(CODES)
    numbers = whole_numbers(faults)
    reactions = {name: numbers.pop(name) for name in list(numbers) if name.startswith("REACT_")}
    assert tuple(numbers) == CODES
    assert list(reactions.values()) == [0, 1, 2, 3, 4]
    assert [name.removeprefix("REACT_") for name in reactions] == list(REACTIONS)


@pytest.mark.parametrize("code", [-1, len(faults.FAULTS), len(faults.FAULTS) + 1])
def test_what_is_no_code_stops(code: int) -> None:
    assert faults.reaction(code) == 4


def test_the_numbers_of_clocks_modes_states_and_wishes() -> None:
    assert whole_numbers(ticks) == {
        "TICKS_PERIOD_MS": 0x40000000, "TICKS_MASK": 0x3FFFFFFF, "CLOCK_MAX_MS": 0x1FFFFFFF,
    }  # fmt: skip
    assert whole_numbers(ports) == {
        "BOOT_POWER_ON": 0, "BOOT_WATCHDOG": 1,
        "MODE_NONE": 0, "MODE_SESSION": 1, "MODE_JOG": 2, "NO_FAULT": 0,
    }  # fmt: skip
    assert whole_numbers(states) == {
        "SELF_TEST": 0, "HOME": 1, "MOVING": 2, "HOLDING": 3, "PAUSED": 4, "RETURNING": 5,
        "STOPPED": 6, "FAULT": 7, "SERVICE": 8,
        "WISH_NONE": 0, "WISH_HOLD": 1, "WISH_MOVE": 2, "WISH_GO_HOME": 3,
    }  # fmt: skip
