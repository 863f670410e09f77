"""The rig's numbers are the same on CPython and under MicroPython's machine code."""

from pathlib import Path

from tests.micropython import run_on_cpython, run_on_micropython

SCRIPT = Path(__file__).with_name("vectors.py")
RIG = Path(__file__).resolve().parents[2] / "hil_tests" / "rig"


def test_cpython_and_micropython_agree_on_every_number() -> None:
    here = run_on_cpython(SCRIPT, path=(RIG,))
    there = run_on_micropython(SCRIPT, path=(RIG,))
    assert len(here) == 141 + 2 * 240
    tilts = [int(line.split()[1]) for line in here[141::2]]
    assert max(tilts) - min(tilts) > 200_000_000  # 25 deg: something happened
    assert here == there
