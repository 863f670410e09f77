"""The USB serial port as a byte stream that never waits: MicroPython's stdin and stdout."""

import select
import sys

READ_BYTES_MOST = 256
"""Bytes taken in one background pass, so that a flood cannot keep the background from its work."""
WRITE_BYTES_MOST = 64
"""Written at once: a packet of full-speed USB."""
WAIT_MS = 200
"""So long, in a pass, the host may leave its input full before it loses replies. The port's own
patience is 500 ms for each packet: with a host that asks and does not read, the watchdog would
bite (RQ-131)."""
STEP_MS = 10


class UsbSerial:
    """Reads what is there; writes whole replies."""

    def __init__(self) -> None:
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._out_poll = select.poll()
        self._out_poll.register(sys.stdout, select.POLLOUT)
        self._patience_ms = 0
        self._stalled = False
        self._byte = bytearray(1)
        self._chunk = bytearray(READ_BYTES_MOST)
        self._view = memoryview(self._chunk)

    def read(self) -> bytes:
        """Up to READ_BYTES_MOST bytes that have already arrived; b"" when there are none.

        Once in a pass: what may be waited for in `write` is counted from here.
        """
        self._patience_ms = 0 if self._stalled else WAIT_MS
        count = 0
        while count < READ_BYTES_MOST and self._poll.poll(0):
            if not self._in.readinto(self._byte):
                break
            self._chunk[count] = self._byte[0]
            count += 1
        return bytes(self._view[:count]) if count else b""

    def wait(self, most_ms: int) -> None:
        """Sleep until a byte has arrived that was not read, or for `most_ms`; allocates nothing.

        The interpreter sleeps in one call: asking again each millisecond took half of the chip's
        time.
        """
        for _ in self._poll.ipoll(most_ms):
            return

    def write(self, data: bytes) -> None:
        """Send all of `data`; a host that does not read loses it, and what follows, at once."""
        view = memoryview(data)
        for start in range(0, len(data), WRITE_BYTES_MOST):
            while not self._out_poll.poll(STEP_MS if self._patience_ms > 0 else 0):
                self._patience_ms -= STEP_MS
                if self._patience_ms <= 0:
                    self._stalled = True  # until it reads again
                    return
            if self._stalled:
                self._stalled = False
                self._out.write(b"\n")  # what was cut off shall not spoil this one
            self._out.write(view[start : start + WRITE_BYTES_MOST])

    def put(self, piece: memoryview) -> None:
        """Send at most WRITE_BYTES_MOST at once, after `writable` said yes."""
        self._out.write(piece)

    def writable(self) -> bool:
        """Whether the port takes something at once; allocates nothing."""
        for _ in self._out_poll.ipoll(0):
            return True
        return False
