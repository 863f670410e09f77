"""The estimator gives the same bits on CPython and on real MicroPython, and allocates nothing."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("vectors.py")
MICROPYTHON = [
    sys.executable,
    "-c",
    "import sys; sys.argv[0] = 'micropython'; from micropython_unix import main; sys.exit(main())",
]


def run(command: list[str]) -> list[str]:
    firmware = str(ROOT / "firmware")
    environment = {**os.environ, "PYTHONPATH": firmware, "MICROPYPATH": f"{firmware}:.frozen"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2_000:]
    return done.stdout.splitlines()


def test_cpython_and_micropython_agree_on_every_line() -> None:
    here = run([sys.executable, str(SCRIPT)])
    there = run([*MICROPYTHON, str(SCRIPT)])
    assert len(here) == 4 * 60 + 500
    valid = [line for line in here[:240] if line.split()[5] == "1"]
    assert 60 < len(valid) < 240, "the vectors must show both valid and invalid estimates"
    for mine, theirs in zip(here, there, strict=True):
        assert mine == theirs


def test_ten_thousand_updates_under_a_locked_heap() -> None:
    assert run([*MICROPYTHON, str(SCRIPT), "locked"]) == [
        "locked updates: 10000, valid and not: True True"
    ]
