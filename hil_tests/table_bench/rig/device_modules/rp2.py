"""Stand-in for the rig's `rp2`: state machines whose programs the bench knows by name.

The bench plays a program's effect on the lines; tests/rig/test_programs.py runs the
instructions themselves.
"""

import bench_core as core
import bench_pin
import rig_frame as rig

_PROGRAMS = {"share_high": rig.SHARE_HIGH, "hold_until_clocked": rig.HOLD_UNTIL_CLOCKED}


class PIO:
    """Constants for asm_pio."""

    OUT_LOW = 2


def asm_pio(**settings):
    """Take the program's name; its text is for the chip's assembler."""

    def decorate(program):
        return _PROGRAMS[program.__name__]

    return decorate


class _Starts:
    count = 0


class StateMachine:
    """One of eight."""

    def __init__(self, id, program, freq=-1, *, in_base=None, jmp_pin=None, set_base=None):
        if not 0 <= id < rig.MACHINES:
            raise ValueError("invalid state machine")
        self._at = rig.MACHINE0 + 2 * id
        self._pushed = rig.PUSHED0 + id
        self._what = program
        for shift, pin in ((8, jmp_pin), (16, in_base), (24, set_base)):
            number = rig.NO_PIN if pin is None else bench_pin.pin_number(pin)
            self._what |= number << shift
        self._taken_us = -1
        core.out[self._at] = 0

    def put(self, value):
        """Into its queue: each of the two programs takes one number at its start."""
        core.out[self._at + 1] = value

    def active(self, on):
        """Start it, or stop it and let go of its pins."""
        if on:
            _Starts.count += 1
            core.inp[self._pushed] = -1
            core.out[self._at] = self._what | _Starts.count << 32
        else:
            core.out[self._at] = 0

    def rx_fifo(self):
        """How many numbers wait: one a millisecond at most, as from the real program."""
        if core.inp[self._pushed] < 0 or core.out[1] - self._taken_us < 1000:
            return 0
        return 1

    def get(self):
        """The number pushed last."""
        self._taken_us = core.out[1]
        return core.inp[self._pushed]
