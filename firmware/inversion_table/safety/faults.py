"""The closed list of faults: number, name, one reaction. Their words: fault_words.py.

The numbers are part of the log format: append, never renumber.
"""

# Reactions, from mildest to strongest. The strongest present wins.
REACT_NONE = 0
REACT_REFUSE = 1
REACT_RETURN = 2
REACT_RETURN_BLIND = 3
REACT_STOP = 4

REACTION_NAMES = ("NONE", "REFUSE", "RETURN", "RETURN_BLIND", "STOP")

NO_FAULT = 0
ESTOP_PRESSED = 1
TILT_LOST = 2
IMU_DISAGREE = 3
IMU_PRIMARY_LOST = 4
IMU_MONITOR_LOST = 5
OVER_TILT = 6
OVERSPEED = 7
HEAD_DOWN_TIMEOUT = 8
SESSION_TIMEOUT = 9
OVERCURRENT = 10
STALLED = 11
MOVED_UNDRIVEN = 12
MOVED_BACKWARD = 13
RELAY_WELDED = 14
RELAY_DEAD = 15
ANKLE_LOCK_OPEN = 16
OUTWARD_END = 17
SUPPLY_LOW = 18
SUPPLY_DEAD = 19
HOME_SWITCH_STUCK = 20
BUTTON_STUCK = 21
WATCHDOG_RESET = 22
POWER_RESTORED = 23
TICK_LATE = 24
RETURN_TIMEOUT = 25
SETTINGS_CORRUPT = 26
HOST_STOP = 27
INTERNAL = 28
NO_PLAN = 29
CLOCKS_APART = 30
PROGRAM_CORRUPT = 31
CURRENT_SENSOR_DEAD = 32
BED_CREEPS = 33
HOME_DRIFT = 34
NOT_READY = 35
NOT_AT_HOME = 36

# number -> (name, reaction, hazard); what is said of it stands in fault_words.py.
FAULTS = (
    ("NO_FAULT", REACT_NONE, ""),
    ("ESTOP_PRESSED", REACT_STOP, "HZ-08"),
    ("TILT_LOST", REACT_RETURN_BLIND, "HZ-10"),
    ("IMU_DISAGREE", REACT_RETURN_BLIND, "HZ-10"),
    ("IMU_PRIMARY_LOST", REACT_RETURN, "HZ-10"),
    ("IMU_MONITOR_LOST", REACT_RETURN, "HZ-10"),
    ("OVER_TILT", REACT_RETURN, "HZ-02"),
    ("OVERSPEED", REACT_STOP, "HZ-04"),
    ("HEAD_DOWN_TIMEOUT", REACT_RETURN, "HZ-03"),
    ("SESSION_TIMEOUT", REACT_RETURN, "HZ-03"),
    ("OVERCURRENT", REACT_STOP, "HZ-08"),
    ("STALLED", REACT_STOP, "HZ-01"),
    ("MOVED_UNDRIVEN", REACT_STOP, "HZ-05"),
    ("MOVED_BACKWARD", REACT_STOP, "HZ-05"),
    ("RELAY_WELDED", REACT_REFUSE, "HZ-09"),
    ("RELAY_DEAD", REACT_STOP, "HZ-09"),
    ("ANKLE_LOCK_OPEN", REACT_STOP, "HZ-11"),
    ("OUTWARD_END", REACT_RETURN, "HZ-02"),
    ("SUPPLY_LOW", REACT_RETURN, "HZ-07"),
    ("SUPPLY_DEAD", REACT_STOP, "HZ-07"),
    ("HOME_SWITCH_STUCK", REACT_RETURN, "HZ-12"),
    ("BUTTON_STUCK", REACT_REFUSE, "HZ-13"),
    ("WATCHDOG_RESET", REACT_RETURN, "HZ-09"),
    ("POWER_RESTORED", REACT_STOP, "HZ-07"),
    ("TICK_LATE", REACT_RETURN, "HZ-09"),
    ("RETURN_TIMEOUT", REACT_STOP, "HZ-01"),
    ("SETTINGS_CORRUPT", REACT_RETURN, "HZ-14"),
    ("HOST_STOP", REACT_STOP, "HZ-08"),
    ("INTERNAL", REACT_STOP, "HZ-09"),
    ("NO_PLAN", REACT_REFUSE, "HZ-14"),
    ("CLOCKS_APART", REACT_RETURN, "HZ-03"),
    ("PROGRAM_CORRUPT", REACT_RETURN, "HZ-09"),
    ("CURRENT_SENSOR_DEAD", REACT_RETURN, "HZ-18"),
    ("BED_CREEPS", REACT_RETURN, "HZ-02"),
    ("HOME_DRIFT", REACT_REFUSE, "HZ-10"),
    ("NOT_READY", REACT_REFUSE, "HZ-13"),
    ("NOT_AT_HOME", REACT_REFUSE, "HZ-12"),
)


def reaction(code: int) -> int:
    """The one reaction that `code` has; an unknown code gets the strongest."""
    if 0 <= code < len(FAULTS):
        return FAULTS[code][1]
    return REACT_STOP


def by_person(code: int) -> bool:
    """Whether somebody stopped the table."""
    return code == ESTOP_PRESSED or code == HOST_STOP


def met_something(code: int) -> bool:
    """Whether the bed is held up by something, or by the end stop."""
    return code == STALLED or code == OVERCURRENT
