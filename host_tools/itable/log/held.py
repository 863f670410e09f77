"""What is held of a session: its pages by sequence number, compared and put together."""

import hashlib
from dataclasses import dataclass

from inversion_table.contract import pages


@dataclass(frozen=True)
class Held:
    """The pages of one session in their order; page i has sequence `base` + i.

    `number`: of the session; `first_page`: sequence of its first page ever, held or not.
    """

    data: bytes
    number: int
    base: int
    first_page: int

    @property
    def last(self) -> int:
        """Sequence of the last page."""
        return self.base + len(self.data) // pages.PAGE_BYTES - 1

    @property
    def mark(self) -> str:
        """32 hex digits of the first sound page: no two sessions have the same."""
        for sequence in range(self.base, self.last + 1):
            page = self.page(sequence)
            if pages.read_header(page) is not None:
                return hashlib.sha256(page).hexdigest()[:32]
        raise ValueError("there is no sound page")

    def page(self, sequence: int) -> bytes:
        """The page of that number, which must be held."""
        at = (sequence - self.base) * pages.PAGE_BYTES
        return self.data[at : at + pages.PAGE_BYTES]


def held(data: bytes) -> Held | None:
    """`data`, pages as they lie on a table, as what they are; None without a sound page."""
    whole = data[: len(data) // pages.PAGE_BYTES * pages.PAGE_BYTES]
    for at in range(0, len(whole), pages.PAGE_BYTES):
        header = pages.read_header(whole[at : at + pages.PAGE_BYTES])
        if header is not None:
            base = header.sequence - at // pages.PAGE_BYTES
            if base >= 0:
                return Held(whole, header.session, base, header.first_sequence)
    return None


def same_session(one: Held, other: Held) -> bool:
    """Whether both are of one session: they share sound pages, and all that both have agree.

    A table whose flash was erased counts anew, so equal numbers alone say nothing.
    """
    if (one.number, one.first_page) != (other.number, other.first_page):
        return False
    shared = False
    for sequence in range(max(one.base, other.base), min(one.last, other.last) + 1):
        mine, theirs = one.page(sequence), other.page(sequence)
        if mine == theirs:
            shared = shared or pages.read_header(mine) is not None
        elif pages.read_header(mine) is not None and pages.read_header(theirs) is not None:
            return False
    return shared


def joined(old: Held, new: Held) -> Held:
    """Every page that either has, of the same session; a sound one before a damaged one."""
    first, last = min(old.base, new.base), max(old.last, new.last)
    parts = []
    for sequence in range(first, last + 1):
        candidates = [one.page(sequence) for one in (old, new) if one.base <= sequence <= one.last]
        sound = [page for page in candidates if pages.read_header(page) is not None]
        parts.append((sound or candidates)[0])
    return Held(b"".join(parts), old.number, first, old.first_page)
