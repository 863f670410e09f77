"""An int that refuses what does not fit MicroPython's small int on a 32-bit chip."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Iterable
from typing import Any

LOW = -(1 << 30)
HIGH = (1 << 30) - 1


class Int31Overflow(AssertionError):
    """A result outside -2^30 .. 2^30 - 1: on the chip it would become a heap-allocated big int."""


class Int31(int):
    """Behaves as int, but each arithmetic result is an Int31 and checked."""

    def __new__(cls, value: int) -> Int31:
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


class Word(int):
    """What lies in a cell: a number plus ZERO (inversion_table.estimation.cells)."""

    def __new__(cls, value: int) -> Word:
        """No cell holds a negative number, or one of more than 31 bits."""
        if not 0 <= value < 1 << 31:
            raise Int31Overflow(f"{int(value)} does not fit in a cell")
        return super().__new__(cls, value)

    def __add__(self, number: int) -> Word:
        return Word(int(self) + int(number))

    def __sub__(self, other: int) -> Any:
        """Less ZERO, or another word, it is a number again; less a number, a word."""
        difference = int(self) - int(other)
        return Int31(difference) if isinstance(other, (Word, Zero)) else Word(difference)


class Zero(Int31):
    """ZERO itself: what it is added to leaves the small ints on purpose."""

    def __radd__(self, number: int) -> Word:
        return Word(int(number) + int(self))


class CheckedCells:
    """In place of an array of cells: only words go in, and numbers come out checked."""

    def __init__(self, cells: Any) -> None:
        self._cells = list(cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __getitem__(self, cell: int) -> Word:
        return Word(self._cells[cell])

    def __setitem__(self, cell: int, word: int) -> None:
        assert isinstance(word, (Word, Zero)), f"{word} in cell {cell}: without ZERO?"
        self._cells[cell] = word


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


class CheckedWords(array):
    """Stands in for an `array("i")` of machine code: its words come out as Int31."""

    def __new__(cls, words: Iterable[int]):
        """Of the same content."""
        return super().__new__(cls, "i", words)

    def __getitem__(self, at):
        return Int31(super().__getitem__(at))

    def __setitem__(self, at, value) -> None:
        """A word; not negative, since machine code reads 32 bits without their sign."""
        assert value >= 0, f"word {at}: {value}"
        super().__setitem__(at, Int31(value))
