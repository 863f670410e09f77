"""Code that is executed where it lies in the flash, and then takes no RAM (RQ-151, RQ-166).

MicroPython loads all code into RAM. A pack for the chip tells where in it the code of functions
lies (contract/codes.py). At its first start at home these are copied into files of exactly one
block, which littlefs keeps in one piece and where they are, as journal/reserve.py explains. At
every start the code of each function that was loaded is compared with its copy; where they are the
same to the last byte, the function is told to execute the copy, and what was loaded is free.

So it is always the program that was loaded that runs. Whatever is wrong with the copies, with where
they lie, or with how this MicroPython keeps a function, leaves a function as it was, in RAM.

A file of the folder begins with HEAD_BYTES: MAGIC, the pack's id (16 bytes of ASCII), four bytes
that are other ones each time the files are made, u16 its number, u16 how many there are. Those four
bytes make it certain that what is found in the flash is the file's block, and not one that a
removed file left behind. The codes follow, each where its row says.
"""

import gc
import os
import struct
import sys
from array import array
from binascii import crc32

from uctypes import bytearray_at

from inversion_table.chooser import MANIFEST
from inversion_table.contract.codes import (
    CODES,
    FILE_BYTES,
    HEAD_BYTES,
    PLACE_UNIT_BYTES,
    ROW,
    ROW_BYTES,
    UNITS,
)
from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import ptr8, ptr16, ptr32
from inversion_table.journal.region import IOCTL_BLOCK_COUNT, has_room

FOLDER = "/code"
MAGIC = b"IJ code "
_BUILD_CHARS = 16
_OTHER_BYTES = 4
_NUMBERS = "<HH"
_MARK_BYTES = len(MAGIC) + _BUILD_CHARS + _OTHER_BYTES
"""So much of a file's head is the same in all files that were made together."""
_FLASH_BEGIN = 0x1000_0000
_FLASH_MOST_BYTES = 16 << 20
"""The flash is some power of two of bytes, and the filesystem lies at its end: datasheet RP2040
2.6.3 and the boards' definitions in MicroPython. The filesystem's first block tells which."""
_ALIKE_BYTES = 64
_RAM = (0x2000_0000, 0x2008_2000)
"""Of the larger of the two chips, RP2350."""
_WORD_BYTES = struct.calcsize("P")
_WIDE = _WORD_BYTES > 4
_CODE_AT = 3 * _WORD_BYTES
"""Where MicroPython keeps the address of a function's code: behind its type and two more words."""
_EXECUTED_NOW = (__name__, "inversion_table.startup")


class Memory:
    """What can be read as memory: the filesystem's blocks, and what MicroPython allocates.

    flash_start: address of its first block; ram: (lowest address, the first one beyond).
    """

    def __init__(self, flash_start: int, block_count: int, ram: tuple) -> None:
        self.flash_start = flash_start
        self.block_count = block_count
        self.ram = ram


def memory_of(flash):
    """The chip's, where `flash` holds the filesystem; None where that cannot be told."""
    if sys.platform != "rp2":
        return None
    block_count = flash.ioctl(IOCTL_BLOCK_COUNT, 0)
    block = bytearray(_ALIKE_BYTES)
    flash.readblocks(0, block, 0)
    size_bytes = 1 << 20
    while size_bytes <= _FLASH_MOST_BYTES:
        start = _FLASH_BEGIN + size_bytes - block_count * FILE_BYTES
        if start > _FLASH_BEGIN and bytearray_at(start, _ALIKE_BYTES) == block:
            return Memory(start, block_count, _RAM)
        size_bytes *= 2
    return None


def execute_there(memory, pack: str, root: str, build: str, may_write, progress) -> array:
    """Let what was loaded from `pack` (mounted as `root`) execute in the flash, as far as it can.

    memory: a Memory, or None; build: the pack's id; may_write(): whether copies may be made, which
    erases a dozen blocks, asked if there are none; progress(done, total): called after each.
    Returns address and CRC-32 of each block that is used, alternately, which are to be watched from
    now on; nothing where all stays in RAM. To be called before anything but functions of `startup`
    and of this module is being executed: the code of a call under way must not be let go.
    """
    if memory is None or len(build) != _BUILD_CHARS:
        return array("L")
    try:
        rows = bytearray(os.stat(root + CODES)[6])
        with open(root + CODES, "rb") as file:
            file.readinto(rows)
        count = struct.unpack_from(ROW, rows, len(rows) - ROW_BYTES)[0] // UNITS + 1
        blocks = _blocks(memory, build, count)
        if blocks is None and may_write():
            _make(pack, os.stat(root + MANIFEST)[6], rows, build, count, progress)
            blocks = _blocks(memory, build, count)
    except OSError:
        return array("L")
    if blocks is None:
        return array("L")
    watched = array("L")
    for block in blocks:
        address = memory.flash_start + block * FILE_BYTES
        watched.append(address)
        watched.append(crc32(bytearray_at(address, FILE_BYTES)) & 0xFFFFFFFF)
    _use(memory, rows, blocks)
    gc.collect()
    return watched


def _path(number: int) -> str:
    return "%s/%03d" % (FOLDER, number)


# --- the copies ----------------------------------------------------------------------------------


def _make(pack: str, begin: int, rows: bytearray, build: str, count: int, progress) -> None:
    """Copy the codes of the pack, which begin behind its manifest, into files made anew.

    Raises OSError.
    """
    _remove()
    if not has_room(FOLDER, count):
        return
    mark = MAGIC + build.encode() + os.urandom(_OTHER_BYTES)
    content = bytearray(FILE_BYTES)
    row = 0
    with open(pack, "rb") as source:
        for number in range(count):
            content[:HEAD_BYTES] = mark + struct.pack(_NUMBERS, number, count)
            while row < len(rows):
                place, size, offset = struct.unpack_from(ROW, rows, row)
                if place // UNITS != number:
                    break
                at = place % UNITS * PLACE_UNIT_BYTES
                source.seek(begin + offset)
                content[at : at + size] = source.read(size)
                row += ROW_BYTES
            with open(_path(number), "wb") as file:
                file.write(content)
            progress(number + 1, count)


def _remove() -> None:
    """Make the folder, or empty it."""
    try:
        names = os.listdir(FOLDER)
    except OSError:
        os.mkdir(FOLDER)
        return
    for name in names:
        os.remove(FOLDER + "/" + name)


def _blocks(memory, build: str, count: int):
    """The block of each file; None unless each file is there and found once."""
    mark = _mark(build, count)
    if not mark:
        return None
    blocks = array("H", [0] * count)  # block 0 is the filesystem's own
    for block in range(memory.block_count):
        address = memory.flash_start + block * FILE_BYTES
        if bytearray_at(address, _MARK_BYTES) == mark:
            number, of = struct.unpack(_NUMBERS, bytearray_at(address + _MARK_BYTES, 4))
            if number >= count or of != count or blocks[number]:
                return None
            blocks[number] = block
    return blocks if min(blocks) else None


def _mark(build: str, count: int) -> bytes:
    """What all files begin with; b"" unless each of them is there, whole and of that build."""
    mark = b""
    head = bytearray(HEAD_BYTES)
    for number in range(count):
        try:
            if os.stat(_path(number))[6] != FILE_BYTES:
                return b""
            with open(_path(number), "rb") as file:
                file.readinto(head)
        except OSError:
            return b""
        if number == 0:
            mark = bytes(head[:_MARK_BYTES])
        if head != mark + struct.pack(_NUMBERS, number, count):
            return b""
    return mark if mark[:-_OTHER_BYTES] == MAGIC + build.encode() else b""


# --- the functions -------------------------------------------------------------------------------


def _use(memory, rows: bytearray, blocks) -> None:
    """Let each function whose code is the same as a copy in `blocks` execute that one."""
    lowest, beyond = memory.ram
    places = array("I")
    for function in _functions():
        place = id(function) + _CODE_AT
        code = int.from_bytes(bytearray_at(place, _WORD_BYTES), "little")
        if lowest <= code < beyond:
            places.append(place - lowest)
            places.append(code - lowest)
    _compare(rows, len(rows) // 2, blocks, memory.flash_start, places, len(places), lowest)


@micropython.viper
def _compare(
    rows, rows_end: int, blocks, flash_start: int, places, places_end: int, ram_start: int
):
    """`_use`. places: where the address of each code is kept, and where it is, from `ram_start`.

    Where code and copy are the same, the copy's address is kept there instead.
    """
    halves = ptr16(rows)
    block_of = ptr16(blocks)
    offsets = ptr32(places)
    row = 0
    while row < rows_end:
        at = halves[row]
        size = halves[row + 1]
        address = flash_start + (block_of[at >> 10] << 12) + ((at & 1023) << 2)
        copy = ptr32(address)
        first = copy[0]
        one = 0
        while one < places_end:
            code = ptr32(ram_start + offsets[one + 1])
            if code[0] == first:
                done = 4
                while done + 4 <= size and code[done >> 2] == copy[done >> 2]:
                    done += 4
                code_bytes = ptr8(code)
                copy_bytes = ptr8(copy)
                while done < size and code_bytes[done] == copy_bytes[done]:
                    done += 1
                if done >= size:
                    kept = ptr32(ram_start + offsets[one])
                    kept[0] = address
                    if int(_WIDE):
                        kept[1] = address >> 32
            one += 2
        row += 4


def _functions():
    """The functions and methods of all modules of the program that are loaded."""
    kinds = (type(_values), type(_functions), type(_compare))
    for name in list(sys.modules):
        if name.startswith("inversion_table.") and name not in _EXECUTED_NOW:
            for value in _values(sys.modules[name].__dict__):
                if type(value) in kinds:
                    yield value


def _values(names: dict) -> list:
    """Values of a module, and of the classes in it."""
    found: list = []
    for value in names.values():
        if type(value) is type:
            found += value.__dict__.values()
        else:
            found.append(value)
    return found
