"""The person on the bed: mass, shape, and where the centre of mass lies, which moves a little."""

from __future__ import annotations

import random
from dataclasses import dataclass

BED_MASS_KG = 20.0
BED_LENGTH_M = 2.0
BED_THICKNESS_OFFSET_M = 0.02

_SHIFT_PERIOD_S = 0.1
_SHIFT_MEMORY = 0.98  # a shift of posture decays with about 5 s
_SHIFT_STEP_M = 0.0006  # leads to about 3 mm rms
_RESETTLE_CHANCE = 0.002  # a fresh posture about every 50 s
_RESETTLE_M = 0.008


@dataclass(frozen=True)
class Rider:
    """A rider as a parameter set.

    `com_along_m` is the centre of mass from the hinge toward the head, `com_normal_m` from the
    hinge up off the bed. With the usual adjustment for height a person lies a few centimetres
    feet-heavy.
    """

    mass_kg: float = 80.0
    height_m: float = 1.75
    com_along_m: float = -0.03
    com_normal_m: float = 0.10
    restless: float = 1.0

    def __post_init__(self) -> None:
        if not 20.0 <= self.mass_kg <= 200.0:
            raise ValueError(f"rider mass {self.mass_kg} kg is not within 20..200 kg")
        if not 1.0 <= self.height_m <= 2.3:
            raise ValueError(f"rider height {self.height_m} m is not within 1.0..2.3 m")

    def inertia_kg_m2(self) -> float:
        """Moment of inertia of rider and bed about the hinge: two thin rods off their centres."""
        body = self.height_m**2 / 12.0 + self.com_along_m**2 + self.com_normal_m**2
        return self.mass_kg * body + BED_MASS_KG * BED_LENGTH_M**2 / 12.0


class RestlessRider:
    """The same rider in time: the centre of mass wanders and now and then jumps a little."""

    def __init__(self, rider: Rider, seed: int) -> None:
        self._rider = rider
        self._random = random.Random(f"rider {seed}")
        self._left_s = 0.0
        self._along_m = 0.0
        self._normal_m = 0.0
        self.moment_along_kg_m = 0.0
        self.moment_normal_kg_m = 0.0
        self._publish()

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` pass."""
        self._left_s -= dt_s
        if self._left_s > 0.0:
            return
        self._left_s += _SHIFT_PERIOD_S
        draw = self._random
        restless = self._rider.restless
        step = _SHIFT_STEP_M * restless
        self._along_m = self._along_m * _SHIFT_MEMORY + draw.gauss(0.0, step)
        self._normal_m = self._normal_m * _SHIFT_MEMORY + draw.gauss(0.0, step)
        if draw.random() < _RESETTLE_CHANCE:
            self._along_m = draw.gauss(0.0, _RESETTLE_M * restless)
        self._publish()

    def _publish(self) -> None:
        rider = self._rider
        self.moment_along_kg_m = rider.mass_kg * (rider.com_along_m + self._along_m)
        self.moment_normal_kg_m = (
            rider.mass_kg * (rider.com_normal_m + self._normal_m)
            + BED_MASS_KG * BED_THICKNESS_OFFSET_M
        )
