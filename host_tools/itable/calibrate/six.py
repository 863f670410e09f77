"""Six positions on a bench: bias and scale of each IMU by itself, before it goes on the bed.

However a board lies, "up" is 1 g long. Six faces up in turn give three biases and three scales, by
least squares; nothing has to be level. The walk then starts from these instead of the data sheet.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from itable.calibrate.algebra import Singular, Vector, inverse
from itable.calibrate.capture import apart_deg
from itable.calibrate.solver import DATA_SHEET, ROLES, Implausible, Prior, Rest
from itable.calibrate.walk import Target, Walk
from itable.folders import data_folder
from itable.link.models import Status

POSITIONS = 6
APART_MIN_DEG = 50.0
SIGMA_G = 0.001
"""What is left of a bias, and of a scale, as the walk may count on it."""
OFF_MAX_G = 0.01
ODD_MAX = 5.0
_STEPS = 20


def solve_six(rests: Sequence[Rest], role: str) -> Prior:
    """Bias and scale of one IMU from rests in any positions; raises Implausible."""
    sheet = DATA_SHEET[role]
    values = [0.0] * 6
    worst_g = 0.0
    try:
        for _ in range(_STEPS):
            normal = [[0.0] * 6 for _ in range(6)]
            gradient = [0.0] * 6
            worst_g = 0.0
            for rest in rests:
                reading = rest.force_g[role]
                force = [(1.0 + values[3 + i]) * (reading[i] - values[i]) for i in range(3)]
                size = math.sqrt(sum(part * part for part in force))
                slopes = [-force[i] / size * (1.0 + values[3 + i]) for i in range(3)]
                slopes += [force[i] / size * (reading[i] - values[i]) for i in range(3)]
                worst_g = max(worst_g, abs(size - 1.0))
                _add(normal, gradient, size - 1.0, slopes, sheet.model_g)
            for i in range(3):
                for at, sigma in ((i, sheet.bias_sigma_g[i]), (3 + i, sheet.scale_sigma[i])):
                    _add(normal, gradient, values[at], [float(j == at) for j in range(6)], sigma)
            step = [
                -sum(a * b for a, b in zip(row, gradient, strict=True)) for row in inverse(normal)
            ]
            values = [value + change for value, change in zip(values, step, strict=True)]
    except (Singular, ZeroDivisionError) as error:
        raise Implausible(f"the {role} IMU: {error}") from error
    odd = max(
        abs(value) / sigma
        for value, sigma in zip(values, (*sheet.bias_sigma_g, *sheet.scale_sigma), strict=True)
    )
    if odd > ODD_MAX:
        raise Implausible(
            f"the {role} IMU would need an offset or a scale {odd:.0f} times what its data sheet"
            " calls typical: it moved, or it is broken"
        )
    if worst_g > OFF_MAX_G:
        raise Implausible(
            f"the {role} IMU feels {worst_g * 1000:.0f} mg more or less than 1 g in some position:"
            " it moved, or it is broken"
        )
    return replace(
        sheet,
        bias_sigma_g=(SIGMA_G,) * 3,
        scale_sigma=(SIGMA_G,) * 3,
        bias_g=(values[0], values[1], values[2]),
        scale=(values[3], values[4], values[5]),
    )


def _add(
    normal: list[list[float]],
    gradient: list[float],
    difference: float,
    slopes: Sequence[float],
    sigma: float,
) -> None:
    for a in range(6):
        gradient[a] += slopes[a] * difference / (sigma * sigma)
        for b in range(6):
            normal[a][b] += slopes[a] * slopes[b] / (sigma * sigma)


@dataclass
class SixPositions(Walk):
    """Captures six positions of the boards in hand, wherever the bed is."""

    def run_six(self) -> dict[str, Prior]:
        """Capture and solve; raises ItableError, Implausible."""
        for number in range(1, POSITIONS + 1):
            ask = f"lay both boards down with another face up than before ({number} of {POSITIONS})"
            self.rests.append(self._capture(number, Target(f"position {number}", 0.0, ask)))
            self.person.say(f"position {number}: captured")
        return {role: solve_six(self.rests, role) for role in ROLES}

    def _unfit(self, rest: Rest, status: Status, at_home: bool) -> str:
        for role in ROLES:
            nearest = min((apart_deg(rest, other, role) for other in self.rests), default=180.0)
            if nearest < APART_MIN_DEG:
                return f"the {role} board lies about as it did before: turn it to another face"
        return ""

    def _should_learn(self, status: Status) -> bool:
        return False


def save_six(device: str, priors: Mapping[str, Prior]) -> Path:
    """Keep them on this computer, for the next walk with this device."""
    path = _path(device)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {
        role: {"bias_g": list(prior.bias_g), "scale": list(prior.scale)}
        for role, prior in priors.items()
    }
    path.write_text(json.dumps(values, indent=1) + "\n", "utf-8")
    return path


def load_six(device: str) -> dict[str, Prior] | None:
    """What six positions told of this device's IMUs; None when they were never taken."""
    try:
        values = json.loads(_path(device).read_text("utf-8"))
        return {
            role: replace(
                DATA_SHEET[role],
                bias_sigma_g=(SIGMA_G,) * 3,
                scale_sigma=(SIGMA_G,) * 3,
                bias_g=_three(values[role]["bias_g"]),
                scale=_three(values[role]["scale"]),
            )
            for role in ROLES
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(device: str) -> Path:
    return data_folder() / "six-positions" / f"{device}.json"


def _three(values: Any) -> Vector:
    x, y, z = (float(value) for value in values)
    return (x, y, z)
