"""A calibration's two slots, with the power cut everywhere: `cut_slots.py <share>`."""

import sys

from cut_loop import cut_everywhere, formatted

from inversion_table.store.slots import Slots
from inversion_table.store.values import Store

FILLER = "x" * 1_400  # about as long as a calibration


def slots():
    return Slots(Store("/flash/store"), "calibration")


def write(done):
    kept = slots()
    for number in range(6):
        done["version"] = kept.save({"version": 0, "filler": FILLER}, number == 3)


def check(done, cut, tear):
    kept = slots()
    assert not kept.damaged, (cut, tear)
    acknowledged = done.get("version", 0)
    version = kept.newest["version"] if kept.newest else 0
    assert version in (acknowledged, acknowledged + 1), (cut, tear, version, acknowledged)
    if version > 1:
        assert kept.previous["version"] < version
    assert kept.save({"version": 0}) == version + 1
    assert slots().newest["version"] == version + 1


cut_everywhere(formatted(), write, check, int(sys.argv[1]))
