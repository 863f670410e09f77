"""Motor current and supply voltage from the ADC's counts, lightly low-passed."""

CURRENT_FULL_SCALE_MA = 16_500
"""3.3 V at 0.2 V/A (docs/hardware.md)."""
SUPPLY_FULL_SCALE_MV = 36_300
"""3.3 V behind a divider of 1:11 (docs/hardware.md)."""


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
        self._current_sum = 0
        self._supply_sum = 0
        self._started = False

    def read(self, inputs) -> None:
        """Fill `inputs.current_ma` and `inputs.supply_mv`; nothing is allocated."""
        current_ma = scale_u16(self._current_adc.read_u16(), CURRENT_FULL_SCALE_MA)
        supply_mv = scale_u16(self._supply_adc.read_u16(), SUPPLY_FULL_SCALE_MV)
        if not self._started:
            self._started = True
            self._current_sum = 4 * current_ma
            self._supply_sum = 4 * supply_mv
        self._current_sum += current_ma - self._current_sum // 4
        self._supply_sum += supply_mv - self._supply_sum // 4
        inputs.current_ma = self._current_sum // 4
        inputs.supply_mv = self._supply_sum // 4
