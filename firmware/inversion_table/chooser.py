"""Chooses, at each start, which of the two firmware slots is loaded. Stands alone: uses no slot.

`itable deploy` copies this very text to /chooser.py, beside main.py, where it works whatever the
slots hold. Each slot is one file, a pack: the manifest of the firmware (contract/manifest.py), then
the content of each of its files, in the manifest's order. It is mounted as a folder of its name.

    /slot_a.pack, /slot_b.pack      the two firmwares
    /slots_0.json, /slots_1.json    the record, by turns; the newest whole one counts
    /inversion_table/               an older installation, of single files: slot "tree"

A record is one line of JSON closed by its CRC-32 (as contract/frame.py):

    version  counts up
    use      the slot to start: "a", "b" or "tree"
    starts   how often it may still be started before it must have proved itself; -1: it has
    back     the slot that ran before, to go back to; "" none
    since    seconds since 1970 when it proved itself; 0: the clock was not set
    why      what the last of its starts failed with, "" nothing known
    fell     None, or the firmware that was given up: {"slot", "build", "why", "told"}

Whatever the record and the slots hold, a whole program is started if there is one (RQ-144). One
that has proved itself is left only when it cannot be started; a new one is left when its starts are
used up (RQ-141).

A firmware uses this module too, as it was started by it, and after a rollback it may be older than
it: names and records that are here stay, in later versions.
"""

import binascii
import hashlib
import io
import json
import sys

PACKS = ("a", "b")
TREE = "tree"
SLOTS = ("a", "b", TREE)
NONE = ""
PACKAGE = "inversion_table"
RECORD_PATHS = ("/slots_0.json", "/slots_1.json")
SERVICE_PATH = "/data/service.json"
MANIFEST = "firmware.manifest"
ABOUT = "about.json"
"""In a pack: {"version", "march", "compiler"}."""
FIRST_LINE = b"inversion table firmware 1\n"

PROVED = -1
STARTS = 3
"""So often a new firmware is started; it must have proved itself by then."""
LOAD_MOST_MS = 8_000
"""The watchdog's time while a new firmware loads, anew for each of its files."""
DOOR_MS = 3_000
"""So long the REPL is open before a program that never proved itself and has none behind it."""
AGAIN_MS = 5_000
"""So long it is open when nothing could be started, before the next try."""

_LINE_MOST_BYTES = 128
_MANIFEST_MOST_BYTES = 32_768
_RECORD_MOST_BYTES = 1_024
TEXT_MOST = 160
_BUFFER_BYTES = 512
_MASK = 0xFFFFFFFF
_STREAM_CLOSE = 4
_ENOENT = 2


# --- the record ----------------------------------------------------------------------------------


def encode(record: dict) -> bytes:
    """The record as it is stored."""
    payload = json.dumps(record).encode()
    return payload + b" %08x\n" % (binascii.crc32(payload) & _MASK)


def decode(line: bytes) -> dict | None:
    """The record in `line`; None for whatever is none."""
    if len(line) < 10 or line[-10:-9] != b" ":
        return None
    payload = line[:-10]
    if line[-9:] != b"%08x\n" % (binascii.crc32(payload) & _MASK):
        return None
    try:
        record = json.loads(str(payload, "utf-8"))
    except (ValueError, UnicodeError, RuntimeError, MemoryError):
        return None
    return record if _sound(record) else None


def _sound(record: object) -> bool:
    if not isinstance(record, dict) or len(record) != 7:
        return False
    for name, lowest, highest in (
        ("version", 1, 0x3FFFFFFF),
        ("starts", PROVED, STARTS),
        ("since", 0, _MASK),
    ):
        value = record.get(name)
        if type(value) is not int or not lowest <= value <= highest:
            return False
    use, back, why, fell = [record.get(name, 0) for name in ("use", "back", "why", "fell")]
    if use not in SLOTS or (back != NONE and back not in SLOTS) or use == back:
        return False
    if not isinstance(why, str) or len(why) > TEXT_MOST:
        return False
    if fell is None:
        return True
    return (
        isinstance(fell, dict)
        and len(fell) == 4
        and fell.get("slot") in SLOTS
        and type(fell.get("told")) is bool
        and all([isinstance(fell.get(key), str) for key in ("build", "why")])
        and len(fell["build"]) <= 16
        and len(fell["why"]) <= TEXT_MOST
    )


def made(use: str, starts: int, back: str, since: int = 0, why: str = "", fell=None) -> dict:
    """A record, still without its version."""
    return {"use": use, "starts": starts, "back": back, "since": since, "why": why, "fell": fell}


def newest(lines) -> tuple:
    """(the record that counts, or None; which of the two files the next one goes into)."""
    record = None
    at = 0
    for number, line in enumerate(lines):
        found = decode(line)
        if found is not None and (record is None or found["version"] > record["version"]):
            record = found
            at = 1 - number
    return record, at


def following(lines, record: dict) -> tuple:
    """(path, content) that make `record` the one that counts; the one that counts now stays."""
    now, at = newest(lines)
    record = dict(record)
    record["version"] = 1 if now is None else now["version"] + 1
    return RECORD_PATHS[at], encode(record)


def read_lines() -> list:
    """What both files of the record hold; b"" for one that cannot be read."""
    lines = []
    for path in RECORD_PATHS:
        try:
            with open(path, "rb") as file:
                lines.append(file.read(_RECORD_MOST_BYTES))
        except OSError:
            lines.append(b"")
    return lines


def read_record() -> dict | None:
    """The record that counts; None where there is none."""
    return newest(read_lines())[0]


def write_record(record: dict) -> None:
    """Make `record` the one that counts; raises OSError, and then the one before it still does."""
    path, line = following(read_lines(), record)
    with open(path, "wb") as file:
        file.write(line)
    with open(path, "rb") as file:
        if file.read() != line:
            raise OSError("%s reads back otherwise" % path)


# --- packs ---------------------------------------------------------------------------------------


def pack_path(slot: str) -> str:
    """The file of a slot."""
    return "/slot_%s.pack" % slot


def folder(slot: str) -> str:
    """Where a slot is mounted."""
    return "/slot_" + slot


def manifest_in(file) -> bytes:
    """The manifest that a pack begins with; raises ValueError where there is no whole one."""
    text = file.readline(_LINE_MOST_BYTES)
    if text != FIRST_LINE:
        raise ValueError("no manifest")
    crc = binascii.crc32(text)
    lines = [text]
    size = len(text)
    while size < _MANIFEST_MOST_BYTES:
        line = file.readline(_LINE_MOST_BYTES)
        if line == b"%08x end\n" % (crc & _MASK):
            return b"".join(lines) + line
        if line[-1:] != b"\n":
            break
        crc = binascii.crc32(line, crc)
        lines.append(line)
        size += len(line)
    raise ValueError("the manifest is damaged")


def entries(manifest: bytes):
    """(CRC-32, bytes, name) of each file in a pack, in its order; raises ValueError."""
    for line in manifest.split(b"\n")[1:-2]:
        parts = line.split(b" ")
        if len(parts) != 3:
            raise ValueError("the manifest is damaged")
        yield int(str(parts[0], "utf-8"), 16), int(str(parts[1], "utf-8")), str(parts[2], "utf-8")


def build_of(manifest: bytes) -> str:
    """The id of a firmware: 16 hex digits of the SHA-256 of its manifest."""
    return str(binascii.hexlify(hashlib.sha256(manifest).digest())[:16], "utf-8")


def glance(path: str) -> tuple:
    """(id, content of about.json or b"") of the pack at `path`; its manifest is not held at once.

    Raises OSError, ValueError.
    """
    about = (0, 0)
    offset = 0
    with open(path, "rb") as file:
        line = file.readline(_LINE_MOST_BYTES)
        if line != FIRST_LINE:
            raise ValueError("no manifest")
        digest = hashlib.sha256(line)
        crc = binascii.crc32(line)
        while True:
            line = file.readline(_LINE_MOST_BYTES)
            digest.update(line)
            if line == b"%08x end\n" % (crc & _MASK):
                break
            parts = line.split(b" ")
            if line[-1:] != b"\n" or len(parts) != 3:
                raise ValueError("the manifest is damaged")
            crc = binascii.crc32(line, crc)
            size = int(str(parts[1], "utf-8"))
            if parts[2] == ABOUT.encode() + b"\n":
                about = (offset, size)
            offset += size
        file.seek(file.tell() + about[0])
        content = file.read(min(about[1], _LINE_MOST_BYTES))
    return str(binascii.hexlify(digest.digest())[:16], "utf-8"), content


def check_pack(path: str) -> str:
    """What is wrong with the pack at `path`; "" when all is as its manifest says (RQ-139)."""
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    try:
        with open(path, "rb") as file:
            manifest = manifest_in(file)
            starts = False
            for crc, size, name in entries(manifest):
                found = 0
                while size > 0:
                    count = file.readinto(buffer[: min(size, _BUFFER_BYTES)])
                    if not count:
                        return name + " is cut off"
                    found = binascii.crc32(buffer[:count], found)
                    size -= count
                if found & _MASK != crc:
                    return name + " is damaged"
                starts = starts or name.startswith(PACKAGE + "/startup.")
            if file.read(1):
                return "there is more than the manifest says"
            return "" if starts else "there is no program in it"
    except (OSError, ValueError, MemoryError, UnicodeError) as error:
        return str(error) or "it cannot be read"


class PackFile(io.IOBase):
    """A part of a file, read from its beginning: `size` bytes from `offset` on."""

    def __init__(self, path: str, offset: int, size: int) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - closed with this one
        self._file.seek(offset)
        self._left = size

    def readinto(self, buffer) -> int:
        """As of any file."""
        if self._left < len(buffer):
            buffer = memoryview(buffer)[: self._left]
        count = self._file.readinto(buffer)
        self._left -= count
        return count

    def readline(self, size=-1) -> bytes:
        """As of any file; to the part's end at most."""
        line = self._file.readline(self._left)
        self._left -= len(line)
        return line

    def ioctl(self, request: int, argument: int) -> int:
        """What MicroPython asks of a stream: that it be closed; it knows no other."""
        if request == _STREAM_CLOSE:
            self._file.close()
            return 0
        return -1

    def close(self) -> None:
        """As of any file."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._file.close()


class PackFolder:
    """A pack as a read-only filesystem, for vfs.mount: its files can be imported and opened.

    `opened()` is called for each file that is opened.
    """

    def __init__(self, path: str, opened=None) -> None:
        self._path = path
        self.opened = opened
        with open(path, "rb") as file:
            self._manifest = manifest_in(file)

    def mount(self, readonly, mkfs) -> None:
        """Nothing to do."""

    def umount(self) -> None:
        """Nothing to do."""

    def stat(self, path: str) -> tuple:
        """As os.stat; raises OSError."""
        name = path.strip("/")
        if not name or b" " + name.encode() + b"/" in self._manifest:
            return (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        size = self._find(name)[1]
        return (0x8000, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def open(self, path: str, mode: str):
        """The file of that name, for reading bytes; raises OSError."""
        offset, size = self._find(path.strip("/"))
        if self.opened is not None:
            self.opened()
        return PackFile(self._path, offset, size)

    def _find(self, name: str) -> tuple:
        """(offset, bytes) of a file in the pack; raises OSError."""
        if name == MANIFEST:
            return 0, len(self._manifest)
        if b" %s\n" % name.encode() in self._manifest:
            offset = len(self._manifest)
            for _, size, known in entries(self._manifest):
                if known == name:
                    return offset, size
                offset += size
        raise OSError(_ENOENT)


# --- the choice ----------------------------------------------------------------------------------


def next_start(record: dict | None, whole) -> tuple:
    """(the record to keep, the slot to start; NONE when nothing whole is there). Pure and total.

    record: the one that counts; whole(slot): whether the slot holds a whole program (RQ-144).
    """
    if record is None:
        found = [slot for slot in SLOTS if whole(slot)]
        if not found:
            return None, NONE
        back = found[1] if len(found) > 1 else NONE
        return made(found[0], STARTS - 1, back, why="the record was lost"), found[0]
    record = dict(record)
    if record["fell"] is not None and not record["fell"]["told"]:
        record["fell"] = dict(record["fell"])
        record["fell"]["told"] = True
    if record["starts"] == 0 and record["back"] != NONE and whole(record["back"]):
        leave(record, record["back"], PROVED, record["why"] or "it did not get ready")  # RQ-141
    elif record["starts"] > 0:
        record["starts"] -= 1
    if whole(record["use"]):
        return record, record["use"]
    slot = another(record, whole)
    if slot != NONE:
        leave(record, slot, PROVED if slot == record["back"] else STARTS - 1, "it is damaged")
    return record, slot


def another(record: dict, whole) -> str:
    """A slot with a whole program besides the one in use, the one before it first; or NONE."""
    for slot in (record["back"],) + SLOTS:
        if slot not in (NONE, record["use"]) and whole(slot):
            return slot
    return NONE


def leave(record: dict, slot: str, starts: int, why: str) -> None:
    """Change `record` so that `slot` is used, and tell what was left and why."""
    left = record["use"]
    record["fell"] = {"slot": left, "build": build_in(left), "why": why[:TEXT_MOST], "told": False}
    record["use"] = slot
    record["starts"] = starts
    record["back"] = NONE
    record["since"] = 0
    record["why"] = ""


def words(error: BaseException) -> str:
    """An error in a line of printable ASCII, which no record is too short for."""
    text = "%s: %s" % (type(error).__name__, error)
    return "".join([char if " " <= char <= "~" else "?" for char in text[:TEXT_MOST]])


def build_in(slot: str) -> str:
    """The id of the firmware in a slot; "" where there is none, or no manifest of it."""
    try:
        return glance(pack_path(slot))[0]
    except (OSError, ValueError):
        return ""


# --- the start -----------------------------------------------------------------------------------


def run() -> None:
    """Start the firmware. Returns for the REPL alone: in SERVICE, or when somebody asks at a door.

    Nothing here moves anything: no pin is touched before the firmware has been loaded.
    """
    checked: dict = {}

    def whole(slot: str) -> bool:
        if slot not in checked:
            checked[slot] = _is_whole(slot)
        return checked[slot]

    before = read_record()
    record, slot = next_start(before, whole)
    if record is not None and record != before and not _keep(record):
        if record["starts"] != PROVED and whole(record["back"]):
            # Starts that cannot be counted would never end: what proved itself is taken at once.
            record, slot = made(record["back"], PROVED, NONE), record["back"]
    opened = _guard(record)
    why = "there is no firmware"
    # With nothing whole, what is damaged is better than nothing: somebody may hang head-down.
    for candidate in (slot,) if slot != NONE else _order(record):
        try:
            startup = _load(candidate, opened)
        except BaseException as error:  # noqa: BLE001 - told, and then another one is tried
            sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
            why = words(error)
            _unload(candidate)
            continue
        startup.run()
        return
    _could_not_start(record, why, whole, opened is not None)


_STAYS = ("PackFile", "PackFolder", "manifest_in", "entries")
"""What files are opened with as long as the program runs."""


def let_go() -> None:
    """The program runs: forget the functions that only the choice of it needed."""
    function = type(let_go)
    names = globals()
    for name in list(names):
        if type(names[name]) is function and name not in _STAYS:
            del names[name]


def _order(record: dict | None) -> tuple:
    return (
        SLOTS
        if record is None
        else (record["use"],) + tuple([s for s in SLOTS if s != record["use"]])
    )


def _is_whole(slot: str) -> bool:
    import os

    if slot != TREE:
        return slot in PACKS and check_pack(pack_path(slot)) == ""
    for place in sys.path:
        for ending in ("/startup.py", "/startup.mpy"):
            try:
                os.stat((place + "/" if place else "") + PACKAGE + ending)
                return True
            except OSError:
                pass
    return False


def _keep(record: dict) -> bool:
    try:
        write_record(record)
    except OSError:
        return False
    return True


def _guard(record: dict | None):
    """What to call for each file that is opened: on trial the watchdog runs from here (RQ-141).

    Not in SERVICE, whose REPL nobody would feed it from.
    """
    if record is None or record["starts"] == PROVED or _service_wanted():
        return None
    if record["starts"] == 0 and record["back"] == NONE:
        _door(DOOR_MS)
    import machine

    return machine.WDT(timeout=LOAD_MOST_MS).feed


def _service_wanted() -> bool:
    try:
        with open(SERVICE_PATH, "rb") as file:
            return file.read(4) == b"true"
    except OSError:
        return False


def _door(duration_ms: int) -> None:
    """For so long Ctrl-C gives the REPL: only while nothing here could bring anybody home."""
    import time

    import micropython

    micropython.kbd_intr(3)
    time.sleep_ms(duration_ms)
    micropython.kbd_intr(-1)


def _load(slot: str, opened):
    """The module `startup` of that slot."""
    pack = None
    if slot in PACKS:
        import vfs

        pack = PackFolder(pack_path(slot), opened)
        vfs.mount(pack, folder(slot))
        sys.path.insert(0, folder(slot))
    from inversion_table import startup

    if pack is not None:
        pack.opened = None  # the firmware opens its files as long as it runs: that feeds nothing
    return startup


def _unload(slot: str) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] == PACKAGE:
            del sys.modules[name]
    if folder(slot) in sys.path:
        import vfs

        sys.path.remove(folder(slot))
        vfs.umount(folder(slot))


def _could_not_start(record: dict | None, why: str, whole, guarded: bool) -> None:
    """Note why, and start again: the other slot, where there is one; else there is a door.

    Not while the watchdog runs (`guarded`): it would bite whoever came in.
    """
    import machine

    slot = NONE
    if record is not None:
        if record["starts"] != PROVED:
            record["why"] = why
            slot = record["back"]
        else:
            slot = another(record, whole)
            if slot != NONE:
                left = record["use"]
                leave(record, slot, STARTS, why)
                record["back"] = left
        _keep(record)
    if slot == NONE and not guarded:
        _door(AGAIN_MS)
    machine.reset()
