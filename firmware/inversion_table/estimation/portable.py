"""On CPython, what MicroPython's compiler knows by itself: machine code on the chip, Python here.

`from inversion_table.estimation import portable as micropython` and then `@micropython.viper`:
MicroPython's compiler reads the decorator by its name and never calls this one. In such a function
`int(...)` takes a number out of an object, and every number is a machine word that wraps; what
keeps it equal to Python's is that no intermediate leaves +-2^30 (tests/estimation/test_int31.py).

What such functions keep from tick to tick lies in cells, words in one array: an attribute costs a
search of 2 us on the chip, a cell an instruction or two. `ptr32(cells)` takes their address, and so
does an argument `c: ptr32`. Nobody checks an index into them, and where a machine word has 64 bits
a negative word of an array reads as a large one.
"""

from array import array

ZERO = 1 << 29
"""A cell holds its number plus this: so it is never negative, and reads the same where a machine
word has 32 bits and where it has 64. Numbers from -2^29 to 2^30 fit. A module with compiled code
has a `_ZERO = const(1 << 29)` of its own, since its compiler knows only that module's constants."""


def const(value: int) -> int:
    """`value`. MicroPython's compiler puts the number itself wherever the name is used."""
    return value


def viper(function):
    """`function`."""
    return function


def ptr16(numbers):
    """`numbers`, an array("h"); machine code reads them without their sign, on any machine."""
    return numbers


class ptr32(array):  # noqa: N801
    """The words of an array: `ptr32(cells)` is `cells`."""

    def __new__(cls, cells):
        """No object of its own."""
        return cells


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
