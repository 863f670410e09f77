"""Numbers inside log records: the flags of a sample, and how events number the buttons."""

FLAG_TILT_VALID = 1
FLAG_POWER = 2
FLAG_RELAY_CLOSED = 4
FLAG_HOME_SWITCH = 8
FLAG_ESTOP = 16
FLAG_ANKLE_LOCKED = 32
FLAG_END_REACHED = 64

FLAG_NAMES = {
    FLAG_TILT_VALID: "tilt_valid",
    FLAG_POWER: "power",
    FLAG_RELAY_CLOSED: "relay_closed",
    FLAG_HOME_SWITCH: "home_switch",
    FLAG_ESTOP: "estop",
    FLAG_ANKLE_LOCKED: "ankle_locked",
    FLAG_END_REACHED: "end_reached",
}

BUTTON_START = 1
BUTTON_PAUSE = 2
BUTTON_RETURN = 3
BUTTON_JOG_UP = 4
BUTTON_JOG_DOWN = 5

BUTTON_NAMES = ("", "START", "PAUSE", "RETURN", "JOG_UP", "JOG_DOWN")
