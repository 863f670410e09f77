"""The rig's pins: which GPIO is which line comes from the host (its wiring table)."""

import machine
import rp2

from table_rig import contacts
from table_rig import machine_code as micropython
from table_rig.programs import SAMPLES, share_high

ANALOG = ("CURRENT_SENSE", "SUPPLY_SENSE")
INPUTS = ("MOTOR_ENABLE", "HEARTBEAT", "LED_RED", "LED_GREEN", "LED_BLUE")
BUSES = ("PRIMARY_SDA", "PRIMARY_SCL", "MONITOR_SDA", "MONITOR_SCL")
NEEDED = contacts.NAMES + ANALOG + INPUTS + BUSES + ("MOTOR_OUTWARD", "MOTOR_HOMEWARD", "BUZZER")
OPTIONAL = ("POWER", "RUN", "RELAY_COIL")

_ANALOG_HZ = 61_000
"""The fastest with 11 bits; what the series parts smooth."""
_DUTY_PER_MV_Q10 = 20_336
"""65535 at 3300 mV."""
_OUTWARD_MACHINE = 0
_HOMEWARD_MACHINE = 1
_SHARE_Q15 = 12_885
"""SAMPLES + 1 looks are a share of 2^14: a count times this, shifted by 15."""


class WiringError(ValueError):
    """The host's wiring table cannot be used; the text says why."""


class Lines:
    """Every line in use. Contacts are open-drain: 0 is closed to ground."""

    def __init__(self, pins: dict) -> None:
        missing = [name for name in NEEDED if name not in pins]
        if missing:
            raise WiringError("no pin for " + ", ".join(missing))
        unknown = [name for name in pins if name not in NEEDED and name not in OPTIONAL]
        if unknown:
            raise WiringError("unknown line " + ", ".join(unknown))
        if len(set(pins.values())) != len(pins):
            raise WiringError("two lines on one pin")
        self.pins = pins
        self.analog_gain_q10 = [_DUTY_PER_MV_Q10, _DUTY_PER_MV_Q10]
        self.analog_offset_mv = [0, 0]
        self._contacts = [_open_drain(pins[name]) for name in contacts.NAMES]
        self._closed = 0
        self._analog = [
            machine.PWM(machine.Pin(pins[name]), freq=_ANALOG_HZ, duty_u16=0) for name in ANALOG
        ]
        self._duty = [0, 0]
        self._inputs = [_input(pins[name]) for name in INPUTS]
        self.enable, self.heartbeat, self.red, self.green, self.blue = self._inputs
        self._outward = _duty_meter(_OUTWARD_MACHINE, pins["MOTOR_OUTWARD"])
        self._homeward = _duty_meter(_HOMEWARD_MACHINE, pins["MOTOR_HOMEWARD"])
        self.outward_q14 = 0
        self.homeward_q14 = 0
        self.buzzer_edges = 0
        self._buzzer = _input(pins["BUZZER"])
        self._buzzer.irq(self._buzzed, machine.Pin.IRQ_RISING, hard=True)
        self.coil = _input(pins["RELAY_COIL"]) if "RELAY_COIL" in pins else None
        self._power = (
            machine.Pin(pins["POWER"], machine.Pin.OUT, value=0) if "POWER" in pins else None
        )
        self._run = _open_drain(pins["RUN"]) if "RUN" in pins else None

    # --- tick: nothing is allocated ----------------------------------------------------------

    @micropython.native
    def measure(self) -> None:
        """Take the newest duties of both motor inputs, in shares of 2^14."""
        meter = self._outward
        while meter.rx_fifo():
            self.outward_q14 = meter.get() * _SHARE_Q15 >> 15
        meter = self._homeward
        while meter.rx_fifo():
            self.homeward_q14 = meter.get() * _SHARE_Q15 >> 15

    def show(self, closed: int) -> None:
        """Pull low those contacts whose bit is set, let go of the others."""
        changed = closed ^ self._closed
        if not changed:
            return
        self._closed = closed
        for pin in self._contacts:  # a counter would be an object more
            if changed & 1:
                pin.value(closed & 1 ^ 1)
            changed >>= 1
            closed >>= 1

    @micropython.native
    def put_analog(self, index: int, mv: int) -> None:
        """Put so many mV on the controller's converter: 0 = current, 1 = supply."""
        duty = (mv + self.analog_offset_mv[index]) * self.analog_gain_q10[index] >> 10
        duty = 0 if duty < 0 else 65_535 if duty > 65_535 else duty
        if duty != self._duty[index]:
            self._duty[index] = duty
            self._analog[index].duty_u16(duty)

    def _buzzed(self, pin) -> None:
        self.buzzer_edges = self.buzzer_edges + 1 & 0xFFFFFF

    # --- background --------------------------------------------------------------------------

    def power(self, on: bool) -> None:
        """Let the controller have power; WiringError where no such line is wired."""
        if self._power is None:
            raise WiringError("the line POWER is not wired")
        self._power.value(1 if on else 0)

    def pull_run(self, low: bool) -> None:
        """Pull the controller's RUN pin low, or let go; WiringError where it is not wired."""
        if self._run is None:
            raise WiringError("the line RUN is not wired")
        self._run.value(0 if low else 1)

    def levels(self) -> dict:
        """What every input sees now: name -> level, or permille of duty for the motor's."""
        seen = {name: pin.value() for name, pin in zip(INPUTS, self._inputs)}
        seen["MOTOR_OUTWARD"] = self.outward_q14 * 1000 >> 14
        seen["MOTOR_HOMEWARD"] = self.homeward_q14 * 1000 >> 14
        seen["BUZZER"] = self._buzzer.value()
        if self.coil is not None:
            seen["RELAY_COIL"] = self.coil.value()
        for name, pin in zip(contacts.NAMES, self._contacts):
            seen[name] = pin.value()
        return seen


def _open_drain(pin: int) -> machine.Pin:
    return machine.Pin(pin, machine.Pin.OPEN_DRAIN, value=1)


def _input(pin: int) -> machine.Pin:
    return machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_DOWN)


def _duty_meter(number: int, pin: int) -> rp2.StateMachine:
    line = _input(pin)
    meter = rp2.StateMachine(number, share_high, jmp_pin=line)
    meter.put(SAMPLES)
    meter.active(1)
    return meter
