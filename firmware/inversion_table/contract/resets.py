"""Why the controller started: numbers as they stand in the log, and what they mean.

Add new ones, never reuse one. The RP2040 cannot tell a brown-out from a power-up.
"""

POWER_UP = 0
WATCHDOG = 1
RUN_PIN = 2
CRASH = 3
SERVICE_ENTERED = 4
SERVICE_LEFT = 5
REQUESTED = 6
BROWN_OUT = 7
UNKNOWN = 8

CAUSES = (
    "power-up or brown-out",
    "watchdog",
    "reset pin",
    "crash of the program",
    "service entered",
    "service left",
    "reset by software",
    "brown-out",
    "unknown",
)


def cause_name(number: int) -> str:
    """A cause in words; "cause <number>" for one that this version does not know."""
    return CAUSES[number] if 0 <= number < len(CAUSES) else "cause %d" % number
