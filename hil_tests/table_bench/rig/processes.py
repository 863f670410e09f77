"""Rig and controller as two MicroPython processes in lock-step virtual time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from table_bench.plant import Truth
from table_bench.rig.board import RigBoard
from table_bench.rig.wires import Wires
from table_bench.rig.wiring_table import WiringTable
from table_bench.simulated.cpu import CpuPlace
from table_bench.simulated.pacing import Pacer
from table_bench.simulated.serial_port import SerialPort
from table_bench.simulated.settings import ProcessSettings
from table_bench.simulated.stepped_serial import SteppedSerial
from table_bench.virtual.controller import Controller

_FREE_RUN_CHUNK_MS = 20
_RIG_STEP_MS = 1
_RIG_TIMEOUT_S = 1.0


class Processes:
    """Both boards, and the wires between them. Same calls give the same bytes everywhere."""

    name = "the rig's process"

    def __init__(
        self,
        table: WiringTable,
        truth: Callable[[], Truth],
        settings: ProcessSettings,
        state_dir: Path,
    ) -> None:
        self._place = CpuPlace(settings.cpu)
        self._run_was_low = False
        self._running_s = 0.0
        self._advanced_us = 0
        with self.control():  # on the CPU that both processes shall share
            self.rig = RigBoard(state_dir)
            self.wires = Wires(table, self.rig, truth, settings.seed)
            self._serial = SerialPort(state_dir)
            self.controller = Controller(
                self.wires,
                self._serial,
                lambda: None,
                settings,
                state_dir,
            )

    def control(self) -> AbstractContextManager[None]:
        """Hold the desk alone, on the CPU that all three processes share."""
        return self._place.at_work()

    @property
    def now_ms(self) -> float:
        """Virtual time."""
        return self.wires.now_us / 1000.0

    @property
    def speed(self) -> float:
        """Virtual time per real time so far, counting only time spent advancing."""
        return self._advanced_us * 1e-6 / self._running_s if self._running_s else 0.0

    @property
    def console(self) -> str:
        """What the controller's firmware printed besides its frames."""
        return self._serial.console.decode(errors="replace")

    def advance(self, ms: float) -> None:
        """Let `ms` of virtual time pass, as fast as the machine allows."""
        with self.control():
            before_us = self.wires.now_us
            started_s = time.perf_counter()
            try:
                self.controller.run_to(before_us + round(ms * 1000))
                self.follow()
            finally:
                self._running_s += time.perf_counter() - started_s
                self._advanced_us += self.wires.now_us - before_us

    def follow(self) -> None:
        """Switch the controller as the rig's lines say."""
        wanted = self.wires.power_wanted
        if wanted and not self.controller.powered:
            self.controller.power_on()
        elif not wanted and self.controller.powered:
            self.controller.power_cut()
        low = self.wires.run_low
        if low and not self._run_was_low:
            self.controller.run_pin()
        self._run_was_low = low

    def rig_link(self) -> SteppedSerial:
        """The rig's own serial line; waiting for it lets time pass a millisecond at a time."""
        return SteppedSerial(
            self.rig.serial, self.advance, self.control, _RIG_TIMEOUT_S, _RIG_STEP_MS
        )

    @property
    def controller_port(self) -> str:
        """Path that pyserial opens."""
        return str(self._serial.path)

    def controller_link(self, timeout: float | None) -> SteppedSerial:
        """The controller's serial line; waiting for it lets time pass."""
        return SteppedSerial(self._serial, self.advance, self.control, timeout)

    @contextmanager
    def run_free(self, speed: float | None) -> Iterator[None]:
        """While inside, a thread lets time pass: unpaced, or `speed` times the wall clock."""
        pacer = Pacer(self.advance, _FREE_RUN_CHUNK_MS, speed)
        pacer.start()
        try:
            yield
        finally:
            pacer.stop()

    def close(self) -> None:
        """End both processes and give everything back."""
        with self._place.alone():
            self.controller.kill()
            self._serial.close()
            self.rig.close()
            self._place.release()
