"""Writing files so that a reader never sees half of one."""

import os
from pathlib import Path

from itable.errors import InputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file completely or not at all: to a neighbour first, then under its name.

    Raises InputError when the place cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write: {error.strerror or error}",
            where=str(path),
            next_step="name another place, or make room and rights there",
        ) from error


def require_writable(folder: Path) -> None:
    """Make the folder, and raise InputError when nothing can be written there: before long work."""
    try:
        write_whole(probe := folder / ".probe", b"?")
    except InputError as error:
        raise InputError(error.what, where=str(folder), next_step=error.next_step) from error
    probe.unlink(missing_ok=True)


def read_whole(path: Path, what: str) -> bytes:
    """The bytes of a file; raises InputError, which names it as `what`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {what}: {error.strerror or error}",
            where=str(path),
            next_step="check the name",
        ) from error
