"""A first guess from home alone: which way round each board sits, so that the table can be jogged.

One "up" leaves a turn about itself open. But boards sit square to the bed, about: of the 24 ways to
mount one, only one gives the axes about the readings that home gives.
"""

import itertools
import math
from collections.abc import Iterator

from itable.calibrate.algebra import Matrix, Vector, dot, product, shortest_turn, times, unit
from itable.calibrate.solver import up

ASKEW_MAX_DEG = 9.0
"""Neighbours among the 24 are 21 deg apart at home: beyond half of that there is no telling."""


def square_mounts() -> Iterator[Matrix]:
    """The 24 right-handed ways to lay three axes along three others; rows are bed axes."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            rows = [[0.0, 0.0, 0.0] for _ in range(3)]
            for row, (axis, sign) in enumerate(zip(order, signs, strict=True)):
                rows[row][axis] = sign
            parity = sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])
            if math.prod(signs) == (-1.0) ** parity:
                x, y, z = ((row[0], row[1], row[2]) for row in rows)
                yield (x, y, z)


def guess(force_g: Vector, home_deg: float) -> tuple[Matrix, float]:
    """The mount that makes `force_g`, read at home, "up" there; and how far it is from square.

    More than ASKEW_MAX_DEG from square, it may be the wrong one of the 24.
    """
    ideal = up(math.radians(home_deg))
    felt = unit(force_g)
    nearest = max(square_mounts(), key=lambda mount: dot(times(mount, felt), ideal))
    seen = times(nearest, felt)
    askew_deg = math.degrees(math.acos(max(-1.0, min(1.0, dot(seen, ideal)))))
    return product(shortest_turn(seen, ideal), nearest), askew_deg
