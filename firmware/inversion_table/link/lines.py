"""Cuts the incoming bytes into lines; a line too long is thrown away as a whole, and reported."""

from inversion_table.contract.frame import MAX_LINE_BYTES


class LineBuffer:
    """Collects bytes until a newline.

    Its memory is taken once, when it is made: a heap in pieces has no place later for a long line,
    whatever is free in all.
    """

    def __init__(self, most_bytes: int = MAX_LINE_BYTES) -> None:
        self._buffer = bytearray(most_bytes)
        self._view = memoryview(self._buffer)
        self._length = 0
        self._overflowed = False
        self._lines: list = []

    def feed(self, data: bytes | memoryview) -> None:
        """Take in what arrived, a few hundred bytes at most. Never raises for want of memory."""
        start = 0
        data = bytes(data)
        while True:
            end = data.find(b"\n", start)
            if end < 0:
                break
            self._keep(data[start:end])
            self._lines.append(self._line())
            self._length = 0
            self._overflowed = False
            start = end + 1
        self._keep(data[start:])

    def _keep(self, part: bytes) -> None:
        end = self._length + len(part)
        if self._overflowed or end > len(self._buffer):
            self._overflowed = True
            return
        self._view[self._length : end] = part
        self._length = end

    def _line(self) -> bytes | None:
        if self._overflowed:
            return None
        try:
            return bytes(self._view[: self._length])
        except MemoryError:
            return None

    def take(self) -> bytes | None:
        """The next whole line without its newline; None for one that was too long.

        Only when `waiting()`.
        """
        return self._lines.pop(0)

    def waiting(self) -> bool:
        """True while `take` has a line to give."""
        return bool(self._lines)
