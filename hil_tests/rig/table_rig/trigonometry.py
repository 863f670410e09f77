"""Sine and cosine from a table, in integers."""

import array

from table_rig import machine_code as micropython
from table_rig.machine_code import const, ptr16

ONE = 1 << 14
QUARTER = const(16_384)
"""A quarter turn; angles wrap at four of them."""
_FULL = const(65_535)
_INDEX_SHIFT = const(6)
_STEPS = 256
_PI_Q40 = 3_454_217_652_358


def _table() -> array.array:
    """sin of 0 .. 90 deg in 256 steps, times 2^14, by its series in whole numbers."""
    values = []
    for step in range(_STEPS + 1):
        x = _PI_Q40 * step // (2 * _STEPS)
        term = x
        total = 0
        for order in range(1, 16, 2):
            total += term
            term = -(term * x >> 40) * x // ((order + 1) * (order + 2) << 40)
        values.append((total >> 25) + 1 >> 1)
    values.append(values[-1])  # so that the last step needs no question
    return array.array("H", values)


_QUARTER_WAVE = _table()


@micropython.viper
def sine(angle: int) -> int:
    """2^14 times the sine of `angle`, 65536 of which are a turn; error at most 1."""
    angle = angle & _FULL
    sign = 1
    if angle >= 2 * QUARTER:
        angle -= 2 * QUARTER
        sign = -1
    if angle > QUARTER:
        angle = 2 * QUARTER - angle
    table = ptr16(_QUARTER_WAVE)
    index = angle >> _INDEX_SHIFT
    low = table[index]
    part = angle & 63
    return sign * (low + ((table[index + 1] - low) * part + 32 >> _INDEX_SHIFT))
