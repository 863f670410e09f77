"""The bed's tilt from both IMUs: two independent channels, their comparison, and the one to use."""

from inversion_table.estimation.channel import (
    GAP_UDEG_PER_MS,
    LEARN_EVERY,
    MONITOR_SHAKEN_FROM_UG,
    GravityChannel,
)
from inversion_table.estimation.estimate import ERROR_UNKNOWN_MDEG

HELD_MDEG_PER_MS = GAP_UDEG_PER_MS // 1_000


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

    def reset(self) -> None:
        """Back to the state after construction."""
        self.primary.reset()
        self.monitor.reset()

    def update(self, primary, monitor, now_ms: int, estimate) -> None:
        """Take this tick's two `ImuSample`s and write `estimate`."""
        first = self.primary
        second = self.monitor
        first.update(primary, now_ms)
        second.update(monitor, now_ms)
        chosen = first
        if not first.ok and second.ok:
            chosen = second
        estimate.primary_ok = first.ok
        estimate.monitor_ok = second.ok
        estimate.primary_tilt_mdeg = first.tilt_mdeg
        estimate.monitor_tilt_mdeg = second.tilt_mdeg
        estimate.tilt_mdeg = chosen.tilt_mdeg
        estimate.rate_mdeg_per_s = chosen.rate_mdeg_per_s
        estimate.age_ms = chosen.age_ms
        estimate.settled = chosen.settled
        estimate.valid = chosen.ok
        disagreement_mdeg = 0
        rate_disagreement = 0
        error_mdeg = ERROR_UNKNOWN_MDEG
        if chosen.ok:
            error_mdeg = chosen.error_mdeg + chosen.age_ms * HELD_MDEG_PER_MS
            if first.ok and second.ok:
                disagreement_mdeg = first.tilt_mdeg - second.tilt_mdeg
                if disagreement_mdeg < 0:
                    disagreement_mdeg = -disagreement_mdeg
                rate_disagreement = abs(first.rate_mdeg_per_s - second.rate_mdeg_per_s)
                # Nobody knows which of the two is right: the bound covers both, and a little more.
                doubt_mdeg = disagreement_mdeg + (disagreement_mdeg >> 3)
                if error_mdeg < doubt_mdeg:
                    error_mdeg = doubt_mdeg
        estimate.disagreement_mdeg = disagreement_mdeg
        estimate.rate_disagreement_mdeg_per_s = rate_disagreement
        estimate.error_mdeg = error_mdeg
