"""Keeps flash blocks for the log inside a littlefs filesystem that covers the whole flash.

MicroPython's boot code mounts littlefs over all of the flash and formats it anew when the sizes
differ, so there is no room beside the filesystem. This reserves blocks through it: `block_count`
files of exactly one block each. littlefs keeps a file of that size in one data block, without
pointers or a checksum in it, and never moves or rewrites a block of a file that is not written; so
that block may be programmed and erased directly, as long as the file is there and left alone.

Which block a file lies in, littlefs does not tell. Each new file is filled with a page of marker
("IJ marker", u32 serial number little-endian, larger than any on the flash) and erased bytes; the
block of the raw flash with the same content as the file is the file's. The answer is kept as a
value in the store (`MAP_NAME`):

    {"blocks": [flash block of file 0, of file 1, ...]}

Whether the map still holds is proved file by file: littlefs walks the folder for each, which takes
one or two seconds for all. A start does not wait for it: the map is believed for reading, and
before the first page is programmed or erased all of it has been proved (`Proof`, RQ-163).

The search needs no markers: pages of the log are unique too. So when the map is lost, the blocks
are found again by what lies in them; files that read as erased hold no data and are made anew. The
order is the files' own, hence the ring's is kept.

Making one file costs an erase (45 ms typically) and its commit; it stalls the chip: only at home
with the motor off.
"""

import os
from array import array
from binascii import crc32

from inversion_table.contract.pages import PAGE_BYTES
from inversion_table.journal.region import BLOCK_BYTES, IOCTL_BLOCK_COUNT, Region, has_room
from inversion_table.store import StoreError

MAP_NAME = "journal_map"
_MARKER = b"IJ marker"
_SERIAL_AT = len(_MARKER)
_SERIAL_END = _SERIAL_AT + 4
_CHUNKS = BLOCK_BYTES // PAGE_BYTES
_FILE_TRIES = 3
_ENOENT = 2


class ReserveError(Exception):
    """The flash for the log cannot be had; the text says why and what to do."""


def no_progress(done: int, total: int) -> None:
    """Progress that nobody watches."""


def open_region(flash, folder: str, store, block_count: int, progress=no_progress) -> tuple:
    """(the log's region in `flash`, the device that `folder` is mounted on; its Proof).

    The first time, and whenever its map or a file is missing, this makes files and searches the
    flash (`is_reserved` tells beforehand), and leaves nothing to prove. Before its Proof is done,
    the region may only be read. A reservation of another size than `block_count` is kept as it is,
    with the log in it. `progress(done, total)` is called after each block that is made, and again
    after each that is found: a watchdog may run meanwhile. Raises ReserveError; journal/absent.py
    then stands in for the ring.
    """
    reservation = _Reservation(flash, folder, store)
    blocks = reservation.known_blocks()
    if blocks is not None:
        return Region(flash, blocks), Proof(reservation, blocks)
    blocks = reservation.build(block_count, progress)
    return Region(flash, blocks), Proof(reservation, ())


def is_reserved(flash, folder: str, store) -> bool:
    """Whether map and files are there, so that `open_region` will erase nothing."""
    return _Reservation(flash, folder, store).known_blocks() is not None


def forget(store) -> None:
    """Drop a map that proved wrong: the next `open_region` makes it anew. Raises StoreError."""
    store.save(MAP_NAME, None)


class Proof:
    """Compares the files of a map with their blocks, one at each step, until one is `disproved`."""

    def __init__(self, reservation, blocks):
        self.disproved = False
        self._reservation = reservation
        self._blocks = blocks
        self._next = 0

    def pending(self) -> bool:
        """Whether there is more to compare."""
        return not self.disproved and self._next < len(self._blocks)

    def step(self) -> None:
        """Compare one file with its block: some milliseconds, for littlefs walks the folder."""
        index = self._next
        self._next = index + 1
        try:
            self.disproved = not self._reservation.same(index, self._blocks[index], 1)
        except OSError:
            self.disproved = True


class _Reservation:
    def __init__(self, flash, folder: str, store):
        self._flash = flash
        self._folder = folder.rstrip("/")
        self._store = store
        self._chunk = bytearray(PAGE_BYTES)
        self._raw = bytearray(PAGE_BYTES)
        self._flash_blocks = flash.ioctl(IOCTL_BLOCK_COUNT, 0)
        self._serial = 0

    def known_blocks(self):
        """The stored map, if it is sound and each of its files is there; else None."""
        blocks = self._stored_blocks()
        if blocks is None:
            return None
        try:
            sizes = self._sizes()
        except OSError:
            return None
        for index in range(len(blocks)):
            if sizes.get(_name(index)) != BLOCK_BYTES:
                return None
        return blocks

    def build(self, block_count: int, progress) -> array:
        """Make the files that are missing or empty, find the block of each, store the map."""
        stored = self._stored_blocks()
        if stored is not None:
            block_count = len(stored)
        self._serial = self._largest_serial()
        try:
            sizes = self._sizes()
            missing = [
                index for index in range(block_count) if sizes.get(_name(index)) != BLOCK_BYTES
            ]
            # Before anything is made: a filesystem that is full keeps nothing any more (RQ-164).
            if not has_room(self._folder, len(missing)):
                raise OSError("no room")
            for index in range(block_count):
                if index in missing or self._is_blank(index):
                    self._make(index)
                progress(index + 1, block_count)
            blocks = self._find(block_count, progress)
        except OSError as error:
            raise ReserveError(
                "cannot reserve %d KB of flash for the log in %s (%s): delete files that are not"
                " needed, or reserve less"
                % (block_count * BLOCK_BYTES // 1024, self._folder, error)
            ) from None
        try:
            self._store.save(MAP_NAME, {"blocks": list(blocks)})
        except StoreError as error:
            raise ReserveError("cannot keep the map of the log: %s" % error) from None
        return blocks

    def _stored_blocks(self):
        """The map as it is stored; None when there is none, or it is damaged: it can be rebuilt."""
        try:
            stored = self._store.load(MAP_NAME)
        except StoreError:
            return None
        blocks = stored.get("blocks") if isinstance(stored, dict) else None
        if not isinstance(blocks, list) or len(set(blocks)) != len(blocks):
            return None
        for block in blocks:
            if not isinstance(block, int) or not 0 <= block < self._flash_blocks:
                return None
        return array("H", blocks)

    def _sizes(self) -> dict:
        """Name -> bytes of the files in the folder, which is made if it is missing."""
        try:
            return {entry[0]: entry[-1] for entry in os.ilistdir(self._folder)}
        except OSError:
            os.mkdir(self._folder)
            return {}

    def _path(self, index: int) -> str:
        return self._folder + "/" + _name(index)

    def _make(self, index: int) -> None:
        """Make file `index` anew, with a marker that was never used before."""
        path = self._path(index)
        try:
            os.remove(path)
        except OSError as error:
            if error.errno != _ENOENT:
                raise
        page = bytearray(b"\xff" * PAGE_BYTES)
        self._serial = (self._serial + 1) & 0xFFFFFFFF
        page[:_SERIAL_AT] = _MARKER
        page[_SERIAL_AT:_SERIAL_END] = self._serial.to_bytes(4, "little")
        with open(path, "wb") as file:
            file.write(page)
            for at in range(PAGE_BYTES):
                page[at] = 0xFF
            for _ in range(_CHUNKS - 1):
                file.write(page)

    def _largest_serial(self) -> int:
        """Of all markers on the flash, those in blocks that littlefs has freed as well."""
        largest = 0
        for block in range(self._flash_blocks):
            self._flash.readblocks(block, self._raw, 0)
            if self._raw[:_SERIAL_AT] == _MARKER:
                serial = int.from_bytes(self._raw[_SERIAL_AT:_SERIAL_END], "little")
                largest = max(largest, serial)
        return largest

    def _is_blank(self, index: int) -> bool:
        blank = b"\xff" * PAGE_BYTES
        with open(self._path(index), "rb") as file:
            while file.readinto(self._chunk):
                if self._chunk != blank:
                    return False
        return True

    def _is_marker(self, index: int) -> bool:
        with open(self._path(index), "rb") as file:
            file.readinto(self._chunk)
        return self._chunk[:_SERIAL_AT] == _MARKER

    def same(self, index: int, block: int, chunks: int) -> bool:
        """Whether file and flash block agree in their first `chunks` pages."""
        with open(self._path(index), "rb") as file:
            for chunk in range(chunks):
                file.readinto(self._chunk)
                self._flash.readblocks(block, self._raw, chunk * PAGE_BYTES)
                if self._chunk != self._raw:
                    return False
        return True

    def _find(self, block_count: int, progress) -> array:
        """The flash block of each file; on the chip this takes 6 s."""
        blocks = array("H", [0] * block_count)
        missing = list(range(block_count))
        for _ in range(_FILE_TRIES):
            prints = array("I", [self._block_crc(block) for block in range(self._flash_blocks)])
            again = []
            for index in missing:
                found = self._blocks_like(index, prints)
                if len(found) == 1:
                    blocks[index] = found[0]
                elif self._is_marker(index):
                    self._make(index)
                    again.append(index)
                else:
                    raise ReserveError(
                        "%s holds log data that lie in the flash %d times, not once: pull the log,"
                        " then delete the folder" % (self._path(index), len(found))
                    )
                progress(index + 1, block_count)
            if not again:
                return blocks
            missing = again
        raise ReserveError(
            "the files in %s are not found in the flash: is it another device's folder?"
            % self._folder
        )

    def _blocks_like(self, index: int, prints: array) -> list:
        """Flash blocks with the content of file `index`; `prints`: each block's CRC-32."""
        crc = 0
        with open(self._path(index), "rb") as file:
            while file.readinto(self._chunk):
                crc = crc32(self._chunk, crc)
        crc &= 0xFFFFFFFF
        return [
            block
            for block in range(self._flash_blocks)
            if prints[block] == crc and self.same(index, block, _CHUNKS)
        ]

    def _block_crc(self, block: int) -> int:
        crc = 0
        for chunk in range(_CHUNKS):
            self._flash.readblocks(block, self._raw, chunk * PAGE_BYTES)
            crc = crc32(self._raw, crc)
        return crc & 0xFFFFFFFF


def _name(index: int) -> str:
    return "%03d" % index
