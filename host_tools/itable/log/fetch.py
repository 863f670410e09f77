"""A session's bytes from a table into a file that survives a pulled cable and a killed process."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inversion_table.contract import pages
from itable.errors import InputError, LogChangedError
from itable.link.client import Client
from itable.link.models import LogEntry

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole."""


@dataclass(frozen=True)
class Fetched:
    """The pages of a session; how many bytes came over the link, and where an earlier try ended."""

    data: bytes
    bytes_read: int
    resumed_at: int


def no_progress(done: int, total: int) -> None:
    """Progress that nobody watches."""


def first_page(client: Client, entry: LogEntry) -> bytes:
    """The first page that the table has of a session, as it lies there."""
    return b"".join(client.read_log(entry, 0, pages.PAGE_BYTES))


def fetch(
    client: Client,
    entry: LogEntry,
    part: Path,
    progress: Progress = no_progress,
    first: bytes | None = None,
) -> Fetched:
    """The session's pages as they lie on the table, collected in the file `part`, which stays.

    Each block is written as it comes, so whatever ends this, the next call goes on behind the last
    whole page. `first`: its first page, where that was read before. Raises LinkError,
    LogChangedError, RefusedError, InputError.
    """
    with _opened(part) as file:
        kept = _sound_pages(file.read(), entry)
        bytes_read = 0
        if kept:
            if first is None:
                first = first_page(client, entry)
                bytes_read = len(first)
            if kept[: pages.PAGE_BYTES] != first:
                kept = b""
        resumed_at = len(kept)
        file.seek(resumed_at)
        file.truncate()
        data = bytearray(kept)
        progress(len(data), entry.bytes)
        for block in client.read_log(entry, resumed_at):
            _write(file, block, part)
            data += block
            bytes_read += len(block)
            progress(len(data), entry.bytes)
        if not _in_place(data, entry):
            file.seek(0)
            file.truncate()
            raise LogChangedError(
                f"session {entry.session} changed on the table while it was read",
                where=client.name,
                next_step="pull it again; nothing was lost",
            )
        os.fsync(file.fileno())
    return Fetched(bytes(data), bytes_read, resumed_at)


@contextmanager
def _opened(part: Path) -> Iterator[BinaryIO]:
    """The file, made if it is missing, for this process alone; every write goes out at once."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise _unwritable(error, part) from error
    with open(descriptor, "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                "another itable is pulling this session",
                where=str(part),
                next_step="wait until it is done, or end it",
            ) from error
        yield file


def _write(file: BinaryIO, block: bytes, part: Path) -> None:
    try:
        view = memoryview(block)
        while view:
            view = view[file.write(view) :]
    except OSError as error:
        raise _unwritable(error, part) from error


def _unwritable(error: OSError, part: Path) -> InputError:
    return InputError(
        f"cannot write: {error.strerror or error}",
        where=str(part),
        next_step="make room and rights there, then pull again: it goes on where it stopped",
    )


def _sound_pages(data: bytes, entry: LogEntry) -> bytes:
    """The pages at the beginning of `data` that are whole and in their place in that session."""
    end = 0
    while end + pages.PAGE_BYTES <= min(len(data), entry.bytes):
        header = pages.read_header(data[end : end + pages.PAGE_BYTES])
        if header is None or header.session != entry.session:
            break
        if header.sequence != entry.first + end // pages.PAGE_BYTES:
            break
        end += pages.PAGE_BYTES
    return data[:end]


def _in_place(data: bytes | bytearray, entry: LogEntry) -> bool:
    """Whether every sound page carries the number that belongs to its place."""
    for index in range(len(data) // pages.PAGE_BYTES):
        at = index * pages.PAGE_BYTES
        header = pages.read_header(data[at : at + pages.PAGE_BYTES])
        if header is not None and header.sequence != entry.first + index:
            return False
    return True
