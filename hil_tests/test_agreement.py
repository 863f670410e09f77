"""The same runs on the virtual bench, on rig and controller as two processes, and on the chip.

Same verdicts, and tilt traces within bounds. The chip has the short runs: out of a snapshot at
HOME, since each second of it costs the computer two to seven (docs/bench.md).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inversion_table.contract import events
from inversion_table.contract.records import End, Event
from inversion_table.safety import states
from inversion_table.safety.faults import FAULTS
from inversion_table.session.plan import Plan
from table_bench.bench import Bench, BenchUnavailable
from table_bench.benches import open_bench
from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.physics import Rider
from table_bench.pytest_plugin.measurements import Measurements

SEED = 5
RIDER = Rider(restless=0.0)
"""A rider who fidgets would do so at other moments on each bench."""
PROVISION = calibrated(SEED)
RMS, WORST = "tilt apart, RMS", "tilt apart, worst"
RMS_DEG = 0.3
WORST_DEG = 0.6
"""docs/bench.md says where the benches differ, and by how much they did."""


def bounded(test: Callable[..., None]) -> Callable[..., None]:
    """The test judges how far two tilt traces are apart."""
    for name, most_deg in ((RMS, RMS_DEG), (WORST, WORST_DEG)):
        test = pytest.mark.measures(name, "deg", at_most=most_deg)(test)
    return test


@dataclass
class Outcome:
    """What a run came to: verdicts, and the true tilt every 10 ms from START on."""

    states: list[str]
    faults: list[str]
    end: str
    tilt_deg: np.ndarray[Any, Any]


class Clock:
    """Things are done at the same moments on every bench, counted from START."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._start_ms = bench.now_ms

    def at(self, seconds: float) -> Bench:
        """Let time pass until then."""
        self._bench.advance(self._start_ms + seconds * 1000 - self._bench.now_ms)
        return self._bench


@dataclass(frozen=True)
class Run:
    """What is prescribed, what is done besides START, and how far that must lead at least."""

    plan: Plan
    do: Callable[[Clock], object]
    moves_deg: float


def primary_dies(clock: Clock) -> None:
    clock.at(28).inject("imu_primary_nack")
    clock.at(90)


def lock_opens(clock: Clock) -> None:
    clock.at(28).set_ankle_lock(False)
    clock.at(31).set_ankle_lock(True)
    clock.at(32).press("RETURN")
    clock.at(95)


def primary_dies_early(clock: Clock) -> None:
    clock.at(4).inject("imu_primary_nack")
    clock.at(15)


def estop_pressed(clock: Clock) -> None:
    clock.at(4).set_estop(True)
    clock.at(5.5).set_estop(False)
    clock.at(7).press("RETURN")
    clock.at(16)


def paused_and_sent_home(clock: Clock) -> None:
    clock.at(3.5).press("PAUSE")
    clock.at(5.5).press("START")
    clock.at(7.5).press("RETURN")
    clock.at(19)


FAR = simple_plan((15, 3), rest_s=3)
NEAR = simple_plan((-50, 2))
LONG_RUNS = {
    "whole session": Run(FAR, lambda clock: clock.at(120), 80),
    "primary IMU dies": Run(FAR, primary_dies, 80),
    "ankle lock opens": Run(FAR, lock_opens, 80),
}
SHORT_RUNS = {
    "past horizontal and home": Run(simple_plan((4, 1), rest_s=1), lambda clock: clock.at(62), 75),
    "primary IMU dies early": Run(NEAR, primary_dies_early, 5),
    "E-stop": Run(NEAR, estop_pressed, 5),
    "paused and sent home": Run(NEAR, paused_and_sent_home, 5),
}
RUNS = LONG_RUNS | SHORT_RUNS


def play(bench: Bench, run: Run) -> Outcome:
    operator = Operator(bench)
    operator.wait_for_state("HOME", 60_000)
    operator.upload(run.plan)
    operator.close()  # nothing is asked meanwhile
    bench.trace.clear()
    clock = Clock(bench)
    bench.press("START")
    run.do(clock)
    trace = bench.trace
    at_us = trace["time_us"]
    moved_us = at_us[np.argmax(trace["relay_closed"] > 0)]  # the first that truth can tell
    tilt_deg = np.interp(
        np.arange(-500_000, at_us[-1] - moved_us, 10_000), at_us - moved_us, trace["tilt_deg"]
    )
    records = operator.records()
    changes = [one for one in records if isinstance(one, Event)]
    entered = [states.STATE_NAMES[c.b] for c in changes if c.code == events.STATE_CHANGED]
    end = records[-1]
    assert isinstance(end, End)
    operator.close()
    return Outcome(entered, [FAULTS[end.fault][0]], str(end.reason), tilt_deg)


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state_dir = tmp_path_factory.mktemp("agreement")
    with open_bench("virtual", seed=SEED, state_dir=state_dir) as table:
        Operator(table).wait_for_state("HOME", 60_000)
    return state_dir / "flash.bin"


@pytest.fixture(scope="module")
def on_virtual_bench(
    flash: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Outcome]:
    """What a run comes to on the virtual bench; each is made once."""
    made: dict[str, Outcome] = {}

    def get(name: str) -> Outcome:
        if name not in made:
            state_dir = tmp_path_factory.mktemp("virtual")
            made[name] = outcome_on("virtual", name, **used(flash, state_dir))
        return made[name]

    return get


def used(flash: Path, state_dir: Path) -> dict[str, Path]:
    """Arguments of a bench for a table that was switched on before."""
    shutil.copyfile(flash, state_dir / flash.name)
    return {"state_dir": state_dir}


def outcome_on(bench: str, name: str, **arguments: object) -> Outcome:
    with open_bench(bench, seed=SEED, rider=RIDER, provision=PROVISION, **arguments) as table:
        return play(table, RUNS[name])


def assert_agree(name: str, virtual: Outcome, other: Outcome, measured: Measurements) -> None:
    length = min(len(virtual.tilt_deg), len(other.tilt_deg))
    apart_deg = other.tilt_deg[:length] - virtual.tilt_deg[:length]
    rms_deg = float(np.sqrt(np.mean(apart_deg**2)))
    worst_deg = float(np.max(np.abs(apart_deg)))
    print(f"{name}: {length / 100:.0f} s, {' '.join(other.states)}, {rms_deg:.3f} {worst_deg:.3f}")
    measured[RMS] = rms_deg
    measured[WORST] = worst_deg
    assert other.states == virtual.states
    assert (other.faults, other.end) == (virtual.faults, virtual.end)
    assert np.ptp(virtual.tilt_deg) > RUNS[name].moves_deg


@bounded
@pytest.mark.parametrize("name", RUNS)
def test_rig_and_virtual_bench_agree(
    name: str,
    on_virtual_bench: Callable[[str], Outcome],
    flash: Path,
    tmp_path: Path,
    measured: Measurements,
) -> None:
    rig = outcome_on("rig", name, **used(flash, tmp_path))
    assert_agree(name, on_virtual_bench(name), rig, measured)


@bounded
@pytest.mark.needs("bench:chip")
@pytest.mark.parametrize("name", SHORT_RUNS)
def test_chip_and_virtual_bench_agree(
    name: str, on_virtual_bench: Callable[[str], Outcome], measured: Measurements
) -> None:
    """Skipped where there is no MicroPython image (docs/chip.md)."""
    try:
        chip = outcome_on("chip", name, ready=True)
    except BenchUnavailable as error:
        pytest.skip(str(error))
    assert_agree(name, on_virtual_bench(name), chip, measured)
