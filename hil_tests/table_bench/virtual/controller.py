"""The controller board on the virtual bench: serves the firmware's requests as time goes by."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inversion_table.contract import manifest
from table_bench import wiring
from table_bench.faults import UnknownFault
from table_bench.plant.plant import CORE_TEMPERATURE_COUNTS
from table_bench.simulated.controller import FlashOperation
from table_bench.simulated.serial_port import SerialPort
from table_bench.simulated.settings import ProcessSettings
from table_bench.virtual import flash_file, registers
from table_bench.virtual.device import STATUS, Device
from table_bench.virtual.device_modules import bench_frame as frame
from table_bench.virtual.pipes import FirmwarePipes
from table_bench.virtual.prefetch import Prefetcher
from table_bench.virtual.program import Program
from table_bench.virtual.surroundings import Surroundings

PWRON_RESET = 1
WDT_RESET = 3
CLOCKS = ("ticks_ms", "ticks", "rtc")
"""Clocks that can be wrong alone; in the order of bench_frame's."""

_BOOT_US = 80_000  # from reset to the first line of the program
_NEVER_US = 1 << 62
_SNAPSHOT = struct.Struct(f"<{frame.SLOT_DATA0}q" + f"{frame.SLOT_BYTES}s" * frame.SLOTS)
_PWM = slice(frame.PWM0, frame.PWM0 + frame.PWM_SLOTS)
_WATCHED_PINS = wiring.EXTERNAL_PULL_UPS


class Controller:
    """Power, reset, watchdog, and the conversation with the firmware's process.

    `note` is called whenever the firmware looks at its inputs.
    """

    def __init__(
        self,
        plant: Surroundings,
        serial: SerialPort,
        note: Callable[[], None],
        settings: ProcessSettings,
        state_dir: Path,
    ) -> None:
        self._plant = plant
        self._serial = serial
        self._pipes = FirmwarePipes(serial)
        self._note = note
        self._state_dir = state_dir
        self._heap_kb = settings.heap_kb
        self._seed = settings.seed
        self._entry = "" if settings.bare else settings.entry
        self._provision = {path: content.hex() for path, content in settings.provision.items()}
        self._device: Device | None = None
        self._prefetcher = Prefetcher()
        self._faults: dict[str, dict[str, Any]] = {}
        self._flash_operations_left = 0
        self.flash_log: list[FlashOperation] = []
        # The clock's relation to true time: true = base + (device - device base) / rate.
        self._base_us = 0
        self._device_base_us = 0
        self._clock_rate = 1.0
        self._clock_ppm = [0] * frame.CLOCKS
        self._program = Program(state_dir, settings.bare, settings.words)
        self._registers = registers.Registers()
        self._with_manifest = settings.with_manifest and not settings.bare
        self._request: tuple[int, ...] = ()
        self._due_us = _NEVER_US
        self._asked = False
        self._watchdog_us = _NEVER_US
        self._served_us = 0
        self._earlier_ticks = 0
        self._ticks = 0
        self._flags = 0
        self.boots = 0
        self.resets_ms: list[float] = []
        self.reset_cause = PWRON_RESET
        self.timer_failures = 0
        self.program_ended = False

    # --- power -------------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether the firmware runs."""
        return self._device is not None

    @property
    def ticks(self) -> int:
        """Timer callbacks over all boots."""
        return self._earlier_ticks + self._ticks

    def power_on(self) -> None:
        """Start from power-on; no effect if it runs already."""
        if self._device is None:
            self._plant.set_mains(True)
            self._registers.power_on()
            self._boot(PWRON_RESET)

    def run_pin(self) -> None:
        """Somebody pulls the RUN pin to ground; no effect without power."""
        if self._device is not None:
            self.kill()
            self._registers.run_pin()
            self._boot(PWRON_RESET)

    def power_cut(self) -> None:
        """Power fails."""
        self.kill()
        self._plant.set_mains(False)

    def kill(self) -> None:
        """End the firmware's process."""
        if self._device is None:
            return
        self._pipes.detach()
        self._device.kill()
        self._device = None
        self._due_us = self._watchdog_us = _NEVER_US
        self._serial.unplug()
        self._plant.release_outputs()

    def soft_reset(self) -> None:
        """The interpreter starts afresh; nothing that the chip keeps changes."""
        if self._device is not None:
            self.kill()
            self._boot(self.reset_cause)

    def _reset(self, reason: int) -> None:
        self.kill()
        self.resets_ms.append(self._plant.now_us / 1000)
        self._registers.watchdog(reason)
        self._boot(WDT_RESET)

    def _boot(self, cause: int) -> None:
        flash_path = self._state_dir / "flash.bin"
        flash_file.ensure(flash_path)
        self.boots += 1
        self.reset_cause = cause
        self.program_ended = False
        self._earlier_ticks += self._ticks
        self._ticks = 0
        self._prefetcher = Prefetcher()
        self._base_us = self._plant.now_us
        self._device_base_us = 0
        self._served_us = self._plant.now_us
        config = {
            "seed": self._seed,
            "entry": self._entry,
            "provision": self._provision,
            "packages": self._program.packages(),
            "deployed": self._deployed(),
            "flash_path": str(flash_path),
            "flash_bytes": flash_file.FLASH_BYTES,
            "reset_cause": cause,
            "unique_id": f"e66118604b{self._seed & 0xFFFFFF:06x}",
            "watched_pins": _WATCHED_PINS,
            "external_pull_ups": wiring.EXTERNAL_PULL_UPS,
            "boot_us": _BOOT_US,
            "registers": self._registers.content(),
        }
        self._device = Device(config, self._state_dir, self._heap_kb)
        self._pipes.attach(self._device.stdin, self._device.stdout, self._device.stderr)
        if "usb_unplugged" not in self._faults:
            self._serial.plug()
        self._next_request(self._device)

    def _deployed(self) -> str:
        """A folder with the files that go beside the program."""
        folder = self._state_dir.resolve() / "deployed"
        folder.mkdir(exist_ok=True)
        path = folder / manifest.PATH.lstrip("/")
        path.unlink(missing_ok=True)
        if self._with_manifest:
            path.write_bytes(self._program.manifest())
        return str(folder)

    # --- faults ------------------------------------------------------------------------------

    def inject(self, name: str, parameters: dict[str, Any]) -> None:
        """Make a fault of the controller present."""
        if name == "clock_drift" and parameters["clock"] not in (*CLOCKS, "all"):
            known = ", ".join((*CLOCKS, "all"))
            raise UnknownFault(f"no clock {parameters['clock']!r}; known: {known}")
        self._faults[name] = parameters
        if name == "usb_unplugged":
            self._serial.unplug()
        elif name == "flash_cut":
            self._flash_operations_left = parameters["after"]
        elif name == "clock_drift":
            self._set_clocks(parameters["clock"], parameters["ppm"])
        elif name == "program_corrupt":
            self._program.corrupt(parameters["file"], parameters["offset"], parameters["mask"])
        self._compute_flags()

    def clear_fault(self, name: str) -> None:
        """Repair it."""
        if self._faults.pop(name, None) is None:
            return
        if name == "usb_unplugged" and self._device is not None:
            self._serial.plug()
        elif name == "clock_drift":
            self._set_clocks("all", 0)
        elif name == "program_corrupt":
            self._program.mend()
        self._compute_flags()

    def _compute_flags(self) -> None:
        self._flags = 0
        if "background_hangs" in self._faults:
            self._flags |= frame.BACKGROUND_HANGS
        if "tick_stops" in self._faults:
            self._flags |= frame.TICKS_STOP

    def _set_clocks(self, clock: str, ppm: int) -> None:
        """One clock of the device, or what all of them are made from, is fast by `ppm`."""
        self._clock_ppm = [ppm if name == clock else 0 for name in CLOCKS]
        self._set_clock_rate(1.0 + ppm * 1e-6 if clock == "all" else 1.0)

    def _set_clock_rate(self, rate: float) -> None:
        now_us = self._plant.now_us
        self._device_base_us += round((now_us - self._base_us) * self._clock_rate)
        self._base_us = now_us
        self._clock_rate = rate

    def _true_us(self, device_us: int) -> int:
        elapsed_us = device_us - self._device_base_us
        if self._clock_rate != 1.0:
            elapsed_us = round(elapsed_us / self._clock_rate)
        return self._base_us + elapsed_us

    # --- time --------------------------------------------------------------------------------

    def run_to(self, target_us: int) -> None:
        """Let time pass to `target_us`, serving every request that falls due."""
        plant = self._plant
        while True:
            due_us = self._due_us if "cpu_hangs" not in self._faults else _NEVER_US
            if self._watchdog_us < due_us and self._watchdog_us <= target_us:
                plant.advance_to(self._watchdog_us)
                self._faults.pop("cpu_hangs", None)
                self._reset(registers.REASON_TIMER)
                continue
            if due_us > target_us:
                plant.advance_to(target_us)
                return
            plant.advance_to(due_us)
            device = self._device
            assert device is not None
            if self._asked:
                self._answer_wait(device)
            else:
                self._serve(device)

    def _next_request(self, device: Device) -> None:
        device.waiting = True
        request = device.receive()
        device.waiting = False
        self._request = request
        self._asked = False
        self._ticks = request[frame.TIMER_CALLS]
        self.timer_failures = request[frame.TIMER_FAILURES]
        due_us = self._true_us(request[frame.NOW_US])
        now_us = self._plant.now_us
        self._due_us = due_us if due_us > now_us else now_us
        deadline_us = request[frame.WDT_DEADLINE_US]
        self._watchdog_us = self._true_us(deadline_us) if deadline_us else _NEVER_US

    def _serve(self, device: Device) -> None:
        """The moment of a request has come: its outputs take effect, then it is answered."""
        request = self._request
        plant = self._plant
        plant.set_outputs(request[frame.LEVELS], request[frame.DIRECTIONS], request[_PWM])
        kind = request[frame.KIND]
        if kind == frame.WAIT:
            self._asked = True
            wake_us = self._true_us(request[frame.WAKE_US])
            self._due_us = wake_us if wake_us > plant.now_us else plant.now_us
            return
        if kind == frame.I2C_READ:
            bus, address, register, count = request[frame.ARG0 : frame.ARG3 + 1]
            plant.sample_sensors()
            error, data = plant.i2c_read(bus, address, register, count)
            self._prefetcher.missed(bus, address, register, count)
            device.reply(STATUS.pack(error) + data)
        elif kind == frame.I2C_WRITE:
            data = device.receive_payload(request[frame.ARG3])
            plant.sample_sensors()
            error = plant.i2c_write(request[frame.ARG0], request[frame.ARG1], data)
            device.reply(STATUS.pack(error))
        elif kind == frame.FLASH:
            operation, address, size = request[frame.ARG0 : frame.ARG2 + 1]
            self.flash_log.append(
                FlashOperation(operation == frame.FLASH_ERASE, address, size, plant.truth())
            )
            device.reply(STATUS.pack(self._flash_bytes_done(size)))
        elif kind == frame.REGISTER:
            self._registers.write(request[frame.ARG0], request[frame.ARG1])
            device.reply(STATUS.pack(0))
        elif kind == frame.RESET:
            if "flash_cut" in self._faults and self._flash_operations_left == 0:
                del self._faults["flash_cut"]
                self.power_cut()
            else:
                self._reset(registers.REASON_FORCE)
            return
        else:
            if kind == frame.ENDED:
                self.program_ended = True
            device.reply(self._snapshot(0))
        self._next_request(device)

    def _answer_wait(self, device: Device) -> None:
        request = self._request
        plant = self._plant
        elapsed_ms = (plant.now_us - self._served_us) // 1000
        self._served_us = plant.now_us
        flags = self._flags
        if self._pipes.pump(request[frame.KBD_INTR], elapsed_ms):
            flags |= frame.INTERRUPT
        self._note()
        self._prefetcher.settle(request[frame.PREFETCH_USED])
        device.reply(self._snapshot(flags))
        self._next_request(device)

    def _snapshot(self, flags: int) -> bytes:
        plant = self._plant
        prefetcher = self._prefetcher
        plant.sample_sensors()
        status, data = prefetcher.read(plant)
        if prefetcher.changed:
            prefetcher.changed = False
            flags |= frame.SLOTS_CHANGED
        current, supply = plant.converter_counts()
        converted = (
            (current << 4 | current >> 8)
            | (supply << 4 | supply >> 8) << 16
            | CORE_TEMPERATURE_COUNTS << 52
        )
        return _SNAPSHOT.pack(
            flags,
            plant.input_levels(),
            converted,
            status,
            *self._clock_ppm,
            *prefetcher.keys,
            *data,
        )

    def _flash_bytes_done(self, count: int) -> int:
        if "flash_cut" in self._faults:
            self._flash_operations_left -= 1
            if self._flash_operations_left == 0:
                return min(int(count * self._faults["flash_cut"]["done"]), count - 1)
        return count
