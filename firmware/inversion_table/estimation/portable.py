"""On CPython, what MicroPython's compiler knows by itself: machine code on the chip, Python here.

`from inversion_table.estimation import portable as micropython` and then `@micropython.viper`:
MicroPython's compiler reads the decorator by its name and never calls this one. In such a function
`int(...)` takes a number out of an object, and every number is a machine word that wraps; what
keeps it equal to Python's is that no intermediate leaves +-2^30 (tests/estimation/test_int31.py).
`ptr32(...)` is where the numbers of an array lie: nobody checks an index into them, and on a 64-bit
machine a negative one reads as a large one.
"""


def const(value: int) -> int:
    """`value`. MicroPython's compiler puts the number itself wherever the name is used."""
    return value


def viper(function):
    """`function`."""
    return function


def ptr16(numbers):
    """`numbers`, an array("h"); machine code reads them without their sign, on any machine."""
    return numbers


def ptr32(numbers):
    """`numbers`, an array("i")."""
    return numbers
