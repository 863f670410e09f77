"""The two slots in a real littlefs, on MicroPython, with the power cut at every flash operation."""

import os

import vfs
from nor_flash import NorFlash, PowerCut

from inversion_table.store.slots import Slots
from inversion_table.store.values import Store

BLOCKS = 12
FILLER = "x" * 1_400  # about as long as a calibration


def mounted(flash):
    if "flash" in os.listdir("/"):
        vfs.umount("/flash")
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/flash")
    return Slots(Store("/flash/store"), "calibration")


def save_some(slots, saved):
    for number in range(6):
        saved[0] = slots.save({"version": 0, "filler": FILLER}, number == 3)


def main():
    fresh = NorFlash(BLOCKS)
    vfs.VfsLfs2.mkfs(fresh, progsize=256)
    mounted(fresh)
    image = bytes(fresh.data)
    start = fresh.operations
    save_some(mounted(fresh), [0])
    total = fresh.operations - start
    assert total > 50, total
    happened = 0
    for cut in range(total):
        flash = NorFlash(BLOCKS, bytearray(image))
        saved = [0]
        slots = mounted(flash)
        flash.cut_at = cut
        flash.cut_after = cut * 37 % 257
        try:
            save_some(slots, saved)
        except (PowerCut, OSError):
            happened += 1
        slots = mounted(NorFlash(BLOCKS, bytearray(flash.data)))
        assert not slots.damaged, cut
        version = slots.newest["version"] if slots.newest else 0
        assert version in (saved[0], saved[0] + 1), (cut, version, saved)
        if version > 1:
            assert slots.previous["version"] < version
        assert slots.save({"version": 0}) == version + 1
    assert happened >= total - 2, (happened, total)
    print("ok")


main()
