"""Pulling a session from a table: resumed where it broke off, verified, then put in its place."""

import binascii
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inversion_table.contract import messages, pages
from itable.errors import InputError
from itable.files import write_whole
from itable.link.client import Client
from itable.log import store
from itable.log.decode import SessionLog, decode

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole."""


@dataclass(frozen=True)
class Pulled:
    """What a pull brought: the file, what is in it, and how it came."""

    path: Path
    log: SessionLog
    bytes_read: int
    resumed_at: int
    was_here: bool

    def to_dict(self) -> dict[str, object]:
        """The pull as `--json` prints it."""
        return {
            "session": self.log.session,
            "file": str(self.path),
            "bytes": self.log.byte_count,
            "bytes_read": self.bytes_read,
            "resumed_at": self.resumed_at,
            "was_here": self.was_here,
            "pages": self.log.page_count,
            "samples": len(self.log.columns),
            "missing": self.log.missing,
        }


def pull(
    client: Client,
    session: int,
    path: Path,
    about: store.About,
    progress: Progress = lambda done, total: None,
) -> Pulled:
    """Bring session number `session` into the file `path`.

    What came so far is kept beside it as a `.part` file, so a pull that broke off goes on. The
    log gets its name only when it is whole; another log of that name is kept under a new one.
    Raises LinkError, RefusedError, InputError.
    """
    reply, first = client.read_log(session, 0)
    if path.exists():
        here = path.read_bytes()
        if len(here) == reply.total and here.startswith(first):
            progress(len(here), reply.total)
            return Pulled(path, decode(here), len(first), 0, was_here=True)
    part = path.with_suffix(".part")
    data = _kept(part, first)
    resumed_at = len(data)
    data = data or first
    bytes_read = len(first)
    with _opened(part) as file:
        file.seek(0)
        file.truncate()
        file.write(data)
        progress(len(data), reply.total)
        while len(data) < reply.total:
            _, block = client.read_log(session, len(data), messages.LOG_READ_MAX_BYTES)
            if not block:
                break
            file.write(block)
            file.flush()
            data += block
            bytes_read += len(block)
            progress(len(data), reply.total)
        os.fsync(file.fileno())
    _keep_older(path)
    store.write_about(path, about)
    write_whole(path, data)
    with contextlib.suppress(OSError):
        part.unlink()
    return Pulled(path, decode(data), bytes_read, resumed_at, was_here=False)


def _opened(part: Path) -> BinaryIO:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        return part.open("r+b")
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror or error}",
            where=str(part),
            next_step="name another folder: --dir DIR",
        ) from error


def _kept(part: Path, first: bytes) -> bytes:
    """The sound pages of a pull that broke off, if it was of the log that begins with `first`."""
    try:
        data = part.read_bytes()
    except OSError:
        return b""
    if not first or not data.startswith(first[: len(data)]):
        return b""
    sound = 0
    for at in range(0, len(data) - pages.PAGE_BYTES + 1, pages.PAGE_BYTES):
        if pages.read_header(data[at : at + pages.PAGE_BYTES]) is None:
            break
        sound = at + pages.PAGE_BYTES
    return data[:sound] if sound > len(first) else b""


def _keep_older(path: Path) -> None:
    """Give a log that lies where a different one is to go a name of its own."""
    if not path.exists():
        return
    mark = f"{binascii.crc32(path.read_bytes()):08x}"
    for suffix in (path.suffix, ".json"):
        old = path.with_suffix(suffix)
        if old.exists():
            old.replace(old.with_name(f"{path.stem}-{mark}{suffix}"))
