"""Remembers which pages of the log a host has said that it keeps. Nothing is deleted for it.

Ranges of page sequence numbers, which never run backward, so a session that goes on after it was
pulled, or another one of the same number, is not taken for pulled. What is forgotten here is only
pulled once more.
"""

from inversion_table.store import StoreError

NAME = "pulled"
RANGES_MOST = 32


class Pulled:
    """Ranges [first, last] of pulled pages, kept in `store`, newest last."""

    def __init__(self, store):
        self._store = store
        self._ranges = _sound(store)

    def covers(self, first: int, last: int) -> bool:
        """Whether the host has every page from `first` to `last`."""
        for known_first, known_last in self._ranges:
            if known_first <= first and last <= known_last:
                return True
        return False

    def mark(self, first: int, last: int) -> None:
        """The host has the pages `first` to `last`; raises StoreError, and then nothing changed.

        Erases flash (the filesystem's): only where that is allowed.
        """
        if self.covers(first, last):
            return
        kept = []
        for known in self._ranges:
            if known[1] + 1 < first or last + 1 < known[0]:
                kept.append(known)
            else:
                first = min(first, known[0])
                last = max(last, known[1])
        kept.append([first, last])
        kept = kept[-RANGES_MOST:]
        self._store.save(NAME, kept)
        self._ranges = kept


def _sound(store) -> list:
    """The ranges as they are stored; none when they are damaged: then all is pulled once more."""
    try:
        stored = store.load(NAME)
    except StoreError:
        return []
    if not isinstance(stored, list):
        return []
    for known in stored:
        if not isinstance(known, list) or len(known) != 2:
            return []
        for number in known:
            if not isinstance(number, int):
                return []
    return stored
