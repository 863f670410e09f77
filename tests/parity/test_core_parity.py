"""Plans, frames, motion and the tick's parts: the same bits on CPython and real MicroPython."""

from pathlib import Path

import pytest

from tests.micropython import run_on_cpython, run_on_micropython

HERE = Path(__file__).parent
TESTS = HERE.parent
FAKES = tuple(TESTS / folder for folder in ("", "actuation", "indication", "sensing", "session"))
# How many lines each part prints at least, so that an empty trace cannot pass for equal ones.
PARTS = {
    "imu": 4_000,
    "plans": 2_000,
    "forms": 3_000,
    "frames": 400,
    "motion": 1_000,
    "parts": 2_000,
    "session": 50,
}


@pytest.mark.parametrize("part", PARTS)
def test_cpython_and_micropython_agree_on_every_line(part: str) -> None:
    here = run_on_cpython(HERE / "core_trace.py", part, path=FAKES)
    there = run_on_micropython(HERE / "core_trace.py", part, path=FAKES)
    assert len(here) >= PARTS[part]
    for number, (mine, theirs) in enumerate(zip(here, there, strict=True)):
        assert mine == theirs, f"line {number}"


@pytest.mark.parametrize(
    "part", ["panel", "analog", "drive", "indicator", "chronicle", "motion", "sequencer"]
)
def test_ten_thousand_ticks_of_each_part_under_a_locked_heap(part: str) -> None:
    (said,) = run_on_micropython(HERE / "locked_parts.py", part, path=FAKES)
    name, *seen = said.split()
    assert name == part
    assert set(seen) == {"True"}, said  # what had to happen under the lock did happen
