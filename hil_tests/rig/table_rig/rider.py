"""A rider who does not lie quite still: the centre of mass wanders, and now and then jumps."""

from table_rig.chance import SIGMA_SHIFT, Chance
from table_rig.drivetrain import ALONG, NORMAL

SHIFT_MS = 100
_MEMORY_Q10 = 1_004
"""0.98: a shift of posture decays with about 5 s."""
_RESETTLE_OF_32768 = 66
"""A fresh posture about every 50 s."""


class Rider:
    """Adds to the drivetrain's moments."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._along_um = 0
        self._normal_um = 0

    def settle(self) -> None:
        """Back to where the rider lay at first."""
        self._along_um = self._normal_um = 0

    def shift(self, table, drivetrain) -> None:
        """SHIFT_MS have passed."""
        chance = self._chance
        self._along_um = (self._along_um * _MEMORY_Q10 >> 10) + (
            chance.bell() * table.shift_um >> SIGMA_SHIFT
        )
        self._normal_um = (self._normal_um * _MEMORY_Q10 >> 10) + (
            chance.bell() * table.shift_um >> SIGMA_SHIFT
        )
        if chance.uniform() < _RESETTLE_OF_32768:
            self._along_um = chance.bell() * table.resettle_um >> SIGMA_SHIFT
        # Micrometres to metres in two steps: the product must stay a small int.
        per_mm = table.along_per_m // 1000
        drivetrain.put(ALONG, table.along + per_mm * self._along_um // 1000)
        drivetrain.put(NORMAL, table.normal + per_mm * self._normal_um // 1000)
