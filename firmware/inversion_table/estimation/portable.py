"""On CPython, what MicroPython's compiler knows by itself: machine code on the chip, Python here.

`from inversion_table.estimation import portable as micropython` and then `@micropython.viper`:
MicroPython's compiler reads the decorator by its name and never calls this one. In such a function
`int(...)` takes a number out of an object, and every number is a machine word that wraps; what
keeps it equal to Python's is that no intermediate leaves +-2^30 (tests/estimation/test_int31.py),
and that no variable is negated or inverted: MicroPython 1.28 and 1.29 do that in the variable's own
register, so that `-x` changes x. `0 - x` and `x ^ ALL` do not; tests/project/rules.py looks for it.

`ptr32(numbers)` takes the address of an array's words, and so does an argument `c: ptr32`. Nobody
checks an index into them, and where a machine word has 64 bits a negative one reads as a large one
(cells.py says what helps).
"""

from array import array


def const(value: int) -> int:
    """`value`. MicroPython's compiler puts the number itself wherever the name is used."""
    return value


def viper(function):
    """`function`."""
    return function


def ptr8(content):
    """`content`. Machine code works on its bytes directly: 0 .. 255, and no bounds are checked."""
    return content


def ptr16(numbers):
    """`numbers`, an array("h"); machine code reads them without their sign, on any machine."""
    return numbers


class ptr32(array):  # noqa: N801
    """`numbers`, an array("i")."""

    def __new__(cls, numbers):
        """No object of its own."""
        return numbers
