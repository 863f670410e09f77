"""RMS and worst error of every filter in every case, after zeroing; the same samples for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pool

import numpy as np

from tests.benchmarks.tilt import ours, recordings
from tests.benchmarks.tilt.motion import (
    CASES,
    INNER_HZ,
    REST_S,
    TICK_HZ,
    ZERO_FROM_S,
    Case,
    Floats,
    table_motion,
)
from tests.benchmarks.tilt.peers import PEERS, Peer
from tests.benchmarks.tilt.sensors import read

OURS = "ours, both IMUs"
OURS_PRIMARY = "ours, primary alone"


@dataclass(frozen=True)
class Run:
    """One filter in one case with one seed."""

    rms_deg: float
    worst_deg: float
    silent: float = 0.0
    """Share of the samples for which the filter gave no tilt."""
    covered: float = 1.0
    """Share of its tilts that its own error bound covers, ..."""
    bound_deg: tuple[float, float] = (0.0, 0.0)
    """... and that bound: median and 99th percentile."""


@dataclass(frozen=True)
class Tracks:
    """What the picture shows: time, truth, and tilt by filter, in degrees."""

    time_s: Floats
    truth_deg: Floats
    tilt_deg: dict[str, Floats]


def label(peer: Peer, knob: float) -> str:
    """The peer's name in tables: with its knob where that is not the default."""
    return peer.name if knob == peer.default else f"{peer.name}, {peer.knob} {knob:g}"


def _tilt(up: Floats) -> Floats:
    tilt: Floats = np.degrees(np.arctan2(-up[:, 0], up[:, 2]))
    return tilt


def _score(error: Floats, time_s: Floats) -> tuple[Run, Floats]:
    scored = error[time_s > REST_S]
    rms = float(np.sqrt(np.nanmean(scored**2)))
    worst = float(np.nanmax(np.abs(scored)))
    return Run(rms, worst, float(np.isnan(scored).mean())), scored


def _zeroed(tilt: Floats, truth: Floats, time_s: Floats) -> Floats:
    rest = (time_s > ZERO_FROM_S) & (time_s <= REST_S)
    result: Floats = tilt - np.nanmean((tilt - truth)[rest])
    return result


def run_case(
    case: Case, seed: int, peers: tuple[Peer, ...] = PEERS
) -> tuple[dict[str, Run], Tracks]:
    """Every filter on one run of the table."""
    motion = table_motion(case, seed)
    every = INNER_HZ // TICK_HZ
    primary = read(False, motion, case, seed)
    monitor = read(True, motion, case, seed)
    length = len(primary.samples)
    time_s = motion.time_s[every - 1 :: every][:length]
    truth = motion.tilt_deg[every - 1 :: every][:length]
    runs: dict[str, Run] = {}
    tilts: dict[str, Floats] = {}

    dies_at = length // 2 if case.primary_dies else None
    calibrations = ours.NEVER_CALIBRATED if case.offset_g else ours.CALIBRATED
    tracks = {OURS: ours.run(primary, monitor, dies_at, calibrations)}
    if not case.primary_dies:
        tracks[OURS_PRIMARY] = ours.run(primary, None, None, calibrations)
    for name, track in tracks.items():
        # Each IMU is zeroed on its own, as each has its own calibration.
        tilt = _zeroed(track.tilt_deg, truth, time_s)
        if case.primary_dies:
            second = _zeroed(track.monitor_tilt_deg, truth, time_s)
            tilt = np.where(track.led_by_monitor == 1, second, tilt)
        tilts[name] = tilt
        run, error = _score(tilt - truth, time_s)
        bound = track.bound_deg[time_s > REST_S]
        said = ~np.isnan(error)
        runs[name] = Run(
            run.rms_deg,
            run.worst_deg,
            run.silent,
            float((np.abs(error[said]) <= bound[said]).mean()),
            (float(np.median(bound[said])), float(np.percentile(bound[said], 99))),
        )
    readings = monitor if case.primary_dies else primary
    sign = -1 if case.primary_dies else 1  # the monitor is mounted half round
    turned = np.array([sign, sign, 1])
    for peer in peers:
        for knob in (peer.default, *peer.others):
            up = peer.run(readings.force_g * turned, readings.rate_dps * turned, knob)
            tilt = _zeroed(_tilt(up), truth, time_s)
            tilts[label(peer, knob)] = tilt
            runs[label(peer, knob)] = _score(tilt - truth, time_s)[0]
    return runs, Tracks(time_s, truth, tilts)


def _job(case: Case, seed: int) -> dict[str, Run]:
    return run_case(case, seed)[0]


def _recording_job(index: int) -> dict[str, tuple[float, float]]:
    recording = recordings.recordings()[index]
    found = {OURS_PRIMARY: recording.inclination_deg(recordings.ours(recording))}
    for peer in PEERS:
        for knob in (peer.default, *peer.others):
            up = peer.run(recording.force_g, recording.rate_dps, knob)
            found[label(peer, knob)] = recording.inclination_deg(up)
    return found


@dataclass(frozen=True)
class Scores:
    """All runs by case and filter, and all recordings by filter."""

    seeds: int
    cases: dict[str, dict[str, list[Run]]]
    recordings: dict[str, dict[str, tuple[float, float]]]

    def rms(self, case: str, name: str) -> float:
        """Over all seeds, in degrees."""
        return float(np.sqrt(np.mean([run.rms_deg**2 for run in self.cases[case][name]])))

    def worst(self, case: str, name: str) -> float:
        """Over all seeds, in degrees."""
        return max(run.worst_deg for run in self.cases[case][name])

    def best_knob(self, peer: Peer) -> float:
        """Of the other settings, the one with the lowest RMS, averaged over the cases."""

        def mean(knob: float) -> float:
            return float(np.mean([self.rms(case, label(peer, knob)) for case in self.cases]))

        return min(peer.others, key=mean)

    def rows(self) -> list[str]:
        """Names of the filters in the order of the tables: each peer as delivered and tuned."""
        names = [OURS, OURS_PRIMARY]
        for peer in PEERS:
            names += [label(peer, peer.default), label(peer, self.best_knob(peer))]
        return names


def run_all(seeds: int, processes: int, progress: Callable[[str], None]) -> Scores:
    """Every case with so many seeds, and the recordings."""
    cases: dict[str, dict[str, list[Run]]] = {}
    found: dict[str, dict[str, tuple[float, float]]] = {}
    with Pool(processes) as pool:
        pending = [
            (case.name, pool.apply_async(_job, (case, seed)))
            for case in CASES
            for seed in range(1, seeds + 1)
        ]
        names = [recording.name for recording in recordings.recordings()]
        recorded = [pool.apply_async(_recording_job, (index,)) for index in range(len(names))]
        for case_name, job in pending:
            for name, run in job.get().items():
                cases.setdefault(case_name, {}).setdefault(name, []).append(run)
            progress(case_name)
        for name, result in zip(names, recorded, strict=True):
            found[name] = result.get()
            progress(name)
    return Scores(seeds, cases, found)
