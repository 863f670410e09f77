"""Motor and relay outputs that write down, in order, everything that is done to them."""


class Tape:
    """(name, value) of every write."""

    def __init__(self):
        self.writes = []


class FakePwm:
    """Starts as the last program left it: running."""

    def __init__(self, tape, name):
        self.tape = tape
        self.name = name
        self.duty = 12_345

    def duty_u16(self, duty):
        self.duty = duty
        self.tape.writes.append((self.name, duty))


class FakeOutput:
    """Starts as the last program left it: high."""

    def __init__(self, tape, name):
        self.tape = tape
        self.name = name
        self.level = 1

    def value(self, level):
        self.level = level
        self.tape.writes.append((self.name, level))
