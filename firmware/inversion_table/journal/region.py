"""Raw flash blocks, wherever they lie on the chip, as one row of 256-byte pages.

The flash is a block device like `rp2.Flash`: blocks of 4096 bytes,

    readblocks(block, buffer, offset)     read len(buffer) bytes
    writeblocks(block, buffer, offset)    program only: a 1 may become a 0, never the reverse
    ioctl(6, block)                       erase one block to 0xFF

An erase stalls the whole chip, interrupts too, for 45 ms typically and 400 ms at worst; a page
program for 0.8 to 3 ms.
"""

import os

from inversion_table.contract.pages import PAGE_BYTES

BLOCK_BYTES = 4096
PAGES_PER_BLOCK = BLOCK_BYTES // PAGE_BYTES
IOCTL_BLOCK_COUNT = 4
_IOCTL_BLOCK_ERASE = 6
_FREE_BLOCKS = 3
"""In what os.statvfs tells."""
_LEFT_FREE_BLOCKS = 8
"""What is left to everything else that is stored: 32 KB."""


def has_room(folder: str, block_count: int) -> bool:
    """Whether `folder`'s filesystem has room for so many blocks more (RQ-164); raises OSError."""
    return os.statvfs(folder)[_FREE_BLOCKS] >= block_count + _LEFT_FREE_BLOCKS


class Region:
    """The pages of `flash_blocks` (the device's block numbers, in the order of this region)."""

    def __init__(self, flash, flash_blocks):
        self._flash = flash
        self._flash_blocks = flash_blocks
        self.block_count = len(flash_blocks)
        self.page_count = self.block_count * PAGES_PER_BLOCK
        self._scratch = bytearray(PAGE_BYTES)
        self._erased = b"\xff" * PAGE_BYTES

    def read(self, page: int, buffer: bytearray | memoryview, offset: int = 0) -> None:
        """Read len(buffer) bytes from byte `offset` of page number `page`, inside one block."""
        block, page_in_block = divmod(page, PAGES_PER_BLOCK)
        at = page_in_block * PAGE_BYTES + offset
        self._flash.readblocks(self._flash_blocks[block], buffer, at)

    def program(self, page: int, buffer: bytearray | memoryview) -> bool:
        """Program one erased page; returns whether it then reads back as given."""
        block, page_in_block = divmod(page, PAGES_PER_BLOCK)
        self._flash.writeblocks(self._flash_blocks[block], buffer, page_in_block * PAGE_BYTES)
        self.read(page, self._scratch)
        return self._scratch == buffer

    def erase(self, block: int) -> None:
        """Erase one block of the region (stalls the chip: only at home with the motor off)."""
        self._flash.ioctl(_IOCTL_BLOCK_ERASE, self._flash_blocks[block])

    def is_erased(self, page: int) -> bool:
        """Whether every bit of the page reads as 1."""
        self.read(page, self._scratch)
        return self._scratch == self._erased
