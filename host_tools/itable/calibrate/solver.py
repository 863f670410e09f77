"""The fit: from readings at rest to mount, bias and scale of each IMU, and how sure they are.

At rest an accelerometer feels "up". In bed axes that is b(tilt) = (-sin tilt, 0, cos tilt), and

    b(tilt) = R (1 + s) (reading - bias)

with R the mount, s and bias of each axis. Unknown besides R, s and bias of each IMU is the tilt of
each rest, the same for both IMUs. All are found together by least squares (Gauss-Newton), each
equation weighed by its noise (RQ-117). What the data leave open is held by what the data sheets
say of bias and scale; so the answer's covariance tells what was measured and what was only assumed.

What fixes what: all "up" lie in one plane, its normal is the hinge, and how far it misses the
origin is the bias along the hinge. In the plane they lie on an ellipse: its centre is the rest of
the bias, its axes are the scales. The level rest gives zero. More head-up comes first: that gives
the hinge its sign. Nothing tells the scale along the hinge, and no tilt needs it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from itable.calibrate.algebra import (
    Matrix,
    Singular,
    Vector,
    cross,
    dot,
    inverse,
    length,
    plus,
    product,
    square_up,
    times,
    turn,
    unit,
)

ROLES = ("primary", "monitor")
_PER_SENSOR = 9
_STEPS_MOST = 50
_GRID_DEG = range(-80, 91, 5)


class Implausible(ValueError):
    """The rests contradict each other, or the answer is none that a sound sensor gives."""


@dataclass(frozen=True)
class Prior:
    """What is known of one IMU before the fit: expected bias and scale, with standard deviations.

    `model_g`: what no bias and scale explain (non-linearity, creep of the bed): floor of the noise.
    """

    bias_sigma_g: Vector
    scale_sigma: Vector
    model_g: float
    bias_g: Vector = (0.0, 0.0, 0.0)
    scale: Vector = (0.0, 0.0, 0.0)
    temperature_g_per_c: float = 0.0
    """Typical change of the bias with temperature, for the error that is promised."""


# LSM6DSOX: zero-g offset +-20 mg, sensitivity +-1 %, 0.1 mg/degC (ST DS12814, typical).
# MPU-6050: zero-g offset +-50 mg (x, y), +-80 mg (z), sensitivity +-3 %, offset over temperature
# 35 to 60 mg in 125 degC (PS-MPU-6000A, 6.2).
DATA_SHEET = {
    "primary": Prior((0.02,) * 3, (0.01,) * 3, 0.0004, temperature_g_per_c=0.0001),
    "monitor": Prior((0.05, 0.05, 0.08), (0.02,) * 3, 0.0006, temperature_g_per_c=0.0003),
}
TEMPERATURE_SPAN_C = 10.0
"""The promised error holds this far to either side of the calibration's temperature."""


@dataclass(frozen=True)
class Rest:
    """The bed at rest: what each IMU read, and its tilt as far as somebody measured it."""

    name: str
    force_g: Mapping[str, Vector]
    rate_dps: Mapping[str, Vector]
    noise_g: Mapping[str, float]
    temperature_c: Mapping[str, float]
    tilt_deg: float | None = None
    tilt_sigma_deg: float = 60.0


@dataclass
class SensorFit:
    """One IMU's calibration as numbers, and what it leaves."""

    role: str
    mount: Matrix
    """Rows: the bed's x, y, z axes in sensor axes."""
    bias_g: Vector
    scale: Vector
    """force = (1 + scale) (reading - bias), for each axis."""
    gyro_bias_dps: Vector
    temperature_c: float
    bias_sigma_g: Vector = (0.0, 0.0, 0.0)
    scale_sigma: Vector = (0.0, 0.0, 0.0)
    tilt_sigma_deg: float = 0.0
    """The worst over the table's whole way, the level's own error included."""
    misfit_deg: float = 0.0
    """The worst difference at a rest between this IMU's tilt and the rest's."""
    residual_deg: float = 0.0
    """The bound that is promised: see `_promise`."""
    tilts_deg: list[float] = field(default_factory=list)
    """What this IMU, calibrated, reads at each rest."""

    def force(self, reading_g: Vector) -> Vector:
        """A reading in bed axes."""
        return _force(self.mount, self.bias_g, self.scale, reading_g)

    def tilt_deg(self, reading_g: Vector) -> float:
        """The tilt that a reading at rest means."""
        x, _, z = self.force(reading_g)
        return math.degrees(math.atan2(-x, z))


@dataclass
class Fit:
    """The answer: the tilt of each rest, each IMU, and how well it all goes together."""

    tilts_deg: list[float]
    sensors: dict[str, SensorFit]
    misfit: float
    """Root of the mean squared, weighed difference: 1 when noise explains it all."""


def up(tilt_rad: float) -> Vector:
    """What an ideal accelerometer in bed axes feels at rest, in g."""
    return (-math.sin(tilt_rad), 0.0, math.cos(tilt_rad))


def _force(mount: Matrix, bias: Vector, scale: Vector, reading: Vector) -> Vector:
    x, y, z = ((1.0 + scale[i]) * (reading[i] - bias[i]) for i in range(3))
    return times(mount, (x, y, z))


def fit(rests: Sequence[Rest], priors: Mapping[str, Prior] = DATA_SHEET) -> Fit:
    """Fit both IMUs to `rests`, of which the first is home, its tilt known at least about.

    With few rests, or without a measured level, the answer is the less sure of itself. Raises
    Implausible when the rests do not go together, or leave something open.
    """
    try:
        return _fit(rests, priors)
    except Singular as error:
        raise Implausible(str(error)) from error


def _fit(rests: Sequence[Rest], priors: Mapping[str, Prior]) -> Fit:
    roles = list(priors)
    mounts = {role: _first_mount(rests, role) for role in roles}
    unknowns = [0.0] * (_PER_SENSOR * len(roles) + len(rests))
    for at, role in enumerate(roles):
        unknowns[_PER_SENSOR * at + 3 : _PER_SENSOR * at + 9] = [
            *priors[role].bias_g,
            *priors[role].scale,
        ]
    first_tilt = _PER_SENSOR * len(roles)
    for at, rest in enumerate(rests):
        x, _, z = times(mounts[roles[0]], rest.force_g[roles[0]])
        unknowns[first_tilt + at] = math.atan2(-x, z)

    for _ in range(_STEPS_MOST):
        normal, gradient, cost, count = _equations(rests, priors, roles, mounts, unknowns)
        covariance = inverse(normal)
        step = [-sum(a * b for a, b in zip(row, gradient, strict=True)) for row in covariance]
        for at, role in enumerate(roles):
            turned = step[_PER_SENSOR * at : _PER_SENSOR * at + 3]
            mounts[role] = product(turn((turned[0], turned[1], turned[2])), mounts[role])
        unknowns = [
            0.0 if at < first_tilt and at % _PER_SENSOR < 3 else value + step[at]
            for at, value in enumerate(unknowns)
        ]
        if max(abs(value) for value in step) < 1e-9:
            break
    else:
        raise Implausible("no calibration explains these rests")

    normal, _, cost, count = _equations(rests, priors, roles, mounts, unknowns)
    tilts = [math.degrees(value) for value in unknowns[first_tilt:]]
    sensors = {}
    for at, role in enumerate(roles):
        base = _PER_SENSOR * at
        bias, scale = _three(unknowns, base + 3), _three(unknowns, base + 6)
        sensor = SensorFit(
            role,
            mounts[role],
            bias,
            scale,
            _mean([rest.rate_dps[role] for rest in rests]),
            sum(rest.temperature_c[role] for rest in rests) / len(rests),
        )
        sigmas = [math.sqrt(covariance[base + i][base + i]) for i in range(_PER_SENSOR)]
        sensor.bias_sigma_g, sensor.scale_sigma = _three(sigmas, 3), _three(sigmas, 6)
        sensor.tilts_deg = [sensor.tilt_deg(rest.force_g[role]) for rest in rests]
        sensor.misfit_deg = max(
            abs(mine - tilt) for mine, tilt in zip(sensor.tilts_deg, tilts, strict=True)
        )
        sensor.tilt_sigma_deg = max(
            _tilt_sigma_deg(sensor, covariance, base, math.radians(tilt)) for tilt in _GRID_DEG
        )
        sensor.residual_deg = _promise(sensor, priors[role])
        sensors[role] = sensor
    freedom = max(1, count - len(unknowns))
    return Fit(tilts, sensors, math.sqrt(cost / freedom))


def _promise(sensor: SensorFit, prior: Prior) -> float:
    """Twice the standard deviation, or what is seen at the rests; and what temperature adds."""
    warm = math.degrees(prior.temperature_g_per_c * TEMPERATURE_SPAN_C)
    return math.hypot(max(2.0 * sensor.tilt_sigma_deg, sensor.misfit_deg), warm)


def _first_mount(rests: Sequence[Rest], role: str) -> Matrix:
    """Bed axes from home and the rest furthest from it, as if nothing were biased.

    From home on, every rest is more head-down: that gives the hinge, y, its sign. Home's tilt then
    gives x and z.
    """
    home = unit(rests[0].force_g[role])
    normals = [cross(unit(rest.force_g[role]), home) for rest in rests[1:]]
    hinge = unit(max(normals, key=length))
    ahead = cross(hinge, home)
    tilt = math.radians(rests[0].tilt_deg or 0.0)
    c, s = math.cos(tilt), math.sin(tilt)
    x = plus((c * ahead[0], c * ahead[1], c * ahead[2]), home, -s)
    z = plus((c * home[0], c * home[1], c * home[2]), ahead, s)
    return square_up(x, z)


def _equations(
    rests: Sequence[Rest],
    priors: Mapping[str, Prior],
    roles: Sequence[str],
    mounts: Mapping[str, Matrix],
    unknowns: Sequence[float],
) -> tuple[list[list[float]], list[float], float, int]:
    """Normal matrix, gradient and sum of squares of all weighed differences; how many they are."""
    size = len(unknowns)
    first_tilt = _PER_SENSOR * len(roles)
    normal = [[0.0] * size for _ in range(size)]
    gradient = [0.0] * size
    cost = 0.0
    count = 0

    def add(difference: float, slopes: dict[int, float], sigma: float) -> None:
        nonlocal cost, count
        difference /= sigma
        cost += difference * difference
        count += 1
        for a, slope_a in slopes.items():
            gradient[a] += slope_a / sigma * difference
            for b, slope_b in slopes.items():
                normal[a][b] += slope_a * slope_b / (sigma * sigma)

    for at, role in enumerate(roles):
        base = _PER_SENSOR * at
        prior = priors[role]
        bias, scale = _three(unknowns, base + 3), _three(unknowns, base + 6)
        mount = mounts[role]
        for number, rest in enumerate(rests):
            reading = rest.force_g[role]
            force = _force(mount, bias, scale, reading)
            tilt = unknowns[first_tilt + number]
            ideal = up(tilt)
            sigma = math.hypot(rest.noise_g[role], prior.model_g)
            turned = [cross(axis, force) for axis in ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))]
            slope_of_tilt = (math.cos(tilt), 0.0, math.sin(tilt))
            for i in range(3):
                slopes = {base + j: turned[j][i] for j in range(3)}
                for j in range(3):
                    slopes[base + 3 + j] = -mount[i][j] * (1.0 + scale[j])
                    slopes[base + 6 + j] = mount[i][j] * (reading[j] - bias[j])
                slopes[first_tilt + number] = slope_of_tilt[i]
                add(force[i] - ideal[i], slopes, sigma)
        for j in range(3):
            add(bias[j] - prior.bias_g[j], {base + 3 + j: 1.0}, prior.bias_sigma_g[j])
            add(scale[j] - prior.scale[j], {base + 6 + j: 1.0}, prior.scale_sigma[j])
        # Roll and yaw of the mount are unknown to the last; this only keeps them from drifting.
        for j in range(3):
            add(0.0, {base + j: 1.0}, 1.0)
    for number, rest in enumerate(rests):
        if rest.tilt_deg is not None:
            tilt = unknowns[first_tilt + number]
            sigma = math.radians(rest.tilt_sigma_deg)
            add(tilt - math.radians(rest.tilt_deg), {first_tilt + number: 1.0}, sigma)
    return normal, gradient, cost, count


def _tilt_sigma_deg(
    sensor: SensorFit, covariance: Sequence[Sequence[float]], base: int, tilt_rad: float
) -> float:
    """Standard deviation of the calibrated tilt when the bed is at `tilt_rad`."""
    force = up(tilt_rad)
    # The tilt moves by this much per change of the force in bed axes.
    along: Vector = (-math.cos(tilt_rad), 0.0, -math.sin(tilt_rad))
    reading = times(_transposed(sensor.mount), force)
    slopes = [dot(along, cross(axis, force)) for axis in ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))]
    column = times(_transposed(sensor.mount), along)
    slopes += [-column[j] * (1.0 + sensor.scale[j]) for j in range(3)]
    slopes += [column[j] * reading[j] / (1.0 + sensor.scale[j]) for j in range(3)]
    variance = sum(
        slopes[i] * slopes[j] * covariance[base + i][base + j]
        for i in range(_PER_SENSOR)
        for j in range(_PER_SENSOR)
    )
    return math.degrees(math.sqrt(max(0.0, variance)))


def _transposed(m: Matrix) -> Matrix:
    return tuple(zip(*m, strict=True))  # type: ignore[return-value]


def _three(values: Sequence[float], at: int) -> Vector:
    return (values[at], values[at + 1], values[at + 2])


def _mean(vectors: Sequence[Vector]) -> Vector:
    x, y, z = (sum(vector[i] for vector in vectors) / len(vectors) for i in range(3))
    return (x, y, z)
