"""A small random generator that throws the same on CPython and on MicroPython."""


class Dice:
    """Linear congruential; the low bits, which repeat soon, are not used."""

    def __init__(self, seed):
        self.state = seed

    def roll(self, below):
        """0 .. below - 1; below at most 2**22."""
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % below

    def between(self, low, high):
        """low .. high, both included."""
        return low + self.roll(high - low + 1)

    def choose(self, row):
        return row[self.roll(len(row))]
