"""Captures: windows of `imu.rest` that belong together become one rest, or a reason why not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from itable.calibrate.algebra import Vector, dot, unit
from itable.calibrate.solver import ROLES, Rest
from itable.link.models import ImuRest, RestWindow

WINDOWS = 2
"""Windows of two seconds, still and alike, that make a rest, after a first one (RQ-116)."""
AGREE_G = 0.002
APART_MIN_DEG = 10.0
"""Between any two rests: nearer ones tell the fit nothing new."""
_SAMPLES = 50

WHY_NOT = {
    "moving": "the bed moves: let go of the buttons, and nobody on it",
    "shaken": "the bed shakes: nobody on it, and nothing that vibrates near it",
    "lost": "an IMU gives no readings: check its plug",
}


@dataclass
class Capture:
    """Collects windows; `rest` is there once enough of them agree."""

    seen: dict[str, list[RestWindow]] = field(default_factory=lambda: {role: [] for role in ROLES})
    why_not: str = ""
    """Why there is no rest yet; "" while everything is in order."""

    def feed(self, answer: ImuRest) -> None:
        """Take one answer of the table, as often as one likes: only new windows count."""
        windows = {"primary": answer.primary, "monitor": answer.monitor}
        self.why_not = ""
        for role, window in windows.items():
            kept = self.seen[role]
            if kept and kept[-1].window == window.window:
                continue
            if window.verdict != "still":
                self.why_not = f"{role}: {WHY_NOT.get(window.verdict, window.verdict)}"
                kept.clear()
            elif kept and _apart_g(window, kept) > AGREE_G:
                kept[:] = [window]
            else:
                kept.append(window)
        if self.why_not:
            for kept in self.seen.values():
                kept.clear()

    def progress(self) -> float:
        """0 .. 1: how much of a rest is there."""
        # The window that was running as the bed came to rest does not count: one more of each.
        return min(1.0, min(len(kept) for kept in self.seen.values()) / (WINDOWS + 1))

    def rest(self, name: str) -> Rest | None:
        """The rest, when there are enough windows of both IMUs."""
        if any(len(kept) <= WINDOWS for kept in self.seen.values()):
            return None
        used = {role: kept[-WINDOWS:] for role, kept in self.seen.items()}
        return Rest(
            name,
            {role: _mean(windows, 0) for role, windows in used.items()},
            {role: _mean(windows, 3) for role, windows in used.items()},
            {
                role: max(window.accel_scatter_ug for window in windows)
                * 1e-6
                / math.sqrt(_SAMPLES * len(windows))
                for role, windows in used.items()
            },
            {role: windows[-1].temperature_mdegc / 1000 for role, windows in used.items()},
        )


def apart_deg(a: Rest, b: Rest, role: str = "primary") -> float:
    """The angle between two rests as one IMU feels it, calibrated or not: about right."""
    cosine = dot(unit(a.force_g[role]), unit(b.force_g[role]))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _mean(windows: Sequence[RestWindow], first: int) -> Vector:
    x, y, z = (
        sum(window.mean[axis] for window in windows) / len(windows) * 1e-6
        for axis in range(first, first + 3)
    )
    return (x, y, z)


def _apart_g(window: RestWindow, kept: Sequence[RestWindow]) -> float:
    return max(abs(window.mean[axis] - kept[-1].mean[axis]) for axis in range(3)) * 1e-6
