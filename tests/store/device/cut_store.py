"""Values in a real littlefs, on MicroPython, with the power cut at every flash operation."""

import os

import vfs
from nor_flash import NorFlash, PowerCut

from inversion_table.store import Store

BLOCKS = 12


def mounted(flash):
    if "flash" in os.listdir("/"):
        vfs.umount("/flash")
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/flash")
    return Store("/flash/store")


def save_twenty(store, saved):
    for number in range(20):
        for name in ("plan", "settings"):
            store.save(name, {"number": number, "filler": "x" * (number * 97 % 900)})
            saved[name] = number


def main():
    fresh = NorFlash(BLOCKS)
    vfs.VfsLfs2.mkfs(fresh, progsize=256)
    mounted(fresh)
    start = fresh.operations
    image = bytes(fresh.data)
    save_twenty(mounted(fresh), {})
    total = fresh.operations - start
    assert total > 200, total
    cuts = range(0, total, 3)
    happened = 0
    for cut in cuts:
        flash = NorFlash(BLOCKS, bytearray(image))
        saved = {"plan": -1, "settings": -1}
        store = mounted(flash)
        flash.cut_at = cut
        flash.cut_after = cut * 37 % 257
        try:
            save_twenty(store, saved)
        except (PowerCut, OSError):
            happened += 1
        flash = NorFlash(BLOCKS, bytearray(flash.data))
        store = mounted(flash)
        for name, number in saved.items():
            value = store.load(name)
            found = -1 if value is None else value["number"]
            assert found in (number, number + 1), (cut, name, found, number)
        store.save("plan", "after")
        assert store.load("plan") == "after"
    assert happened == len(cuts)
    print("ok")


main()
