"""LED pins and a buzzer that a test looks at; nothing is allocated by a write."""


class FakeLight:
    """One colour of the LED."""

    def __init__(self):
        self.level = 1
        self.writes = 0

    def value(self, level):
        self.level = level
        self.writes += 1


class FakeBuzzer:
    """Sounds at `hz` while its duty is not zero."""

    def __init__(self):
        self.hz = 1_000
        self.duty = 1
        self.writes = 0

    def freq(self, hz):
        self.hz = hz
        self.writes += 1

    def duty_u16(self, duty):
        self.duty = duty
        self.writes += 1
