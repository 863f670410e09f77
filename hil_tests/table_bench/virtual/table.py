"""VirtualTable: the firmware on a simulated table, with hands and a screwdriver."""

from __future__ import annotations

import heapq
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from table_bench.faults import FAULTS, parameters_of
from table_bench.imu import ImuErrors
from table_bench.imu.errors import Matrix
from table_bench.physics import Rider
from table_bench.plant import Plant, PlantSettings, Truth
from table_bench.plant.plant import HOME_TILT_DEG
from table_bench.virtual.controller import Controller, FlashOperation
from table_bench.virtual.cpu import CpuPlace
from table_bench.virtual.errors import BenchError
from table_bench.virtual.pacing import Pacer
from table_bench.virtual.serial_port import SerialPort
from table_bench.virtual.stepped_serial import SteppedSerial
from table_bench.virtual.trace import Trace

__all__ = ["BenchError", "VirtualTable"]

DEFAULT_ENTRY = """\
import micropython

micropython.kbd_intr(-1)

from inversion_table import startup

startup.run()
"""
"""firmware/main.py, which is no part of the installed package; a test compares them."""
_FREE_RUN_CHUNK_MS = 20
HEAP_KB = 512
"""About what the Pico has: 233 KB, with objects of half the size."""


class VirtualTable:
    """A controller with its table. All methods may be called from any thread.

    `provision` maps paths on the device to contents that are written at boot where the file is
    absent. `state_dir` holds the flash; by default it is temporary. `entry` is the program text
    that the device runs. `with_manifest`: whoever put the firmware on wrote its manifest too.
    Same arguments and same calls give the same bytes everywhere.
    """

    FAULTS = FAULTS

    def __init__(
        self,
        *,
        seed: int = 1,
        rider: Rider | None = None,
        state_dir: Path | str | None = None,
        provision: Mapping[str, bytes] | None = None,
        start_tilt_deg: float = HOME_TILT_DEG,
        entry: str = DEFAULT_ENTRY,
        heap_kb: int = HEAP_KB,
        with_manifest: bool = True,
        cpu: int | None = None,
        turned: Mapping[str, Matrix] | None = None,
    ) -> None:
        self._temporary = state_dir is None
        self.state_dir = Path(state_dir or tempfile.mkdtemp(prefix="virtual-table-"))
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._place = CpuPlace(cpu)
        self._pinned = threading.local()
        self._plant = Plant(PlantSettings(seed, rider or Rider(), start_tilt_deg, turned or {}))
        self.trace = Trace()
        self._serial = SerialPort(self.state_dir)
        self._controller = Controller(
            self._plant,
            self._serial,
            self.trace,
            state_dir=self.state_dir,
            seed=seed,
            entry=entry,
            provision=provision or {},
            heap_kb=heap_kb,
            with_manifest=with_manifest,
        )
        self._actions: list[tuple[int, int, Callable[[], None]]] = []
        self._action_count = 0
        self._running_s = 0.0
        self._advanced_us = 0
        self._closed = False
        try:
            self.power_on()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> VirtualTable:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Switch everything off and remove what is temporary."""
        if self._closed:
            return
        self._closed = True
        with self._lock:
            self._controller.kill()
            self._serial.close()
            self._place.release()
        if self._temporary:
            shutil.rmtree(self.state_dir, ignore_errors=True)

    @contextmanager
    def _control(self) -> Iterator[None]:
        """Hold the table alone, on the CPU that it shares with the firmware."""
        with self._lock:
            if not getattr(self._pinned, "done", False):
                self._place.pin_thread(threading.get_native_id())
                self._pinned.done = True
            yield

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

    def advance_until(
        self,
        predicate: Callable[[VirtualTable], bool],
        timeout_ms: float,
        step_ms: float = 50,
    ) -> bool:
        """Advance until `predicate(table)` holds; False if it does not within `timeout_ms`."""
        end_ms = self.now_ms + timeout_ms
        while not predicate(self):
            if self.now_ms >= end_ms:
                return False
            self.advance(min(step_ms, end_ms - self.now_ms))
        return True

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
        with self._lock:
            return self._plant.truth()

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

    @property
    def timer_failures(self) -> int:
        """Timers that an exception in their callback ended since the latest start."""
        return self._controller.timer_failures

    @property
    def program_ended(self) -> bool:
        """Whether the firmware's program returned or raised (on the chip: REPL prompt)."""
        return self._controller.program_ended

    # --- link --------------------------------------------------------------------------------

    @property
    def serial_port(self) -> str:
        """Path that pyserial opens."""
        return str(self._serial.path)

    @property
    def console(self) -> str:
        """What the firmware printed with print(), and tracebacks; link frames are not in it."""
        return self._serial.console.decode(errors="replace")

    def stepped_serial(self, timeout: float | None = 1.0) -> SteppedSerial:
        """A serial port whose waiting advances virtual time; `timeout` in virtual seconds."""
        return SteppedSerial(self._serial, self.advance, self._control, timeout)
