"""One pattern of light and sound for each state, as data; pure."""

from inversion_table.safety import faults, states

OFF = 0
RED = 1
GREEN = 2
BLUE = 4
YELLOW = RED | GREEN
CYAN = GREEN | BLUE
MAGENTA = RED | BLUE
WHITE = RED | GREEN | BLUE


class Pattern:
    """Light `colour` for `light_ms` of every `period_ms`; sound `tone_hz` for `sound_ms` of it."""

    def __init__(
        self, colour: int, light_ms: int, period_ms: int, tone_hz: int = 0, sound_ms: int = 0
    ) -> None:
        self.colour = colour
        self.light_ms = light_ms
        self.period_ms = period_ms
        self.tone_hz = tone_hz
        self.sound_ms = sound_ms

    def same_for_ms(self, phase_ms: int) -> int:
        """How long, from `phase_ms` (0 .. period_ms - 1) on, light and sound stay as they are."""
        edge_ms = self.period_ms
        if phase_ms < self.light_ms:
            edge_ms = self.light_ms
        if phase_ms < self.sound_ms < edge_ms:
            edge_ms = self.sound_ms
        return edge_ms - phase_ms


BY_STATE = (
    Pattern(WHITE, 100, 200),  # SELF_TEST: quick white
    Pattern(GREEN, 1000, 1000),  # HOME: steady green
    Pattern(BLUE, 500, 1000, 1200, 60),  # MOVING: blue, a soft tick each second
    Pattern(BLUE, 1000, 1000),  # HOLDING: steady blue
    Pattern(YELLOW, 1000, 2000),  # PAUSED: slow yellow
    Pattern(CYAN, 500, 1000, 900, 60),  # RETURNING: cyan, a lower tick
    Pattern(YELLOW, 250, 500, 600, 100),  # STOPPED: quick yellow, a call for RETURN
    Pattern(RED, 250, 500, 2000, 250),  # FAULT: quick red, alarm
    Pattern(MAGENTA, 1000, 2000),  # SERVICE: slow magenta
)
FAULT_RETURN = Pattern(MAGENTA, 250, 500, 2000, 250)
"""Going home because of a fault: an alarm, in a colour of its own."""
FAULT_AT_HOME = Pattern(RED, 1000, 2000)
"""At home the person is safe: the light says why nothing starts, the buzzer is silent."""
OFF_HOME = Pattern(YELLOW, 250, 500)
"""HOME, but off its switch: the light of STOPPED, for RETURN helps here too. Nobody is in need."""
REFUSED = Pattern(RED, 100, 200, 400, 100)
"""START was refused: shown for a moment over the state's own pattern."""
NOT_READY = Pattern(WHITE, 250, 500, 400, 100)
"""The same, but for nothing more than that it came too soon: wait, then press again."""


def refused_pattern(code: int) -> Pattern:
    """The pattern of a refusal for the reason `code` (RQ-079)."""
    return NOT_READY if code == faults.NOT_READY else REFUSED


def pattern_of(state: int, fault: int, at_home: bool) -> Pattern:
    """The pattern for a state, a latched fault and whether the bed is at home (RQ-078)."""
    if state == states.FAULT and at_home:
        return FAULT_AT_HOME
    if state == states.RETURNING and fault != faults.NO_FAULT:
        return FAULT_RETURN
    if state == states.HOME and not at_home:
        return OFF_HOME
    if 0 <= state < len(BY_STATE):
        return BY_STATE[state]
    return BY_STATE[states.FAULT]
