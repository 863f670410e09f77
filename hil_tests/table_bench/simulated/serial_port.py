"""The USB serial link: a pty on the host's side, the firmware's stdin and stdout on the other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
import tty
from pathlib import Path

_BYTES_PER_MS = 1000  # USB full speed, what a CDC device gets through at best
_HOST_BUFFER_BYTES = 1 << 20
_STDIN_BUFFER_BYTES = 4096
_READ_BYTES = 1 << 16


class SerialPort:
    """Shuttles bytes while the firmware idles. `path` stays the same across replugging."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "serial"
        self.console = bytearray()
        self.to_host = 0
        """Bytes handed to the present host since it opened the port, including those queued."""
        self.from_host = 0
        """Bytes received from the present pty."""
        self._master: int | None = None
        self._stdin = self._stdout = self._stderr = -1
        self._for_host = bytearray()
        self._for_firmware = bytearray()
        self._budget = 0
        self._poll = select.poll()
        self._host_present = False
        self.generation = 0
        """Counts how often the port appeared."""

    # --- cable and board ---------------------------------------------------------------------

    @property
    def plugged(self) -> bool:
        """Whether the port exists at present."""
        return self._master is not None

    def plug(self) -> None:
        """Let the port appear."""
        if self._master is not None:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)
        self._master = master
        self.from_host = self.to_host = 0
        self.generation += 1
        self._poll.register(master, select.POLLIN)

    def unplug(self) -> None:
        """Let the port vanish; the host sees an I/O error."""
        if self._master is None:
            return
        self._poll.unregister(self._master)
        os.close(self._master)
        self._master = None
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.generation += 1
        self._host_left()

    def host_opened(self) -> None:
        """A host of this process just opened the port: what it gets is counted from here."""
        self._host_left()
        if self._master is not None:
            termios.tcflush(self._master, termios.TCOFLUSH)
        self._host_present = True

    def _host_left(self) -> None:
        self._host_present = False
        self._for_host.clear()
        self.to_host = 0

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
        self._for_firmware.clear()

    # --- shuttling ---------------------------------------------------------------------------

    def pump(self, kbd_intr: int, elapsed_ms: int) -> bool:
        """Move bytes both ways; True if the host sent the interrupt character `kbd_intr`."""
        host_present = self._master is not None
        printed = False
        for fd, events in self._poll.poll(0):
            if fd == self._stdout:
                printed = True
            elif fd == self._stderr:
                self._read_stderr()
            else:
                if events & select.POLLIN and len(self._for_firmware) < _READ_BYTES:
                    self._read_host()
                if events & select.POLLHUP:
                    host_present = False
        if host_present != self._host_present:
            self._host_left()
            self._host_present = host_present
        if printed:
            self._read_stdout()
        if self._for_host:
            self.flush_to_host()
        if not self._for_firmware:
            return False
        return self._feed_firmware(kbd_intr, elapsed_ms)

    def _read_stdout(self) -> None:
        """Take what the firmware wrote; without a host it is lost, as on the chip.

        A host that is there and does not read lets the firmware's output fill up.
        """
        if self._host_present and len(self._for_host) >= _HOST_BUFFER_BYTES:
            return
        data = os.read(self._stdout, _READ_BYTES)
        if not self._host_present:
            return
        self._for_host += data
        self.to_host += len(data)

    def _read_stderr(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.console += os.read(self._stderr, _READ_BYTES)

    def _read_host(self) -> None:
        assert self._master is not None
        with contextlib.suppress(BlockingIOError, OSError):
            data = os.read(self._master, _READ_BYTES)
            self.from_host += len(data)
            self._for_firmware += data

    def receive_exactly(self, total: int, timeout_s: float) -> None:
        """Wait in real time until `total` bytes have come from the host over this pty."""
        if self._master is None:
            return
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        while self.from_host < total and poll.poll(int(timeout_s * 1000)):
            self._read_host()

    def flush_to_host(self) -> None:
        """Give the host what fits into the system's buffer."""
        if self._master is None:
            return
        with contextlib.suppress(BlockingIOError, OSError):
            written = os.write(self._master, self._for_host)
            del self._for_host[:written]

    def _feed_firmware(self, kbd_intr: int, elapsed_ms: int) -> bool:
        count = min(len(self._for_firmware), max(1, elapsed_ms) * _BYTES_PER_MS)
        count = min(count, _STDIN_BUFFER_BYTES - _unread(self._stdin))
        if count <= 0:
            return False
        data = bytes(self._for_firmware[:count])
        interrupted = False
        if kbd_intr >= 0 and kbd_intr in data:
            data = data[: data.index(kbd_intr)]
            count = len(data) + 1
            interrupted = True
        del self._for_firmware[:count]
        if data:
            os.write(self._stdin, data)
        return interrupted

    def close(self) -> None:
        """Give everything back."""
        self.detach()
        self.unplug()


def _unread(pipe: int) -> int:
    """Bytes in a pipe that its reader has not taken yet."""
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0])
