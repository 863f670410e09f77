"""The log's blocks inside a real littlefs, on MicroPython: `share_littlefs.py <scenario>`.

Each scenario prints "ok" at its end. Before it MicroPython may complain of files that a power cut
left open, when it collects them.
"""

import os
import sys

import vfs
from nor_flash import NorFlash, PowerCut

from inversion_table.journal.reserve import ReserveError, forget, is_reserved, open_region
from inversion_table.journal.ring import Ring
from inversion_table.store import Store

FLASH_BLOCKS = 48
LOG_BLOCKS = 16


class Table:
    """A flash with its filesystem, as the boot code mounts it on the chip."""

    def __init__(self):
        self.flash = NorFlash(FLASH_BLOCKS)
        vfs.VfsLfs2.mkfs(self.flash, progsize=256)
        self.restart()

    def restart(self):
        if "flash" in os.listdir("/"):
            vfs.umount("/flash")
        vfs.mount(vfs.VfsLfs2(self.flash, progsize=256), "/flash")
        self.store = Store("/flash/store")

    def reserved(self):
        """Whether map, files and flash agree."""
        if not is_reserved(self.flash, "/flash/log", self.store):
            return False
        return proved(open_region(self.flash, "/flash/log", self.store, LOG_BLOCKS)[1])

    def region(self, blocks=LOG_BLOCKS, progress=lambda done, total: None):
        """As a controller gets it: a map that proves wrong is forgotten for the next start."""
        operations = self.flash.operations
        region, proof = open_region(self.flash, "/flash/log", self.store, blocks, progress)
        if not proved(proof):
            assert self.flash.operations == operations  # nothing was written on its word
            forget(self.store)
            region, proof = open_region(self.flash, "/flash/log", self.store, blocks, progress)
            assert not proof.pending()
        return region


def proved(proof):
    while proof.pending():
        proof.step()
    return not proof.disproved


def write_log(ring, pages):
    """Sessions of 7 pages, told by their number in each payload byte; the oldest overwritten."""
    for index in range(pages):
        while ring.prepare(4):
            pass
        page = bytearray(256)
        for at in range(16, 252):
            page[at] = index & 0xFF
        flags = 1 if index % 7 == 0 else 2 if index % 7 == 6 else 0
        session = ring.next_session() - (flags != 1)
        assert ring.append(page, session, 236, flags)


def contents(ring):
    found = []
    for info in ring.sessions():
        raw = bytearray(info.total_bytes())
        ring.read(info, 0, raw)
        found.append((info.session, info.complete, bytes(raw)))
    assert len(found) > 10
    return found


def hammer(flash, rounds):
    """Files made, changed, renamed and deleted until all free blocks went round several times."""
    for number in range(rounds):
        name = "/flash/work/%d" % (number % 5)
        with open(name + ".new", "wb") as file:
            for part in range(number % 4 + 1):
                file.write(bytes([number & 0xFF, part]) * 1024)
        os.rename(name + ".new", name)
        if number % 3 == 0:
            os.remove(name)
        if number % 10 == 0:
            os.mkdir("/flash/work/d")
            os.rmdir("/flash/work/d")
        if number % 25 == 0:
            with open("/flash/work/long", "ab") as file:
                file.write(b"tail" * 100)


def check_files():
    for name in os.listdir("/flash/work"):
        if name == "long":
            continue
        with open("/flash/work/" + name, "rb") as file:
            data = file.read()
        assert len(data) % 2048 == 0
        for at in range(0, len(data), 2):
            assert data[at] % 5 == int(name) or data[at] == data[0]
            assert data[at + 1] == at // 2048


def both_stay_intact():
    table = Table()
    steps = []
    assert not table.reserved()
    region = table.region(progress=lambda done, total: steps.append((done, total)))
    each = [(index + 1, LOG_BLOCKS) for index in range(LOG_BLOCKS)]
    assert steps == each + each  # made, and found
    assert table.reserved()
    os.mkdir("/flash/work")
    ring = Ring(region, 4)
    write_log(ring, 700)
    kept = contents(ring)
    table.restart()
    assert contents(Ring(table.region(), 4)) == kept
    before = sum(table.flash.erases)
    for _ in range(6):
        hammer(table.flash, 150)
        table.restart()
        check_files()
    erased = sum(table.flash.erases) - before
    assert erased > 10 * (FLASH_BLOCKS - LOG_BLOCKS), erased
    assert table.reserved()
    ring = Ring(table.region(), 4)
    assert contents(ring) == kept
    for _ in range(5):  # and both at once
        hammer(table.flash, 40)
        write_log(ring, 70)
    kept = contents(ring)
    table.restart()
    check_files()
    assert contents(Ring(table.region(), 4)) == kept


def a_lost_map_is_found_again():
    table = Table()
    ring = Ring(table.region(), 4)
    write_log(ring, 133)
    kept = contents(ring)
    os.remove("/flash/store/journal_map.json")
    table.restart()
    assert not table.reserved()
    assert contents(Ring(table.region(), 4)) == kept
    with open("/flash/store/journal_map.json", "wb") as file:
        file.write(b'{"blocks":[1,2,3]} 00000000\n')
    table.restart()
    assert not table.reserved()
    assert contents(Ring(table.region(), 4)) == kept
    assert table.reserved()


def with_last(blocks, last):
    changed = list(blocks)
    changed[-1] = last
    return changed


def a_map_that_is_wrong_is_not_used():
    table = Table()
    ring = Ring(table.region(), 4)
    write_log(ring, 133)
    kept = contents(ring)
    blocks = table.store.load("journal_map")["blocks"]
    for wrong in (
        blocks[1:] + blocks[:1],  # another order, as from another device's backup
        [blocks[0]] * len(blocks),
        with_last(blocks, FLASH_BLOCKS),
        with_last(blocks, "9"),
        None,
    ):
        table.store.save("journal_map", {"blocks": wrong})
        assert not table.reserved()
        assert contents(Ring(table.region(), 4)) == kept
    table.store.save("journal_map", [1])
    assert not table.reserved()
    assert contents(Ring(table.region(), 4)) == kept


def a_deleted_or_replaced_file_costs_one_block():
    table = Table()
    ring = Ring(table.region(), 4)
    write_log(ring, 133)
    kept = contents(ring)
    with open("/flash/log/002", "rb") as file:
        data = file.read()
    os.remove("/flash/log/002")
    with open("/flash/other", "wb") as file:
        file.write(data)  # may well lie where the log's block was
    table.restart()
    assert not table.reserved()
    ring = Ring(table.region(), 4)
    assert table.reserved()
    write_log(ring, 300)
    with open("/flash/other", "rb") as file:
        assert file.read() == data
    assert kept


def another_size_is_not_forced():
    table = Table()
    ring = Ring(table.region(), 4)
    write_log(ring, 133)
    kept = contents(ring)
    region = table.region(blocks=LOG_BLOCKS + 4)
    assert region.block_count == LOG_BLOCKS
    assert contents(Ring(region, 4)) == kept


def too_big_a_wish_is_refused_and_can_be_lowered():
    table = Table()
    said = "nothing"
    try:
        table.region(blocks=FLASH_BLOCKS)
    except ReserveError as error:
        said = str(error)
    assert "192 KB" in said, said
    assert not table.reserved()
    for name in os.listdir("/flash/log"):
        if int(name) >= LOG_BLOCKS:
            os.remove("/flash/log/" + name)
    assert table.region().block_count == LOG_BLOCKS
    assert table.reserved()


def what_finds_no_room_leaves_what_there_is():
    table = Table()
    table.store.save("plan", [1])
    free = os.statvfs("/flash")[3]
    for _ in range(2):
        try:
            table.region(blocks=FLASH_BLOCKS)
            raise AssertionError("there was room")
        except ReserveError:
            pass
        assert os.statvfs("/flash")[3] >= free - 4  # what the folder itself takes
        table.restart()
    for number in range(20):
        table.store.save("plan", [number] * 50)
    # As much as there is room for, next to what others may yet need.
    ring = Ring(table.region(blocks=24), 4)
    write_log(ring, 133)
    kept = contents(ring)
    # Lost, and no room to make them good: what holds data stays.
    os.remove("/flash/log/001")
    os.remove("/flash/store/journal_map.json")
    with open("/flash/big", "wb") as file:
        while os.statvfs("/flash")[3] > 3:
            file.write(bytes(4096))
    names = os.listdir("/flash/log")
    try:
        table.region(blocks=24)
        raise AssertionError("there was room")
    except ReserveError:
        pass
    assert os.listdir("/flash/log") == names
    os.remove("/flash/big")
    assert len(contents(Ring(table.region(blocks=24), 4))) >= len(kept) - 3


def a_cut_at_any_operation_while_reserving_is_made_good():
    log_blocks = 6
    table = Table()
    start = table.flash.operations
    table.region(log_blocks)
    total = table.flash.operations - start
    assert total > 100
    for cut in range(0, total, 5):
        table = Table()
        table.flash.cut_at = table.flash.operations + cut
        table.flash.cut_after = cut % 257
        try:
            table.region(log_blocks)
        except (PowerCut, OSError):
            pass
        else:
            raise AssertionError("no cut")
        # The dead flash is left alone: the files that were open would yet be written to it. What
        # littlefs does with places that may not hold is its own affair.
        table.flash = NorFlash(FLASH_BLOCKS, bytearray(table.flash.data))
        table.restart()
        region = table.region(log_blocks)
        assert region.block_count == log_blocks
        table.restart()
        assert table.reserved()


globals()[sys.argv[1]]()
print("ok")
