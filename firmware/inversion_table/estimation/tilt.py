"""The bed's tilt from both IMUs: two independent channels, their comparison, and the one to use."""

from inversion_table.estimation import portable as micropython
from inversion_table.estimation.channel import (
    LEARN_EVERY,
    MONITOR_SHAKEN_FROM_UG,
    GravityChannel,
    follow,
)
from inversion_table.estimation.portable import const, ptr32

HELD_MDEG_PER_MS = const(8)
"""channel.GAP_UDEG_PER_MS in thousands."""
ERROR_UNKNOWN = const(180_000)
"""estimate.ERROR_UNKNOWN_MDEG."""

# Cells of a channel (channel.py), as compiled code can read them.
_ZERO = const(1 << 29)
_OK = const(0)
_SETTLED = const(1)
_TILT_MDEG = const(2)
_RATE_MDEG_PER_S = const(3)
_ERROR_MDEG = const(4)
_AGE_MS = const(5)


class TiltEstimator:
    """Fuses nothing across IMUs, so that one bad sensor cannot spoil the other (RQ-047, RQ-048,
    RQ-109).

    The tilt is the primary's; while the primary is not ok it is the monitor's, with the monitor's
    own error bound; while neither is ok it is invalid. Either counts as lost after HOLD_MAX_MS
    (50 ms, see channel.py) without a good sample; until then its last tilt is held.
    """

    def __init__(self, primary_calibration, monitor_calibration) -> None:
        self.primary = GravityChannel(primary_calibration, 0)
        self.monitor = GravityChannel(
            monitor_calibration, LEARN_EVERY // 2, shaken_from_ug=MONITOR_SHAKEN_FROM_UG
        )
        self._first = self.primary.cells
        self._second = self.monitor.cells

    @micropython.viper
    def update(self, primary, monitor, now_ms: int, estimate):
        """Take this tick's two `ImuSample`s and write `estimate`."""
        of_primary = self._first
        of_monitor = self._second
        follow(of_primary, primary, now_ms)
        follow(of_monitor, monitor, now_ms)
        first = ptr32(of_primary)
        second = ptr32(of_monitor)
        first_ok = first[_OK] != _ZERO
        second_ok = second[_OK] != _ZERO
        chosen = first
        if second_ok and not first_ok:
            chosen = second
        estimate.primary_ok = first_ok
        estimate.monitor_ok = second_ok
        first_mdeg = first[_TILT_MDEG] - _ZERO
        second_mdeg = second[_TILT_MDEG] - _ZERO
        estimate.primary_tilt_mdeg = first_mdeg
        estimate.monitor_tilt_mdeg = second_mdeg
        estimate.tilt_mdeg = chosen[_TILT_MDEG] - _ZERO
        estimate.rate_mdeg_per_s = chosen[_RATE_MDEG_PER_S] - _ZERO
        age_ms = chosen[_AGE_MS] - _ZERO
        estimate.age_ms = age_ms
        estimate.settled = chosen[_SETTLED] != _ZERO
        estimate.valid = chosen[_OK] != _ZERO
        disagreement_mdeg = 0
        rate_disagreement = 0
        error_mdeg = ERROR_UNKNOWN
        if chosen[_OK] != _ZERO:
            error_mdeg = chosen[_ERROR_MDEG] - _ZERO + age_ms * HELD_MDEG_PER_MS
            if first_ok and second_ok:
                disagreement_mdeg = first_mdeg - second_mdeg
                if disagreement_mdeg < 0:
                    disagreement_mdeg = 0 - disagreement_mdeg
                rate_disagreement = first[_RATE_MDEG_PER_S] - second[_RATE_MDEG_PER_S]
                if rate_disagreement < 0:
                    rate_disagreement = 0 - rate_disagreement
                # Nobody knows which of the two is right: the bound covers both, and a little more.
                doubt_mdeg = disagreement_mdeg + (disagreement_mdeg >> 3)
                if error_mdeg < doubt_mdeg:
                    error_mdeg = doubt_mdeg
        estimate.disagreement_mdeg = disagreement_mdeg
        estimate.rate_disagreement_mdeg_per_s = rate_disagreement
        estimate.error_mdeg = error_mdeg
