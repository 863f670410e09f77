"""Numbers inside log records: the flags of a sample, and how events number the buttons."""

FLAG_TILT_VALID = 1
FLAG_POWER = 2
FLAG_RELAY_CLOSED = 4
FLAG_HOME_SWITCH = 8
FLAG_ESTOP = 16
FLAG_ANKLE_LOCKED = 32
FLAG_END_REACHED = 64

# In the black box only: what else the tick saw.
FLAG_BOX_PRIMARY_OK = 128
FLAG_BOX_MONITOR_OK = 256
FLAG_BOX_RETURN = 512
FLAG_BOX_PAUSE = 1024
FLAG_BOX_JOG_UP = 2048
FLAG_BOX_JOG_DOWN = 4096
FLAG_BOX_HOST = 8192

FLAG_NAMES = {
    FLAG_TILT_VALID: "tilt_valid",
    FLAG_POWER: "power",
    FLAG_RELAY_CLOSED: "relay_closed",
    FLAG_HOME_SWITCH: "home_switch",
    FLAG_ESTOP: "estop",
    FLAG_ANKLE_LOCKED: "ankle_locked",
    FLAG_END_REACHED: "end_reached",
    FLAG_BOX_PRIMARY_OK: "primary_ok",
    FLAG_BOX_MONITOR_OK: "monitor_ok",
    FLAG_BOX_RETURN: "return_edge",
    FLAG_BOX_PAUSE: "pause_edge",
    FLAG_BOX_JOG_UP: "jog_up",
    FLAG_BOX_JOG_DOWN: "jog_down",
    FLAG_BOX_HOST: "host_return_or_stop",
}

BUTTON_START = 1
BUTTON_PAUSE = 2
BUTTON_RETURN = 3
BUTTON_JOG_UP = 4
BUTTON_JOG_DOWN = 5

BUTTON_NAMES = ("", "START", "PAUSE", "RETURN", "JOG_UP", "JOG_DOWN")
