"""Incoming bytes as lines and blocks, with a deadline; what makes no sense is skipped."""

import binascii
import struct
import time
from collections.abc import Callable

from inversion_table.contract import frame
from itable.errors import LinkError
from itable.link.transport import Transport

_LENGTH = struct.Struct("<I")
_QUIET_S = 0.05


class TimedOut(Exception):
    """The deadline passed before the wanted bytes came."""


class Damaged(Exception):
    """A block came, but its length or its CRC-32 is wrong."""


class Reader:
    """Reads lines and blocks from a transport; times are seconds of `clock`."""

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self._transport = transport
        self._clock = clock
        self._buffer = bytearray()

    def value(self, deadline_s: float) -> object:
        """The next undamaged frame's value; lines that are none are skipped. Raises TimedOut."""
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                # A line that never ends is noise; the limit leaves room for one that may yet.
                if len(self._buffer) > 2 * frame.MAX_LINE_BYTES:
                    del self._buffer[: frame.MAX_LINE_BYTES]
                self._fill(deadline_s)
                continue
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            try:
                return frame.decode(line)
            except frame.FrameError:
                continue

    def block(self, size: int, deadline_s: float) -> bytes:
        """The block behind a reply: length, `size` bytes, CRC-32. Raises TimedOut, Damaged."""
        (length,) = _LENGTH.unpack(self._exactly(4, deadline_s))
        if length != size:
            raise Damaged(f"the block says {length} bytes, its reply said {size}")
        data = self._exactly(size, deadline_s)
        (crc,) = _LENGTH.unpack(self._exactly(4, deadline_s))
        if crc != binascii.crc32(data):
            raise Damaged("the block's CRC-32 does not match")
        return data

    def drop_input(self) -> None:
        """Forget what has come, and what still comes, until the line is quiet."""
        self._buffer.clear()
        give_up_s = self._clock() + 20 * _QUIET_S
        quiet_s = self._clock() + _QUIET_S
        while self._clock() < min(quiet_s, give_up_s):
            if self._receive():
                self._buffer.clear()
                quiet_s = self._clock() + _QUIET_S

    def _exactly(self, size: int, deadline_s: float) -> bytes:
        while len(self._buffer) < size:
            self._fill(deadline_s)
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _fill(self, deadline_s: float) -> None:
        if not self._receive() and self._clock() >= deadline_s:
            raise TimedOut

    def _receive(self) -> bool:
        """Take what has come, or wait for one byte as long as the transport waits."""
        try:
            data = self._transport.read(max(1, self._transport.in_waiting))
        except OSError as error:  # pyserial's SerialException is one
            raise LinkError(
                f"the link broke: {error}",
                next_step="check the cable, then try again",
            ) from error
        self._buffer += data
        return bool(data)
