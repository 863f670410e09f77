"""Three-vectors, rotations and a matrix inverse in plain Python: a fit of 25 unknowns is small."""

import math
from collections.abc import Sequence

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]


class Singular(ValueError):
    """The equations do not determine all the unknowns."""


def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def plus(a: Vector, b: Vector, times: float = 1.0) -> Vector:
    """a + times b."""
    return (a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2])


def length(a: Vector) -> float:
    """Euclidean length."""
    return math.sqrt(dot(a, a))


def unit(a: Vector) -> Vector:
    """The same direction with length 1; raises Singular for a vector of no length."""
    size = length(a)
    if size < 1e-9:
        raise Singular("a vector of no length has no direction")
    return (a[0] / size, a[1] / size, a[2] / size)


def times(m: Matrix, v: Vector) -> Vector:
    """Matrix times vector."""
    return (dot(m[0], v), dot(m[1], v), dot(m[2], v))


def product(a: Matrix, b: Matrix) -> Matrix:
    """Matrix product."""
    columns = transposed(b)
    rows = [(dot(row, columns[0]), dot(row, columns[1]), dot(row, columns[2])) for row in a]
    return (rows[0], rows[1], rows[2])


def transposed(m: Matrix) -> Matrix:
    """Rows for columns."""
    return (
        (m[0][0], m[1][0], m[2][0]),
        (m[0][1], m[1][1], m[2][1]),
        (m[0][2], m[1][2], m[2][2]),
    )


def turn(v: Vector) -> Matrix:
    """The rotation about `v` by its length in radians (Rodrigues' formula)."""
    angle = length(v)
    if angle < 1e-8:
        return ((1.0, -v[2], v[1]), (v[2], 1.0, -v[0]), (-v[1], v[0], 1.0))
    x, y, z = unit(v)
    c, s = math.cos(angle), math.sin(angle)
    d = 1.0 - c
    return (
        (c + x * x * d, x * y * d - z * s, x * z * d + y * s),
        (y * x * d + z * s, c + y * y * d, y * z * d - x * s),
        (z * x * d - y * s, z * y * d + x * s, c + z * z * d),
    )


def shortest_turn(a: Vector, b: Vector) -> Matrix:
    """The rotation that brings unit vector `a` onto unit vector `b` by the shortest way."""
    axis = cross(a, b)
    size = length(axis)
    if size < 1e-12:
        return turn((0.0, 0.0, 0.0))
    angle = math.atan2(size, dot(a, b))
    return turn((axis[0] / size * angle, axis[1] / size * angle, axis[2] / size * angle))


def square_up(x: Vector, z: Vector) -> Matrix:
    """Right-handed axes as rows: z as given, x as near to `x` as can be."""
    z = unit(z)
    x = unit(plus(x, z, -dot(x, z)))
    return (x, cross(z, x), z)


def inverse(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """The inverse of a symmetric positive definite matrix (Gauss-Jordan); raises Singular."""
    size = len(rows)
    work = [
        [*map(float, row), *(1.0 if column == at else 0.0 for column in range(size))]
        for at, row in enumerate(rows)
    ]
    for at in range(size):
        pivot = work[at][at]
        if pivot < 1e-12:
            raise Singular("an unknown is not determined")
        work[at] = [value / pivot for value in work[at]]
        for other in range(size):
            factor = work[other][at]
            if other != at and factor:
                work[other] = [
                    value - factor * mine for value, mine in zip(work[other], work[at], strict=True)
                ]
    return [row[size:] for row in work]
