"""The closed list of faults: number, name, words for patient and engineer (RQ-080), one reaction.

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

# number -> (name, reaction, hazard, words for the person on the table, words for the engineer)
FAULTS = (
    ("NO_FAULT", REACT_NONE, "", "All is well.", "no fault"),
    (
        "ESTOP_PRESSED",
        REACT_STOP,
        "HZ-08",
        "The emergency stop is pressed. Release it, then press RETURN.",
        "E-stop contact open: pressed, or its wire is broken",
    ),
    (
        "TILT_LOST",
        REACT_RETURN_BLIND,
        "HZ-10",
        "The table cannot feel its tilt and is going home slowly.",
        "no IMU gives a valid tilt; homeward at fixed duty until the home switch",
    ),
    (
        "IMU_DISAGREE",
        REACT_RETURN_BLIND,
        "HZ-10",
        "The two tilt sensors disagree. The table is going home slowly.",
        "primary and monitor tilt differ by more than the bound for longer than allowed",
    ),
    (
        "IMU_PRIMARY_LOST",
        REACT_RETURN,
        "HZ-10",
        "A tilt sensor failed. The table is going home on the other one.",
        "primary IMU (LSM6DSOX) lost; the monitor measures",
    ),
    (
        "IMU_MONITOR_LOST",
        REACT_RETURN,
        "HZ-10",
        "The second tilt sensor failed. The table is going home.",
        "monitor IMU (MPU-6050) lost; nothing left to compare with",
    ),
    (
        "OVER_TILT",
        REACT_RETURN,
        "HZ-02",
        "The table went past its limit and is going home.",
        "tilt past the commanded limit by more than the over-travel bound",
    ),
    (
        "OVERSPEED",
        REACT_STOP,
        "HZ-04",
        "The table moved too fast and has stopped. Press RETURN.",
        "measured rate above the over-speed trip",
    ),
    (
        "HEAD_DOWN_TIMEOUT",
        REACT_RETURN,
        "HZ-03",
        "Time head-down is over. The table is going home.",
        "head-down time at a stretch reached the device's limit",
    ),
    (
        "SESSION_TIMEOUT",
        REACT_RETURN,
        "HZ-03",
        "The session's time is over. The table is going home.",
        "session time reached the device's limit",
    ),
    (
        "OVERCURRENT",
        REACT_STOP,
        "HZ-08",
        "Something blocks the table. Clear it, then press RETURN.",
        "motor current above the trip for longer than allowed",
    ),
    (
        "STALLED",
        REACT_STOP,
        "HZ-01",
        "The table does not move. Press RETURN; if it stays, lower it by hand.",
        "motor driven but the bed does not move",
    ),
    (
        "MOVED_UNDRIVEN",
        REACT_STOP,
        "HZ-05",
        "The table moved by itself and has stopped. Press RETURN.",
        "bed moves although the motor is not driven",
    ),
    (
        "MOVED_BACKWARD",
        REACT_STOP,
        "HZ-05",
        "The table moved the wrong way. Press RETURN; if it does so again, lower it by hand.",
        "bed moves against the drive, or outward in a return: wires swapped or bridge shorted",
    ),
    (
        "RELAY_WELDED",
        REACT_REFUSE,
        "HZ-09",
        "A safety check failed. The table will not start.",
        "relay mirror contact says closed although the heartbeat has stopped",
    ),
    (
        "RELAY_DEAD",
        REACT_STOP,
        "HZ-09",
        "The motor has no power. Press RETURN; if it stays, lower it by hand.",
        "relay mirror contact says open although the heartbeat runs",
    ),
    (
        "ANKLE_LOCK_OPEN",
        REACT_STOP,
        "HZ-11",
        "The ankle lock is open. Close it, then press RETURN.",
        "ankle-lock interlock open, or its wire is broken",
    ),
    (
        "OUTWARD_END",
        REACT_RETURN,
        "HZ-02",
        "The table reached its end and is going home.",
        "outward end switch open: reached, or its wire is broken",
    ),
    (
        "SUPPLY_LOW",
        REACT_RETURN,
        "HZ-07",
        "Power is low. The table is going home.",
        "motor supply below its low bound",
    ),
    (
        "SUPPLY_DEAD",
        REACT_STOP,
        "HZ-07",
        "Power is gone. The table holds; press RETURN when power is back.",
        "motor supply too low to drive",
    ),
    (
        "HOME_SWITCH_STUCK",
        REACT_RETURN,
        "HZ-12",
        "The home switch does not work right. The table will not start.",
        "home switch and measured tilt contradict each other",
    ),
    (
        "BUTTON_STUCK",
        REACT_REFUSE,
        "HZ-13",
        "A button is stuck. The table will not start until it is free.",
        "a button has read pressed for longer than anyone presses",
    ),
    (
        "WATCHDOG_RESET",
        REACT_RETURN,
        "HZ-09",
        "The controller restarted. The table is going home.",
        "watchdog reset away from home",
    ),
    (
        "POWER_RESTORED",
        REACT_STOP,
        "HZ-07",
        "Power is back. Press RETURN to go home.",
        "powered up away from home",
    ),
    (
        "TICK_LATE",
        REACT_RETURN,
        "HZ-09",
        "The controller was too slow. The table is going home.",
        "time between control ticks above its bound while the motor may run",
    ),
    (
        "RETURN_TIMEOUT",
        REACT_STOP,
        "HZ-01",
        "The table could not get home. Press RETURN, or lower it by hand.",
        "return took longer than its bound",
    ),
    (
        "SETTINGS_CORRUPT",
        REACT_RETURN,
        "HZ-14",
        "The table's settings are damaged. It is going home and will not start.",
        "settings, calibration or plan failed CRC or bounds, or the log has no flash",
    ),
    (
        "HOST_STOP",
        REACT_STOP,
        "HZ-08",
        "Stopped from the computer. Press RETURN to go home.",
        "session.stop received",
    ),
    (
        "INTERNAL",
        REACT_STOP,
        "HZ-09",
        "The controller found an error in itself. Press RETURN.",
        "kernel state is not one of its states",
    ),
    (
        "NO_PLAN",
        REACT_REFUSE,
        "HZ-14",
        "No plan is loaded. Upload one, or use the jog buttons.",
        "START pressed without a stored plan",
    ),
    (
        "CLOCKS_APART",
        REACT_RETURN,
        "HZ-03",
        "The table's clocks disagree. It is going home and will not start.",
        "count of ticks, ticks_ms and real-time clock differ by 2 %; until the next start",
    ),
    (
        "PROGRAM_CORRUPT",
        REACT_RETURN,
        "HZ-09",
        "The table's program is damaged. It is going home and will not start.",
        "a program file differs from its manifest, or there is none: put the firmware on anew",
    ),
    (
        "CURRENT_SENSOR_DEAD",
        REACT_RETURN,
        "HZ-18",
        "A motor sensor failed. The table is going home and will not start.",
        "motor driven and turning, but no current read; until the next restart",
    ),
    (
        "BED_CREEPS",
        REACT_RETURN,
        "HZ-02",
        "The table slips slowly and is going home.",
        "tilt drifted at rest with no duty: gear or brake slips",
    ),
    (
        "HOME_DRIFT",
        REACT_REFUSE,
        "HZ-10",
        "A tilt sensor or the home switch has moved. Have the table calibrated again.",
        "an IMU is off at home: its mount is loose, or the switch moved; fix it, calibrate again",
    ),
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
