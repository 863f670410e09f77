"""Streams a log from a model flash on MicroPython; prints bytes allocated for each whole block."""

import gc

from inversion_table.journal.pulled import Pulled
from inversion_table.journal.region import Region
from inversion_table.journal.ring import Ring
from inversion_table.journal.session_bytes import SessionBytes
from inversion_table.link.stream import BlockStream

BLOCKS = 32


class Flash:
    """Blocks in RAM."""

    def __init__(self):
        self.data = bytearray(b"\xff" * (4096 * BLOCKS))
        self.view = memoryview(self.data)

    def readblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        buffer[:] = self.view[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset):
        at = block * 4096 + offset
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, op, arg):
        return 0


class Port:
    """Counts."""

    count = 0

    def writable(self):
        return True

    def put(self, data):
        Port.count += len(data)


class NoStore:
    def load(self, name):
        return None


def main():
    ring = Ring(Region(Flash(), range(BLOCKS)), 28)
    while ring.prepare(1):
        pass
    page = bytearray(256)
    for index in range(300):
        ring.append(page, 1, 200, (1 if index == 0 else 0) | (2 if index == 299 else 0))
    Pulled(NoStore())
    info = ring.find(1)
    stream = BlockStream(Port())
    source = SessionBytes(ring, info, 0, 1 << 29)
    stream.start(source, 0)
    stream.step(0)
    gc.collect()
    gc.disable()
    costs = []
    while source.left >= 4096:
        before = gc.mem_alloc()
        stream.step(10)
        costs.append(gc.mem_alloc() - before)
    print(len(costs), max(costs), Port.count)


main()
