"""In a real littlefs, on MicroPython: the power cut at every flash operation, torn in many ways."""

import os
from binascii import crc32

import vfs
from nor_flash import (
    BITS,
    FEW_BITS,
    MOST_BITS,
    PREFIX,
    SUFFIX,
    ZEROED,
    ZEROED_BITS,
    NorFlash,
    PowerCut,
)

BLOCKS = 12
TEARS = (
    (PREFIX, 0),
    (PREFIX, 1),
    (PREFIX, 64),
    (PREFIX, 200),
    (PREFIX, 255),
    (PREFIX, 256),
    (SUFFIX, 128),
    (BITS, 1),
    (BITS, 2),
    (FEW_BITS, 3),
    (MOST_BITS, 4),
)
ERASE_TEARS = ((ZEROED, 100), (ZEROED, 256), (ZEROED_BITS, 5))


def mounted(flash):
    """The filesystem of `flash`, as the boot code mounts it, on /flash."""
    if "flash" in os.listdir("/"):
        vfs.umount("/flash")
    vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/flash")


def formatted():
    """A flash with an empty filesystem."""
    flash = NorFlash(BLOCKS)
    vfs.VfsLfs2.mkfs(flash, progsize=256)
    return flash


def cut_everywhere(flash, write, check, share):
    """Cut `write(done)` at each operation, then `check(done)`; both on a mounted filesystem.

    done: a dict that `write` fills with what was acknowledged. Every `share`-th tear is tried, so
    that all come in turn. Prints how many distinct cut points there were.
    """
    mounted(flash)
    image = bytes(flash.data)
    flash.history = []
    flash.operations = 0
    write({})
    total = flash.operations
    history = flash.history
    points = 0
    turn = 0
    noticed = 0
    for cut in range(total):
        tears = list(TEARS)
        if history[cut][0]:
            tears.extend(ERASE_TEARS)
        seen = set()
        for tear in tears:
            turn += 1
            if turn % share:
                continue
            dead = NorFlash(BLOCKS, bytearray(image))
            mounted(dead)
            dead.operations = 0
            dead.cut_at = cut
            dead.tear = tear
            done = {}
            try:
                write(done)
            except (PowerCut, OSError):
                noticed += 1
            assert dead.off, cut
            # What littlefs does with places that may not hold is its own affair: a new model, with
            # the bytes alone. The dead one is left be: open files would yet be written to it.
            left = crc32(dead.data)
            if left in seen:
                continue
            seen.add(left)
            mounted(NorFlash(BLOCKS, bytearray(dead.data)))
            check(done, cut, tear)
            points += 1
    # The last operations may only be told to nobody: nothing comes after them.
    assert noticed > points * 9 // 10, (noticed, points)
    print("points", points, "operations", total)
    print("ok")
