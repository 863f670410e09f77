"""Writes sessions, one with faults, into a model flash; prints a CRC of each page and of the whole.

Run on CPython and on MicroPython; the output must be the same. On MicroPython the tick's side runs
with the heap locked, so an allocation in it ends the script with a MemoryError.
"""

import binascii
import sys

from nor_flash import NorFlash
from synthetic import Noise, samples

from inversion_table.contract.records import KIND_PLAN
from inversion_table.contract.session_log import decode_session
from inversion_table.estimation.estimate import Estimate
from inversion_table.journal.chronicle import Chronicle
from inversion_table.journal.recorder import Recorder
from inversion_table.journal.region import Region
from inversion_table.journal.ring import Ring
from inversion_table.safety.ports import Decision, Inputs, Wish

if sys.implementation.name == "micropython":
    from micropython import heap_lock, heap_unlock
else:

    def heap_lock():
        """CPython has no such thing."""

    heap_unlock = heap_lock


def record(flash, arm_mdeg, seed):
    ring = Ring(Region(flash, range(flash.block_count)), 16)
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


def box_fault(ring):
    """A session with two faults, told by the tick's own objects."""
    recorder = Recorder(ring, lambda: 0)
    recorder.describe("0123456789abcdef", "Kim", "0.1", "c0ffee", "s1", "c1", 1)
    chronicle = Chronicle(recorder)
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()
    noise = Noise(7)
    now_ms = (1 << 30) - 9_000
    for tick in range(1_600):
        now_ms = (now_ms + 10 + (tick % 100 == 0)) & ((1 << 30) - 1)
        estimate.tilt_mdeg = noise.sigma(60_000)
        estimate.primary_tilt_mdeg = noise.sigma(20)
        estimate.rate_mdeg_per_s = noise.sigma(500)
        inputs.current_ma = noise.sigma(900)
        inputs.jog_up = tick % 300 == 0
        decision.duty_permille = noise.sigma(100)
        decision.state = 2 if 100 < tick < 1_500 else 1
        decision.at_home = not 100 < tick < 1_500
        decision.fault = 11 if tick > 800 else 0
        if tick > 870:
            decision.fault = 12
        heap_lock()
        chronicle.write(decision, estimate, inputs, wish, 0, now_ms)
        heap_unlock()
        if tick % 2:
            recorder.flush(now_ms)
    return recorder.recording()


def main():
    flash = NorFlash(32)
    for arm_mdeg, seed in ((30_000, 1), (-20_000, 2), (60_000, 3)):
        count, lost, ring = record(flash, arm_mdeg, seed)
        print(count, lost, ring.next_session())
    while ring.prepare(1):
        pass
    print(box_fault(ring), ring.next_session())
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
