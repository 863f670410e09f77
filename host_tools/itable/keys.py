"""Files with a clinic's key: 64 hex digits in a line, readable by their owner alone."""

import os
import secrets
import stat
from pathlib import Path

from inversion_table.contract.seal import KEY_BYTES, KeyFormError, key_id, read_key
from itable.errors import InputError

_MOST_BYTES = 4096


def new_key_file(path: Path) -> str:
    """Write a new random key to a file that is not there yet; returns the key's id."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(
            "there is a file of this name already, and it may be the only copy of a key",
            where=str(path),
            next_step="choose another name",
        ) from None
    except OSError as error:
        raise _cannot("write", path, error) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key_id(key)


def read_key_file(path: Path) -> bytes:
    """The key in a file; raises InputError when it is none, or others may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MOST_BYTES)
    except OSError as error:
        raise _cannot("read", path, error) from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise InputError(
            f"others may read or change this key (mode {stat.S_IMODE(mode):04o})",
            where=str(path),
            next_step=f"chmod 600 {path}; if others had it, make a new key",
        )
    try:
        return read_key(content.decode("ascii", "replace").strip())
    except KeyFormError as error:
        raise InputError(
            f"this is no key: {error}",
            where=str(path),
            next_step="`itable lock new-key FILE` makes one",
        ) from None


def _cannot(what: str, path: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot {what} the key: {error.strerror}",
        where=str(path),
        next_step="check the name and the folder's permissions",
    )
