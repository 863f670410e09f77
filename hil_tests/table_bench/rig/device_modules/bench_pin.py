"""Stand-in for the rig's machine.Pin: every line is looked at, in both directions."""

import bench_analog
import bench_core as core
import bench_frame as frame
import rig_frame as rig

_out = core.out
_inp = core.inp
_LEVELS = frame.LEVELS
_DIRECTIONS = frame.DIRECTIONS
_INPUTS = rig.INPUTS


def pin_number(pin):
    """GPIO number of a Pin or an int; ValueError otherwise."""
    if isinstance(pin, Pin):
        return pin.number
    if isinstance(pin, int) and 0 <= pin <= 29:
        return pin
    raise ValueError("invalid pin")


class Pin:
    """One GPIO. The bench knows what pulls the line up or down."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.number = pin_number(id)
        self._bit = 1 << self.number
        self._open_drain = False
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        """Set mode and, for outputs, the first level."""
        if value is not None:
            self.value(value)
        if mode >= 0:
            bench_analog.release(self.number)
            self._open_drain = mode == Pin.OPEN_DRAIN
            if mode == Pin.IN:
                _out[_DIRECTIONS] &= ~self._bit
            else:
                _out[_DIRECTIONS] |= self._bit

    def value(self, x=None):
        """Level of the line, or set it."""
        if x is None:
            released = self._open_drain and _out[_LEVELS] & self._bit
            if _out[_DIRECTIONS] & self._bit and not released:
                return (_out[_LEVELS] >> self.number) & 1
            return (_inp[_INPUTS] >> self.number) & 1
        if x:
            _out[_LEVELS] |= self._bit
        else:
            _out[_LEVELS] &= ~self._bit
        return None

    def irq(self, handler, trigger, hard=False):
        """Call `handler(pin)` at every rising edge; the bench counts them for one pin."""
        if trigger != Pin.IRQ_RISING or not hard:
            raise NotImplementedError("only hard interrupts at rising edges")
        if core.edge_handlers:
            raise NotImplementedError("the bench counts the edges of one pin")
        core.edge_handlers.append((self.number, handler, self))
        _out[rig.WATCHED_EDGES] |= self._bit
