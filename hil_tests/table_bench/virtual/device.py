"""The firmware's process: a real MicroPython with stand-ins for the chip's modules on its path."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from table_bench.simulated.errors import BenchError
from table_bench.virtual.device_modules import bench_frame as frame

DEVICE_MODULES = Path(__file__).parent / "device_modules"
_LAUNCH = (
    "import sys; sys.path[:] = {path!r}; from micropython_run import run_main; "
    "sys.argv = {argv!r}; run_main(sys.argv)"
)
_STDOUT_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
_SILENCE_LIMIT_S = 20.0

REQUEST = struct.Struct(f"<{frame.REQUEST_LONGS}q")
STATUS = struct.Struct("<q")


class Device:
    """One run of the firmware, from power-on or reset to the end of the process."""

    def __init__(
        self,
        config: Mapping[str, Any],
        state_dir: Path,
        heap_kb: int,
        *,
        boot: Sequence[Path] = (DEVICE_MODULES / "bench_boot.py", DEVICE_MODULES),
        request: struct.Struct = REQUEST,
    ) -> None:
        """`boot`: script that the process begins with, and its arguments before the config's file.

        `request` is the form of what it asks.
        """
        self._request = request
        replies_read, self._replies = os.pipe()
        self._requests, requests_write = os.pipe()
        stdin_read, self.stdin = os.pipe()
        self.stdout, stdout_write = os.pipe()
        self.stderr, stderr_write = os.pipe()
        theirs = (replies_read, requests_write, stdin_read, stdout_write, stderr_write)
        _enlarge(stdout_write)
        for ours in (self.stdout, self.stderr):
            os.set_blocking(ours, False)
        config_path = state_dir / "boot.json"
        fds = {"replies_fd": replies_read, "requests_fd": requests_write}
        config_path.write_text(json.dumps({**config, **fds}))
        argv = [
            "micropython",
            "-X",
            f"heapsize={heap_kb}k",
            *(str(path) for path in boot),
            str(config_path),
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCH.format(path=sys.path, argv=argv)],
            stdin=stdin_read,
            stdout=stdout_write,
            stderr=stderr_write,
            pass_fds=(replies_read, requests_write),
            env={"TZ": "UTC", "PATH": os.defpath},
        )
        for fd in theirs:
            os.close(fd)
        self.exchanges = 0
        self.waiting = False
        """Whether the bench waits for this device right now."""
        self._dead = threading.Event()
        self._silent = False
        self._guard = threading.Thread(target=self._watch, name="firmware guard", daemon=True)
        self._guard.start()

    def receive(self) -> tuple[int, ...]:
        """The next request; BenchError if the process ended or never gives control back."""
        data = os.read(self._requests, self._request.size)
        self.exchanges += 1
        if len(data) != self._request.size:
            raise self._ended()
        return self._request.unpack(data)

    def receive_payload(self, count: int) -> bytes:
        """The bytes that follow a request."""
        data = b""
        while len(data) < count:
            part = os.read(self._requests, count - len(data))
            if not part:
                raise self._ended()
            data += part
        return data

    def reply(self, data: bytes) -> None:
        """Answer the request received last."""
        os.write(self._replies, data)

    def kill(self) -> None:
        """End the process at once, as a power cut does."""
        if self._dead.is_set():
            return
        self._dead.set()
        self._process.kill()
        self._process.wait()
        self._guard.join()
        for fd in (self._replies, self._requests, self.stdin, self.stdout, self.stderr):
            os.close(fd)

    def _ended(self) -> BenchError:
        said = b""
        with contextlib.suppress(BlockingIOError):
            said = os.read(self.stderr, _STDOUT_PIPE_BYTES)
        why = (
            f"did not give control back for {_SILENCE_LIMIT_S:.0f} s of real time (endless loop?)"
            if self._silent
            else f"ended by itself with exit code {self._process.wait()}"
        )
        return BenchError(f"the firmware's process {why}\n{said.decode(errors='replace')}")

    def _watch(self) -> None:
        """Kill a process that never comes back, so that the bench does not wait for ever."""
        seen, since = -1, time.monotonic()
        while not self._dead.wait(0.5):
            if self.exchanges != seen or not self.waiting:
                seen, since = self.exchanges, time.monotonic()
            elif time.monotonic() - since > _SILENCE_LIMIT_S:
                self._silent = True
                self._process.kill()
                return


def _enlarge(pipe: int) -> None:
    """Make room for what the firmware may print between two exchanges."""
    with contextlib.suppress(OSError):  # a lower limit of the system still leaves 64 KB
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _STDOUT_PIPE_BYTES)
