"""Stand-in for machine.Pin: levels in the outgoing frame, inputs from the last snapshot."""

import bench_analog
import bench_config
import bench_core as core
import bench_frame as frame

_out = core.out
_inp = core.inp
_state = core.state
_LEVELS = frame.LEVELS
_DIRECTIONS = frame.DIRECTIONS
_INPUTS = frame.INPUTS
_PULLED_UP = core.PULLED_UP


def pin_number(pin):
    """GPIO number of a Pin, an int or a name such as "GP4"; ValueError otherwise."""
    if isinstance(pin, Pin):
        return pin.number
    if isinstance(pin, str) and pin[:2] == "GP":
        pin = int(pin[2:])
    if isinstance(pin, int) and 0 <= pin <= 29:
        return pin
    raise ValueError("invalid pin")


def levels():
    """Levels of all pins, one bit each: what `Pin.value` says of each, but for an open drain."""
    driven = _out[_DIRECTIONS]
    return _out[_LEVELS] & driven | _inp[_INPUTS] & _state[_PULLED_UP] & ~driven


class Pin:
    """One GPIO. An input that nothing pulls up reads 0, like the chip's pull-down at reset."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    ALT = 3
    PULL_UP = 1
    PULL_DOWN = 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.number = pin_number(id)
        self._bit = 1 << self.number
        self._mask = ~self._bit
        self._watched = bool(bench_config.values["watched_pins"] & self._bit)
        self._open_drain = False
        self._pulled_input = False
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        """Set mode, pull and, for outputs, the first level."""
        if value is not None:
            self._store(value)
        if pull is None or pull >= 0:
            external = bench_config.values["external_pull_ups"] & self._bit
            if pull == Pin.PULL_UP or external:
                _state[_PULLED_UP] |= self._bit
            else:
                _state[_PULLED_UP] &= self._mask
        if mode >= 0:
            bench_analog.release(self.number)
            self._open_drain = mode == Pin.OPEN_DRAIN
            if mode == Pin.OUT or self._open_drain:
                _out[_DIRECTIONS] |= self._bit
            else:
                _out[_DIRECTIONS] &= self._mask
            if self._watched:
                core.exchange(frame.PINS)
        output = _out[_DIRECTIONS] & self._bit
        self._pulled_input = bool(_state[_PULLED_UP] & self._bit and not output)

    def value(self, x=None):
        """Level of the pin, or set it."""
        if x is None:
            if self._pulled_input:  # what a panel reads ten times a tick
                return (_inp[_INPUTS] >> self.number) & 1
            if _out[_DIRECTIONS] & self._bit and not (
                self._open_drain and _out[_LEVELS] & self._bit
            ):
                return (_out[_LEVELS] >> self.number) & 1
            if _state[_PULLED_UP] & self._bit:
                return (_inp[_INPUTS] >> self.number) & 1
            return 0
        self._store(x)
        return None

    def _store(self, x):
        if x:
            _out[_LEVELS] |= self._bit
        else:
            _out[_LEVELS] &= self._mask
        if self._watched:
            core.exchange(frame.PINS)

    def __call__(self, x=None):
        """Like `value`."""
        return self.value(x)

    def on(self):
        """Drive high."""
        self.value(1)

    def off(self):
        """Drive low."""
        self.value(0)

    high = on
    low = off

    def toggle(self):
        """Change the level of an output."""
        self.value(not _out[_LEVELS] & self._bit)
