"""The USB serial link as the host has it: a pty, and what waits there in either direction.

What runs the firmware takes what is for it with `take` and hands over what it says with `put`.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from pathlib import Path

BYTES_PER_MS = 1000
"""USB full speed, what a CDC device gets through at best."""

_HOST_BUFFER_BYTES = 1 << 20
_READ_BYTES = 1 << 16


class SerialPort:
    """The port that a host opens at `path`, which stays the same across replugging."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "serial"
        self.console = bytearray()
        self.to_host = 0
        """Bytes handed to the present host since it opened the port, including those queued."""
        self.from_host = 0
        """Bytes received from the present pty."""
        self._master: int | None = None
        self._for_host = bytearray()
        self._for_device = bytearray()
        self._refusal: OSError | None = None
        self._poll = select.poll()
        self.host_present = False
        """Whether somebody has the port open."""
        self.generation = 0
        """Counts how often the port appeared."""

    # --- cable and board ---------------------------------------------------------------------

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
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()  # first: once the pty is closed, somebody else's may have its name
        self._poll.unregister(self._master)
        os.close(self._master)
        self._master = None
        self.generation += 1
        self._host_left()

    def host_opened(self) -> None:
        """A host of this process just opened the port: what it gets is counted from here."""
        self._host_left()
        if self._master is not None:
            termios.tcflush(self._master, termios.TCOFLUSH)
        self.host_present = True

    def _host_left(self) -> None:
        self.host_present = False
        self._for_host.clear()
        self.to_host = 0

    # --- the device's side -------------------------------------------------------------------

    def look(self) -> None:
        """Notice what the host did; give it what waits for it."""
        present = self._master is not None
        for _, events in self._poll.poll(0):
            if events & select.POLLIN and len(self._for_device) < _READ_BYTES:
                self._read_host()
            if events & select.POLLHUP:
                present = False
        if present != self.host_present:
            self._host_left()
            self.host_present = present
        if self._for_host:
            self.flush_to_host()

    @property
    def room(self) -> bool:
        """Whether the host takes more. One that is there and does not read fills up."""
        return not self.host_present or len(self._for_host) < _HOST_BUFFER_BYTES

    def put(self, data: bytes) -> None:
        """The device sent `data`; without a host it is lost, as on the chip."""
        if self.host_present:
            self._for_host += data
            self.to_host += len(data)

    @property
    def waiting(self) -> int:
        """Bytes that wait for the device."""
        return len(self._for_device)

    def take(self, size: int) -> bytes:
        """Up to `size` bytes for the device."""
        data = bytes(self._for_device[:size])
        del self._for_device[:size]
        return data

    def put_back(self, data: bytes) -> None:
        """The device wants these first when it takes again."""
        self._for_device[:0] = data

    def device_left(self) -> None:
        """The device lost power or restarts: what it has not taken is lost."""
        self._for_device.clear()

    # --- the host's side ---------------------------------------------------------------------

    def _read_host(self) -> None:
        assert self._master is not None
        with contextlib.suppress(BlockingIOError, OSError):
            data = os.read(self._master, _READ_BYTES)
            self.from_host += len(data)
            self._for_device += data

    def receive_exactly(self, total: int, timeout_s: float) -> None:
        """Wait in real time until `total` bytes have come from the host over this pty."""
        if self._master is None:
            return
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        while self.from_host < total and poll.poll(int(timeout_s * 1000)):
            self._read_host()

    def flush_to_host(self) -> None:
        """Give the host what the system takes now; the rest waits for the next time."""
        if self._master is None or not self._for_host:
            return
        try:
            written = os.write(self._master, self._for_host)
        except OSError as error:
            self._refusal = error
            return
        del self._for_host[:written]

    @property
    def on_its_way(self) -> str:
        """What waits for the host, and why it last had to, for a message."""
        why = f", {self._refusal.strerror}" if self._refusal else ""
        return f"{len(self._for_host)} wait in front of it{why}"

    def close(self) -> None:
        """Give everything back."""
        self.unplug()
