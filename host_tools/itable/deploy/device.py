"""What a deployment does to a table, through the REPL of SERVICE; each step alone does no harm.

Until `choose` is through, the firmware that was there is the one that starts.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar

from inversion_table import chooser
from itable.errors import LinkError, RefusedError
from itable.link.repl import Repl

CHOOSER_PATH = "/chooser.py"
MAIN_PATH = "/main.py"
TREE_PATH = "/inversion_table"
OLD_MANIFEST_PATH = "/firmware.manifest"
LOG_MAP_PATH = "/data/journal_map.json"
CHUNK_BYTES = 768
SPARE_BYTES = 8 * 4096
"""Left free: the filesystem needs room to move what it changes."""
LOG_BYTES = 192 * 4096
"""What the log takes at its first start (board.JOURNAL_BLOCKS)."""
MAIN_TEXT = '''\
"""Starts the controller on the board; returns to the REPL only in SERVICE."""

import micropython

# Before anything takes time: Ctrl-C while the program loads would leave nobody to bring a person
# home (RQ-130).
micropython.kbd_intr(-1)

try:
    import chooser as start  # type: ignore[import-not-found]
except ImportError:  # no slots: the program lies here in single files
    from inversion_table import startup as start

start.run()
'''
"""firmware/main.py, which is no part of the installed package; a test compares them."""

# A deployment that broke off while it wrote left its file open.
_CLOSE_LEFT_OPEN = "try:\n f.close()\nexcept (NameError,OSError,ValueError):pass\nf=None"
# Only what a log's place was reserved with, never a page of a log.
_FREE_UNUSED_LOG = """\
import os
for n in os.listdir('/journal'):
 with open('/journal/'+n,'rb') as f:m=f.read(9)==b'IJ marker'
 if m:os.remove('/journal/'+n)
"""
_FIND_TREES = """\
import os,sys
for p in sys.path:
 for e in ('.py','.mpy'):
  q=p+'/inversion_table/startup'+e
  try:os.stat(q);print(q)
  except OSError:pass
"""
_REMOVE_TREE = """\
import os
def z(p):
 for e in os.ilistdir(p):
  q=p+'/'+e[0]
  if e[1]&0x4000:z(q)
  else:os.remove(q)
 os.rmdir(p)
z({path!r})
"""
Progress = Callable[[int, int], None]
ValueT = TypeVar("ValueT")


def no_progress(done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Target:
    """Where a new firmware goes, and what stays to go back to."""

    slot: str
    keep: str
    on_trial: bool
    """The slot holds a firmware that has not proved itself: it is given up first."""


class DeviceFiles:
    """The files of a table in SERVICE. Raises LinkError, RefusedError."""

    def __init__(self, repl: Repl) -> None:
        self._repl = repl
        self._name = repl.device_name
        repl.run(_CLOSE_LEFT_OPEN)
        self.mpy = int(str(repl.value("getattr(__import__('sys').implementation,'_mpy',0)")))
        self.lines = [self.read(path) for path in chooser.RECORD_PATHS]
        self.record = chooser.newest(self.lines)[0]
        found = repl.run(_FIND_TREES).decode().split()
        self.has_tree = any(not path.startswith("/slot_") for path in found)

    def target(self) -> Target:
        """The slot that a new firmware goes into: never the one that is proved."""
        record = self.record
        if record is None:
            # Packs that no record tells of were never started: main.py comes last.
            return Target("a", chooser.TREE if self.has_tree else chooser.NONE, False)
        if record["starts"] != chooser.PROVED and record["back"]:
            keep = record["back"]
            return Target(record["use"], keep, True)
        keep = record["use"]
        return Target("b" if keep == "a" else "a", keep, False)

    def holds(self, slot: str, content: bytes) -> bool:
        """Whether the slot holds exactly this pack."""
        return self.hash_of(chooser.pack_path(slot)) == hashlib.sha256(content).digest()

    def state_of(self, slot: str) -> tuple[str, str]:
        """(what is wrong with the pack in a slot, or ""; its build), by the chooser there."""
        told = self._repl.value(
            f"(lambda c:[c.check_pack(c.pack_path({slot!r})),c.build_in({slot!r})])"
            "(__import__('chooser'))"
        )
        if not isinstance(told, list) or len(told) != 2:
            raise LinkError(f"the table answered something else: {told!r}", next_step="try again")
        return str(told[0]), str(told[1])

    def prepare(self, target: Target, size: int) -> Target:
        """Make room for a pack of `size` bytes; raises RefusedError where there is none.

        Returns the target, which keeps nothing where what is there never could start a session and
        leaves no room for the pack and its log. If the pack has room, that tree stays for now: what
        starts until main.py is replaced.
        """
        if target.on_trial:
            self.choose(chooser.made(target.keep, chooser.PROVED, chooser.NONE))
        self.remove(chooser.pack_path(target.slot))
        if self.has_tree and target.keep != chooser.TREE:
            self.remove_tree()
        free = self.free_bytes()
        if free < size + SPARE_BYTES + LOG_BYTES and self._never_started():
            target = Target(target.slot, chooser.NONE, False)
            if free < size + SPARE_BYTES:
                if self.exists("/journal"):
                    self._repl.run(_FREE_UNUSED_LOG)
                self.remove_tree()
                free = self.free_bytes()
        if free < size + SPARE_BYTES:
            raise RefusedError(
                f"there is too little room on the table: {free // 1024} KB, and"
                f" {(size + SPARE_BYTES) // 1024} KB are needed",
                0,
                where=self._name,
                next_step="remove files of your own from it (`mpremote ls`), then try again;"
                " what runs was not touched",
            )
        return target

    def _never_started(self) -> bool:
        """A tree whose log never found its place, and that START therefore always refused."""
        return self.record is None and self.has_tree and not self.exists(LOG_MAP_PATH)

    def remove_tree(self) -> None:
        """Remove the firmware that lies in single files."""
        if self.exists(TREE_PATH):
            self._repl.run(_REMOVE_TREE.format(path=TREE_PATH))
        self.remove(OLD_MANIFEST_PATH)
        self.has_tree = False

    def copy(self, slot: str, content: bytes, progress: Progress = no_progress) -> None:
        """Write a pack into a slot, and read it back; raises LinkError if it is not the same."""
        self.write(chooser.pack_path(slot), content, progress)

    def place_chooser(self) -> None:
        """Put the chooser beside main.py, unless it is there."""
        self._replace(CHOOSER_PATH, chooser_text())

    def place_main(self) -> None:
        """Let the next start ask the chooser."""
        self._replace(MAIN_PATH, MAIN_TEXT.encode())

    def choose(self, record: dict[str, Any]) -> None:
        """Make `record` the one that the next start goes by."""
        path, line = chooser.following(self.lines, record)
        self.write(path, line)
        self.lines[chooser.RECORD_PATHS.index(path)] = line
        self.record = chooser.newest(self.lines)[0]

    def restart(self) -> None:
        """Leave SERVICE; the port goes away for a moment."""
        self._repl.leave("import machine,time\ntime.sleep_ms(200)\nmachine.reset()")

    # --- files ---------------------------------------------------------------------------------

    def read(self, path: str) -> bytes:
        """A small file; b"" where there is none."""
        with self._repl.told():
            try:
                return bytes(self._repl.fs_readfile(path))
            except OSError as error:
                return self._absent(error, b"")

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder of that name."""
        with self._repl.told():
            try:
                self._repl.fs_stat(path)
                return True
            except OSError as error:
                return self._absent(error, False)

    def hash_of(self, path: str) -> bytes:
        """The SHA-256 of a file as it lies there; b"" where there is none."""
        with self._repl.told():
            try:
                return bytes(self._repl.fs_hashfile(path, "sha256", 1024))
            except OSError as error:
                return self._absent(error, b"")

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with self._repl.told():
            try:
                self._repl.fs_rmfile(path)
            except OSError as error:
                self._absent(error, None)

    def free_bytes(self) -> int:
        """Room in the filesystem."""
        block, total, free = eval_three(
            self._repl.value("[__import__('os').statvfs('/')[i] for i in (0,2,3)]")
        )
        return block * free if free <= total else 0  # littlefs counts what is shared twice

    def _absent(self, error: OSError, value: ValueT) -> ValueT:
        if error.errno == 2:
            return value
        raise error

    def _replace(self, path: str, content: bytes) -> None:
        """The new file beside the old one, then in its place: there is always a whole one."""
        if self.hash_of(path) == hashlib.sha256(content).digest():
            return
        self.write(path + ".new", content)
        self._repl.run(f"import os\nos.rename({path + '.new'!r},{path!r})")

    def write(self, path: str, content: bytes, progress: Progress = no_progress) -> None:
        """Write a file and read it back; raises LinkError if it is not the same then."""
        repl = self._repl
        repl.run(
            f"import binascii\nf=open({path!r},'wb')\ndef w(t):f.write(binascii.a2b_base64(t))"
        )
        for start in range(0, len(content), CHUNK_BYTES):
            text = base64.b64encode(content[start : start + CHUNK_BYTES]).decode()
            repl.run(f"w('{text}')")
            progress(min(start + CHUNK_BYTES, len(content)), len(content))
        repl.run("f.close()")
        if self.hash_of(path) != hashlib.sha256(content).digest():
            raise LinkError(
                f"{path} reads back otherwise than it was written",
                where=self._name,
                next_step="try again; if it happens again the flash is worn out",
            )


def chooser_text() -> bytes:
    """/chooser.py: the package's module of that name, as text."""
    return (files("inversion_table") / "chooser.py").read_bytes()


def eval_three(value: object) -> tuple[int, int, int]:
    """Three integers that the table told; raises LinkError for anything else."""
    if isinstance(value, list) and len(value) == 3 and all(type(item) is int for item in value):
        return value[0], value[1], value[2]
    raise LinkError(f"the table answered something else: {value!r}", next_step="try again")
