"""Random numbers in integers: the same from the same seed, on the chip and on a PC."""

from table_rig import machine_code as micropython
from table_rig.machine_code import const

_MULTIPLIER = const(32_760)
"""Multiply-with-carry with base 2^15: 32760 * 2^15 - 1 is a safe prime, so the period is 2^29."""
_MASK = const(0x7FFF)
_MEAN = const(49_150)
SIGMA_SHIFT = 14
"""`bell` has a standard deviation of 2^14."""


class Chance:
    """One stream of numbers."""

    def __init__(self, seed: int) -> None:
        self.state = 0
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start the stream of this number anew."""
        self.state = 1 + (seed * 2_654_435 + 12_345) % 1_000_000_007
        for _ in range(8):  # let close seeds part
            self.uniform()

    @micropython.viper
    def uniform(self) -> int:
        """0 .. 32767, each as likely."""
        state = int(self.state)
        state = _MULTIPLIER * (state & _MASK) + (state >> 15)
        self.state = state
        return state & _MASK

    @micropython.viper
    def bell(self) -> int:
        """A sum of three: mean 0, standard deviation 2^14, never past 3 of those."""
        state = int(self.state)
        state = _MULTIPLIER * (state & _MASK) + (state >> 15)
        total = state & _MASK
        state = _MULTIPLIER * (state & _MASK) + (state >> 15)
        total += state & _MASK
        state = _MULTIPLIER * (state & _MASK) + (state >> 15)
        self.state = state
        return total + (state & _MASK) - _MEAN
