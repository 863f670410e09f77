"""Switches and buttons: from fingers, positions and faults to which lines are pulled low."""

from table_rig import machine_code as micropython

NAMES = (
    "RELAY_MIRROR",
    "ESTOP",
    "OUTWARD_END",
    "ANKLE_LOCK",
    "HOME_SWITCH",
    "START",
    "PAUSE",
    "RETURN",
    "JOG_UP",
    "JOG_DOWN",
)
BUTTONS = NAMES[5:]
RELAY_MIRROR = 1
ESTOP = 2
OUTWARD_END = 4
ANKLE_LOCK = 8
HOME_SWITCH = 16

HOME_CLOSES_MDEG = -75_000
HOME_OPENS_MDEG = -74_700
END_OPENS_MDEG = 88_000
END_CLOSES_MDEG = 87_600


def bit_of(name: str) -> int:
    """The bit of a contact; ValueError for no contact."""
    return 1 << NAMES.index(name)


class Contacts:
    """`closed()` has a bit for each contact that is closed to ground."""

    def __init__(self, chance, angle_of_mdeg) -> None:
        self.at_home = False
        self.at_end = False
        self.estop_pressed = False
        self.ankle_locked = True
        self._chance = chance
        self._home_closes = angle_of_mdeg(HOME_CLOSES_MDEG)
        self._home_opens = angle_of_mdeg(HOME_OPENS_MDEG)
        self._end_opens = angle_of_mdeg(END_OPENS_MDEG)
        self._end_closes = angle_of_mdeg(END_CLOSES_MDEG)
        self._pressed = 0
        self._stuck = 0
        self._dead = 0
        self._force_closed = 0
        self._force_open = 0
        self._bouncing = 0
        self.changed = True
        """By a hand or a fault, since this was cleared: need not wait for its turn."""
        self.estop_open = False
        """By hand or by fault."""
        self.estop_broken = False
        self.ankle_broken = False
        self._static = 0
        self.refresh()

    def place(self, angle: int) -> None:
        """The bed was put somewhere: no hysteresis."""
        self.at_home = angle <= self._home_closes
        self.at_end = angle >= self._end_opens

    def press(self, bit: int, pressed: bool) -> None:
        """A finger on a button, or off it."""
        self._pressed = self._pressed | bit if pressed else self._pressed & ~bit
        self.refresh()

    def hands_off(self) -> None:
        """Nobody touches anything."""
        self._pressed = 0
        self.estop_pressed = False
        self.ankle_locked = True
        self.refresh()

    def break_contacts(self, stuck: int, dead: int, bouncing: int, closed: int, opened: int):
        """Faults: buttons stuck, dead, bouncing; contacts forced closed, forced open."""
        self._stuck = stuck
        self._dead = dead
        self._bouncing = bouncing
        self._force_closed = closed
        self._force_open = opened
        self.refresh()

    def refresh(self) -> None:
        """Recompute what does not depend on the bed."""
        self.estop_open = self.estop_pressed or self.estop_broken
        closed = (self._pressed | self._stuck) & ~self._dead
        if not self.estop_open:
            closed |= ESTOP
        if self.ankle_locked and not self.ankle_broken:
            closed |= ANKLE_LOCK
        self._static = closed
        self.changed = True

    @micropython.native
    def follow(self, angle: int) -> None:
        """Let the bed work its two switches; allocates nothing."""
        self.at_home = angle < self._home_opens if self.at_home else angle <= self._home_closes
        self.at_end = angle > self._end_closes if self.at_end else angle >= self._end_opens

    @micropython.native
    def closed(self, relay_closed: bool) -> int:
        """All contacts now; allocates nothing."""
        closed = self._static
        if not relay_closed:
            closed |= RELAY_MIRROR
        if self.at_home:
            closed |= HOME_SWITCH
        if not self.at_end:
            closed |= OUTWARD_END
        if self._bouncing:
            closed = closed & ~self._bouncing
            if self._chance.uniform() & 1:
                closed |= self._bouncing
        return (closed | self._force_closed) & ~self._force_open
