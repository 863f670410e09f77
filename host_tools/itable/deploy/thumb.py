"""The RP2040's machine code without the room that mpy-cross leaves in its jumps.

mpy-cross does not know yet how far a jump forward will go, and leaves ten bytes for it, most of
them filled with `nop`: a quarter of the code. `tight` takes the code apart into instructions and
the instructions that jumps lead to, and lays them out anew with each jump as short as it can be.
What comes out is taken apart again and must be the same instructions with the same jumps; code
with anything in it that is not understood stays as it was.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_NOP = 0xBF00
_LOAD_HERE = 0x4800
"""ldr rN, [pc, #0]; N in bits 8 to 10."""
_OVER_WORD = 0xE001
"""b over the four bytes behind."""
_TO_PC = 0x4487
"""add pc, rN; N in bits 3 to 6."""
_SHORT, _NEAR = 254, 2046
"""How far a conditional and an unconditional jump reach, from four bytes behind themselves."""


class _NotUnderstoodError(ValueError):
    """Code that was not written by mpy-cross as it is known here."""


@dataclass
class _Item:
    """An instruction. word: a number that is loaded; condition: of a jump, 14 for always."""

    code: int = 0
    word: int | None = None
    condition: int | None = None
    target: int = -1
    """First an address, then an item's number."""


_ALWAYS = 14


def tight(code: bytes) -> bytes:
    """The same code in less room, or `code` itself (RQ-159)."""
    try:
        items = _items(code)
        made = _laid_out(items)
        return made if len(made) < len(code) and _items(made) == items else code
    except (_NotUnderstoodError, struct.error):
        return code


def _items(code: bytes) -> list[_Item]:
    """The instructions in their order, without `nop`; a jump over a jump is one jump."""
    found: list[_Item] = []
    number_at: dict[int, int] = {}
    for address, item in _decoded(code):
        number_at[address] = len(found)
        if item is not None:
            found.append(item)
    number_at[len(code)] = len(found)
    for item in found:
        if item.condition is not None:
            if item.target not in number_at:
                raise _NotUnderstoodError("a jump into the middle of an instruction")
            item.target = number_at[item.target]
    return _joined(found)


def _decoded(code: bytes) -> Iterator[tuple[int, _Item | None]]:
    """(address, instruction or None for nop)."""
    at = 0
    while at < len(code):
        (half,) = struct.unpack_from("<H", code, at)
        if half == _NOP:
            yield at, None
            at += 2
        elif half & 0xF800 == _LOAD_HERE:
            yield at, _loaded(code, at, half)
            at += 8
        elif half & 0xF000 == 0xD000 and half >> 8 & 15 < _ALWAYS:
            offset = (half & 0xFF ^ 0x80) - 0x80
            yield at, _Item(condition=half >> 8 & 15, target=at + 4 + 2 * offset)
            at += 2
        elif half & 0xF800 == 0xE000:
            offset = (half & 0x7FF ^ 0x400) - 0x400
            yield at, _Item(condition=_ALWAYS, target=at + 4 + 2 * offset)
            at += 2
        else:
            if half >= 0xE800 or half & 0xFF78 == 0x4478 or half & 0xF800 == 0xA000:
                raise _NotUnderstoodError("four bytes long, or it asks where it is")
            if half & 0xFF87 == _TO_PC:
                raise _NotUnderstoodError("a jump to what was worked out")
            yield at, _Item(code=half)
            at += 2


def _loaded(code: bytes, at: int, half: int) -> _Item:
    register = half >> 8 & 7
    next_half, word = struct.unpack_from("<Hi", code, at + 2)
    if half & 0xFF or at % 4:
        raise _NotUnderstoodError("a number that lies elsewhere")
    if next_half == _OVER_WORD:
        return _Item(code=register, word=word)
    if next_half == _TO_PC | register << 3:
        return _Item(code=0, condition=_ALWAYS, target=at + 6 + word)
    raise _NotUnderstoodError("a number in the middle of the code")


def _joined(items: list[_Item]) -> list[_Item]:
    """A conditional jump over a jump is one jump on the opposite condition."""
    targets = {item.target for item in items if item.condition is not None}
    keep: list[_Item] = []
    new_number: list[int] = []
    index = 0
    while index < len(items):
        item = items[index]
        following = items[index + 1] if index + 1 < len(items) else None
        new_number.append(len(keep))
        if (
            item.condition not in (None, _ALWAYS)
            and item.target == index + 2
            and following is not None
            and following.condition == _ALWAYS
            and index + 1 not in targets
        ):
            assert item.condition is not None
            keep.append(_Item(condition=item.condition ^ 1, target=following.target))
            new_number.append(len(keep))
            index += 2
            continue
        keep.append(item)
        index += 1
    new_number.append(len(keep))
    for item in keep:
        if item.condition is not None:
            item.target = new_number[item.target]
    return keep


def _laid_out(items: list[_Item]) -> bytes:
    """The code, each jump as short as it can be."""
    sizes = [_size(item, 0) for item in items]
    while True:
        places = _places(items, sizes)
        longer = False
        for number, item in enumerate(items):
            if item.condition is not None:
                level = _level(item.condition, places[number], places[item.target])
                size = _size(item, level)
                if size > sizes[number]:
                    sizes[number] = size
                    longer = True
        if not longer:
            break
    code = bytearray()
    for number, item in enumerate(items):
        while len(code) < places[number]:
            code += struct.pack("<H", _NOP)
        code += _encoded(item, places[number], places[item.target], sizes[number])
    return bytes(code)


def _size(item: _Item, level: int) -> int:
    """Bytes of an instruction; of a jump the longer, the higher its level."""
    if item.condition is not None:
        if level == 0:
            return 2
        if item.condition != _ALWAYS:
            return 4 if level == 1 else 10
        return 8 if level == 2 else 2
    return 8 if item.word is not None else 2


def _level(condition: int, here: int, there: int) -> int:
    """0: reached by the jump itself; 1: by an unconditional one; 2: by none, its target is loaded.

    Two bytes are left for the place of a conditional jump's own unconditional one.
    """
    distance = there - here - 4
    if condition != _ALWAYS and -_SHORT <= distance <= _SHORT:
        return 0
    near = -_NEAR <= distance - 2 <= _NEAR - 2
    return (1 if condition != _ALWAYS else 0) if near else 2


def _aligned(item: _Item, size: int) -> int:
    """Bytes before its number that must end at a multiple of four; -1 without a number."""
    if item.word is not None or (item.condition == _ALWAYS and size == 8):
        return 0
    return 2 if item.condition is not None and size == 10 else -1


def _places(items: list[_Item], sizes: list[int]) -> list[int]:
    places = []
    at = 0
    for item, size in zip(items, sizes, strict=True):
        before = _aligned(item, size)
        if before >= 0 and (at + before) % 4:
            at += 2
        places.append(at)
        at += size
    return [*places, at]


def _encoded(item: _Item, here: int, there: int, size: int) -> bytes:
    if item.condition is None:
        if item.word is None:
            return struct.pack("<H", item.code)
        return struct.pack("<HHi", _LOAD_HERE | item.code << 8, _OVER_WORD, item.word)
    if item.condition == _ALWAYS:
        return _jump(here, there, size)
    if size == 2:
        offset = (there - here - 4) // 2
        return struct.pack("<H", 0xD000 | item.condition << 8 | offset & 0xFF)
    over = (size - 4) // 2
    first = struct.pack("<H", 0xD000 | (item.condition ^ 1) << 8 | over)
    return first + _jump(here + 2, there, size - 2)


def _jump(here: int, there: int, size: int) -> bytes:
    if size == 2:
        return struct.pack("<H", 0xE000 | (there - here - 4) // 2 & 0x7FF)
    # Through r1, which mpy-cross takes for it too: it holds nothing between two statements.
    return struct.pack("<HHi", _LOAD_HERE | 1 << 8, _TO_PC | 1 << 3, there - here - 6)
