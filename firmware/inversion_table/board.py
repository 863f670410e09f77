"""The reference board: which pin is what (docs/hardware.md). Nothing else knows a pin number."""

import time

import machine
import rp2

from inversion_table.link.usb_serial import UsbSerial
from inversion_table.sensing.i2c_bus import I2cBus
from inversion_table.sensing.lsm6dsox import Lsm6dsox
from inversion_table.sensing.mpu6050 import Mpu6050

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
RELAY_MIRROR = 14
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
JOG_DOWN = 28

I2C_HZ = 400_000
I2C_TIMEOUT_US = 2_000
MOTOR_PWM_HZ = 20_000
BUZZER_HZ = 1_000
WATCHDOG_MS = 3_000
JOURNAL_BLOCKS = 192
"""768 KB of the Pico's 1408 KB of storage; the rest has room for two copies of the firmware."""


class PanelPins:
    """The contacts of the table, each an input with a pull-up: 0 is a contact to ground."""

    def __init__(self) -> None:
        self.estop = _contact(ESTOP)
        self.outward_end = _contact(OUTWARD_END)
        self.ankle_lock = _contact(ANKLE_LOCK)
        self.home_switch = _contact(HOME_SWITCH)
        self.relay_mirror = _contact(RELAY_MIRROR)
        self.start = _contact(START)
        self.pause = _contact(PAUSE)
        self.return_home = _contact(RETURN)
        self.jog_up = _contact(JOG_UP)
        self.jog_down = _contact(JOG_DOWN)


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

    def show_progress(self, done: int, total: int) -> None:
        """Blink white while the first start lays out the flash: `done` of `total` blocks."""
        level = done & 1 if done < total else 0
        self.red.value(level)
        self.green.value(level)
        self.blue.value(level)

    def start_watchdog(self) -> None:
        """From now on it must be fed at least every WATCHDOG_MS; nothing can stop it (RQ-039)."""
        self._watchdog = machine.WDT(timeout=WATCHDOG_MS)

    def feed_watchdog(self) -> None:
        """Give the watchdog another WATCHDOG_MS; nothing before it was started."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def at_home_switch(self) -> bool:
        """The raw home switch, for the decisions at start-up."""
        return self.panel.home_switch.value() == 0

    def was_watchdog_reset(self) -> bool:
        """True when not the power, but the watchdog or `reset` started the program."""
        return machine.reset_cause() == machine.WDT_RESET

    def rtc_s(self) -> int:
        """Seconds by the real-time clock, since any epoch: a counter of its own on the chip."""
        return int(time.time())

    def device_name(self) -> str:
        """Unique for each chip: its flash's serial number in hex."""
        return "".join(["%02x" % byte for byte in machine.unique_id()])

    def reset(self) -> None:
        """Restart the chip: every pin becomes an input."""
        machine.reset()

    def idle(self) -> None:
        """Sleep until the next interrupt."""
        machine.idle()

    def start_ticks(self, tick, period_ms: int) -> machine.Timer:
        """Call `tick` every `period_ms` from a hard interrupt; returns the timer."""
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

    return I2cBus(open_i2c, lambda: machine.Pin(scl), lambda: machine.Pin(sda), time.sleep_us)
