"""Compares the values in use with what they were when they were loaded, by CRC-32. Pure.

It looks at the very objects that the tick reads: the settings, what each IMU's channel made of its
calibration, and the plan as it is laid out.
"""

from binascii import crc32
from struct import pack_into

from inversion_table.safety import limits

PLAN = (
    "tilt_mdeg",
    "rate_mdeg_per_s",
    "hold_ms",
    "set_first",
    "set_count",
    "set_times",
    "return_rate_mdeg_per_s",
    "rest_ms",
)
"""What the sequencer takes from a plan that is laid out (session/program.py)."""
_SETTINGS = tuple(sorted(limits.SETTINGS))


class ValuesCheck:
    """Call `step` in the background: four calls look at everything once.

    settings: limits.Settings; primary, monitor: estimation.channel.GravityChannel. `ok` is never
    True again once it was False: what changed in memory is loaded anew by a restart (RQ-084).
    """

    def __init__(self, settings, primary, monitor) -> None:
        self.ok = True
        self._number = bytearray(4)
        self._turn = 0
        # (object, its attributes, CRC-32) of each, or (memory, None, CRC-32); the last is the plan.
        self._parts: list = [
            self._part(settings, _SETTINGS),
            self._part(primary.fixed_cells(), None),
            self._part(monitor.fixed_cells(), None),
            None,
        ]

    def use_plan(self, program) -> None:
        """From now on `program` (session.program.Program) is the plan that is laid out."""
        self._parts[-1] = self._part(program, PLAN)

    def step(self) -> None:
        """Look at one of the parts."""
        self._turn = (self._turn + 1) % len(self._parts)
        part = self._parts[self._turn]
        if part is not None and self._crc(part[0], part[1]) != part[2]:
            self.ok = False

    def _part(self, holder, names) -> tuple:
        return (holder, names, self._crc(holder, names))

    def _crc(self, holder, names) -> int:
        if names is None:
            return crc32(holder)
        crc = 0
        for name in names:
            value = getattr(holder, name)
            if isinstance(value, int):
                crc = self._add(crc, value)
            else:
                crc = self._add(crc, len(value))
                for item in value:
                    crc = self._add(crc, item)
        return crc

    def _add(self, crc: int, value: int) -> int:
        pack_into("<i", self._number, 0, value)
        return crc32(self._number, crc)
