"""The machine's states, and what a wish may ask for. Numbers are part of the log format."""

SELF_TEST = 0
HOME = 1
# From here to RETURNING: the states in which the motor may have power.
MOVING = 2
HOLDING = 3
PAUSED = 4
RETURNING = 5
STOPPED = 6
FAULT = 7
SERVICE = 8

STATE_NAMES = (
    "SELF_TEST",
    "HOME",
    "MOVING",
    "HOLDING",
    "PAUSED",
    "RETURNING",
    "STOPPED",
    "FAULT",
    "SERVICE",
)

# What the sequencer asks of the kernel. "Nothing" is a value of its own, not a zero rate.
WISH_NONE = 0
WISH_HOLD = 1
WISH_MOVE = 2
WISH_GO_HOME = 3
