"""The form of a compiled file (.mpy version 6), as far as its functions' code can be told.

header (4 bytes), numbers of names and objects, names, objects, then the code of the module with
that of the functions in it. A number is written in groups of seven bits, the highest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

BYTECODE, VIPER = 0, 2
_NATIVE_PY, _ASM = 1, 3
_HEADER_BYTES = 4
_PLAIN_OBJECTS = 4
"""Kinds of object up to this one are the kind alone: None, True and so on."""
_TEXTS, _TUPLE = (5, 6), 10
_RELOCATED = 0x20
"""Scope flag of machine code that a linker made."""


class MpyError(ValueError):
    """The file is not as this module knows them."""


@dataclass(frozen=True)
class _Code:
    """Where the code of one function is: its length with its kind, and its bytes."""

    kind: int
    flags: int
    has_children: bool
    length_at: int
    begin: int
    end: int


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = _HEADER_BYTES

    def byte(self) -> int:
        if self.at >= len(self.content):
            raise MpyError("it ends too soon")
        self.at += 1
        return self.content[self.at - 1]

    def number(self) -> int:
        value = 0
        while True:
            group = self.byte()
            value = value << 7 | group & 0x7F
            if not group & 0x80:
                return value

    def names(self, count: int) -> None:
        for _ in range(count):
            length = self.number()
            if not length & 1:  # else one that MicroPython has already
                self.at += (length >> 1) + 1

    def objects(self, count: int) -> None:
        for _ in range(count):
            kind = self.byte()
            if kind <= _PLAIN_OBJECTS:
                continue
            length = self.number()
            if kind == _TUPLE:
                self.objects(length)
            else:
                self.at += length + (kind in _TEXTS)

    def codes(self) -> Iterator[_Code]:
        length_at = self.at
        length = self.number()
        kind, has_children = length & 3, bool(length & 4)
        begin = self.at
        self.at = end = begin + (length >> 3)
        flags = self.number() if kind else 0
        if kind == _ASM:
            self.number()
            self.number()
        yield _Code(kind, flags, has_children, length_at, begin, end)
        if has_children:
            for _ in range(self.number()):
                yield from self.codes()


def _codes(content: bytes) -> list[_Code]:
    """The module's own code, and then that of each function in it. Raises MpyError."""
    reader = _Reader(content)
    names, objects = reader.number(), reader.number()
    reader.names(names)
    reader.objects(objects)
    codes = list(reader.codes())
    if reader.at != len(content):
        raise MpyError("something follows its end")
    return codes


def functions(content: bytes) -> list[tuple[int, int, bool]]:
    """(where its code begins, bytes, whether it is bytecode) of each function. Raises MpyError."""
    return [
        (code.begin, code.end - code.begin, code.kind == BYTECODE) for code in _codes(content)[1:]
    ]


def with_code(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The file with `change` made to the code of each function in viper. Raises MpyError."""
    made = bytearray()
    at = 0
    for code in _codes(content):
        if code.kind != VIPER or code.flags & _RELOCATED:
            continue
        changed = change(content[code.begin : code.end])
        made += content[at : code.length_at]
        made += _number(len(changed) << 3 | code.has_children << 2 | code.kind)
        made += changed
        at = code.end
    return bytes(made + content[at:])


def _number(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
