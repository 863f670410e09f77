"""The estimator's answer: where the bed is, and how far that may be believed."""

ERROR_UNKNOWN_MDEG = 180_000
"""Error bound of a tilt that nothing supports."""
AGE_MAX_MS = 1_000_000
"""Ages stop here."""


class Estimate:
    """Tilt of the bed. Preset to "unknown", then written in place at each tick."""

    def __init__(self) -> None:
        self.tilt_mdeg = 0
        """Angle of the bed to the horizontal, head down positive. Means nothing unless `valid`."""
        self.rate_mdeg_per_s = 0
        self.valid = False
        """At least one IMU is good, settled, recent, consistent with itself, and plausible."""
        self.settled = False
        """The IMU that the tilt comes from has found its gyroscope bias."""
        self.age_ms = AGE_MAX_MS
        """Since the last good sample behind `tilt_mdeg`; at most AGE_MAX_MS."""
        self.error_mdeg = ERROR_UNKNOWN_MDEG
        """Bound of the tilt's error; grows while only the gyroscope carries it."""
        self.primary_ok = False
        self.monitor_ok = False
        self.primary_tilt_mdeg = 0
        self.monitor_tilt_mdeg = 0
        self.disagreement_mdeg = 0
        """|primary - monitor| when both are ok, else 0."""
        self.rate_disagreement_mdeg_per_s = 0
        """The same of their rates: at once large when one of them no longer moves with the bed."""
