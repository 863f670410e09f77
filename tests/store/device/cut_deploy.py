"""A deployment, with the power cut everywhere: `cut_deploy.py <share> <file>`.

The file holds what a host really sent to a table (tests/store/deployments.py), by kinds: each has
the programs that lead to the state before, and those of the deployment itself.
"""

import json
import os
import sys
from binascii import crc32

import cut_loop
from cut_loop import PowerCut, cut_everywhere, formatted, mounted

from inversion_table import chooser

cut_loop.BLOCKS = 40
cut_loop.TEARS = [tear for at, tear in enumerate(cut_loop.TEARS) if at in (0, 2, 5, 6, 9)]

chooser.RECORD_PATHS = ("/flash/slots_0.json", "/flash/slots_1.json")
chooser.pack_path = lambda slot: "/flash/slot_%s.pack" % slot


def perform(programs, names, done):
    for number, program in enumerate(programs):
        if not program.startswith("w('"):
            program = program.replace("'/", "'/flash/")
        try:
            exec(program, names)  # noqa: S102 - what the REPL of a table does with it
        except BaseException:
            close_dead(names.get("f"))
            raise
        done["step"] = number + 1


def close_dead(file):
    """Without power nothing more is written; left open it would be closed, loudly, some day."""
    try:
        if file is not None:
            file.close()
    except (OSError, PowerCut):
        pass


def fresh_names():
    return {"print": lambda *what, **how: None}


def content(path):
    try:
        with open("/flash" + path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def whole(slot):
    if slot == chooser.TREE:
        return content("/inversion_table/startup.py") != b""
    return chooser.check_pack(chooser.pack_path(slot)) == ""


def starts():
    """What a start would run: the build of a pack, "tree", or "" for nothing."""
    main = content("/main.py")
    if b"chooser" not in main:
        return "tree" if main and whole(chooser.TREE) else ""
    assert crc32(content("/chooser.py")) == kind["chooser_crc"]
    assert crc32(main) == kind["main_crc"]
    slot = chooser.next_start(chooser.read_record(), whole)[1]
    assert slot != chooser.NONE
    assert whole(slot), slot
    return "tree" if slot == chooser.TREE else chooser.build_in(slot)


def check(done, cut, tear):
    found = starts()
    step = done.get("step", 0)
    allowed = set()
    if step < kind["commit_end"]:
        allowed.update(kind["old"])
    if step >= kind["commit_begin"]:
        allowed.add(kind["new"])
    assert found in allowed, (cut, tear, step, found)
    # And the chooser can write: its next record counts.
    before = chooser.read_record()
    if before is not None:
        chooser.write_record(chooser.made("a", chooser.PROVED, "b"))
        assert chooser.read_record()["version"] == before["version"] + 1


def deploy(done):
    """What the host sent."""
    perform(kind["programs"], fresh_names(), done)


def count_down(done):
    """Four starts of a firmware that never proves itself."""
    for _ in range(4):
        before = chooser.read_record()
        record, slot = chooser.next_start(before, whole)
        if record != before:
            chooser.write_record(record)
        done["starts"] = record["starts"]
        done["slot"] = slot


def check_count(done, cut, tear):
    record, slot = chooser.next_start(chooser.read_record(), whole)
    if done.get("slot") == "a":
        assert slot == "a", (cut, tear)
    elif slot == "b":
        assert 0 <= record["starts"] <= done.get("starts", 3), (cut, tear, record)


with open(sys.argv[2]) as file:
    kinds = json.load(file)
for kind in kinds:
    flash = formatted()
    mounted(flash)
    os.mkdir("/flash/data")
    perform(kind["before"], fresh_names(), {})
    cut_everywhere(flash, deploy, check, int(sys.argv[1]))

kind = kinds[-1]
flash = formatted()
mounted(flash)
perform(kind["before"] + kind["programs"], fresh_names(), {})
chooser.write_record(chooser.made("b", chooser.STARTS, "a"))
cut_everywhere(flash, count_down, check_count, int(sys.argv[1]))
