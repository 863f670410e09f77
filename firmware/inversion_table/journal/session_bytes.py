"""The raw bytes of one session, taken from the ring part by part."""


class SessionBytes:
    """Up to `length` bytes of the session `info` of `ring`, from byte `offset` on.

    `left`: bytes that are still to come. Whoever reads slowly may find that newer sessions have
    overwritten them: the pages carry their sequence numbers, so that shows.
    """

    def __init__(self, ring, info, offset: int, length: int):
        self._ring = ring
        self._info = info
        self._offset = offset
        self.left = min(length, max(0, info.total_bytes() - offset))

    def take(self, buffer: bytearray | memoryview) -> int:
        """Fill `buffer`, which is no longer than what is left; returns the bytes."""
        count = self._ring.read(self._info, self._offset, buffer)
        self._offset += count
        self.left -= count
        return count
