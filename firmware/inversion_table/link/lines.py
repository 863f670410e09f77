"""Cuts the incoming bytes into lines; a line too long is thrown away as a whole, and reported."""

from inversion_table.contract.frame import MAX_LINE_BYTES

_NEWLINE = 10


class LineBuffer:
    """Collects bytes until a newline. Its memory is bounded whatever the host sends."""

    def __init__(self, most_bytes: int = MAX_LINE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._buffer = bytearray()
        self._overflowed = False
        self._lines: list = []

    def feed(self, data: bytes | memoryview) -> None:
        """Take in what arrived."""
        start = 0
        data = bytes(data)
        while True:
            end = data.find(b"\n", start)
            if end < 0:
                break
            self._keep(data[start:end])
            self._lines.append(None if self._overflowed else bytes(self._buffer))
            self._buffer = bytearray()
            self._overflowed = False
            start = end + 1
        self._keep(data[start:])

    def _keep(self, part: bytes) -> None:
        if self._overflowed or len(self._buffer) + len(part) > self._most_bytes:
            self._overflowed = True
            self._buffer = bytearray()
        else:
            self._buffer.extend(part)

    def take(self) -> bytes | None:
        """The next whole line without its newline; None for one that was too long.

        Only when `waiting()`.
        """
        return self._lines.pop(0)

    def waiting(self) -> bool:
        """True while `take` has a line to give."""
        return bool(self._lines)
