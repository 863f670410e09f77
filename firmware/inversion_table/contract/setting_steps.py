"""How far a setting may go at once: freely toward caution, by a step toward the hard constants.

Host and device ask here alike; the device decides. docs/decisions/0027 says why.
"""

from inversion_table.safety import limits

# name -> the most that it may go at once toward the hard constants; below 0: less is bolder.
STEPS = {
    "tilt_max_mdeg": 10_000,
    "rate_max_mdeg_per_s": 1_000,
    "acceleration_mdeg_per_s2": 500,
    "head_down_max_ms": 180_000,
    "session_max_ms": 300_000,
    "return_rate_mdeg_per_s": 1_000,
    "rest_ms": -20_000,
    "jog_rate_mdeg_per_s": 1_000,
}


def boldness(name: str, value: int) -> int:
    """How far toward the hard constants `value` is: of two values the bolder has more."""
    return value if STEPS[name] > 0 else -value


def beyond_workshop(name: str, value: int) -> bool:
    """Whether `value` is bolder than what every table comes with."""
    return boldness(name, value) > boldness(name, limits.SETTINGS[name][2])


def furthest(name: str, present: int, proved: bool) -> int:
    """The boldest value that a setting which is at `present` may be given now (RQ-146).

    proved: a session was done whole with the settings as they are. What the table came with is
    always allowed; beyond it one step, and only once the present settings are proved.
    """
    lowest, highest, workshop, _ = limits.SETTINGS[name]
    if boldness(name, present) < boldness(name, workshop):
        return workshop
    if not proved:
        return present
    return min(max(present + STEPS[name], lowest), highest)


def problem(present: dict, wanted: dict, proved: bool) -> str:
    """Why the settings `present` may not become `wanted`; "" when they may.

    Both are whole and inside their bounds (limits.Settings). One setting alone may go beyond what
    the table came with in one change: then it is known what a session has proved.
    """
    further = ""
    for name in limits.SETTINGS:
        if boldness(name, wanted[name]) <= boldness(name, present[name]):
            continue
        if not beyond_workshop(name, wanted[name]):
            continue
        if further:
            return "'%s' and '%s' both go beyond the workshop's values: one at a time" % (
                further,
                name,
            )
        further = name
        most = furthest(name, present[name], proved)
        if boldness(name, wanted[name]) <= boldness(name, most):
            continue
        if proved or boldness(name, most) > boldness(name, present[name]):
            return "'%s' may go to %d at most in one step, not to %d" % (name, most, wanted[name])
        return (
            "'%s' may go beyond %d only after a session was done whole with the present settings"
            % (name, most)
        )
    return ""
