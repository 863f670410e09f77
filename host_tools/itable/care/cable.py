"""The way to the table: cable, port, rights, who else uses it. Nothing is sent."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from itable import exits
from itable.care.findings import BAD, GOOD, TODO, Finding
from itable.care.holders import holders
from itable.errors import NoDeviceError
from itable.link import ports, registry

USB_DEVICES = Path("/sys/bus/usb/devices")
_VENDOR = f"{ports.USB_VENDOR:04x}"
_BOOT_PRODUCTS = ("0003", "000f")
"""RP2040 and RP2350 with the BOOTSEL button held as they got power (USB ids of their boot ROMs)."""
_PLUG_IN = (
    "plug the table's USB cable in, and switch the table on; if it is: try another cable (some only"
    " charge) and another socket; without a table: `itable sim` in another terminal"
)


def look(port: str | None) -> tuple[str | None, list[Finding]]:
    """The port to use, None when there is none, and what was found on the way to it."""
    try:
        name = ports.choose(port)
    except NoDeviceError as error:
        if ports.candidates():  # several, and nobody chose
            return None, [_no("cable", f"{error.what}: {error.where}", error.next_step)]
        return None, [_nothing_there()]
    found = [*_port(name)]
    return (None if any(finding.level == BAD for finding in found) else name), found


def _no(name: str, says: str, do: str) -> Finding:
    return Finding(name, BAD, says, do, exits.NO_DEVICE)


def _nothing_there(devices: Path = USB_DEVICES) -> Finding:
    """No port: what the USB bus itself says of it."""
    for vendor, product in _on_the_bus(devices):
        if vendor != _VENDOR:
            continue
        if product in _BOOT_PRODUCTS:
            return _no(
                "cable",
                "a Pico is plugged in as a USB drive (BOOTSEL): no program runs on it",
                "unplug it and plug it in without holding BOOTSEL; if it comes up as a drive each"
                " time, MicroPython is missing: copy its .uf2 file onto the drive",
            )
        return _no(
            "cable",
            "a Pico is on the USB bus, and has no serial port",
            "unplug it and plug it in again (Linux: its kernel needs the driver cdc_acm)",
        )
    return _no("cable", "no table: neither a USB board nor a virtual table is there", _PLUG_IN)


def _on_the_bus(devices: Path) -> Iterator[tuple[str, str]]:
    if not devices.is_dir():
        return
    for folder in sorted(devices.iterdir()):
        try:
            yield (
                (folder / "idVendor").read_text().strip(),
                (folder / "idProduct").read_text().strip(),
            )
        except OSError:
            continue


def _port(name: str) -> Iterator[Finding]:
    words = {candidate.port: candidate.words for candidate in ports.candidates()}
    if not Path(name).exists():
        where = ", ".join(f"{port} ({said})" for port, said in words.items())
        yield _no(
            "cable",
            f"{name} is not there" + (f"; there is {where}" if where else ""),
            "leave --port away, itable looks for itself (also ITABLE_PORT, and `itable config"
            " unset port`)"
            if where
            else _PLUG_IN,
        )
        return
    if not stat.S_ISCHR(Path(name).stat().st_mode):
        yield _no("cable", f"{name} is no serial port", "give the port of a table: --port PORT")
        return
    yield Finding("cable", GOOD, f"{name}: {words.get(name, 'a serial port')}")
    if not os.access(name, os.R_OK | os.W_OK):
        yield _rights(name)
        return
    yield Finding("permissions", GOOD, "this user may use the port")
    yield from _in_use(name)


def _rights(name: str) -> Finding:
    """Why this user may not open the port, and what makes it so that they may."""
    import grp
    import pwd

    state = Path(name).stat()
    user = pwd.getpwuid(os.getuid()).pw_name
    try:
        group = grp.getgrgid(state.st_gid)
    except KeyError:
        return _no("permissions", f"{user} may not open {name}", f"sudo chmod a+rw {name}")
    shared = state.st_mode & (stat.S_IRGRP | stat.S_IWGRP) == stat.S_IRGRP | stat.S_IWGRP
    if not shared or group.gr_name == "root":
        return _no(
            "permissions",
            f"{user} may not open {name}, nor may its group",
            'install a udev rule that gives it to a group: SUBSYSTEM=="tty",'
            f' ATTRS{{idVendor}}=="{_VENDOR}", GROUP="dialout", MODE="0660"; then plug it in again',
        )
    if user in group.gr_mem:
        return _no(
            "permissions",
            f"{user} was put into the group {group.gr_name} after logging in",
            "log out and in again (or restart), then try again",
        )
    return _no(
        "permissions",
        f"{user} may not open {name}: it belongs to the group {group.gr_name}",
        f"sudo usermod -aG {group.gr_name} {user}, then log out and in again",
    )


def _in_use(name: str) -> Iterator[Finding]:
    own = {entry.pid for entry in registry.running() if Path(entry.port) == Path(name)}
    found, all_seen = holders(name, own | {os.getpid()})
    try:
        ports.open_port(name).close()
    except NoDeviceError as error:
        if "another program" not in error.what:
            yield _no("in use", error.what, error.next_step)
            return
        who = " and ".join(holder.words for holder in found)
        yield _no(
            "in use",
            f"the port is used by {who or 'a process of another user'}",
            _end(found[0].name)
            if found
            else "ask who else works on this computer; sudo itable doctor names the process",
        )
        return
    if found:
        who = " and ".join(holder.words for holder in found)
        yield Finding(
            "in use",
            TODO,
            f"{who} has the port open too, and takes part of what the table says",
            _end(found[0].name),
        )
    else:
        yield Finding(
            "in use",
            GOOD,
            "nobody else has it open" + ("" if all_seen else " (as far as this user may see)"),
        )


def _end(name: str) -> str:
    if name == "ModemManager":
        return "it takes the table for a modem: sudo systemctl disable --now ModemManager"
    return "end it, then try again"
