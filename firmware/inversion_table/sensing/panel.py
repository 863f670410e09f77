"""Switches and buttons of the table -> `Inputs`. A broken wire reads as the safe side."""

from array import array

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr32
from inversion_table.safety import limits
from inversion_table.sensing.debounce import SETTLED, Debouncer

# One bit for each contact; set = closed.
RELAY_MIRROR = const(1)
ESTOP = const(2)
OUTWARD_END = const(4)
ANKLE_LOCK = const(8)
HOME_SWITCH = const(16)
START = const(32)
PAUSE = const(64)
RETURN = const(128)
JOG_UP = const(256)
JOG_DOWN = const(512)

_BUTTONS = const(START | PAUSE | RETURN | JOG_UP | JOG_DOWN)
_QUICK = const(RETURN | JOG_UP)
"""These count at once; the others only when pressed after they were open for a while."""
_WATCHED = const(START | PAUSE | RETURN | JOG_DOWN)
_GESTURE = const(START | PAUSE)
_NAMES = (
    (START, "START"),
    (PAUSE, "PAUSE"),
    (RETURN, "RETURN"),
    (JOG_UP, "JOG_UP"),
    (JOG_DOWN, "JOG_DOWN"),
)

# Words of the state. There are five on end for the five buttons, in the order of their bits.
_THEN_MS = const(0)
_STARTED = const(1)
_ARMED = const(2)
"""Buttons that were seen released."""
_PRESSED = const(3)
_HELD = const(4)
"""Buttons that are pressed and count."""
_STEADY = const(5)
"""Buttons that have been open for BUTTON_OPEN_MS, until they are let go of again ..."""
_START_CLOSED_MS = const(6)
"""... and of the others, when they were last seen closed."""
_START_PRESSED_MS = const(11)
"""How long each is pressed, up to STUCK_BUTTON_MS."""
_PAUSE_PRESSED_MS = const(12)
_JOG_UP_PRESSED_MS = const(14)
_JOG_DOWN_PRESSED_MS = const(15)
_LEVELS = const(16)
_CHANGES = const(17)
_WINDOW_MS = const(18)
_QUIET_MS = const(19)
_CHATTERS = const(20)
_STUCK = const(21)
_WORDS = const(22)
_TICKS_MASK = const((1 << 30) - 1)


class Panel:
    """Reads every contact once a tick (RQ-066).

    `pins.closed()` tells the contacts that read as closed, one bit each. A button counts only once
    it was seen released: held at power-up, it is not pressed (RQ-060).
    """

    def __init__(self, pins) -> None:
        self._pins = pins
        # A button is believed pressed until it was seen released; only then a press counts.
        self._debouncer = Debouncer(_BUTTONS)
        self._words = array("i", [0] * _WORDS)

    @micropython.viper
    def read(self, inputs, now_ms: int):
        """Fill `inputs` from the pins; nothing is allocated."""
        raw = int(self._pins.closed())
        closed = int(self._debouncer.update(raw, ESTOP))  # RQ-033
        state = self._words
        edges = int(_watch(state, raw, closed & _BUTTONS, now_ms))
        _tell(state, closed, edges, inputs)

    def pressed(self) -> list:
        """Names of the buttons that read as pressed now, wanted or not. Not for the tick."""
        return [name for bit, name in _NAMES if self._words[_PRESSED] & bit]


@micropython.viper
def _watch(state, raw: int, pressed: int, now_ms: int) -> int:
    """Time and watch the buttons; returns those whose press counts from this tick on."""
    words = ptr32(state)
    dt_ms = 0
    before = words[_PRESSED]
    # Let go of in this tick: not open for long yet. At the start nothing was.
    released = _WATCHED
    if words[_STARTED]:
        dt_ms = (now_ms - words[_THEN_MS]) & _TICKS_MASK
        released = before & (pressed ^ _BUTTONS)
    words[_STARTED] = 1
    words[_THEN_MS] = now_ms
    words[_PRESSED] = pressed
    words[_ARMED] |= pressed ^ _BUTTONS

    # Which have been steadily open for long enough (RQ-101).
    steady = words[_STEADY] & (released ^ _BUTTONS)
    if steady != _WATCHED:
        closed = raw | released
        open_ms = int(limits.BUTTON_OPEN_MS)
        button = 0
        while button < 5:
            bit = START << button
            if closed & bit:
                words[_START_CLOSED_MS + button] = now_ms
            elif (now_ms - words[_START_CLOSED_MS + button]) & _TICKS_MASK >= open_ms:
                steady |= bit & _WATCHED
            button += 1
        words[_STEADY] = steady

    # How long each is held: for a stuck one, and for the gesture to SERVICE.
    stuck_ms = int(limits.STUCK_BUTTON_MS)
    if pressed | before:
        words[_STUCK] = 0
        button = 0
        while button < 5:
            held_ms = 0
            if pressed & START << button:
                held_ms = words[_START_PRESSED_MS + button] + dt_ms
                if held_ms >= stuck_ms:  # RQ-063, RQ-088
                    held_ms = stuck_ms
                    words[_STUCK] = 1
            words[_START_PRESSED_MS + button] = held_ms
            button += 1

    # Whether any changes faster than a person can make it (RQ-089).
    words[_WINDOW_MS] += dt_ms
    if words[_WINDOW_MS] >= int(limits.CHATTER_WINDOW_MS):
        words[_WINDOW_MS] = 0
        words[_CHANGES] = 0
    if (raw ^ words[_LEVELS]) & _BUTTONS:
        words[_LEVELS] = raw
        words[_CHANGES] += 1
        words[_QUIET_MS] = 0
        if words[_CHANGES] > int(limits.CHATTER_CHANGES):
            words[_CHATTERS] = 1
    elif words[_CHATTERS]:
        words[_QUIET_MS] += dt_ms
        if words[_QUIET_MS] >= int(limits.CHATTER_QUIET_MS):
            words[_CHATTERS] = 0

    held = pressed & words[_ARMED] & (steady | _QUICK)
    # Held for longer than anyone jogs at a stretch: let go of, as far as motion goes (RQ-088).
    if words[_JOG_UP_PRESSED_MS] >= stuck_ms:
        held &= _BUTTONS ^ JOG_UP
    if words[_JOG_DOWN_PRESSED_MS] >= stuck_ms:
        held &= _BUTTONS ^ JOG_DOWN
    edges = held & (words[_HELD] ^ _BUTTONS)
    words[_HELD] = held
    return edges


@micropython.viper
def _tell(state, closed: int, edges: int, inputs):
    """Write what the contacts mean."""
    words = ptr32(state)
    inputs.settled = closed & int(SETTLED) != 0
    inputs.estop_pressed = closed & ESTOP == 0
    inputs.end_reached = closed & OUTWARD_END == 0
    inputs.ankle_locked = closed & ANKLE_LOCK != 0
    inputs.home_switch = closed & HOME_SWITCH != 0
    inputs.relay_closed = closed & RELAY_MIRROR == 0

    held = words[_HELD]
    # With PAUSE held it is the way to SERVICE, and starts no session (RQ-067).
    start = edges & START
    if closed & PAUSE:
        start = 0
    inputs.start_edge = start != 0
    inputs.pause_edge = edges & PAUSE != 0
    inputs.return_edge = edges & RETURN != 0
    inputs.return_hasty = edges & RETURN & (words[_STEADY] ^ _BUTTONS) != 0  # RQ-104
    inputs.jog_up = held & JOG_UP != 0
    inputs.jog_down = held & JOG_DOWN != 0
    inputs.jog_down_edge = edges & JOG_DOWN != 0

    inputs.button_stuck = words[_STUCK] | words[_CHATTERS] != 0

    gesture_ms = int(limits.SERVICE_GESTURE_MS)
    gesture = held & _GESTURE
    if words[_START_PRESSED_MS] < gesture_ms or words[_PAUSE_PRESSED_MS] < gesture_ms:
        gesture = 0
    inputs.service_gesture = gesture == _GESTURE  # RQ-067
