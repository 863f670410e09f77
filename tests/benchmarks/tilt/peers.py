"""What anyone would use instead: each takes force (g) and rate (deg/s), and gives up vectors.

The up vector is in sensor axes, one a sample. Every peer runs as its authors deliver it, and once
more with the one knob that matters for tilt at the best of the listed settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ahrs
import imufusion
import numpy as np
import vqf

from tests.benchmarks.tilt.motion import TICK_HZ, Floats

STEP_S = 1 / TICK_HZ
REST_SAMPLES = 500
"""Peers that learn no gyroscope bias get theirs from the first 5 s, at rest."""


def _up(quaternion: Floats) -> Floats:
    """Third row of the rotation from sensor to earth: the earth's up in sensor axes."""
    w, x, y, z = quaternion.T
    return np.stack(
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z], axis=1
    )


def _start(force: Floats) -> Floats:
    """A quaternion whose up is the first force."""
    x, y, z = force / np.linalg.norm(force)
    if z < -0.999:
        return np.array([0.0, 1.0, 0.0, 0.0])
    quaternion = np.array([1 + z, y, -x, 0.0])
    result: Floats = quaternion / np.linalg.norm(quaternion)
    return result


def _zeroed(rate: Floats) -> Floats:
    result: Floats = np.radians(rate - rate[:REST_SAMPLES].mean(axis=0))
    return result


def run_vqf(force: Floats, rate: Floats, tau_s: float) -> Floats:
    """VQF (Laidig and Seel 2023), without a magnetometer."""
    result = vqf.VQF(STEP_S, tauAcc=tau_s).updateBatch(
        np.ascontiguousarray(np.radians(rate)), np.ascontiguousarray(force * 9.81)
    )
    return _up(result["quat6D"])


def run_fusion(force: Floats, rate: Floats, gain: float) -> Floats:
    """Fusion (x-io), with its gyroscope bias algorithm."""
    filter_ = imufusion.Ahrs()
    settings = imufusion.AhrsSettings()
    settings.sample_rate = TICK_HZ
    settings.gain = gain
    if gain != FUSION.default:  # what its own example sets
        settings.acceleration_rejection = 10.0
        settings.rejection_timeout = 5.0
    filter_.set_settings(settings)
    bias = imufusion.Bias()
    bias_settings = imufusion.BiasSettings()
    bias_settings.sample_rate = TICK_HZ
    bias.set_settings(bias_settings)
    quaternions = np.empty((len(force), 4))
    for index in range(len(force)):
        filter_.update_no_magnetometer(np.array(bias.update(rate[index])), force[index])
        quaternions[index] = filter_.get_quaternion()
    return _up(quaternions)


def run_madgwick(force: Floats, rate: Floats, gain: float) -> Floats:
    """Madgwick's gradient descent, from `ahrs`."""
    filter_ = ahrs.filters.Madgwick(frequency=TICK_HZ, gain=gain)
    return _stepped(filter_, _zeroed(rate), force)


def run_mahony(force: Floats, rate: Floats, gain: float) -> Floats:
    """Mahony's filter with integral feedback, from `ahrs`."""
    filter_ = ahrs.filters.Mahony(frequency=TICK_HZ, k_P=gain, k_I=gain * gain / 4)
    if gain == MAHONY.default:
        filter_ = ahrs.filters.Mahony(frequency=TICK_HZ)
    return _stepped(filter_, np.radians(rate), force)


def _stepped(filter_, rate: Floats, force: Floats) -> Floats:
    quaternions = np.empty((len(force), 4))
    now = _start(force[0])
    for index in range(len(force)):
        now = filter_.updateIMU(now, gyr=rate[index], acc=force[index])
        quaternions[index] = now
    return _up(quaternions)


def run_complementary(force: Floats, rate: Floats, tau_s: float) -> Floats:
    """The plain one: up turned by the gyroscope, drawn to the accelerometer's direction."""
    keep = tau_s / (tau_s + STEP_S)
    turns = _zeroed(rate) * STEP_S
    result = np.empty_like(force)
    ux, uy, uz = force[0] / np.linalg.norm(force[0])
    rows = zip(force.tolist(), turns.tolist(), strict=True)
    for index, ((ax, ay, az), (dx, dy, dz)) in enumerate(rows):
        ux, uy, uz = ux + uy * dz - uz * dy, uy + uz * dx - ux * dz, uz + ux * dy - uy * dx
        pull = (1 - keep) / (ax * ax + ay * ay + az * az) ** 0.5
        ux, uy, uz = ux * keep + ax * pull, uy * keep + ay * pull, uz * keep + az * pull
        size = (ux * ux + uy * uy + uz * uz) ** 0.5
        ux, uy, uz = ux / size, uy / size, uz / size
        result[index] = ux, uy, uz
    return result


@dataclass(frozen=True)
class Peer:
    """A filter, its knob as delivered, and what else was tried."""

    name: str
    run: Callable[[Floats, Floats, float], Floats]
    knob: str
    default: float
    others: tuple[float, ...]


VQF = Peer("VQF", run_vqf, "tauAcc", 3.0, (1.5, 6.0, 10.0))
FUSION = Peer("Fusion", run_fusion, "gain", 0.5, (0.25,))
MADGWICK = Peer("Madgwick", run_madgwick, "gain", 0.033, (0.005,))
MAHONY = Peer("Mahony", run_mahony, "kP", 1.0, (0.5,))
COMPLEMENTARY = Peer("complementary", run_complementary, "tau", 1.0, (3.0, 6.0))
PEERS = (VQF, FUSION, MADGWICK, MAHONY, COMPLEMENTARY)
