"""The events of the flight log: their numbers, names, and what the two numbers of each mean.

The start and the end of a session are records of their own (contract/records.py), not events.
Numbers are part of the log format: add new ones, never reuse one.
"""

STATE_CHANGED = 1
FAULT_RAISED = 2
FAULT_CLEARED = 3
BUTTON_PRESSED = 4
BUTTON_RELEASED = 5
STEP_STARTED = 6
HOST_RETURN = 7
HOST_STOP = 8
PLAN_STORED = 9
RESET = 10
LOG_RECORDS_LOST = 11
LOG_FULL = 12
BOX_LEFT_OUT = 13
CALIBRATED = 20
HOME_MEASURED = 21
FIRMWARE_PROVED = 22
FIRMWARE_GIVEN_UP = 23
SETTINGS_STORED = 24
PROGRAM_ERROR = 25

# code -> (name, what a is, what b is); "" for a number that has no meaning there and is 0.
EVENTS = {
    STATE_CHANGED: ("state_changed", "from_state", "to_state"),
    FAULT_RAISED: ("fault_raised", "fault", "detail"),
    FAULT_CLEARED: ("fault_cleared", "fault", ""),
    BUTTON_PRESSED: ("button_pressed", "button", ""),
    BUTTON_RELEASED: ("button_released", "button", "held_ms"),
    STEP_STARTED: ("step_started", "step", "tilt_mdeg"),
    HOST_RETURN: ("host_return", "", ""),
    HOST_STOP: ("host_stop", "", ""),
    PLAN_STORED: ("plan_stored", "", ""),
    RESET: ("reset", "reset_cause", ""),
    LOG_RECORDS_LOST: ("log_records_lost", "records", ""),
    LOG_FULL: ("log_full", "pages_lost", ""),
    BOX_LEFT_OUT: ("box_left_out", "fault", "samples"),
    CALIBRATED: ("calibrated", "version", ""),
    HOME_MEASURED: ("home_measured", "primary_off_mdeg", "monitor_off_mdeg"),
    FIRMWARE_PROVED: ("firmware_proved", "slot", ""),
    FIRMWARE_GIVEN_UP: ("firmware_given_up", "slot", ""),
    SETTINGS_STORED: ("settings_stored", "", ""),
    PROGRAM_ERROR: ("program_error", "errors", ""),
}


def event_name(code: int) -> str:
    """The name of an event; "event_<code>" for one that is not in this version's table."""
    event = EVENTS.get(code)
    return event[0] if event else "event_%d" % code
