"""What a client needs of a port: bytes in, bytes out. A pyserial port is one."""

from typing import Protocol


class Transport(Protocol):
    """A byte link as pyserial offers it, with a time-out set for `read`."""

    def read(self, size: int = 1, /) -> bytes:
        """Up to `size` bytes; fewer, or none, when the port's time-out passes first."""

    @property
    def in_waiting(self) -> int:
        """Bytes that have come and were not read yet."""

    def write(self, data: bytes, /) -> int | None:
        """Send `data`."""

    def flush(self) -> None:
        """Return when everything has been sent."""

    def close(self) -> None:
        """Give the port back."""
