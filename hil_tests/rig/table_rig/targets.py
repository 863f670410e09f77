"""A sensor's place on its bus: it answers, is silent, or holds the data line low."""

import machine
import rp2

from table_rig.programs import CLOCKS, hold_until_clocked

_BUSY_MOST = 3
"""A host that broke off in the middle of a read must not stop the sensor's clock for good."""


class SensorPort:
    """One I2C peripheral as a target whose memory is the sensor's registers.

    `busy` while a host reads, so that no sample changes in the middle of a burst.
    """

    def __init__(self, number: int, scl: int, sda: int, machine_number: int, sensor) -> None:
        self.sensor = sensor
        self.written = False
        """A host has written registers since this was cleared."""
        self.reads = 0
        self._reading = False
        self._reading_ticks = 0
        self._number = number
        self._scl = scl
        self._sda = sda
        self._machine_number = machine_number
        self._target: machine.I2CTarget | None = None
        self._holder: rp2.StateMachine | None = None
        self._silent = False
        self._release = False
        self.answer()

    def answer(self) -> None:
        """Acknowledge the sensor's address, unless it is to be silent."""
        self._stop()
        self._held = False
        if self._silent:
            return
        target = machine.I2CTarget(
            self._number,
            self.sensor.ADDRESS,
            mem=self.sensor.memory,
            scl=machine.Pin(self._scl),
            sda=machine.Pin(self._sda),
        )
        target.irq(
            self._event,
            trigger=(
                machine.I2CTarget.IRQ_ADDR_MATCH_READ
                | machine.I2CTarget.IRQ_END_READ
                | machine.I2CTarget.IRQ_END_WRITE
            ),
            hard=True,
        )
        self._target = target

    def be_silent(self, silent: bool) -> None:
        """Do not acknowledge the address any more; or do again."""
        if silent != self._silent:
            self._silent = silent
            if not self._held:
                self.answer()

    def hold(self, freed_by_clocking: bool) -> None:
        """Hold SDA low, until nine clock pulses came if `freed_by_clocking`, else for good."""
        self._stop()
        self._held = True
        machine.Pin(self._scl, machine.Pin.IN, machine.Pin.PULL_UP)
        if not freed_by_clocking:
            machine.Pin(self._sda, machine.Pin.OPEN_DRAIN, value=0)
            return
        holder = rp2.StateMachine(
            self._machine_number,
            hold_until_clocked,
            in_base=machine.Pin(self._scl),
            set_base=machine.Pin(self._sda),
        )
        holder.put(CLOCKS - 1)
        holder.active(1)
        self._holder = holder

    def let_go(self) -> None:
        """Hold nothing any more."""
        machine.Pin(self._sda, machine.Pin.IN, machine.Pin.PULL_UP)
        self.answer()

    def tick(self) -> None:
        """The sensor has followed: publish a fresh sample unless a host is reading."""
        if self._reading:
            self._reading_ticks += 1
            if self._reading_ticks > _BUSY_MOST:
                self._reading = False
        elif self.sensor.fresh:
            self.sensor.publish()

    def background(self) -> bool:
        """Follow what a host did; True if its clocks have just freed the line."""
        if self.written:
            self.written = False
            self.sensor.written()
        holder = self._holder
        if holder is not None and holder.rx_fifo():
            self.let_go()
            return True
        return False

    def _stop(self) -> None:
        if self._target is not None:
            self._target.deinit()
            self._target = None
        if self._holder is not None:
            self._holder.active(0)
            self._holder = None
        self._reading = False

    def _event(self, target) -> None:
        """Hard interrupt: allocates nothing."""
        flags = target.irq().flags()
        if flags & machine.I2CTarget.IRQ_END_WRITE:
            self.written = True
        if flags & machine.I2CTarget.IRQ_END_READ:
            self._reading = False
        if flags & machine.I2CTarget.IRQ_ADDR_MATCH_READ:
            self._reading = True
            self._reading_ticks = 0
            self.reads += 1
