"""NOR flash as a block device like rp2.Flash, with power cuts; runs on CPython and MicroPython.

A program only clears bits; an erase sets a block's to 1. A cut leaves its page or block half done
and *suspect*: it may even read as erased. Using a suspect place as if it were erased is an error
here, as it would one day be on the chip: a page may then only be programmed to all zeros, a block
be erased again.
"""

BLOCK_BYTES = 4096
PAGE_BYTES = 256
_PAGES = BLOCK_BYTES // PAGE_BYTES


class PowerCut(Exception):
    """The power failed in the middle of this operation."""


class NorFlash:
    """`cut_at`: the number of the operation (from 0) in which the power fails; None: never.

    `cut_after`: how many bytes of that operation take effect before it does.
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
        self.off = False

    def power_on(self) -> None:
        """The power comes back; there will be no other cut until one is asked for."""
        self.off = False
        self.cut_at = None

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
            done = min(self.cut_after, PAGE_BYTES)
            self.data[start : start + done] = result[:done]
            self.suspect_pages.add(page)
            raise PowerCut
        self.data[start : start + PAGE_BYTES] = result
        self.suspect_pages.discard(page)
        self.programs += 1

    def _erase(self, block: int) -> None:
        if self.off:
            raise PowerCut
        start = block * BLOCK_BYTES
        pages = range(block * _PAGES, (block + 1) * _PAGES)
        if self._cut_now():
            done = min(self.cut_after * _PAGES, BLOCK_BYTES)
            self.data[start : start + done] = b"\xff" * done
            self.suspect_pages.update(pages)
            raise PowerCut
        self.data[start : start + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
        self.suspect_pages.difference_update(pages)
        self.erases[block] += 1

    def _cut_now(self) -> bool:
        number = self.operations
        self.operations += 1
        self.off = number == self.cut_at
        return self.off
