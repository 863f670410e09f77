"""Switches and buttons of the table -> `Inputs`. A broken wire reads as the safe side."""

from inversion_table.safety import limits
from inversion_table.safety.ticks import elapsed_ms
from inversion_table.sensing.debounce import Debouncer

ESTOP = 1
OUTWARD_END = 2
ANKLE_LOCK = 4
HOME_SWITCH = 8
RELAY_MIRROR = 16
START = 32
PAUSE = 64
RETURN = 128
JOG_UP = 256
JOG_DOWN = 512

_BUTTONS = START | PAUSE | RETURN | JOG_UP | JOG_DOWN
_SLOW = START | PAUSE | JOG_DOWN
"""Buttons that count only when pressed after they were open for a while."""
_WATCHED = _SLOW | RETURN
_GESTURE = START | PAUSE
_NAMES = (
    (START, "START"),
    (PAUSE, "PAUSE"),
    (RETURN, "RETURN"),
    (JOG_UP, "JOG_UP"),
    (JOG_DOWN, "JOG_DOWN"),
)


class Panel:
    """Reads every contact once a tick (RQ-066).

    `pins` has one object with `.value()` for each contact; inputs have pull-ups, so that 0 is a
    contact to ground: a pressed button, a closed normally-closed switch, home. A button counts only
    once it was seen released: held at power-up, it is not pressed (RQ-060).
    """

    def __init__(self, pins) -> None:
        self._pins = pins
        # A button is believed pressed until it was seen released; only then a press counts.
        self._debouncer = Debouncer(_BUTTONS)
        self._armed = 0
        self._pressed = 0
        self._held = 0
        # Buttons that have been open for BUTTON_OPEN_MS, until they are let go of again; and of the
        # others, when they were last seen closed.
        self._steady = 0
        self._start_closed_ms = 0
        self._pause_closed_ms = 0
        self._return_closed_ms = 0
        self._jog_down_closed_ms = 0
        # How long each is pressed.
        self._start_ms = 0
        self._pause_ms = 0
        self._return_ms = 0
        self._jog_up_ms = 0
        self._jog_down_ms = 0
        self._levels = 0
        self._changes = 0
        self._window_ms = 0
        self._quiet_ms = 0
        self._chatters = False
        self._then_ms = 0
        self._started = False

    def read(self, inputs, now_ms: int) -> None:
        """Fill `inputs` from the pins; nothing is allocated."""
        raw = self._raw()
        dt_ms = elapsed_ms(now_ms, self._then_ms) if self._started else 0
        debouncer = self._debouncer
        debouncer.update(raw)
        if not raw & ESTOP:
            debouncer.open_at_once(ESTOP)  # RQ-033
        closed = debouncer.closed
        inputs.settled = debouncer.settled
        inputs.estop_pressed = not closed & ESTOP
        inputs.end_reached = not closed & OUTWARD_END
        inputs.ankle_locked = closed & ANKLE_LOCK != 0
        inputs.home_switch = closed & HOME_SWITCH != 0
        inputs.relay_closed = not closed & RELAY_MIRROR

        pressed = closed & _BUTTONS
        self._watch_openings(raw, pressed, now_ms)
        self._watch_chatter(raw, dt_ms)
        self._time_buttons(pressed, dt_ms)
        self._then_ms = now_ms
        self._started = True
        self._pressed = pressed
        self._armed |= ~pressed & _BUTTONS
        held = pressed & self._armed & (self._steady | ~_SLOW)
        # Held for longer than anyone jogs at a stretch: let go of, as far as motion goes (RQ-088).
        if self._jog_up_ms >= limits.STUCK_BUTTON_MS:
            held &= ~JOG_UP
        if self._jog_down_ms >= limits.STUCK_BUTTON_MS:
            held &= ~JOG_DOWN
        edges = held & ~self._held
        self._held = held
        # With PAUSE held it is the way to SERVICE, and starts no session (RQ-067).
        inputs.start_edge = edges & START != 0 and not pressed & PAUSE
        inputs.pause_edge = edges & PAUSE != 0
        inputs.return_edge = edges & RETURN != 0
        inputs.return_hasty = edges & RETURN & ~self._steady != 0  # RQ-104
        inputs.jog_up = held & JOG_UP != 0
        inputs.jog_down = held & JOG_DOWN != 0
        inputs.jog_down_edge = edges & JOG_DOWN != 0
        longest_ms = max(self._start_ms, self._pause_ms, self._return_ms)
        longest_ms = max(longest_ms, self._jog_up_ms, self._jog_down_ms)
        # RQ-063, RQ-088, RQ-089
        inputs.button_stuck = longest_ms >= limits.STUCK_BUTTON_MS or self._chatters
        inputs.service_gesture = (  # RQ-067
            held & _GESTURE == _GESTURE
            and min(self._start_ms, self._pause_ms) >= limits.SERVICE_GESTURE_MS
        )

    def pressed(self) -> list:
        """Names of the buttons that read as pressed now, wanted or not. Not for the tick."""
        return [name for bit, name in _NAMES if self._pressed & bit]

    def _raw(self) -> int:
        """One bit for each contact that reads as closed."""
        pins = self._pins
        raw = 0
        if pins.estop.value() == 0:
            raw |= ESTOP
        if pins.outward_end.value() == 0:
            raw |= OUTWARD_END
        if pins.ankle_lock.value() == 0:
            raw |= ANKLE_LOCK
        if pins.home_switch.value() == 0:
            raw |= HOME_SWITCH
        if pins.relay_mirror.value() == 0:
            raw |= RELAY_MIRROR
        if pins.start.value() == 0:
            raw |= START
        if pins.pause.value() == 0:
            raw |= PAUSE
        if pins.return_home.value() == 0:
            raw |= RETURN
        if pins.jog_up.value() == 0:
            raw |= JOG_UP
        if pins.jog_down.value() == 0:
            raw |= JOG_DOWN
        return raw

    def _watch_openings(self, raw: int, pressed: int, now_ms: int) -> None:
        """Which buttons have been steadily open for long enough (RQ-101)."""
        released = self._pressed & ~pressed
        if not self._started:
            released = _WATCHED
        steady = self._steady & ~released
        if steady == _WATCHED:
            return
        closed = raw | released
        if closed & START:
            self._start_closed_ms = now_ms
        elif elapsed_ms(now_ms, self._start_closed_ms) >= limits.BUTTON_OPEN_MS:
            steady |= START
        if closed & PAUSE:
            self._pause_closed_ms = now_ms
        elif elapsed_ms(now_ms, self._pause_closed_ms) >= limits.BUTTON_OPEN_MS:
            steady |= PAUSE
        if closed & RETURN:
            self._return_closed_ms = now_ms
        elif elapsed_ms(now_ms, self._return_closed_ms) >= limits.BUTTON_OPEN_MS:
            steady |= RETURN
        if closed & JOG_DOWN:
            self._jog_down_closed_ms = now_ms
        elif elapsed_ms(now_ms, self._jog_down_closed_ms) >= limits.BUTTON_OPEN_MS:
            steady |= JOG_DOWN
        self._steady = steady

    def _watch_chatter(self, raw: int, dt_ms: int) -> None:
        """Whether any button changes faster than a person can make it (RQ-089)."""
        self._window_ms += dt_ms
        if self._window_ms >= limits.CHATTER_WINDOW_MS:
            self._window_ms = 0
            self._changes = 0
        if (raw ^ self._levels) & _BUTTONS:
            self._levels = raw
            self._changes += 1
            self._quiet_ms = 0
            if self._changes > limits.CHATTER_CHANGES:
                self._chatters = True
        elif self._chatters:
            self._quiet_ms += dt_ms
            if self._quiet_ms >= limits.CHATTER_QUIET_MS:
                self._chatters = False

    def _time_buttons(self, pressed: int, dt_ms: int) -> None:
        """How long the buttons are held: for a stuck one, and for the gesture to SERVICE."""
        if not (pressed | self._pressed):
            return
        self._start_ms = _longer(self._start_ms, pressed & START, dt_ms)
        self._pause_ms = _longer(self._pause_ms, pressed & PAUSE, dt_ms)
        self._return_ms = _longer(self._return_ms, pressed & RETURN, dt_ms)
        self._jog_up_ms = _longer(self._jog_up_ms, pressed & JOG_UP, dt_ms)
        self._jog_down_ms = _longer(self._jog_down_ms, pressed & JOG_DOWN, dt_ms)


def _longer(held_ms: int, pressed: int, dt_ms: int) -> int:
    """`held_ms` grown by `dt_ms` while pressed, up to the bound that it is compared with."""
    return min(held_ms + dt_ms, limits.STUCK_BUTTON_MS) if pressed else 0
