"""Panel pins that a test sets: 0 is a contact to ground, 1 is open or a broken wire."""

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
