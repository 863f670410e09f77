"""What `make bench-tilt` says in full, held in small: better than VQF, and an honest bound."""

import numpy as np
import pytest

from tests.benchmarks.tilt import ours, recordings
from tests.benchmarks.tilt.motion import CASES, INNER_HZ, TICK_HZ, table_motion
from tests.benchmarks.tilt.peers import VQF
from tests.benchmarks.tilt.scores import OURS, run_case
from tests.benchmarks.tilt.sensors import read

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *(("ordinary", 2), ("hard shifting", 2), ("vibration sweep", 2), ("one IMU dead", 2)),
        *(("uncalibrated", 2), ("uncalibrated", 20)),
    ],
)
def test_better_than_vqf_on_the_same_samples(name: str, seed: int) -> None:
    runs, _ = run_case(BY_NAME[name], seed, (VQF,))
    mine, peer = runs[OURS], runs["VQF"]
    assert mine.rms_deg < peer.rms_deg
    assert mine.worst_deg < peer.worst_deg
    assert mine.rms_deg < 0.5
    assert mine.silent == 0
    assert mine.covered >= 0.999
    assert mine.bound_deg[0] < 6


def test_the_rate_is_smooth_and_prompt() -> None:
    case = BY_NAME["ordinary"]
    motion = table_motion(case, 1)
    every = INNER_HZ // TICK_HZ
    track = ours.run(read(False, motion, case, 1), None)
    # Whole ticks of the rotor's turning, without the shaking.
    truth = np.gradient(motion.tilt_deg, 1 / INNER_HZ)[every - 1 :: every][: len(track.rate_dps)]
    late = round(0.05 * TICK_HZ)  # low-pass in the sensor and here
    error = (track.rate_dps[late:] - truth[:-late])[2_000:]
    assert not np.isnan(error).any()
    assert np.sqrt((error**2).mean()) < 0.15
    assert abs(error).max() < 1.0


@pytest.mark.parametrize("name", list(recordings.NAMES))
def test_at_most_a_fifth_worse_than_vqf_in_the_hand(name: str) -> None:
    (recording,) = (found for found in recordings.recordings() if found.name.startswith(name))
    rms_deg, _ = recording.inclination_deg(recordings.ours(recording))
    theirs_deg, _ = recording.inclination_deg(
        VQF.run(recording.force_g, recording.rate_dps, VQF.default)
    )
    assert rms_deg <= 1.2 * theirs_deg
