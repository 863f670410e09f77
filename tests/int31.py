"""An int that refuses what does not fit MicroPython's small int on a 32-bit chip."""

import operator

LOW = -(1 << 30)
HIGH = (1 << 30) - 1


class Int31Overflow(AssertionError):
    """A result outside -2^30 .. 2^30 - 1: on the chip it would become a heap-allocated big int."""


class Int31(int):
    """Behaves as int, but each arithmetic result is an Int31 and checked."""

    def __new__(cls, value: int) -> "Int31":
        if not LOW <= value <= HIGH:
            raise Int31Overflow(f"{int(value)} = 2^{abs(int(value)).bit_length()} or so")
        return super().__new__(cls, value)


def _checked(name: str):
    def method(self, *args):
        result = getattr(int, name)(self, *args)
        return result if result is NotImplemented else Int31(result)

    return method


for _name in (
    *("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and", "or", "xor"),
    *("radd", "rsub", "rmul", "rfloordiv", "rmod", "rlshift", "rrshift", "rand", "ror", "rxor"),
    *("neg", "pos", "abs", "invert"),
):
    setattr(Int31, f"__{_name}__", _checked(f"__{_name}__"))


def wrap_attributes(thing: object) -> None:
    """Turn every int attribute into an Int31, in place; bools stay."""
    for name, value in vars(thing).items():
        if type(value) is int:
            setattr(thing, name, Int31(value))


def attributes_are_checked(thing: object) -> bool:
    """True when no attribute escaped into a plain int that does not fit."""
    return all(
        LOW <= operator.index(value) <= HIGH
        for value in vars(thing).values()
        if isinstance(value, int)
    )
