"""Stand-in for machine.I2CTarget with memory, as MicroPython 1.26 and later has it on the rp2."""

import bench_passing
import bench_pin
import rig_frame as rig


class _Irq:
    def __init__(self):
        self.now = 0

    def flags(self):
        """Why the handler was called."""
        return self.now


class I2CTarget:
    """A register device: reads and writes go to `mem` without the program's doing."""

    IRQ_ADDR_MATCH_READ = 1
    IRQ_ADDR_MATCH_WRITE = 2
    IRQ_READ_REQ = 4
    IRQ_WRITE_REQ = 8
    IRQ_END_READ = 16
    IRQ_END_WRITE = 32

    def __init__(self, id, addr, *, mem, scl, sda):
        sda_number = bench_pin.pin_number(sda)
        scl_number = bench_pin.pin_number(scl)
        if sda_number & 1 or sda_number >> 1 & 1 != id:
            raise ValueError("bad SDA pin")
        if not scl_number & 1 or scl_number >> 1 & 1 != id:
            raise ValueError("bad SCL pin")
        if len(mem) > rig.MEMORY_LONGS * 8:
            raise NotImplementedError("more memory than a frame holds")
        sda.init(bench_pin.Pin.IN)
        scl.init(bench_pin.Pin.IN)
        self.address = addr
        self.memory = mem
        self._id = id
        self._handler = None
        self._trigger = 0
        self._irq = _Irq()
        bench_passing.targets[id] = self

    def irq(self, handler=None, trigger=0, hard=False):
        """Set a handler, or with no arguments return what has `flags()`."""
        if handler is None:
            return self._irq
        if trigger & 15 and not hard:
            raise ValueError("hard IRQ required")
        self._handler = handler
        self._trigger = trigger
        return self._irq

    def deinit(self):
        """Answer no more."""
        if bench_passing.targets[self._id] is self:
            bench_passing.targets[self._id] = None

    def receive(self, register, count, data):
        """The bench: a host wrote bytes, of which the first goes to `register`."""
        for index in range(count):
            self.memory[(register + index) % len(self.memory)] = data >> 8 * index & 0xFF

    def written(self):
        """The bench: the transfer ended."""
        self._call(self.IRQ_END_WRITE)

    def read(self, register, count):
        """The bench: a host read a burst."""
        self._call(self.IRQ_ADDR_MATCH_READ)
        self._call(self.IRQ_END_READ)

    def _call(self, event):
        if self._handler is not None and self._trigger & event:
            self._irq.now = event
            self._handler(self)
