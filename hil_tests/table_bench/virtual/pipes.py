"""The serial link's other end on the virtual bench: the firmware's stdin, stdout and stderr."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios

from table_bench.simulated.serial_port import BYTES_PER_MS, SerialPort

_STDIN_BUFFER_BYTES = 4096
_READ_BYTES = 1 << 16


class FirmwarePipes:
    """Shuttles bytes between a port and the pipes of a firmware process, while it idles."""

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self._stdin = self._stdout = self._stderr = -1
        self._poll = select.poll()

    def attach(self, stdin: int, stdout: int, stderr: int) -> None:
        """Connect the pipes of a firmware process."""
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        for fd in (stdout, stderr):
            self._poll.register(fd, select.POLLIN)

    def detach(self) -> None:
        """The firmware's process is about to end."""
        if self._stdin < 0:
            return
        self._read_stderr()
        self._poll.unregister(self._stdout)
        self._poll.unregister(self._stderr)
        self._stdin = -1
        self._port.device_left()

    def pump(self, kbd_intr: int, elapsed_ms: int) -> bool:
        """Move bytes both ways; True if the host sent the interrupt character `kbd_intr`."""
        port = self._port
        printed = False
        for fd, _ in self._poll.poll(0):
            if fd == self._stdout:
                printed = True
            else:
                self._read_stderr()
        port.look()
        if printed and port.room:
            port.put(os.read(self._stdout, _READ_BYTES))
            port.flush_to_host()
        if not port.waiting:
            return False
        return self._feed(kbd_intr, elapsed_ms)

    def _read_stderr(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._port.console += os.read(self._stderr, _READ_BYTES)

    def _feed(self, kbd_intr: int, elapsed_ms: int) -> bool:
        count = min(max(1, elapsed_ms) * BYTES_PER_MS, _STDIN_BUFFER_BYTES - _unread(self._stdin))
        if count <= 0:
            return False
        data = self._port.take(count)
        interrupted = kbd_intr >= 0 and kbd_intr in data
        if interrupted:
            at = data.index(kbd_intr)
            self._port.put_back(data[at + 1 :])
            data = data[:at]
        if data:
            os.write(self._stdin, data)
        return interrupted


def _unread(pipe: int) -> int:
    """Bytes in a pipe that its reader has not taken yet."""
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0])
