"""The same runs on the virtual bench and on rig and controller as two processes: same verdicts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inversion_table.contract import events, frame
from inversion_table.contract.records import End, Event
from inversion_table.safety import states
from inversion_table.safety.faults import FAULTS
from table_bench.bench import Bench
from table_bench.benches import open_bench
from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.physics import Rider

SEED = 5
RIDER = Rider(restless=0.0)
"""A rider who fidgets would do so at other moments on each bench."""
PLAN = simple_plan((15, 3), rest_s=3)
PROVISION = calibrated(SEED) | {"/data/plan.json": frame.encode(PLAN.to_wire())}
RMS_DEG = 0.3
WORST_DEG = 0.6
"""docs/bench.md says where the benches differ, and by how much they did."""


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


def whole_session(clock: Clock) -> None:
    clock.at(120)


def primary_dies(clock: Clock) -> None:
    clock.at(28).inject("imu_primary_nack")
    clock.at(90)


def lock_opens(clock: Clock) -> None:
    clock.at(28).set_ankle_lock(False)
    clock.at(31).set_ankle_lock(True)
    clock.at(32).press("RETURN")
    clock.at(95)


RUNS: dict[str, Callable[[Clock], None]] = {
    "whole session": whole_session,
    "primary IMU dies": primary_dies,
    "ankle lock opens": lock_opens,
}


def play(bench: Bench, run: Callable[[Clock], None]) -> Outcome:
    operator = Operator(bench)
    operator.wait_for_state("HOME", 60_000)
    operator.close()  # nothing is asked meanwhile
    bench.trace.clear()
    clock = Clock(bench)
    bench.press("START")
    run(clock)
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


def assert_agree(
    name: str, virtual: Outcome, other: Outcome, record_property: Callable[[str, object], None]
) -> None:
    assert other.states == virtual.states
    assert (other.faults, other.end) == (virtual.faults, virtual.end)
    length = min(len(virtual.tilt_deg), len(other.tilt_deg))
    apart_deg = other.tilt_deg[:length] - virtual.tilt_deg[:length]
    rms_deg = float(np.sqrt(np.mean(apart_deg**2)))
    worst_deg = float(np.max(np.abs(apart_deg)))
    record_property("rms_deg", round(rms_deg, 3))
    record_property("worst_deg", round(worst_deg, 3))
    print(f"{name}: {length / 100:.0f} s, {' '.join(other.states)}, {rms_deg:.3f} {worst_deg:.3f}")
    assert np.ptp(virtual.tilt_deg) > 80
    assert rms_deg < RMS_DEG
    assert worst_deg < WORST_DEG


@pytest.mark.parametrize("name", RUNS)
def test_rig_and_virtual_bench_agree(
    name: str,
    on_virtual_bench: Callable[[str], Outcome],
    flash: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    rig = outcome_on("rig", name, **used(flash, tmp_path))
    assert_agree(name, on_virtual_bench(name), rig, record_property)
