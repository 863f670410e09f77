"""What MicroPython's compiler knows by itself in machine code, for CPython.

`from table_rig import machine_code as micropython`, then `@micropython.viper`: the compiler reads
decorator and casts by their names (inversion_table.estimation.portable says more).

The tick keeps its numbers in arrays, for an attribute costs a search on the chip and a cell an
instruction. A cell holds its number plus ZERO: so it is never negative, and reads the same where a
machine word has 32 bits and where it has 64.
"""

import array

from inversion_table.estimation.portable import const, viper

__all__ = ("ZERO", "Cells", "const", "native", "ptr8", "ptr16", "ptr32", "viper")

native = viper
"""Machine code that works on objects: about twice as fast as bytecode."""

ZERO = const(1_000_000_000)


def ptr8(memory):
    """`memory`, whose bytes are read and written."""
    return memory


ptr16 = ptr8
ptr32 = ptr8


class Cells:
    """Base of a part with its numbers in `cells`; the background reads and writes them here."""

    def __init__(self, count: int) -> None:
        self.cells = array.array("i", [ZERO] * count)

    def get(self, cell: int) -> int:
        """A number."""
        return self.cells[cell] - ZERO

    def put(self, cell: int, value: int) -> None:
        """Set a number."""
        self.cells[cell] = value + ZERO
