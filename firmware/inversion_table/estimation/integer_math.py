"""Trigonometry in integers: every intermediate is a small int on the chip (inside +-2^30)."""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const

_LARGE = const(1 << 20)
_SMALL = const(1 << 19)


@micropython.viper
def atan2_mdeg(y: int, x: int) -> int:
    """Angle of the vector (x, y) in milli-degrees, -180000 .. 180000; 0 for the null vector.

    For |x|, |y| < 2^30. Error at most 3 mdeg once the longer side is 2^15 or more (a unit vector in
    micro-g is 2^20); shorter vectors are themselves that coarse, and get the same bound.

    One division brings the angle into 0 .. 45 deg as t = tan(angle) in Q15; there, a minimax fit
    of atan by an odd polynomial of degree 9 (own fit, 0.7 mdeg) costs about half of a CORDIC.
    """
    long = x if x >= 0 else 0 - x
    short = y if y >= 0 else 0 - y
    steep = 0
    if short > long:
        steep = long
        long = short
        short = steep
        steep = 1
    if long == 0:
        return 0
    while long >= _LARGE:
        long >>= 1
        short >>= 1
    while long < _SMALL:
        long <<= 1
        short <<= 1
    t = (short << 10) // (long >> 5)  # no room for half of the divisor
    if t > 32_767:  # t * t would be 2^30
        t = 32_767
    u = t * t >> 15
    # In half mdeg: 57288.1 t - 18925.1 t^3 + 10322.4 t^5 - 4879.1 t^7 + 1194.3 t^9 mdeg.
    fit = (2_389 * u >> 15) - 9_758
    fit = (fit * u >> 15) + 20_645
    fit = (fit * u >> 15) - 37_850
    fit = fit * u >> 15
    # 16384: half a mdeg to round this shift, half for what the divisions and shifts above cut off.
    angle_mdeg = t * 28_644 + (t * fit >> 2) + 16_384 >> 14
    if steep == 1:
        angle_mdeg = 90_000 - angle_mdeg
    if x < 0:
        angle_mdeg = 180_000 - angle_mdeg
    return angle_mdeg if y >= 0 else 0 - angle_mdeg
