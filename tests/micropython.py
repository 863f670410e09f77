"""Runs a script under real MicroPython (the unix port), or the same script under CPython."""

import os
import subprocess
import sys
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
START = (
    "import sys; sys.argv[0] = 'micropython'; from micropython_unix import main; sys.exit(main())"
)


_HEAP = "heapsize=4m"


def run_on_micropython(script: Path, *arguments: str, path: tuple[Path, ...] = ()) -> list[str]:
    """The lines that the script prints; a failure ends the test with all that it said."""
    return _run([sys.executable, "-c", START, "-X", _HEAP, str(script), *arguments], path)


def run_on_cpython(script: Path, *arguments: str, path: tuple[Path, ...] = ()) -> list[str]:
    """The same, in a CPython process of its own."""
    return _run([sys.executable, str(script), *arguments], path)


def _run(command: list[str], path: tuple[Path, ...]) -> list[str]:
    places = ":".join(str(place) for place in (FIRMWARE, *path))
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": places, "MICROPYPATH": f"{places}:.frozen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
    return done.stdout.splitlines()
