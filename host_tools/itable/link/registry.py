"""Running virtual tables: each writes down its port, so that other commands find it."""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from itable.folders import virtual_tables_folder


@dataclass(frozen=True)
class VirtualTableEntry:
    """A virtual table that runs now: the process that owns it and its port."""

    pid: int
    port: str


class Registration:
    """The entry of this process's virtual table, while it runs (a context manager)."""

    def __init__(self, port: str) -> None:
        self._path = virtual_tables_folder() / f"{os.getpid()}.json"
        self._port = port

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps({"pid": os.getpid(), "port": self._port}), "utf-8")
        temporary.replace(self._path)

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)


def running() -> list[VirtualTableEntry]:
    """The virtual tables of this user that still run; what others left behind is removed."""
    entries = []
    for path in sorted(virtual_tables_folder().glob("*.json")):
        entry = _read(path)
        if entry is not None and _alive(entry):
            entries.append(entry)
        else:
            with contextlib.suppress(OSError):
                path.unlink()
    return entries


def _read(path: Path) -> VirtualTableEntry | None:
    try:
        value = json.loads(path.read_text("utf-8"))
        return VirtualTableEntry(int(value["pid"]), str(value["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _alive(entry: VirtualTableEntry) -> bool:
    try:
        os.kill(entry.pid, 0)
    except PermissionError:
        pass  # it runs, as someone else
    except (OSError, OverflowError):
        return False
    return Path(entry.port).exists()
