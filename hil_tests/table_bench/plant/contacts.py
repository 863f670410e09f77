"""Buttons and switches: from fingers, positions and faults to the level at each input pin."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from table_bench import wiring

HOME_CLOSES_DEG = -75.0
HOME_OPENS_DEG = -74.7
END_OPENS_DEG = 88.0
END_CLOSES_DEG = 87.6

_ALL_OPEN = (1 << 30) - 1
_RELAY_BIT = 1 << wiring.RELAY_MIRROR
_HOME_BIT = 1 << wiring.HOME_SWITCH
_END_BIT = 1 << wiring.OUTWARD_END


class Contacts:
    """Every contact to ground: level 0 = closed, 1 = open (with a pull-up)."""

    def __init__(self, tilt_deg: float, seed: int) -> None:
        self.at_home = tilt_deg <= HOME_CLOSES_DEG
        self.at_end = tilt_deg >= END_OPENS_DEG
        self.estop_pressed = False
        self.ankle_locked = True
        self._pressed: set[str] = set()
        self._faults: Mapping[str, Mapping[str, Any]] = {}
        self._random = random.Random(f"contacts {seed}")
        self._bouncing_bit = 0
        self._force_low = 0
        self._force_high = 0
        self._static = _ALL_OPEN
        self.refresh()

    def press(self, button: str, pressed: bool) -> None:
        """A finger on a button, or off it."""
        if button not in wiring.BUTTONS:
            raise ValueError(f"no button {button!r}; known: {', '.join(wiring.BUTTONS)}")
        if pressed:
            self._pressed.add(button)
        else:
            self._pressed.discard(button)
        self.refresh()

    def apply_faults(self, faults: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over the faults that are present."""
        self._faults = faults
        self.refresh()

    @property
    def estop_open(self) -> bool:
        """Whether the E-stop's contact is open, by hand or by fault."""
        return self.estop_pressed or "estop_wire_broken" in self._faults

    def refresh(self) -> None:
        """Recompute everything that does not depend on the bed."""
        faults = self._faults
        closed = {wiring.BUTTONS[name] for name in self._pressed}
        if "button_stuck" in faults:
            closed.add(wiring.BUTTONS[faults["button_stuck"]["button"]])
        if "button_dead" in faults:
            closed.discard(wiring.BUTTONS[faults["button_dead"]["button"]])
        if not self.estop_open:
            closed.add(wiring.ESTOP)
        if self.ankle_locked and "ankle_lock_opens" not in faults:
            closed.add(wiring.ANKLE_LOCK)
        self._static = _ALL_OPEN
        for pin in closed:
            self._static &= ~(1 << pin)
        self._bouncing_bit = 0
        if "button_bouncing" in faults:
            self._bouncing_bit = 1 << wiring.BUTTONS[faults["button_bouncing"]["button"]]
        self._force_low = self._force_high = 0
        if "home_switch_stuck_closed" in faults:
            self._force_low |= _HOME_BIT
        if "end_switch_stuck_closed" in faults:
            self._force_low |= _END_BIT
        if "home_switch_stuck_open" in faults:
            self._force_high |= _HOME_BIT
        if "end_switch_stuck_open" in faults:
            self._force_high |= _END_BIT
        if "relay_mirror_broken" in faults:
            self._force_high |= _RELAY_BIT

    def follow(self, tilt_deg: float) -> None:
        """Let the bed work its two switches."""
        if self.at_home:
            self.at_home = tilt_deg < HOME_OPENS_DEG
        else:
            self.at_home = tilt_deg <= HOME_CLOSES_DEG
        if self.at_end:
            self.at_end = tilt_deg > END_CLOSES_DEG
        else:
            self.at_end = tilt_deg >= END_OPENS_DEG

    def levels(self, relay_closed: bool) -> int:
        """Level of every pin, one bit a GPIO."""
        levels = self._static
        if not relay_closed:
            levels &= ~_RELAY_BIT
        if self.at_home:
            levels &= ~_HOME_BIT
        if not self.at_end:
            levels &= ~_END_BIT
        if self._bouncing_bit and self._random.random() < 0.5:
            levels &= ~self._bouncing_bit
        return (levels & ~self._force_low) | self._force_high
