"""The table's settings, with the power cut everywhere: `cut_settings.py <share>`."""

import sys

from cut_loop import cut_everywhere, formatted

from inversion_table.store.settings import KeptSettings
from inversion_table.store.values import Store

TILTS = (50_000, 40_000, 30_000, 60_000)


def kept():
    return KeptSettings(Store("/flash/store"))


def write(done):
    settings = kept()
    for number, tilt_mdeg in enumerate(TILTS):
        values = settings.stored.to_dict()
        values["tilt_max_mdeg"] = tilt_mdeg
        done["begun"] = number
        settings.replace(values, settings.id())
        done["kept"] = number
        settings.prove(settings.in_use())


def check(done, cut, tear):
    settings = kept()
    assert settings.ok, (cut, tear)
    values = [60_000]  # as the workshop left it
    values.extend(TILTS)
    old = done.get("kept", -1) + 1
    new = done.get("begun", 0) + 1
    tilt_mdeg = settings.stored.tilt_max_mdeg
    assert tilt_mdeg in (values[old], values[new]), (cut, tear, tilt_mdeg, old, new)
    if settings.proved():  # never before the session that proves them
        assert old > 0
    again = settings.stored.to_dict()
    again["rest_ms"] = 90_000
    assert settings.replace(again, settings.id())
    assert kept().stored.rest_ms == 90_000


cut_everywhere(formatted(), write, check, int(sys.argv[1]))
