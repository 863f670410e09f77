"""NOR flash as a block device like rp2.Flash, with power cuts; runs on CPython and MicroPython.

A program only clears bits; an erase sets a block's to 1. A cut leaves its page or block half done
and *suspect*: it may even read as erased. Using a suspect place as if it were erased is an error
here, as it would one day be on the chip: a page may then only be programmed to all zeros, a block
be erased again.

How a cut tears its page or block (`torn`): a piece from the beginning or to the end is done, or
bits here and there; an erase, which on the chip first programs everything to 0, may leave that.
"""

import hashlib

BLOCK_BYTES = 4096
PAGE_BYTES = 256
_PAGES = BLOCK_BYTES // PAGE_BYTES


class PowerCut(Exception):
    """The power failed in the middle of this operation."""


PREFIX = "prefix"
SUFFIX = "suffix"
BITS = "bits"
FEW_BITS = "few bits"
MOST_BITS = "most bits"
ZEROED = "zeroed"
"""Of an erase: that many 256ths are programmed to 0, nothing is erased yet."""
ZEROED_BITS = "zeroed bits"
"""Of an erase: all was programmed to 0, bits here and there are erased."""


def noise(seed: int, size: int) -> int:
    """A number of that many random bytes, the same for the same seed everywhere."""
    data = b""
    number = 0
    while len(data) < size:
        data += hashlib.sha256(b"%d %d" % (seed, number)).digest()
        number += 1
    return int.from_bytes(data[:size], "big")


def torn(old: bytes, new: bytes, tear: tuple) -> bytes:
    """What is there after the power failed on the way from `old` to `new`, as (kind, number).

    number: 256ths that are done, of a kind with a length; else the seed.
    """
    kind, number = tear
    size = len(old)
    at = size * number // PAGE_BYTES
    if kind == PREFIX:
        return new[:at] + old[at:]
    if kind == SUFFIX:
        return old[:at] + new[at:]
    if kind == ZEROED:
        return bytes(at) + old[at:]
    mask = noise(number, size)
    if kind == FEW_BITS:
        mask &= noise(number + 1_000, size) & noise(number + 2_000, size)
    elif kind == MOST_BITS:
        mask |= noise(number + 1_000, size) | noise(number + 2_000, size)
    whole = (1 << (8 * size)) - 1
    before = 0 if kind == ZEROED_BITS else int.from_bytes(old, "big")
    mixed = before & (whole ^ mask) | int.from_bytes(new, "big") & mask
    return mixed.to_bytes(size, "big")


class NorFlash:
    """`cut_at`: the number of the operation (from 0) in which the power fails; None: never.

    `cut_after`: how many 256ths of that operation take effect before it does; `tear`: how it is
    torn instead, as `torn` says; `cut_operation`: the one that it was. `history`: once it is a
    list, each whole operation: (True for an erase, page or block, content).
    """

    def __init__(self, block_count: int, data: bytearray | None = None):
        self.block_count = block_count
        self.data = bytearray(b"\xff" * (block_count * BLOCK_BYTES)) if data is None else data
        self.suspect_pages: set = set()
        self.operations = 0
        self.erases = [0] * block_count
        self.programs = 0
        self.cut_at: int | None = None
        self.cut_after = 0
        self.tear: tuple | None = None
        self.history: list | None = None
        self.cut_operation: tuple | None = None
        self.off = False

    def power_on(self) -> None:
        """The power comes back; there will be no other cut until one is asked for."""
        self.off = False
        self.cut_at = None

    def copy(self) -> "NorFlash":
        """Another flash with the same content, as doubtful as here."""
        other = NorFlash(self.block_count, bytearray(self.data))
        other.suspect_pages = set(self.suspect_pages)
        return other

    def _torn(self, old: bytes, new: bytes) -> bytes:
        return torn(old, new, self.tear or (PREFIX, min(self.cut_after, PAGE_BYTES)))

    def readblocks(self, block: int, buffer, offset: int = 0) -> None:
        start = block * BLOCK_BYTES + offset
        assert start + len(buffer) <= len(self.data), "read past the end"
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block: int, buffer, offset: int | None = None) -> None:
        if offset is None:
            for each in range(len(buffer) // BLOCK_BYTES):
                self.ioctl(6, block + each)
            offset = 0
        for at in range(0, len(buffer), PAGE_BYTES):
            self._program(block * BLOCK_BYTES + offset + at, buffer[at : at + PAGE_BYTES])

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return self.block_count
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            self._erase(argument)
        return 0

    def _program(self, start: int, new) -> None:
        if self.off:
            raise PowerCut
        assert start % PAGE_BYTES == 0, "not at a page's start"
        assert len(new) == PAGE_BYTES, "not a whole page"
        page = start // PAGE_BYTES
        zeros = not any(new)
        assert zeros or page not in self.suspect_pages, "page %d does not hold" % page
        old = self.data[start : start + PAGE_BYTES]
        value = int.from_bytes(old, "big") & int.from_bytes(new, "big")
        result = value.to_bytes(PAGE_BYTES, "big")
        assert result == bytes(new), "page %d was not erased" % page
        if self._cut_now():
            self.data[start : start + PAGE_BYTES] = self._torn(bytes(old), result)
            self.suspect_pages.add(page)
            self.cut_operation = (False, page, bytes(new))
            raise PowerCut
        self.data[start : start + PAGE_BYTES] = result
        self.suspect_pages.discard(page)
        self.programs += 1
        if self.history is not None:
            self.history.append((False, page, bytes(new)))

    def _erase(self, block: int) -> None:
        if self.off:
            raise PowerCut
        start = block * BLOCK_BYTES
        pages = range(block * _PAGES, (block + 1) * _PAGES)
        if self._cut_now():
            old = bytes(self.data[start : start + BLOCK_BYTES])
            self.data[start : start + BLOCK_BYTES] = self._torn(old, b"\xff" * BLOCK_BYTES)
            self.suspect_pages.update(pages)
            self.cut_operation = (True, block, b"")
            raise PowerCut
        self.data[start : start + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
        self.suspect_pages.difference_update(pages)
        self.erases[block] += 1
        if self.history is not None:
            self.history.append((True, block, b""))

    def _cut_now(self) -> bool:
        number = self.operations
        self.operations += 1
        self.off = number == self.cut_at
        return self.off
