"""The host's end of the serial link for exact tests: waiting for bytes advances the table."""

from __future__ import annotations

import contextlib
import os
import select
import termios
from collections.abc import Callable
from contextlib import AbstractContextManager

from table_bench.simulated.errors import BenchError
from table_bench.simulated.serial_port import SerialPort

_STEP_MS = 10
_CHUNK_BYTES = 1024
_READ_BYTES = 1 << 16
_REAL_LIMIT_S = 5.0
_TRY_MS = 50
_TRIES = 300
"""Counted, not timed: after a machine stood still for a while, there is time left."""


class SteppedSerial:
    """The part of pyserial's Serial that a line protocol needs, over the real pty.

    Time-outs count virtual time. Errors of a vanished port are OSError, as pyserial's are.
    """

    def __init__(
        self,
        port: SerialPort,
        advance: Callable[[float], None],
        control: Callable[[], AbstractContextManager[None]],
        timeout: float | None,
        step_ms: float = _STEP_MS,
    ) -> None:
        self.timeout = timeout
        self._step_ms = step_ms
        self.port = str(port.path)
        self._port = port
        self._advance = advance
        self._control = control
        with control():
            self._fd = os.open(self.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            port.host_opened()
            termios.tcflush(self._fd, termios.TCIFLUSH)
            self._taken = 0
            self._buffer = bytearray()
            self._generation = port.generation
            self._sent_before = port.from_host
        self._sent = 0
        self.is_open = True

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read without waiting."""
        self._check()
        return len(self._buffer) + self._port.to_host - self._taken

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes; fewer if `timeout` virtual seconds pass."""
        self._wait_for(size)
        if len(self._buffer) < size:
            self._fill()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _wait_for(self, size: int) -> bool:
        """Let time pass until so many bytes can be read; False if it runs out."""
        waited_ms = 0.0
        limit_ms = float("inf") if self.timeout is None else self.timeout * 1000.0
        while self.in_waiting < size:
            if waited_ms >= limit_ms:
                return False
            step_ms = min(self._step_ms, limit_ms - waited_ms)
            self._advance(step_ms)
            waited_ms += step_ms
        return True

    def readline(self) -> bytes:
        """Up to and including a newline; what came until then if time runs out."""
        size = 0
        while True:
            end = self._buffer.find(b"\n", size)
            if end >= 0:
                return self.read(end + 1)
            size = len(self._buffer)
            if not self._wait_for(size + 1):
                return self.read(size)
            self._fill()

    def write(self, data: bytes) -> int:
        """Send; returns when the bench has every byte. Virtual time does not pass."""
        self._check()
        with self._control():
            for start in range(0, len(data), _CHUNK_BYTES):
                part = data[start : start + _CHUNK_BYTES]
                while part:
                    written = os.write(self._fd, part)
                    self._sent += written
                    self._port.receive_exactly(self._sent_before + self._sent, _REAL_LIMIT_S)
                    part = part[written:]
        return len(data)

    def flush(self) -> None:
        """Nothing to do: `write` waits."""

    def reset_input_buffer(self) -> None:
        """Drop what has come."""
        self._fill()
        self._buffer.clear()

    def close(self) -> None:
        """Close the port; the device then has no host."""
        if self.is_open:
            try:
                with contextlib.suppress(OSError):
                    self._fill()  # the system would keep it for the next host
            finally:
                self.is_open = False
                with contextlib.suppress(OSError):
                    os.close(self._fd)

    def __enter__(self) -> SteppedSerial:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self) -> None:
        if not self.is_open:
            raise OSError("port is closed")
        if self._port.generation != self._generation:
            raise OSError("the device disappeared from the port")

    def _fill(self) -> None:
        """Take every byte that is known to be on its way through the system's pty."""
        with self._control():
            self._check()
            while self._taken < self._port.to_host:
                self._wait_for_the_system()
                data = os.read(self._fd, _READ_BYTES)
                self._taken += len(data)
                self._buffer += data

    def _wait_for_the_system(self) -> None:
        """Until something can be read. A busy system may refuse a write that it takes later."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        for _ in range(_TRIES):
            self._port.flush_to_host()
            if poll.poll(_TRY_MS):
                return
        raise BenchError(
            f"{self._port.to_host - self._taken} of {self._port.to_host} bytes for the host got"
            f" lost in the pty; {self._port.on_its_way}"
        )
