"""Keys as the hands on a virtual table: buttons, E-stop, ankle lock."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from table_bench.virtual import VirtualTable

PRESS_MS = 200
_PRESSED = {"s": "START", "p": "PAUSE", "r": "RETURN"}
_HELD = {"u": "JOG_UP", "d": "JOG_DOWN"}
_HOLD_S = 0.6
"""A terminal tells no key-up, only repeats: longer than the pause before the first repeat."""

_SERVICE = ("PAUSE", "START")
_SERVICE_MOST_S = 20.0
"""The way to SERVICE ends when the table restarts; this ends it where it does not."""

HELP = (
    "s START  p PAUSE  r RETURN  u/d hold: jog up/down  e E-stop  a ankle lock  v SERVICE  q quit"
)


class Hands:
    """Turns keys into what hands do; `tick` must be called often, it lets go of held buttons."""

    def __init__(self, table: "VirtualTable", clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._clock = clock
        self._held_until: dict[str, float] = {}
        self._service_boots: int | None = None

    def key(self, key: str) -> bool:
        """Do what `key` means; False for the key that quits. Other keys mean nothing."""
        key = key.lower()
        if key in _PRESSED:
            self._table.press(_PRESSED[key], PRESS_MS)
        elif key in _HELD:
            button = _HELD[key]
            if button not in self._held_until:
                self._table.hold(button)
            self._held_until[button] = self._clock() + _HOLD_S
        elif key == "v" and self._service_boots is None:
            # PAUSE first, START with the next tick: so no session begins.
            self._service_boots = self._table.boots
            self._table.hold(_SERVICE[0])
            self._held_until[_SERVICE[0]] = self._clock() + _SERVICE_MOST_S
        elif key == "e":
            self._table.set_estop(not self._table.truth.estop_pressed)
        elif key == "a":
            self._table.set_ankle_lock(not self._table.truth.ankle_locked)
        return key != "q"

    def tick(self) -> None:
        """Release the buttons whose keys no longer repeat; go on on the way to SERVICE."""
        if self._service_boots is not None:
            self._go_to_service(self._service_boots)
        for button, until_s in list(self._held_until.items()):
            if self._clock() >= until_s:
                self._table.release(button)
                del self._held_until[button]

    def _go_to_service(self, boots: int) -> None:
        first, second = _SERVICE
        if first not in self._held_until:
            self._service_boots = None
        elif self._table.boots != boots:
            self._held_until[first] = self._held_until[second] = 0.0
            self._service_boots = None
        elif second not in self._held_until:
            self._table.hold(second)
            self._held_until[second] = self._held_until[first]
