"""A simulated table: the plant is in this process, whatever runs the firmware.

What the virtual and the chip bench share: time, hands, truth, faults, power, link.
"""

from __future__ import annotations

import heapq
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from table_bench.bench import Bench
from table_bench.faults import FAULTS, parameters_of
from table_bench.imu import ImuErrors
from table_bench.plant import Plant, Truth
from table_bench.simulated.controller import FlashOperation, SimulatedController
from table_bench.simulated.cpu import CpuPlace
from table_bench.simulated.pacing import Pacer
from table_bench.simulated.serial_port import SerialPort
from table_bench.simulated.settings import TableSettings, state_folder
from table_bench.simulated.stepped_serial import SteppedSerial
from table_bench.simulated.trace import Trace

_FREE_RUN_CHUNK_MS = 20


class SimulatedTable(Bench):
    """A controller with a simulated table. All methods may be called from any thread.

    A bench makes its controller between this class's __init__ and its first `power_on`.
    """

    FLASH_FILE = "flash.bin"

    _controller: SimulatedController

    def __init__(self, settings: TableSettings) -> None:
        self._temporary = settings.state_dir is None
        self.state_dir = state_folder(self.NAME, settings)
        self._place = CpuPlace(settings.cpu)
        self._plant = Plant(settings.plant)
        self._trace = Trace()
        self._serial = SerialPort(self.state_dir)
        self._actions: list[tuple[int, int, Callable[[], None]]] = []
        self._action_count = 0
        self._running_s = 0.0
        self._advanced_us = 0
        self._closed = False

    def _start(self) -> None:
        """Switch it on for the first time; give everything back if that fails."""
        try:
            self.power_on()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Switch everything off and remove what is temporary."""
        if self._closed:
            return
        self._closed = True
        with self._place.alone():
            self._controller.kill()
            self._serial.close()
            self._place.release()
        if self._temporary:
            shutil.rmtree(self.state_dir, ignore_errors=True)

    def _control(self) -> AbstractContextManager[None]:
        """Hold the table alone, on the CPU that it shares with the firmware."""
        return self._place.at_work()

    # --- time --------------------------------------------------------------------------------

    @property
    def now_ms(self) -> float:
        """Virtual time since the table was made."""
        return self._plant.now_us / 1000.0

    @property
    def ticks(self) -> int:
        """Timer callbacks that the firmware has run since it was made, over all its boots."""
        return self._controller.ticks

    @property
    def speed(self) -> float:
        """Virtual time per real time so far, counting only time spent advancing."""
        return self._advanced_us * 1e-6 / self._running_s if self._running_s else 0.0

    def advance(self, ms: float) -> None:
        """Let `ms` of virtual time pass, as fast as the machine allows."""
        with self._control():
            started_us = self._plant.now_us
            target_us = started_us + round(ms * 1000)
            started_s = time.perf_counter()
            try:
                while self._actions and self._actions[0][0] <= target_us:
                    due_us, _, action = heapq.heappop(self._actions)
                    self._controller.run_to(due_us)
                    action()
                self._controller.run_to(target_us)
            finally:
                self._running_s += time.perf_counter() - started_s
                self._advanced_us += self._plant.now_us - started_us

    @contextmanager
    def run_free(self, speed: float | None = None) -> Iterator[None]:
        """While inside, a thread lets time pass: unpaced, or `speed` times the wall clock."""
        pacer = Pacer(self.advance, _FREE_RUN_CHUNK_MS, speed)
        pacer.start()
        try:
            yield
        finally:
            pacer.stop()

    # --- hands -------------------------------------------------------------------------------

    def press(self, name: str, ms: float = 150) -> None:
        """Press a button now; it is released after `ms` of virtual time. Time does not advance."""
        with self._control():
            self._plant.contacts.press(name, True)
            self._later(ms, lambda: self._plant.contacts.press(name, False))

    def hold(self, name: str) -> None:
        """Press a button and keep it pressed."""
        with self._control():
            self._plant.contacts.press(name, True)

    def release(self, name: str) -> None:
        """Take the finger off a button."""
        with self._control():
            self._plant.contacts.press(name, False)

    def set_estop(self, pressed: bool) -> None:
        """Press or release the latching E-stop."""
        with self._control():
            self._plant.set_estop(pressed)

    def set_ankle_lock(self, locked: bool) -> None:
        """Close or open the ankle lock."""
        with self._control():
            self._plant.set_ankle_lock(locked)

    def _later(self, ms: float, action: Callable[[], None]) -> None:
        self._action_count += 1
        due_us = self._plant.now_us + round(ms * 1000)
        heapq.heappush(self._actions, (due_us, self._action_count, action))

    # --- truth -------------------------------------------------------------------------------

    @property
    def truth(self) -> Truth:
        """What is really the case now."""
        with self._place.alone():
            return self._plant.truth()

    @property
    def trace(self) -> Trace:
        """The truth at every snapshot since the table was made."""
        return self._trace

    @property
    def imu_errors(self) -> dict[str, ImuErrors]:
        """True errors of the sensors, "primary" and "monitor": what a calibration would find."""
        return self._plant.imu_errors

    # --- faults and power --------------------------------------------------------------------

    def inject(self, fault: str, **parameters: Any) -> None:
        """Make a fault of the catalogue `FAULTS` present."""
        with self._control():
            complete = parameters_of(fault, parameters)
            if FAULTS[fault].on_device:
                self._controller.inject(fault, complete)
            else:
                self._plant.inject(fault, complete)

    def clear_fault(self, fault: str) -> None:
        """Repair a fault."""
        with self._control():
            parameters_of(fault, {})
            if FAULTS[fault].on_device:
                self._controller.clear_fault(fault)
            else:
                self._plant.clear_fault(fault)

    def power_cut(self) -> None:
        """All power fails at this instant: the firmware's process is killed."""
        with self._control():
            self._controller.power_cut()

    def power_on(self) -> None:
        """Power returns."""
        with self._control():
            self._controller.power_on()

    def press_run(self) -> None:
        """Pull the controller's RUN pin to ground for a moment, as its reset button does."""
        with self._control():
            self._controller.run_pin()

    def soft_reset(self) -> None:
        """Ctrl-D at the REPL: the interpreter starts afresh, the chip's registers stay."""
        with self._control():
            self._controller.soft_reset()

    @property
    def flash_log(self) -> list[FlashOperation]:
        """Every erase and program of the controller's flash so far."""
        return self._controller.flash_log

    @property
    def powered(self) -> bool:
        """Whether the controller has power."""
        return self._controller.powered

    @property
    def boots(self) -> int:
        """How often the controller started: 1 after power-on, more after each reset."""
        return self._controller.boots

    @property
    def reset_cause(self) -> int:
        """Cause of the latest start, as machine.reset_cause() says."""
        return self._controller.reset_cause

    # --- link --------------------------------------------------------------------------------

    @property
    def serial_port(self) -> str:
        """Path that pyserial opens."""
        return str(self._serial.path)

    def stepped_serial(self, timeout: float | None = 1.0) -> SteppedSerial:
        """A serial port whose waiting advances virtual time; `timeout` in virtual seconds."""
        return SteppedSerial(self._serial, self.advance, self._control, timeout)
