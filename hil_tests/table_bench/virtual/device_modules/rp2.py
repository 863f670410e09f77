"""Stand-in for the chip's `rp2` module: NOR flash in a file that outlives the process.

Programming only clears bits; erasing sets a 4 KB sector to 0xFF. Both stop everything else, timers
included, for as long as a typical part takes (W25Q16JV: 45 ms a sector, 1 ms a page).
"""

import bench_config
import bench_core as core
import bench_frame as frame

_SECTOR = 4096
_PAGE = 256
_ERASE_US = 45_000
_PROGRAM_US = 1_000
_ERASED = b"\xff" * _SECTOR


class _File:
    stream = None
    at_the_factory = False


def at_the_factory(whether):
    """While it is there, the flash is written in no time: that is before the power is on."""
    _File.at_the_factory = whether


def open_flash(path):
    """Open the file that holds the flash's content."""
    _File.stream = open(path, "r+b")


class Flash:
    """A part of the flash as a block device (extended interface)."""

    def __init__(self, start=0, len=-1):
        size = bench_config.values["flash_bytes"]
        if len < 0:
            len = size - start
        if start % _SECTOR or len % _SECTOR or start + len > size:
            raise ValueError("start and len must be multiples of 4096 inside the flash")
        self._start = start
        self._sectors = len // _SECTOR

    def readblocks(self, block, buf, offset=0):
        """Read into `buf`."""
        _File.stream.seek(self._start + block * _SECTOR + offset)
        _File.stream.readinto(buf)

    def writeblocks(self, block, buf, offset=None):
        """Without offset: erase, then program. With offset: program only."""
        size = len(buf)
        if offset is None:
            for i in range(size // _SECTOR):
                self._erase(self._start + (block + i) * _SECTOR)
            offset = 0
        self._program(self._start + block * _SECTOR + offset, buf, size)

    def ioctl(self, op, arg):
        """4: number of blocks, 5: bytes a block, 6: erase block `arg`; others do nothing."""
        if op == 4:
            return self._sectors
        if op == 5:
            return _SECTOR
        if op == 6:
            self._erase(self._start + arg * _SECTOR)
        return 0

    def _erase(self, address):
        done = _busy(frame.FLASH_ERASE, address, _SECTOR, _ERASE_US)
        _File.stream.seek(address)
        _File.stream.write(_ERASED if done == _SECTOR else _ERASED[:done])
        _finish(done, _SECTOR)

    def _program(self, address, buf, size):
        pages = (address % _PAGE + size + _PAGE - 1) // _PAGE
        done = _busy(frame.FLASH_PROGRAM, address, size, pages * _PROGRAM_US)
        _File.stream.seek(address)
        old = int.from_bytes(_File.stream.read(size), "big")
        new = (old & int.from_bytes(buf, "big")).to_bytes(size, "big")
        _File.stream.seek(address)
        _File.stream.write(new if done == size else new[:done])
        _finish(done, size)


def _busy(op, address, size, cost_us):
    """Pass the time of one operation; returns how many of its bytes take effect."""
    if _File.at_the_factory:
        return size
    core.out[frame.NOW_US] += cost_us
    core.out[frame.ARG0] = op
    core.out[frame.ARG1] = address
    core.out[frame.ARG2] = size
    return core.ask(frame.FLASH)


def _finish(done, size):
    """Hand over to the bench if power fails in mid-operation; let held-back timers fire."""
    if done < size:
        core.ask(frame.RESET)
    core.spend(0)
