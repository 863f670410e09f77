"""Stands in for the ring when there is no flash for the log: takes nothing and has nothing.

A table that cannot log must still bring its patient home, so the recorder works on, counting what
is lost. Whether a session may begin without a log is for the caller to decide.
"""


class AbsentRing:
    """The interface of `Ring` (journal/ring.py) without any pages."""

    bad_pages = 0

    def next_session(self) -> int:
        """Always 1: no session is ever stored."""
        return 1

    def free_pages(self) -> int:
        """None."""
        return 0

    def prepare(self, most_erases: int) -> int:
        """Nothing to erase, nothing wanted."""
        return 0

    def append(self, page, session: int, payload_bytes: int, flags: int) -> bool:
        """Refused; the recorder counts the page as lost."""
        return False

    def span(self) -> tuple:
        """No pages."""
        return 0, 0, 0

    def sessions(self, below: int | None = None):
        """No sessions."""
        return iter(())

    def ending_at(self, session: int, last_sequence: int) -> object:
        """None: not here."""
        return None

    def find(self, session: int, most: int = 1) -> object:
        """None: not here."""
        return None

    def read(self, info, offset: int, buffer) -> int:
        """No bytes."""
        return 0
