"""Which firmware runs, from which slot; and a new one proves itself, or is given up.

What counts as proof is here, in the new firmware itself; that the time for it is bounded is the
chooser's business, which counts starts and lets the watchdog run from before the first import.
"""

import json
import sys

from inversion_table import VERSION
from inversion_table.chooser import PROVED, TEXT_MOST
from inversion_table.contract import manifest
from inversion_table.safety.ticks import elapsed_ms

PROVE_MS = 12_000
"""So long in HOME on end, the program checked and every periodic work done once, is the proof."""
PROVE_MOST_MS = 60_000
"""On the home switch so long without having proved itself is a failed start."""


class Firmware:
    """The firmware that was loaded from below `root` ("/slot_a/", or another folder: no slot)."""

    def __init__(self, root: str) -> None:
        # The program's own copy of what started it, loaded for these few lines alone: that one may
        # be older.
        from inversion_table.chooser import MANIFEST, PACKS, TREE, folder, pack_path, read_record

        self.slot = ""
        for slot in PACKS:
            if root == folder(slot) + "/":
                self.slot = slot
        self.manifest_path = root + MANIFEST if self.slot else manifest.PATH
        self.build = _about(pack_path(self.slot) if self.slot else manifest.PATH)[0]
        record = read_record()
        if not self.slot and record is not None and record["use"] == TREE:
            self.slot = TREE
        self._record = record if record is not None and record["use"] == self.slot else None
        self.on_trial = self._record is not None and self._record["starts"] != PROVED
        self._previous = None
        if self._record is not None and self._record["back"]:
            back = self._record["back"]
            build, version = _about(pack_path(back))
            self._previous = {"slot": back, "build": build, "version": version}
        self._ready_ms = 0
        self._waiting_ms = 0
        self._then_ms: int | None = None

    def name(self) -> str:
        """Version and build in one word, as the log carries it (RQ-143)."""
        return "%s+%s" % (VERSION, self.build[:8]) if self.build else VERSION

    def look(self, now_ms: int, ready: bool, resting: bool, clock) -> bool:
        """On trial, call this in each pass of the background: whether it is to be given up now.

        ready: in HOME, all checked, and the flash may be written; resting: on the home switch,
        without power; clock(): seconds since 1970, or 0. Writes when the proof is complete.
        """
        if not self.on_trial:
            return False
        passed_ms = 0 if self._then_ms is None else elapsed_ms(now_ms, self._then_ms)
        self._then_ms = now_ms
        if ready:
            self._ready_ms += passed_ms
            if self._ready_ms >= PROVE_MS:
                self._proved(clock())
            return False
        self._ready_ms = 0
        # Away from home the way home comes first, however long it takes.
        if resting and self._record["back"]:  # type: ignore[index]
            self._waiting_ms += passed_ms
        return self._waiting_ms >= PROVE_MOST_MS

    def _proved(self, since: int) -> None:
        from inversion_table.chooser import write_record

        record = dict(self._record)  # type: ignore[arg-type]
        record["starts"] = PROVED
        record["since"] = since
        record["why"] = ""
        try:
            write_record(record)
        except OSError:
            self._ready_ms = 0  # tried again; until then nothing starts
            return
        self._record = record
        self.on_trial = False

    def number(self, slot: str) -> int:
        """A slot as the log writes it."""
        from inversion_table.chooser import SLOTS

        return SLOTS.index(slot)

    def failed(self, why: str | BaseException) -> None:
        """Note, for whoever asks later, what this start on trial failed with."""
        if not self.on_trial:
            return
        from inversion_table.chooser import words, write_record

        record = dict(self._record)  # type: ignore[arg-type]
        text = why if isinstance(why, str) else words(why)
        record["why"] = text[:TEXT_MOST]
        try:
            write_record(record)
        except OSError:
            pass  # then the reason is not known

    def fell(self) -> dict | None:
        """The firmware that was given up before this one: slot, build, why, told; None for none."""
        return self._record["fell"] if self._record is not None else None

    def note(self) -> str:
        """What is to be told about it, "" for nothing (RQ-143)."""
        if self.on_trial:
            return "new firmware: no session before it has run %d s at home" % (PROVE_MS // 1000)
        fell = self.fell()
        if fell is None:
            return ""
        return ("the firmware %s was given up: %s" % (fell["build"] or "before", fell["why"]))[:200]

    def to_dict(self) -> dict:
        """As the method firmware.get tells it."""
        record = self._record
        return {
            "version": VERSION,
            "build": self.build,
            "slot": self.slot,
            "since_s": record["since"] if record is not None else 0,
            "starts_left": record["starts"] if self.on_trial and record is not None else None,
            "previous": self._previous,
            "fell": self.fell(),
            "mpy": getattr(sys.implementation, "_mpy", 0),
        }


def _about(path: str) -> tuple:
    """(build, version) of a pack, or of a manifest; "" for what is not known."""
    from inversion_table.chooser import glance

    try:
        build, about = glance(path)
    except (OSError, ValueError):
        return "", ""
    try:
        return build, str(json.loads(about)["version"])[:32]
    except (ValueError, KeyError, TypeError):
        return build, ""
