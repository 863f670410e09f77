"""Panel pins that a test sets: 0 is a contact to ground, 1 is open or a broken wire."""

from inversion_table.sensing import panel

NAMES = (
    "estop", "outward_end", "ankle_lock", "home_switch", "relay_mirror",
    "start", "pause", "return_home", "jog_up", "jog_down",
)  # fmt: skip
BUTTONS = ("start", "pause", "return_home", "jog_up", "jog_down")


class FakePin:
    """Reads what was set last."""

    def __init__(self, level):
        self.level = level

    def value(self):
        return self.level


class FakePanelPins:
    """A healthy table at home, with nothing pressed."""

    _BITS = (
        (panel.ESTOP, "estop"), (panel.OUTWARD_END, "outward_end"),
        (panel.ANKLE_LOCK, "ankle_lock"), (panel.HOME_SWITCH, "home_switch"),
        (panel.RELAY_MIRROR, "relay_mirror"), (panel.START, "start"), (panel.PAUSE, "pause"),
        (panel.RETURN, "return_home"), (panel.JOG_UP, "jog_up"), (panel.JOG_DOWN, "jog_down"),
    )  # fmt: skip

    def __init__(self):
        self.estop = FakePin(0)
        self.outward_end = FakePin(0)
        self.ankle_lock = FakePin(0)
        self.home_switch = FakePin(0)
        self.relay_mirror = FakePin(0)
        self.start = FakePin(1)
        self.pause = FakePin(1)
        self.return_home = FakePin(1)
        self.jog_up = FakePin(1)
        self.jog_down = FakePin(1)

    def closed(self):
        bits = 0
        for bit, name in self._BITS:
            if getattr(self, name).value() == 0:
                bits |= bit
        return bits
