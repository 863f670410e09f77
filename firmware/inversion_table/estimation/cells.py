"""Where compiled code (portable.py) keeps its numbers from tick to tick: cells, words of one array.

An attribute costs a search of 2 us on the chip, a cell an instruction or two. Each has a name that
is its place: `c[UP_X]`, where `c` is a `ptr32` of the cells.
"""

from array import array

ZERO = 1 << 29
"""A cell holds its number plus this: so it is never negative, and reads the same where a machine
word has 32 bits and where it has 64. Numbers from -2^29 to 2^30 fit. A module with compiled code
has a `_ZERO = const(1 << 29)` of its own, since its compiler knows only that module's constants."""


class Cells:
    """Base of a part that keeps its numbers in `cells`; `get` and `put` are for the background.

    Bytecode in the tick must not call them: a word past 2^30 is an object with memory of its own.
    """

    def __init__(self, count: int) -> None:
        self.cells = array("i", [ZERO] * count)

    def get(self, cell: int) -> int:
        """The number in a cell."""
        return self.cells[cell] - ZERO

    def put(self, cell: int, number: int) -> None:
        """Set the number in a cell, at once."""
        self.cells[cell] = number + ZERO
