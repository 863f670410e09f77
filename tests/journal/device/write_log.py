"""Writes three sessions into a model flash and prints a CRC of each page and of the whole.

Run on CPython and on MicroPython; the output must be the same. On MicroPython the tick's side runs
with the heap locked, so an allocation in it ends the script with a MemoryError.
"""

import binascii
import sys

from nor_flash import NorFlash
from synthetic import samples

from inversion_table.contract.records import KIND_PLAN
from inversion_table.contract.session_log import decode_session
from inversion_table.journal.recorder import Recorder
from inversion_table.journal.region import Region
from inversion_table.journal.ring import Ring

if sys.implementation.name == "micropython":
    from micropython import heap_lock, heap_unlock
else:

    def heap_lock():
        """CPython has no such thing."""

    heap_unlock = heap_lock


def record(flash, arm_mdeg, seed):
    ring = Ring(Region(flash, range(flash.block_count)), 12)
    while ring.prepare(1):
        pass
    recorder = Recorder(ring, lambda: 1_750_000_000)
    recorder.describe("0123456789abcdef", "Kim 2013, 60°", "0.1", "c0ffee", "s1", "c1", 1)
    now_ms = (1 << 30) - 30_000
    recorder.begin(now_ms, KIND_PLAN)
    count = 0
    for row in samples(arm_mdeg, 20, 2, seed, 20):
        tilt, target, rate, current, supply, state, flags = row
        now_ms = (now_ms + 100 + (count % 7 == 0)) & ((1 << 30) - 1)
        count += 1
        heap_lock()
        recorder.sample(now_ms, tilt, target, rate, current, supply, state, flags)
        if count % 50 == 0:
            recorder.event(now_ms, 1, count, -count)
        heap_unlock()
        if count % 9 == 0:
            while recorder.flush(now_ms):
                pass
    heap_lock()
    recorder.end(now_ms, 1, 0, 0, arm_mdeg, 40_000, 150)
    recorder.begin(now_ms, KIND_PLAN)
    for _ in range(300):  # the queue overflows: that allocates nothing either
        recorder.sample(now_ms, 1, 2, 3, 4, 5, 6, 7)
        recorder.event(now_ms, 1, 2, 3)
    recorder.end(now_ms, 1, 2, 3, 4, 5, 6)
    heap_unlock()
    while recorder.flush(now_ms):
        pass
    return count, recorder.lost_records, ring


def main():
    flash = NorFlash(16)
    for arm_mdeg, seed in ((30_000, 1), (-20_000, 2), (60_000, 3)):
        count, lost, ring = record(flash, arm_mdeg, seed)
        print(count, lost, ring.next_session())
    for at in range(0, len(flash.data), 256):
        print(at, binascii.crc32(flash.data[at : at + 256]))
    for info in ring.sessions():
        raw = bytearray(info.total_bytes())
        ring.read(info, 0, raw)
        kinds = {}
        check = 0
        for read in decode_session(bytes(raw), info.session):
            kinds[len(read)] = kinds.get(len(read), 0) + 1
            text = ",".join([str(value) for value in read])
            check = binascii.crc32(text.encode(), check)
        print(info.session, info.complete, info.headed, sorted(kinds.items()), check)


main()
