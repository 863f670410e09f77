"""Sends a session's bytes block by block, so that whoever reads slowly keeps nothing waiting.

A block: its length as u32, its bytes, their CRC-32 as u32, all little-endian. A pass of the
background sends one block at most, in pieces, and only while the port has room (RQ-126).
"""

import binascii
import struct

from inversion_table.contract.messages import LOG_BLOCK_BYTES
from inversion_table.link.usb_serial import WRITE_BYTES_MOST
from inversion_table.safety.ticks import elapsed_ms

PIECE_BYTES = WRITE_BYTES_MOST
"""A port with room for part of it keeps nobody waiting for more."""
STALLED_MS = 2_000
"""A host that takes nothing for so long gets no more."""
_LENGTH_BYTES = 4
_CRC_BYTES = 4


class BlockStream:
    """The bytes of one `source` at a time on their way to `port` (link/usb_serial.py).

    source.take(buffer) fills a buffer and returns the bytes; source.left counts what is to come.
    Its memory is taken once: nothing is allocated for a page.
    """

    def __init__(self, port) -> None:
        self._port = port
        self._block = bytearray(_LENGTH_BYTES + LOG_BLOCK_BYTES + _CRC_BYTES)
        self._view = memoryview(self._block)
        self._data = self._view[_LENGTH_BYTES : _LENGTH_BYTES + LOG_BLOCK_BYTES]
        self._pieces = [
            self._view[at : at + PIECE_BYTES] for at in range(0, len(self._block), PIECE_BYTES)
        ]
        self._source = None
        self._at = 0
        self._end = 0
        self._moved_ms = 0

    def start(self, source, now_ms) -> None:
        """Send `source`, beginning with the next `step`."""
        self._source = source if source.left else None
        self._at = self._end = 0
        self._moved_ms = now_ms

    @property
    def sending(self) -> bool:
        """Whether `step` has something to send, as soon as the port takes it."""
        return self._source is not None

    def stop(self) -> None:
        """Send no more of it. A line end goes out, so that the reply behind it begins a line."""
        if self._source is not None:
            self._source = None
            self._port.write(b"\n")

    def step(self, now_ms) -> None:
        """One pass: the rest of a block, or the next one, as far as the port takes it."""
        source = self._source
        if source is None:
            return
        if self._at == self._end:
            self._load(source)
        port = self._port
        while self._at < self._end:
            if not port.writable():
                if elapsed_ms(now_ms, self._moved_ms) >= STALLED_MS:
                    self._source = None
                return
            self._moved_ms = now_ms
            size = self._end - self._at
            piece = self._pieces[self._at // PIECE_BYTES]
            port.put(piece if size >= PIECE_BYTES else piece[:size])
            self._at += PIECE_BYTES
        self._at = self._end
        if not source.left:
            self._source = None

    def _load(self, source) -> None:
        """The next block into the buffer; none when the source has suddenly nothing more."""
        left = source.left
        data = self._data if left >= LOG_BLOCK_BYTES else self._data[:left]
        count = source.take(data)
        self._at = self._end = 0
        if count != len(data):
            self._source = None
            return
        block = self._block
        struct.pack_into("<I", block, 0, count)
        struct.pack_into("<I", block, _LENGTH_BYTES + count, binascii.crc32(data) & 0xFFFFFFFF)
        self._end = _LENGTH_BYTES + count + _CRC_BYTES
