"""A real desk: the rig on one serial port, the controller on another; time is the wall's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import serial

from table_bench.bench import SerialLink
from table_bench.simulated.errors import BenchError

_RIG_TIMEOUT_S = 1.0
_APPEARS_S = 10.0
_AGAIN_S = 0.1


class Ports:
    """Two serial ports. What the rig's power line does, a MOSFET does by itself."""

    def __init__(self, rig_port: str, controller_port: str) -> None:
        self.name = rig_port
        self._controller_port = controller_port
        self._lock = threading.RLock()
        self._start_s = time.monotonic()

    @property
    def now_ms(self) -> float:
        """Wall time."""
        return (time.monotonic() - self._start_s) * 1000.0

    def advance(self, ms: float) -> None:
        """Wait."""
        time.sleep(ms / 1000.0)

    def follow(self) -> None:
        """Nothing to do: there are wires."""

    @contextmanager
    def control(self) -> Iterator[None]:
        """Hold the desk alone."""
        with self._lock:
            yield

    def rig_link(self) -> SerialLink:
        """The rig's own serial line."""
        return _open(self.name, _RIG_TIMEOUT_S, "the rig")

    @property
    def controller_port(self) -> str:
        """Path that pyserial opens."""
        return self._controller_port

    def controller_link(self, timeout: float | None) -> SerialLink:
        """The controller's serial line, once its port is there."""
        return _open(self._controller_port, timeout, "the controller")

    @contextmanager
    def run_free(self, speed: float | None) -> Iterator[None]:
        """Time passes by itself."""
        del speed
        yield

    def close(self) -> None:
        """Nothing is held."""


def _open(port: str, timeout: float | None, whose: str) -> SerialLink:
    """Open a port that may be about to appear; BenchError if it does not."""
    end_s = time.monotonic() + _APPEARS_S
    while True:
        try:
            return cast(SerialLink, serial.Serial(port, timeout=timeout))
        except (OSError, serial.SerialException) as error:
            if time.monotonic() >= end_s:
                raise BenchError(
                    f"cannot open {port}, {whose}'s port: {error}; is it plugged in, has it power,"
                    " and does no other program hold it?"
                ) from None
        time.sleep(_AGAIN_S)
