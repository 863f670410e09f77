"""The computer at the other end of the USB cable: enumerates, opens the port, moves bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rp2040py.usb.cdc import USBCDC

from table_bench.chip import snapshot
from table_bench.chip.blocks.usb import UsbController

_LINE_STATE = 3  # DTR and RTS


class UsbHost:
    """A CDC host. It is asked for data when the device can take some, and never sends nothing.

    `received(data)`: bytes that the device sent. `take(size)`: up to `size` bytes for the device.
    """

    def __init__(
        self,
        usb: UsbController,
        received: Callable[[bytes], None],
        take: Callable[[int], bytes],
    ) -> None:
        self._usb = usb
        self._take = take
        self._room = 0
        self.open = False
        self.enumerated = False
        cdc = USBCDC(usb)
        self._cdc = cdc
        cdc.on_serial_data = lambda data: received(bytes(data))
        cdc.on_device_connected = self._connected
        assert usb.on_endpoint_read is not None
        assert usb.on_reset is not None
        self._enumerate_read = usb.on_endpoint_read
        usb.on_endpoint_read = self._armed
        self._forget = usb.on_reset
        usb.on_reset = self._reset

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What it knows of the device: snapshot."""
        mine = {"_room": self._room, "open": self.open, "enumerated": self.enumerated}
        return mine, snapshot.state_of(self._cdc)

    def put(self, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Know again what `state` told."""
        snapshot.restore(self, state[0])
        snapshot.restore(self._cdc, state[1])

    def set_open(self, is_open: bool) -> None:
        """A program on the computer opened or closed the port."""
        if is_open != self.open:
            self.open = is_open
            if self.enumerated:
                self._cdc.set_control_lines(dtr=is_open, rts=is_open)

    def feed(self) -> None:
        """There may be data for the device: hand it over if the device waits for it."""
        if self._room and self.open:
            data = self._take(self._room)
            if data:
                self._room = 0
                self._usb.endpoint_read_done(self._cdc._out_endpoint, data)

    def _connected(self) -> None:
        # The emulator's host opens the port by itself once it has enumerated.
        self.enumerated = True
        if not self.open:
            self._cdc._control_line_state = _LINE_STATE
            self._cdc.set_control_lines(dtr=False, rts=False)

    def _armed(self, endpoint: int, size: int) -> None:
        """The device can take `size` bytes. A real host stays silent until it has some."""
        if endpoint == 0 or endpoint != self._cdc._out_endpoint:
            self._enumerate_read(endpoint, size)
            return
        self._room = size
        self.feed()

    def _reset(self) -> None:
        self._room = 0
        self.enumerated = False
        self._forget()
