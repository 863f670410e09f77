"""Named small values in files: each is either the old one or the new one, whole, whatever happens.

A value is one line of JSON closed by its CRC-32 (contract/frame.py) in `<root>/<name>.json`. It is
written beside the old one first, flushed, and renamed over it; the chip's filesystem (littlefs)
renames atomically, so a power cut leaves one or the other (RQ-069).
"""

import os

from inversion_table.contract.frame import MAX_LINE_BYTES, FrameError, decode, encode

NAME_MOST = 24
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_ENOENT = 2
_EEXIST = 17


class StoreError(Exception):
    """A value cannot be read or written; the text says which, where and why."""


class Store:
    """Values under the folder `root`, which is made if it is missing (its parent must be there)."""

    def __init__(self, root: str):
        self._root = root.rstrip("/")
        if self._root:
            try:
                os.mkdir(self._root)
            except OSError as error:
                if error.errno != _EEXIST:
                    raise StoreError("cannot make the folder %s: %s" % (root, error)) from None

    def load(self, name: str) -> object:
        """The value of that name; None when none was ever saved.

        Raises StoreError when one is there but damaged or unreadable: the caller decides what that
        means, it is never the same as "none".
        """
        path = self._path(name)
        try:
            with open(path, "rb") as file:
                line = file.read()
        except OSError as error:
            if error.errno == _ENOENT:
                return None
            raise StoreError("cannot read %s: %s" % (path, error)) from None
        try:
            return decode(line)
        except FrameError as error:
            raise StoreError("%s is damaged (%s); save it anew" % (path, error)) from None

    def save(self, name: str, value: object) -> None:
        """Replace the value of that name; raises StoreError, and then the old one still stands."""
        path = self._path(name)
        new_path = path + ".new"
        line = encode(value)
        if len(line) > MAX_LINE_BYTES:
            raise StoreError("'%s' is too big to save: %d bytes" % (name, len(line)))
        try:
            with open(new_path, "wb") as file:
                file.write(line)
                file.flush()
            os.rename(new_path, path)
        except OSError as error:
            raise StoreError("cannot save %s: %s" % (path, error)) from None

    def _path(self, name: str) -> str:
        if not 0 < len(name) <= NAME_MOST or any(c not in _NAME_CHARACTERS for c in name):
            raise ValueError(
                "'%s' is no name for a value: use 1 to %d of a-z, 0-9 and _" % (name, NAME_MOST)
            )
        return "%s/%s.json" % (self._root, name)
