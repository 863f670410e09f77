"""Code that is executed in the flash, on a real littlefs: `execute_in_flash.py PACK <scenario>`.

PACK is a pack with the module inversion_table/part_1. The flash is memory of this process, so what
lies in it can be executed. Each scenario prints "ok" at its end.
"""

import gc
import os
import sys
from binascii import crc32

import uctypes
import vfs
from nor_flash import BLOCK_BYTES, NorFlash, PowerCut

from inversion_table import chooser, code_in_flash
from inversion_table.contract import codes
from inversion_table.integrity.program import ProgramCheck

FLASH_BLOCKS = 40
PACK = "/slot_a.pack"
ROOT = "/slot_a/"
RAM_BYTES = 64 << 20
OBJECT_WORD = 8
LOAD_78 = b"\x22\x80\x4e"
"""As bytecode: the number that `late` of part_1 returns."""


class Table:
    """A flash with its filesystem in place of "/", as the boot code mounts it on the chip."""

    def __init__(self, pack: bytes) -> None:
        self.flash = NorFlash(FLASH_BLOCKS)
        vfs.umount("/")
        vfs.VfsLfs2.mkfs(self.flash, progsize=256)
        self.mount()
        with open(PACK, "wb") as file:
            file.write(pack)
        self.restart()

    def mount(self) -> None:
        vfs.mount(vfs.VfsLfs2(self.flash, progsize=256), "/")

    def restart(self) -> None:
        """The module is loaded afresh, from the pack in the flash."""
        if "slot_a" in os.listdir("/"):
            vfs.umount("/slot_a")
        vfs.umount("/")
        self.flash.power_on()
        self.mount()
        vfs.mount(chooser.PackFolder(PACK), "/slot_a")
        sys.path[:] = [ROOT + "inversion_table"]
        for name in ("part_1", "inversion_table.part_1"):
            sys.modules.pop(name, None)
        import part_1

        self.part = sys.modules["inversion_table.part_1"] = part_1
        self.build = chooser.glance(PACK)[0]

    def memory(self, ram_start: int | None = None):
        lowest = id(self) - RAM_BYTES // 2 if ram_start is None else ram_start
        start = uctypes.addressof(self.flash.data)
        return code_in_flash.Memory(start, FLASH_BLOCKS, (lowest, lowest + RAM_BYTES))

    def execute_there(self, may_write=True, build=None, progress=lambda done, total: None):
        return code_in_flash.execute_there(
            self.memory(), PACK, ROOT, build or self.build, lambda: may_write, progress
        )

    def in_flash(self, function) -> bool:
        return 0 <= code_at(function) - uctypes.addressof(self.flash.data) < len(self.flash.data)

    def moved(self) -> list:
        """Which of the module's functions are executed in the flash, by name."""
        part = self.part
        functions = {
            "plus": part.plus,
            "counted": part.counted,
            "method": part.Thing.__dict__["method"],
            "late": part.late,
        }
        return sorted([name for name in functions if self.in_flash(functions[name])])

    def works(self) -> None:
        """All that the module does, it does."""
        part = self.part
        part.CALLS = 0
        gc.collect()
        assert part.plus(2, 3) == 5
        assert list(part.counted(4)) == [0, 1, 2, 3]
        assert part.Thing(7).method(1) == "Thing 8"
        assert part.Thing.made().method(0) == "Thing 41"
        assert part.late() == 78
        assert [part.adder(2)(number) for number in range(3)] == [2, 3, 4]
        assert part.CALLS == 1


ALL = ["counted", "late", "method", "plus"]


def code_at(function) -> int:
    return int.from_bytes(
        uctypes.bytearray_at(id(function) + 3 * OBJECT_WORD, OBJECT_WORD), "little"
    )


def what_was_loaded_is_executed_in_the_flash_and_leaves_the_ram(table):
    shown = []
    gc.collect()
    before = gc.mem_free()
    watched = table.execute_there(progress=lambda done, total: shown.append((done, total)))
    assert table.moved() == ALL
    table.works()
    assert gc.mem_free() > before
    assert shown[-1][0] == shown[-1][1] == len(shown) == len(watched) // 2 > 1
    for at in range(0, len(watched), 2):
        block = uctypes.bytearray_at(watched[at], BLOCK_BYTES)
        assert crc32(block) & 0xFFFFFFFF == watched[at + 1]
    # What is in the flash is what is executed.
    code = uctypes.bytearray_at(code_at(table.part.late), 32)
    last = bytes(code).find(LOAD_78) + 2
    code[last] = 79
    assert table.part.late() == 79
    code[last] = 78
    table.works()


def the_next_start_writes_nothing(table):
    table.execute_there()
    operations = table.flash.operations
    table.restart()
    assert table.moved() == []
    assert len(table.execute_there(may_write=False)) > 0
    assert table.flash.operations == operations
    assert table.moved() == ALL
    table.works()


def away_from_home_nothing_is_written(table):
    operations = table.flash.operations
    assert len(table.execute_there(may_write=False)) == 0
    assert table.flash.operations == operations
    assert table.moved() == []
    table.works()


def copies_of_another_build_are_not_used_and_made_anew(table):
    table.execute_there()
    table.restart()
    assert len(table.execute_there(may_write=False, build="0123456789abcdef")) == 0
    assert table.moved() == []
    assert len(table.execute_there(build="0123456789abcdef")) > 0
    assert table.moved() == ALL
    table.works()


def a_copy_that_is_not_the_same_is_not_used(table):
    """One bit in each of the places of a function, one after the other."""
    table.execute_there()
    flash = table.flash
    start = uctypes.addressof(flash.data)
    places = {"late": code_at(table.part.late) - start, "plus": code_at(table.part.plus) - start}
    for name, place in places.items():
        for at in range(place, place + 8):
            flash.data[at] ^= 0x10
            table.restart()
            table.execute_there(may_write=False)
            assert table.moved() == [one for one in ALL if one != name]
            table.works()
            flash.data[at] ^= 0x10


def a_file_that_is_gone_or_other_keeps_all_in_ram(table):
    watched = table.execute_there()
    names = sorted(os.listdir(code_in_flash.FOLDER))
    assert len(names) == len(watched) // 2 > 1
    path = code_in_flash.FOLDER + "/" + names[1]
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "ab") as file:  # its block is the same, and has another one behind it
        file.write(b"x")
    table.restart()
    assert len(table.execute_there(may_write=False)) == 0
    table.works()
    for change in (None, content[:-1], b"\x00" * len(content), content):
        if change is None:
            os.remove(path)
        else:
            with open(path, "wb") as file:
                file.write(change)
        table.restart()
        # Written again with what it was, it lies in two places: one of them littlefs has freed.
        assert len(table.execute_there(may_write=False)) == 0
        assert table.moved() == []
        table.works()
    assert len(table.execute_there()) > 0
    assert table.moved() == ALL
    table.works()


def what_littlefs_freed_is_never_executed(table):
    """Made anew many times, so that the flash is full of files that were removed."""
    for number in range(12):
        build = "%016x" % number
        watched = table.execute_there(build=build)
        assert len(watched) > 0
        for index in range(len(watched) // 2):
            with open(code_in_flash.FOLDER + "/%03d" % index, "rb") as file:
                assert file.read() == bytes(uctypes.bytearray_at(watched[2 * index], BLOCK_BYTES))
            # Written through the filesystem and seen in the block: it is the file's.
            with open(code_in_flash.FOLDER + "/%03d" % index, "rb") as file:
                head = file.read(codes.HEAD_BYTES)
            assert bytes(table.flash.data).count(head) == 1
        table.restart()


def a_copy_that_changes_later_is_found(table):
    watched = table.execute_there()
    check = ProgramCheck(
        ROOT, lambda: ["inversion_table/part_1.mpy"], ROOT + chooser.MANIFEST, watched
    )
    while check.rounds < 2:
        check.step()
        assert check.ok == (check.rounds > 0)
    place = watched[-2] + BLOCK_BYTES - 1  # the last byte of all
    uctypes.bytearray_at(place, 1)[0] ^= 1
    while check.ok:
        assert check.rounds < 3
        check.step()
    assert "code in the flash" in check.problem
    table.works()


def good_copies_alone_make_no_program_good(table):
    watched = table.execute_there()
    check = ProgramCheck(
        ROOT, lambda: ["inversion_table/unlisted.mpy"], ROOT + chooser.MANIFEST, watched
    )
    for _ in range(200):
        check.step()
        assert not check.ok
        assert check.rounds == 0
    assert "unlisted.mpy is not in the manifest" in check.problem


def without_room_nothing_is_left_behind(table):
    with open("/fill", "wb") as file:
        while os.statvfs("/")[3] > 9:
            file.write(b"x" * 4000)
    assert len(table.execute_there()) == 0
    assert os.listdir(code_in_flash.FOLDER) == []
    table.works()


def where_no_memory_is_known_all_stays_in_ram(table):
    assert code_in_flash.memory_of(table.flash) is None  # this is a PC
    watched = code_in_flash.execute_there(None, PACK, ROOT, table.build, print, print)
    assert len(watched) == 0
    # An address that lies outside of what MicroPython allocates is not looked at.
    memory = table.memory(ram_start=4096)
    code_in_flash.execute_there(
        memory, PACK, ROOT, table.build, lambda: True, lambda done, total: None
    )
    assert table.moved() == []
    table.works()


def a_cut_at_any_operation_of_the_making_is_made_good(table):
    operations = table.flash.operations
    table.execute_there()
    count = table.flash.operations - operations
    assert count > 20
    table.restart()
    for cut in range(count):
        build = "%016x" % cut  # each time another one, so that all is to be made
        table.flash.cut_at = table.flash.operations + cut
        table.flash.cut_after = cut * 37 % 257
        try:
            table.execute_there(build=build)
        except (PowerCut, OSError):
            table.works()
        assert table.flash.cut_operation is not None
        # The dead flash is left alone: the files that were open would yet be written to it. What
        # littlefs does with places that may not hold is its own affair.
        table.flash = NorFlash(FLASH_BLOCKS, bytearray(table.flash.data))
        table.restart()
        table.execute_there(may_write=False, build=build)
        table.works()
        assert len(table.execute_there(build=build)) > 0
        assert table.moved() == ALL
        table.works()
        table.restart()


with open(sys.argv[1], "rb") as file:
    content = file.read()
globals()[sys.argv[2]](Table(content))
print("ok")
