"""The estimator gives the same bits on CPython and on real MicroPython, and allocates nothing."""

from pathlib import Path

from tests.micropython import run_on_cpython, run_on_micropython

SCRIPT = Path(__file__).with_name("vectors.py")


def test_cpython_and_micropython_agree_on_every_line() -> None:
    here = run_on_cpython(SCRIPT)
    there = run_on_micropython(SCRIPT)
    assert len(here) == 4 * 60 + 500
    valid = [line for line in here[:240] if line.split()[5] == "1"]
    assert 60 < len(valid) < 240, "the vectors must show both valid and invalid estimates"
    for mine, theirs in zip(here, there, strict=True):
        assert mine == theirs


def test_ten_thousand_updates_under_a_locked_heap() -> None:
    assert run_on_micropython(SCRIPT, "locked") == [
        "locked updates: 10000, valid and not: True True"
    ]
