"""Sealed plans in a real littlefs, on MicroPython, with the power cut at every flash operation."""

import os

import vfs
from nor_flash import NorFlash, PowerCut

from inversion_table.contract.seal import seal
from inversion_table.session.plan import Plan, Step, StepSet, from_wire
from inversion_table.store.lock import PlanLock, SealError, set_key
from inversion_table.store.values import Store

BLOCKS = 12
DEVICE = "e6614103e7452d2f"
KEY = bytes(range(32))
UPLOADS = 12


def plan(number):
    steps = [Step(1_000 * number, 3_000, 1_000, 7) for _ in range(30)]
    return Plan("number %d" % number, [StepSet(1, steps, 6)], 2_000, 60_000)


PLANS = [plan(number) for number in range(UPLOADS + 2)]
SEALS = [seal(KEY, DEVICE, number, PLANS[number].canonical()) for number in range(UPLOADS + 2)]


def mounted(flash):
    if "flash" in os.listdir("/"):
        vfs.umount("/flash")
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/flash")
    return Store("/flash/store")


def upload(store, lock, number):
    lock.check(PLANS[number], number, SEALS[number])
    lock.take(number, SEALS[number])
    store.save("plan", lock.wrap(PLANS[number].to_wire(), number, SEALS[number]))


def upload_all(store, done):
    lock = PlanLock(store, DEVICE)
    for number in range(1, UPLOADS + 1):
        upload(store, lock, number)
        done[0] = number


def main():
    fresh = NorFlash(BLOCKS)
    vfs.VfsLfs2.mkfs(fresh, progsize=256)
    set_key(mounted(fresh), "".join(["%02x" % byte for byte in KEY]))
    image = bytes(fresh.data)
    start = fresh.operations
    upload_all(Store("/flash/store"), [0])
    total = fresh.operations - start
    happened = 0
    for cut in range(total):
        flash = NorFlash(BLOCKS, bytearray(image))
        store = mounted(flash)
        done = [0]
        flash.cut_at = cut
        flash.cut_after = cut * 37 % 257
        try:
            upload_all(store, done)
        except (PowerCut, OSError):
            happened += 1
        store = mounted(NorFlash(BLOCKS, bytearray(flash.data)))
        lock = PlanLock(store, DEVICE)
        stored = store.load("plan")
        last = done[0]
        if stored is None:
            assert last == 0, cut
        else:
            wire, counter, text = lock.unwrap(stored)
            assert counter in (last, last + 1), (cut, counter, last)
            assert lock.check_stored(from_wire(wire), counter, text), (cut, lock.problem)
        assert lock.locked
        assert not lock.problem, lock.problem
        assert lock.counter in (last, last + 1), (cut, lock.counter, last)
        for old in range(1, last):
            try:
                lock.check(PLANS[old], old, SEALS[old])
                raise AssertionError((cut, old))
            except SealError:
                pass
        if last + 1 <= UPLOADS:
            upload(store, lock, last + 1)  # whoever got no answer sends it again
            assert PlanLock(store, DEVICE).counter == last + 1
    assert happened >= total - 2, (happened, total)
    print("cuts", total)
    print("ok")


main()
