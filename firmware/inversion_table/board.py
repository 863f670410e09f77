"""The reference board: which pin is what (docs/hardware.md). Nothing else knows a pin number."""

import sys
import time

import machine
import micropython
import rp2
from micropython import const

from inversion_table.integrity import resets
from inversion_table.link.usb_serial import UsbSerial
from inversion_table.sensing.i2c_bus import I2cBus
from inversion_table.sensing.lsm6dsox import Lsm6dsox
from inversion_table.sensing.mpu6050 import Mpu6050
from inversion_table.sensing.queued_bus import QueuedI2cBus

MONITOR_SDA = 2
MONITOR_SCL = 3
PRIMARY_SDA = 4
PRIMARY_SCL = 5
LED_RED = 6
LED_GREEN = 7
LED_BLUE = 8
BUZZER = 9
MOTOR_OUTWARD = 10
MOTOR_HOMEWARD = 11
MOTOR_ENABLE = 12
HEARTBEAT = 13
RELAY_MIRROR = const(14)
ESTOP = 15
OUTWARD_END = 16
ANKLE_LOCK = 17
HOME_SWITCH = 18
START = 19
PAUSE = 20
RETURN = 21
JOG_UP = 22
CURRENT_SENSE = 26
SUPPLY_SENSE = 27
JOG_DOWN = const(28)

I2C_HZ = 400_000
I2C_TIMEOUT_US = 2_000
MOTOR_PWM_HZ = 20_000
BUZZER_HZ = 1_000
ALARM_DUTY_U16 = 32_768
WATCHDOG_MS = 3_000
CLOCK_SET_YEAR = 2025
"""A clock that says an earlier year was never set: the chip starts in 2021."""
UNIX_EPOCH_YEAR = 1970
SECONDS_1970_TO_2000 = 946_684_800
JOURNAL_BLOCKS = 192
"""768 KB of the Pico's 1408 KB of storage, for 78 sessions (RQ-122); the rest has room for two
copies of the firmware as packs (chooser.py). As single files not even one source tree fits."""

# First registers of I2C0 and of I2C1, and the low word of the microseconds: datasheets RP2040 (2.2,
# 4.6.5), RP2350 (2.2, 12.8.5).
_I2C_RP2040 = (0x4004_4000, 0x4004_8000, 0x4005_4028)
_I2C_RP2350 = (0x4009_0000, 0x4009_8000, 0x400B_0028)

# Registers that tell why the chip started: datasheets RP2040 (4.7.6, 2.13.6), RP2350 (12.9, 6.4).
# base of the watchdog; register of the chip's last reset by power or pin, and its flags: power,
# brown-out (the RP2040 has none of its own), RUN pin.
_RP2040 = (0x4005_8000, 0x4006_4008, 1 << 8, 0, 1 << 16)
_RP2350 = (0x400D_8000, 0x4010_002C, 1 << 16, 1 << 17, 1 << 18)
_REASON_AT = 0x08
_REASON_TIMER = 1
_REASON_FORCE = 2
_SCRATCH0_AT = 0x0C
_SCRATCH1_AT = 0x10
"""MicroPython and the boot ROM use only the scratch registers from 4 on."""


_CONTACTS = (
    ESTOP,
    OUTWARD_END,
    ANKLE_LOCK,
    RELAY_MIRROR,
    START,
    PAUSE,
    RETURN,
    JOG_UP,
    JOG_DOWN,
)
"""Besides the home switch, which the start asks for alone."""
_GPIO_IN = 0xD000_0004
"""SIO: the level at each pin, one bit a pin (datasheets RP2040, 2.3.1.7; RP2350, 3.1.11). Pins end
at 29, so that what is read is a small int: reading it allocates nothing."""
_ALL = const((1 << 30) - 1)
_PINS_ON_END = const(9)
_LAST = const(1 << _PINS_ON_END)
_ON_END = const(_LAST - 1)
_JOG_DOWN_SHIFT = const(JOG_DOWN - _PINS_ON_END)


class PanelPins:
    """The contacts of the table, each an input with a pull-up: 0 is a contact to ground."""

    def __init__(self) -> None:
        self._words = machine.mem32
        for pin in _CONTACTS:
            _contact(pin)
        self.home_switch = _contact(HOME_SWITCH)

    @micropython.viper
    def closed(self) -> int:
        """The contacts that read as closed, one bit each: sensing.panel. For the tick.

        All in one look, of the register that `Pin.value()` takes a bit of. RELAY_MIRROR to JOG_UP
        are nine pins on end, in the order of the panel's bits; JOG_DOWN is the tenth.
        """
        low = int(self._words[_GPIO_IN]) ^ _ALL
        return low >> RELAY_MIRROR & _ON_END | low >> _JOG_DOWN_SHIFT & _LAST


class Board:
    """Builds every peripheral; outputs begin off."""

    def __init__(self) -> None:
        self.ticks_ms = time.ticks_ms
        # Outputs first: after a soft reset the pins are still as the last program left them.
        self.motor_enable = machine.Pin(MOTOR_ENABLE, machine.Pin.OUT, value=0)
        self.heartbeat = machine.Pin(HEARTBEAT, machine.Pin.OUT, value=0)
        self.motor_outward = _pwm(MOTOR_OUTWARD, MOTOR_PWM_HZ)
        self.motor_homeward = _pwm(MOTOR_HOMEWARD, MOTOR_PWM_HZ)
        self.red = machine.Pin(LED_RED, machine.Pin.OUT, value=0)
        self.green = machine.Pin(LED_GREEN, machine.Pin.OUT, value=0)
        self.blue = machine.Pin(LED_BLUE, machine.Pin.OUT, value=0)
        self.buzzer = _pwm(BUZZER, BUZZER_HZ)
        self.panel = PanelPins()
        self.current_adc = machine.ADC(machine.Pin(CURRENT_SENSE))
        self.supply_adc = machine.ADC(machine.Pin(SUPPLY_SENSE))
        self.primary_bus = _bus(0, PRIMARY_SCL, PRIMARY_SDA)
        self.monitor_bus = _bus(1, MONITOR_SCL, MONITOR_SDA)
        self.primary_imu = Lsm6dsox(self.primary_bus)
        self.monitor_imu = Mpu6050(self.monitor_bus)
        self.usb = UsbSerial()
        self.flash = rp2.Flash()
        self._watchdog: machine.WDT | None = None
        (
            self._watchdog_base,
            self._had_reset_at,
            self._had_power,
            self._had_brown_out,
            self._had_run_pin,
        ) = _RP2350 if _is_rp2350() else _RP2040

    def show_progress(self, done: int, total: int) -> None:
        """Blink white while the first start lays out the flash: `done` of `total` blocks."""
        level = done & 1 if done < total else 0
        self.red.value(level)
        self.green.value(level)
        self.blue.value(level)
        self.feed_watchdog()  # it runs already while a new firmware is on trial

    def alarm(self) -> None:
        """Steady red and a steady tone: the program cannot start."""
        self.red.value(1)
        self.buzzer.duty_u16(ALARM_DUTY_U16)

    def sleep_ms(self, duration_ms: int) -> None:
        """Wait, with nothing else to do."""
        time.sleep_ms(duration_ms)

    def start_watchdog(self, timeout_ms: int = WATCHDOG_MS) -> None:
        """From now on it must be fed so often at least; nothing can stop it (RQ-039)."""
        self._watchdog = machine.WDT(timeout=timeout_ms)

    def feed_watchdog(self) -> None:
        """Give the watchdog another WATCHDOG_MS; nothing before it was started."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def at_home_switch(self) -> bool:
        """The raw home switch, for the decisions at start-up."""
        return self.panel.home_switch.value() == 0

    def unix_time_s(self) -> int:
        """Seconds since 1970 by the real-time clock; 0 while nobody has set it (RQ-093)."""
        if time.gmtime()[0] < CLOCK_SET_YEAR:
            return 0
        epoch_s = 0 if time.gmtime(0)[0] == UNIX_EPOCH_YEAR else SECONDS_1970_TO_2000
        return int(time.time()) + epoch_s

    def set_clock(self, unix_s: int) -> None:
        """Set the real-time clock to `unix_s` seconds since 1970 (RQ-093)."""
        epoch_s = 0 if time.gmtime(0)[0] == UNIX_EPOCH_YEAR else SECONDS_1970_TO_2000
        year, month, day, hour, minute, second, weekday = time.gmtime(unix_s - epoch_s)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))

    def start_cause(self) -> int:
        """Why the controller started: contract.resets; ask before the first `mark` (RQ-094)."""
        words = machine.mem32
        reason = words[self._watchdog_base + _REASON_AT]
        had = words[self._had_reset_at]
        return resets.cause(
            resets.mark_in(
                words[self._watchdog_base + _SCRATCH0_AT], words[self._watchdog_base + _SCRATCH1_AT]
            ),
            bool(reason & _REASON_TIMER),
            bool(reason & _REASON_FORCE),
            bool(had & self._had_power),
            bool(had & self._had_brown_out),
            bool(had & self._had_run_pin),
        )

    def mark(self, mark: int) -> None:
        """Leave word, for the next start, of what the program does now: integrity.resets."""
        words = machine.mem32
        first, second = resets.mark_words(mark)
        words[self._watchdog_base + _SCRATCH0_AT] = first
        words[self._watchdog_base + _SCRATCH1_AT] = second

    def rtc_s(self) -> int:
        """Seconds by the real-time clock, since any epoch: a counter of its own on the chip."""
        return int(time.time())

    def device_name(self) -> str:
        """Unique for each chip: its flash's serial number in hex."""
        return "".join(["%02x" % byte for byte in machine.unique_id()])

    def interpreter(self) -> str:
        """The version of MicroPython."""
        return ".".join([str(part) for part in sys.implementation.version[:3]])

    def machine_name(self) -> str:
        """What MicroPython says that it runs on."""
        return sys.implementation._machine

    def reset(self) -> None:
        """Restart the chip: every pin becomes an input."""
        machine.reset()

    def idle(self) -> None:
        """Sleep until the next interrupt."""
        machine.idle()

    def start_ticks(self, tick, period_ms: int) -> machine.Timer:
        """Call `tick` every `period_ms` from a hard interrupt (RQ-153); returns the timer."""
        return machine.Timer(
            -1, mode=machine.Timer.PERIODIC, period=period_ms, callback=tick, hard=True
        )


def _contact(pin: int) -> machine.Pin:
    return machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP)


def _pwm(pin: int, frequency_hz: int) -> machine.PWM:
    return machine.PWM(machine.Pin(pin), freq=frequency_hz, duty_u16=0)


def _bus(number: int, scl: int, sda: int) -> I2cBus:
    def open_i2c() -> machine.I2C:
        return machine.I2C(
            number,
            scl=machine.Pin(scl),
            sda=machine.Pin(sda),
            freq=I2C_HZ,
            timeout=I2C_TIMEOUT_US,
        )

    lines = lambda: machine.Pin(scl), lambda: machine.Pin(sda)
    if sys.platform != "rp2":  # a bench without the controller's registers
        return I2cBus(open_i2c, *lines, time.sleep_us)
    registers = _I2C_RP2350 if _is_rp2350() else _I2C_RP2040
    return QueuedI2cBus(
        open_i2c, *lines, time.sleep_us, registers[number], registers[2], I2C_TIMEOUT_US
    )


def _is_rp2350() -> bool:
    return "RP2350" in sys.implementation._machine
