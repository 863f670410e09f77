"""Motor current and supply voltage from the ADC's counts, lightly low-passed."""

from array import array

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr32

CURRENT_FULL_SCALE_MA = const(16_500)
"""3.3 V at 0.2 V/A (docs/hardware.md)."""
SUPPLY_FULL_SCALE_MV = const(36_300)
"""3.3 V behind a divider of 1:11 (docs/hardware.md)."""

# Words of the state.
_STARTED = const(0)
_CURRENT_SUM = const(1)
"""Of four ticks."""
_SUPPLY_SUM = const(2)
_WORDS = const(3)


def scale_u16(counts: int, full_scale: int) -> int:
    """`counts` (0 .. 65535) as a part of `full_scale`, which must be below 2**16.

    Two bits are given up so that the product stays inside the chip's small integers.
    """
    return (counts >> 2) * full_scale >> 14


class Analog:
    """Reads both channels once a tick; a first-order low-pass of four ticks takes the noise."""

    def __init__(self, current_adc, supply_adc) -> None:
        self._current_adc = current_adc
        self._supply_adc = supply_adc
        self._words = array("i", [0] * _WORDS)

    @micropython.viper
    def read(self, inputs):
        """Fill `inputs.current_ma` and `inputs.supply_mv`; nothing is allocated."""
        # As scale_u16, whose call would cost more than both channels.
        counts = int(self._current_adc.read_u16())
        current_ma = (counts >> 2) * CURRENT_FULL_SCALE_MA >> 14
        counts = int(self._supply_adc.read_u16())
        supply_mv = (counts >> 2) * SUPPLY_FULL_SCALE_MV >> 14
        words = ptr32(self._words)
        if words[_STARTED] == 0:
            words[_STARTED] = 1
            words[_CURRENT_SUM] = current_ma << 2
            words[_SUPPLY_SUM] = supply_mv << 2
        words[_CURRENT_SUM] += current_ma - (words[_CURRENT_SUM] >> 2)
        words[_SUPPLY_SUM] += supply_mv - (words[_SUPPLY_SUM] >> 2)
        inputs.current_ma = words[_CURRENT_SUM] >> 2
        inputs.supply_mv = words[_SUPPLY_SUM] >> 2
