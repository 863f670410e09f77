"""Which port is the table's, and opening it."""

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from itable import config
from itable.errors import NoDeviceError
from itable.link import registry

if TYPE_CHECKING:
    import serial

    from itable.link.client import Client

USB_VENDOR = 0x2E8A
"""Raspberry Pi: every MicroPython board with an RP2040 or RP2350 reports it."""
READ_TIMEOUT_S = 0.05
WRITE_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Candidate:
    """A port with a table behind it, probably: its path, and what it is in words."""

    port: str
    words: str


def candidates() -> list[Candidate]:
    """Ports that look like a table: USB ones, or, when there are none, virtual tables."""
    from serial.tools import list_ports

    found = [
        Candidate(port.device, f"USB {port.product or 'board'} {port.serial_number or ''}".strip())
        for port in list_ports.comports()
        if port.vid == USB_VENDOR
    ]
    if found:
        return sorted(found, key=lambda candidate: candidate.port)
    return [
        Candidate(entry.port, f"virtual table, process {entry.pid}") for entry in registry.running()
    ]


def choose(port: str | None) -> str:
    """The named port, else the configured one, else the only one; raises NoDeviceError."""
    port = port or config.load().get("port")
    if port:
        return port
    found = candidates()
    if len(found) == 1:
        return found[0].port
    if not found:
        raise NoDeviceError(
            "no table found",
            where="looked for USB boards (vendor 2e8a) and for virtual tables",
            next_step="connect the table, or run `itable sim` in another terminal, or name the"
            " port: --port PORT",
        )
    raise NoDeviceError(
        f"{len(found)} tables found",
        where="; ".join(f"{candidate.port} ({candidate.words})" for candidate in found),
        next_step=f"choose one: --port {found[0].port}, or set ITABLE_PORT",
    )


def connect(port: str | None, **patience: Any) -> "Client":
    """Open the named or found port and greet the table behind it.

    patience: `attempts` and `timeout_s` of the client, where they are not the usual ones.
    Raises NoDeviceError, LinkError, MismatchError.
    """
    from itable.link.client import Client

    name = choose(port)
    client = Client(open_port(name), name=name, **patience)
    try:
        client.hello()
    except BaseException:
        client.close()
        raise
    return client


def open_port(name: str) -> "serial.Serial":
    """The port of that name, for this process alone; raises NoDeviceError."""
    import serial

    try:
        return serial.Serial(
            name, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    except (serial.SerialException, ValueError, OSError) as error:
        raise _cannot_open(name, error) from error


def _cannot_open(name: str, error: Exception) -> NoDeviceError:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        return NoDeviceError(
            "there is no such port",
            where=name,
            next_step="check the cable and the name; without --port itable looks for itself",
        )
    if number == errno.EACCES:
        return NoDeviceError(
            "this user may not open the port",
            where=name,
            next_step="add the user to the port's group (often dialout), then log in again:"
            f" sudo usermod -aG dialout {os.environ.get('USER', '$USER')}",
        )
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error).lower():
        return NoDeviceError(
            "another program uses the port",
            where=name,
            next_step="end it (`itable doctor` names it: another itable, a serial monitor,"
            " mpremote), then try again",
        )
    return NoDeviceError(
        f"cannot open the port: {error}",
        where=name,
        next_step="give the port of a table, as in --port /dev/ttyACM0",
    )
