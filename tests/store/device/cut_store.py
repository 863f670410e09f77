"""A plan and another value by turns, with the power cut everywhere: `cut_store.py <share>`."""

import sys

from cut_loop import cut_everywhere, formatted

from inversion_table.store import Store

NAMES = ("plan", "other")


def write(done):
    store = Store("/flash/store")
    for number in range(20):
        for name in NAMES:
            store.save(name, {"number": number, "filler": "x" * (number * 97 % 900)})
            done[name] = number


def check(done, cut, tear):
    store = Store("/flash/store")
    for name in NAMES:
        acknowledged = done.get(name, -1)
        value = store.load(name)
        found = -1 if value is None else value["number"]
        assert found in (acknowledged, acknowledged + 1), (cut, tear, name, found, acknowledged)
    store.save("plan", "after")
    assert Store("/flash/store").load("plan") == "after"


cut_everywhere(formatted(), write, check, int(sys.argv[1]))
