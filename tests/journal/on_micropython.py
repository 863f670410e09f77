"""Runs a script under real MicroPython, with the firmware and this folder on its path."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
DEVICE = HERE / "device"
FIRMWARE = HERE.parents[1] / "firmware"
_START = (
    "import sys; sys.argv[0] = 'micropython'; from micropython_unix import main; sys.exit(main())"
)
HEAP = "heapsize=4m"


def run(script: Path, *arguments: str) -> str:
    """What the script prints; a failure ends the test with all that it said."""
    done = subprocess.run(
        [sys.executable, "-c", _START, "-X", HEAP, str(script), *arguments],
        env={**os.environ, "MICROPYPATH": f"{FIRMWARE}:{HERE}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
