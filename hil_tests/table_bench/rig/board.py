"""The rig's Pico as a process: its unmodified firmware under a real MicroPython."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from table_bench.rig.deploy import stage
from table_bench.rig.device_modules import rig_frame as frame
from table_bench.simulated.errors import BenchError
from table_bench.simulated.serial_port import SerialPort
from table_bench.virtual.device import DEVICE_MODULES, Device
from table_bench.virtual.device_modules import bench_frame
from table_bench.virtual.pipes import FirmwarePipes

RIG_MODULES = Path(__file__).parent / "device_modules"
HEAP_KB = 512
_REQUEST = struct.Struct(f"<{frame.REQUEST_LONGS}q")
_SNAPSHOT = struct.Struct(f"<{frame.SNAPSHOT_LONGS}q")
_PWM = slice(bench_frame.PWM0, bench_frame.PWM0 + bench_frame.PWM_SLOTS)
_NO_KBD_INTERRUPT = -1
ALL_PINS = (1 << 30) - 1
"""One bit a GPIO."""


class Machine(NamedTuple):
    """A PIO state machine that runs."""

    program: int
    jmp_pin: int
    in_base: int
    set_base: int
    start: int
    value: int


class Inputs(NamedTuple):
    """What the rig's pins see from outside."""

    levels: int
    pushed: tuple[int, ...]
    edge_hz: int
    events: tuple[int, ...]


class RigBoard:
    """Power-on to the end of the process; owns its serial port and its time."""

    def __init__(self, state_dir: Path) -> None:
        folder = state_dir / "rig"
        folder.mkdir(parents=True, exist_ok=True)
        self.serial = SerialPort(folder)
        self._pipes = FirmwarePipes(self.serial)
        flash = folder.resolve() / "files"
        stage(flash)
        config = {
            "files": str(flash),
            "boot_us": 0,
            "watched_pins": 0,
            "external_pull_ups": ALL_PINS,  # the wires say what a line that nothing drives is at
        }
        self._device = Device(
            config,
            folder,
            HEAP_KB,
            boot=(RIG_MODULES / "rig_boot.py", RIG_MODULES, DEVICE_MODULES),
            request=_REQUEST,
        )
        self._pipes.attach(self._device.stdin, self._device.stdout, self._device.stderr)
        self.serial.plug()
        self._request: tuple[int, ...] = ()
        self._served_us = 0
        self._receive()

    # --- what the rig says -------------------------------------------------------------------

    @property
    def due_us(self) -> int:
        """When it wants to go on."""
        return self._request[bench_frame.WAKE_US]

    @property
    def levels(self) -> int:
        """Its output latches, one bit a GPIO."""
        return self._request[bench_frame.LEVELS]

    @property
    def directions(self) -> int:
        """1 = driven by the rig."""
        return self._request[bench_frame.DIRECTIONS]

    @property
    def watched_edges(self) -> int:
        """GPIOs whose rising edges it counts, one bit each."""
        return self._request[frame.WATCHED_EDGES]

    def duty(self, gpio: int) -> float:
        """Of the PWM on a GPIO; 0 if there is none."""
        for slot in self._request[_PWM]:
            if slot and slot >> 16 & 0xFF == gpio:
                return (slot & 0xFFFF) / 65535.0
        return 0.0

    def machine(self, number: int) -> Machine | None:
        """What a state machine does; None while it does not run."""
        word, value = self._request[frame.MACHINE0 + 2 * number : frame.MACHINE0 + 2 * number + 2]
        if not word:
            return None
        return Machine(
            word & 0xFF, word >> 8 & 0xFF, word >> 16 & 0xFF, word >> 24 & 0xFF, word >> 32, value
        )

    def target(self, bus: int) -> tuple[int, bytes]:
        """(address, memory) of an I2C target; address 0 = nobody answers."""
        at = frame.TARGET0 + bus * frame.TARGET_LONGS
        words = self._request[at + 1 : at + frame.TARGET_LONGS]
        return self._request[at], struct.pack(f"<{frame.MEMORY_LONGS}q", *words)

    @property
    def timer_failures(self) -> int:
        """Timers that an exception in their callback ended."""
        return self._request[bench_frame.TIMER_FAILURES]

    @property
    def ticks(self) -> int:
        """Timer callbacks so far."""
        return self._request[bench_frame.TIMER_CALLS]

    @property
    def exchanges(self) -> int:
        """Round trips with the process so far."""
        return self._device.exchanges

    @property
    def console(self) -> str:
        """What the firmware printed besides its frames."""
        return self.serial.console.decode(errors="replace")

    # --- what the bench does -----------------------------------------------------------------

    def go_on(self, now_us: int, granted_us: int, inputs: Inputs) -> None:
        """It is `now_us`; nothing that the rig can see changes until `granted_us`."""
        self._pipes.pump(_NO_KBD_INTERRUPT, (now_us - self._served_us) // 1000)
        self._served_us = now_us
        events = inputs.events + (0,) * (frame.EVENTS - len(inputs.events))
        snapshot = [0] * frame.SNAPSHOT_LONGS
        snapshot[frame.INPUTS] = inputs.levels
        snapshot[frame.NOW_US] = now_us
        snapshot[frame.GRANTED_US] = granted_us
        snapshot[frame.PUSHED0 : frame.PUSHED0 + frame.MACHINES] = inputs.pushed
        snapshot[frame.EDGE_HZ] = inputs.edge_hz
        snapshot[frame.EVENT_COUNT] = len(inputs.events)
        snapshot[frame.EVENT0 :] = events
        self._device.reply(_SNAPSHOT.pack(*snapshot))
        self._receive()
        self._pipes.pump(_NO_KBD_INTERRUPT, 0)

    def _receive(self) -> None:
        while True:
            self._device.waiting = True
            self._request = self._device.receive()
            self._device.waiting = False
            kind = self._request[bench_frame.KIND]
            if kind == bench_frame.WAIT:
                return
            if kind == bench_frame.ENDED:
                self._pipes.pump(_NO_KBD_INTERRUPT, 0)
                raise BenchError(f"the rig's program ended\n{self.console}")
            self._device.reply(_SNAPSHOT.pack(*[0] * frame.SNAPSHOT_LONGS))

    def close(self) -> None:
        """End the process and give everything back."""
        self._pipes.detach()
        self._device.kill()
        self.serial.close()
