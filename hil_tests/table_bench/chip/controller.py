"""The controller board on the chip bench: an emulated chip between the table and the cable."""

from __future__ import annotations

from typing import Any

from table_bench import wiring
from table_bench.chip import snapshot
from table_bench.chip.buses import BusOfTable
from table_bench.chip.chip import CYCLE_NS, Chip
from table_bench.chip.usb_host import UsbHost
from table_bench.faults import UnknownFault
from table_bench.plant import Plant
from table_bench.plant.plant import CORE_TEMPERATURE_COUNTS
from table_bench.simulated.controller import FlashOperation
from table_bench.simulated.serial_port import SerialPort
from table_bench.simulated.trace import Trace

PWRON_RESET = 1
WDT_RESET = 3

_LOOK_US = 1_000  # the cable is looked at so often
_STALE_US = 100  # contacts and sensors are not brought up to date more often than that
_TEMPERATURE_CHANNEL = 4
_PWM_SLOTS = 6
_WATCHED_PINS = (
    *sorted(wiring.SDA_OF_BUS.values()),
    *sorted(wiring.SCL_OF_BUS.values()),
    wiring.LED_RED,
    wiring.LED_GREEN,
    wiring.LED_BLUE,
    wiring.BUZZER,
    wiring.MOTOR_OUTWARD,
    wiring.MOTOR_HOMEWARD,
    wiring.MOTOR_ENABLE,
    wiring.HEARTBEAT,
)

_KEPT = (
    "_base_us",
    "_chip_base_us",
    "_clock_rate",
    "flash_log",
    "boots",
    "reset_cause",
    "ticks",
)
"""What a snapshot keeps of the board itself."""


class ChipController:
    """Power, resets, time, cable and faults of the emulated chip.

    flash: what is on it before it is switched on for the first time.
    """

    def __init__(
        self,
        plant: Plant,
        serial: SerialPort,
        trace: Trace,
        flash: bytes,
        traced: bool = False,
    ) -> None:
        self._traced = traced
        self._plant = plant
        self._serial = serial
        self._trace = trace
        self._flash = flash
        self._chip: Chip | None = None
        self._host: UsbHost | None = None
        self._buses = [BusOfTable(plant, number, self._now) for number in sorted(plant.buses)]
        self._faults: dict[str, dict[str, Any]] = {}
        self._reset_asked = False
        self._cut_asked = False
        self._flash_operations_left = 0
        # The chip's clock and true time: true = base + (chip - chip base) / rate.
        self._base_us = 0
        self._chip_base_us = 0.0
        self._clock_rate = 1.0
        self.flash_log: list[FlashOperation] = []
        self.boots = 0
        self.reset_cause = PWRON_RESET
        self.ticks = 0

    # --- power -------------------------------------------------------------------------------

    @property
    def powered(self) -> bool:
        """Whether the chip has power."""
        return self._chip is not None

    @property
    def chip(self) -> Chip | None:
        """The chip while it has power."""
        return self._chip

    @property
    def flash(self) -> bytes:
        """All of the flash, now."""
        return self._flash if self._chip is None else self._chip.flash_content()

    def power_on(self) -> None:
        """Start from power-on; no effect if it runs already."""
        if self._chip is not None:
            return
        self._plant.set_mains(True)
        self._base_us = self._plant.now_us
        self._chip_base_us = 0.0
        self._chip = chip = Chip(self._flash, self, _WATCHED_PINS, self._traced)
        self._host = UsbHost(chip.usb, self._received, self._serial.take)
        chip.usb.room = lambda: self._serial.room
        self._started(PWRON_RESET)

    def power_cut(self) -> None:
        """Power fails: the flash keeps what it has, everything else is gone."""
        self.kill()
        self._plant.set_mains(False)

    def kill(self) -> None:
        """End it for good; the flash can still be read."""
        if self._chip is None:
            return
        self._flash = self._chip.flash_content()
        self._chip = self._host = None
        self._cable_dead()
        self._plant.release_outputs()

    def run_pin(self) -> None:
        """Somebody pulls the RUN pin to ground; no effect without power."""
        if self._chip is not None:
            self._cable_dead()
            self._chip.reset(by_run_pin=True)
            self._started(PWRON_RESET)

    def soft_reset(self) -> None:
        """Ctrl-D at the REPL, which only the serial link can send."""
        raise NotImplementedError("send Ctrl-D over the serial port, at the REPL")

    def _started(self, cause: int) -> None:
        self.boots += 1
        self.reset_cause = cause
        if "usb_unplugged" not in self._faults:
            self._serial.plug()

    def _cable_dead(self) -> None:
        """Whoever has the port open sees it vanish."""
        self._serial.device_left()
        self._serial.unplug()

    # --- snapshots ---------------------------------------------------------------------------

    @property
    def quiet(self) -> bool:
        """Whether a snapshot can be taken: no byte is on an I2C bus, and no interrupt waits.

        One that was raised at this very instant would wake no other processor.
        """
        chip = self._chip
        return (
            chip is not None
            and not chip.rp2040.core.pending_interrupts
            and all(bus.quiet for bus in chip.i2c)
        )

    def snapshot(self) -> dict[str, Any]:
        """Everything but the plant, as a value; only while it is `quiet`, and without faults."""
        assert self._chip is not None
        assert self.quiet
        assert self._host is not None
        assert not self._faults
        return {
            "chip": snapshot.take(self._chip),
            "host": self._host.state(),
            "board": {name: getattr(self, name) for name in _KEPT},
        }

    def put(self, state: dict[str, Any]) -> None:
        """Be as `state` says; the controller was just switched on."""
        assert self._chip is not None
        assert self._host is not None
        snapshot.put(self._chip, state["chip"])
        self._host.put(state["host"])
        for name, value in state["board"].items():
            setattr(self, name, value)

    # --- time --------------------------------------------------------------------------------

    def run_to(self, target_us: int) -> None:
        """Let time pass to `target_us`."""
        plant = self._plant
        while True:
            chip = self._chip
            if chip is None or plant.now_us >= target_us:
                plant.advance_to(target_us)
                return
            until_us = min(target_us, plant.now_us + _LOOK_US)
            if "cpu_hangs" in self._faults:
                chip.let_time_pass(self._chip_ns(until_us))
            else:
                chip.run_to(self._chip_ns(until_us))
            if self._cut_asked:
                self._cut_asked = self._reset_asked = False
                self.power_cut()
            elif self._reset_asked:
                self._reset_asked = False
                self._faults.pop("cpu_hangs", None)
                self._now()
                self._cable_dead()
                chip.reset(by_run_pin=False)
                self._started(WDT_RESET)
            else:
                plant.advance_to(until_us)
                self._look_at_cable()

    def _look_at_cable(self) -> None:
        serial, host = self._serial, self._host
        assert host is not None
        assert self._chip is not None
        serial.look()
        host.set_open(serial.host_present)
        if serial.waiting:
            host.feed()
        self._chip.usb.go_on()

    def _chip_ns(self, true_us: int) -> int:
        return round((self._chip_base_us + (true_us - self._base_us) * self._clock_rate) * 1000)

    def _now(self) -> None:
        """Bring the plant up to the chip's present instant."""
        assert self._chip is not None
        elapsed_us = self._chip.now_ns / 1000 - self._chip_base_us
        self._plant.advance_to(self._base_us + int(elapsed_us / self._clock_rate))

    def _set_clock_rate(self, rate: float) -> None:
        self._chip_base_us += (self._plant.now_us - self._base_us) * self._clock_rate
        self._base_us = self._plant.now_us
        self._clock_rate = rate

    @property
    def cycles(self) -> int:
        """Cycles since power-on."""
        return 0 if self._chip is None else self._chip.now_ns // CYCLE_NS

    # --- what the chip's pins lead to (chip.Outside) -----------------------------------------

    def levels_in(self) -> int:
        """Levels of the contacts and of the sensors' data lines."""
        self._now()
        return self._plant.input_levels()

    def pins_changed(self) -> None:
        """The chip drives its pins in another way."""
        chip = self._chip
        if chip is None:
            return
        self._now()
        levels, driven, pwm = chip.outputs()
        slots = [hz << 24 | pin << 16 | duty for pin, (hz, duty) in pwm.items()]
        slots += [0] * (_PWM_SLOTS - len(slots))
        self._plant.set_outputs(levels, driven, tuple(slots))

    def bus(self, number: int) -> BusOfTable:
        """What is on an I2C bus."""
        return self._buses[number]

    def convert(self, channel: int) -> int:
        """Motor current, supply voltage, or the chip's temperature."""
        if channel == _TEMPERATURE_CHANNEL:
            return CORE_TEMPERATURE_COUNTS
        self._now()
        if channel == wiring.CURRENT_ADC:
            # The firmware looks at the current once in each tick.
            self.ticks += 1
            if self._trace.recording:
                self._trace.take(self._plant)
        current, supply = self._plant.converter_counts()
        return {wiring.CURRENT_ADC: current, wiring.SUPPLY_ADC: supply}.get(channel, 0)

    def flash_operated(self, erase: bool, address: int, size: int) -> int:
        """An erase or a program began: how many of its bytes are done before power fails."""
        self._now()
        self.flash_log.append(FlashOperation(erase, address, size, self._plant.truth()))
        if "flash_cut" not in self._faults:
            return size
        self._flash_operations_left -= 1
        if self._flash_operations_left > 0:
            return size
        share = self._faults.pop("flash_cut")["done"]
        assert self._chip is not None
        self._chip.stop()
        self._cut_asked = True
        return min(int(size * share), size - 1)

    def reset_asked(self) -> None:
        """The watchdog bit, or the program asked for a reset."""
        self._reset_asked = True

    def _received(self, data: bytes) -> None:
        self._serial.put(data)

    # --- faults ------------------------------------------------------------------------------

    def inject(self, name: str, parameters: dict[str, Any]) -> None:
        """Make a fault of the controller present."""
        if name == "clock_drift" and parameters["clock"] != "all":
            raise UnknownFault("on the chip all clocks come from one crystal: clock='all'")
        self._faults[name] = parameters
        if name == "usb_unplugged":
            self._serial.unplug()
        elif name == "flash_cut":
            self._flash_operations_left = parameters["after"]
        elif name == "clock_drift":
            self._set_clock_rate(1.0 + parameters["ppm"] * 1e-6)

    def clear_fault(self, name: str) -> None:
        """Repair it."""
        if self._faults.pop(name, None) is None:
            return
        if name == "usb_unplugged" and self.powered:
            self._serial.plug()
        elif name == "clock_drift":
            self._set_clock_rate(1.0)
