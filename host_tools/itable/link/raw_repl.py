"""MicroPython's raw REPL, which a table offers in SERVICE and nowhere else."""

import time
from collections.abc import Callable

from itable.errors import LinkError
from itable.link.transport import Transport

_INTERRUPT = b"\r\x03\x03"
_RAW_MODE = b"\r\x01"
_FRIENDLY_MODE = b"\r\x02"
_RUN = b"\x04"
_READY = b"raw REPL; CTRL-B to exit\r\n>"
_TAKEN = b"OK"
MOST_BYTES = 250
"""The chip's input buffer, past which it would lose what is sent at once."""


class RawRepl:
    """Runs short programs in the REPL behind `transport`, which stays open.

    To a table that is not in SERVICE all of this is a damaged line, and does nothing.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        name: str = "",
        timeout_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._name = name
        self._timeout_s = timeout_s
        self._clock = clock

    def run(self, program: str) -> bytes:
        """What `program` prints; raises LinkError when there is no REPL, or it fails there."""
        code = program.encode()
        if len(code) > MOST_BYTES:
            raise ValueError("too long for the chip's input buffer")
        self._send(_INTERRUPT + _RAW_MODE)
        try:
            self._until(_READY)
            self._send(code + _RUN)
            self._until(_TAKEN)
            printed = self._until(_RUN)
            failed = self._until(_RUN)
        except LinkError:
            self._send(b"\n")  # whatever it was, its next line shall be a line of its own
            raise
        self._send(_FRIENDLY_MODE)
        if failed:
            last = failed.decode("utf-8", "replace").strip().splitlines()[-1]
            raise LinkError(
                f"the table failed: {last}",
                where=self._name,
                next_step="update the firmware: tool and table should be of one version",
            )
        return printed

    def _send(self, data: bytes) -> None:
        try:
            self._transport.write(data)
            self._transport.flush()
        except OSError as error:
            raise LinkError(
                f"the link broke: {error}",
                where=self._name,
                next_step="check the cable, then try again",
            ) from error

    def _until(self, end: bytes) -> bytes:
        deadline_s = self._clock() + self._timeout_s
        got = bytearray()
        while not got.endswith(end):
            try:
                part = self._transport.read(1)
            except OSError as error:
                raise LinkError(f"the link broke: {error}", where=self._name) from error
            got += part
            if not part and self._clock() >= deadline_s:
                raise LinkError(
                    "the table is not in SERVICE",
                    where=self._name,
                    next_step="at home, nobody on it, hold START and PAUSE for 5 s; the light turns"
                    " violet; then try again",
                )
        return bytes(got[: -len(end)])
