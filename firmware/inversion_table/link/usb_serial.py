"""The USB serial port as a byte stream that never waits: MicroPython's stdin and stdout."""

import select
import sys

READ_BYTES_MOST = 256
"""Bytes taken in one background pass, so that a flood cannot keep the background from its work."""


class UsbSerial:
    """Reads what is there; writes whole replies."""

    def __init__(self) -> None:
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._out_poll = select.poll()
        self._out_poll.register(sys.stdout, select.POLLOUT)
        self._byte = bytearray(1)
        self._chunk = bytearray(READ_BYTES_MOST)
        self._view = memoryview(self._chunk)

    def read(self) -> bytes:
        """Up to READ_BYTES_MOST bytes that have already arrived; b"" when there are none."""
        count = 0
        while count < READ_BYTES_MOST and self._poll.poll(0):
            if not self._in.readinto(self._byte):
                break
            self._chunk[count] = self._byte[0]
            count += 1
        return bytes(self._view[:count]) if count else b""

    def write(self, data: bytes) -> None:
        """Send all of `data`; a host that does not read loses it, as USB gives up after a while."""
        self._out.write(data)

    def writable(self) -> bool:
        """Whether the port takes something at once; allocates nothing."""
        for _ in self._out_poll.ipoll(0):
            return True
        return False
