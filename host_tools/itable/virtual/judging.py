"""A session measured with the bench's own truth, not with the word of the device under test."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from inversion_table.contract.names import STATE_NAMES
from inversion_table.safety import limits
from itable.errors import InternalError
from itable.log.decode import SessionLog
from itable.log.plot import Truth

if TYPE_CHECKING:
    import numpy as np

_MOVING = STATE_NAMES.index("MOVING")
_HOLDING = STATE_NAMES.index("HOLDING")


@dataclass(frozen=True)
class Verdict:
    """How well the bed did what the plan says, by the bench's truth; degrees and seconds.

    Tracking is compared where the plan leads (moving and holding), overshoot at every arrival:
    how far the bed went past a step's tilt, in the direction that it came from.
    """

    worst_error_deg: float
    rms_error_deg: float
    worst_overshoot_deg: float
    max_tilt_deg: float
    head_down_s: float
    worst_estimate_error_deg: float

    def to_dict(self) -> dict[str, float]:
        """The figures, rounded to what they are worth."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def judge(log: SessionLog, trace: Any, start_ms: float) -> tuple[Verdict, Truth]:
    """Figures and curve of a session that began at `start_ms` of the bench's time."""
    import numpy as np

    if not len(log.columns):
        raise InternalError(
            "the session's log has no samples", next_step="run it again with another --seed"
        )
    columns = {
        name: np.array(getattr(log.columns, name), dtype=float)
        for name in ("t_ms", "tilt_mdeg", "target_mdeg", "state")
    }
    true_ms = trace["time_us"] / 1000 - start_ms
    true_deg = np.array(trace["tilt_deg"], dtype=float)
    at_samples = np.interp(columns["t_ms"], true_ms, true_deg)
    led = np.isin(columns["state"], (_MOVING, _HOLDING))
    error = np.where(led, at_samples - columns["target_mdeg"] / 1000, 0.0)
    inside = (true_ms >= 0) & (true_ms <= log.duration_ms)
    times_s, tilts_deg = true_ms[inside] / 1000, true_deg[inside]
    down = tilts_deg[:-1] > limits.HEAD_DOWN_TILT_MDEG / 1000
    verdict = Verdict(
        worst_error_deg=float(np.abs(error).max()),
        rms_error_deg=float(np.sqrt((error[led] ** 2).mean())) if led.any() else 0.0,
        worst_overshoot_deg=_overshoot(columns, at_samples),
        max_tilt_deg=float(tilts_deg.max()),
        head_down_s=float(np.diff(times_s)[down].sum()),
        worst_estimate_error_deg=float(np.abs(at_samples - columns["tilt_mdeg"] / 1000).max()),
    )
    return verdict, Truth(times_s[::10], tilts_deg[::10])


def _overshoot(columns: "dict[str, np.ndarray]", true_deg: "np.ndarray") -> float:
    """The farthest that the bed went past a tilt at which it then held, seen from where it came."""
    worst = 0.0
    before_deg = limits.HOME_TILT_MDEG / 1000
    index, count = 0, len(true_deg)
    states = columns["state"]
    while index < count:
        if states[index] != _HOLDING:
            index += 1
            continue
        end = index
        while end < count and states[end] == _HOLDING:
            end += 1
        goal_deg = float(columns["target_mdeg"][end - 1]) / 1000
        outward = 1 if goal_deg > before_deg else -1
        # The last second of the move belongs to the arrival too.
        past = (true_deg[max(0, index - 10) : end] - goal_deg) * outward
        worst = max(worst, float(past.max()))
        before_deg = goal_deg
        index = end
    return worst
