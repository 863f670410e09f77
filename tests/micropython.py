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


def run_on_micropython(
    script: Path, *arguments: str, path: tuple[Path, ...] = (), first: Path = FIRMWARE
) -> list[str]:
    """The lines that the script prints; a failure ends the test with all that it said.

    first: where the package is looked for.
    """
    return _run([sys.executable, "-c", START, "-X", _HEAP, str(script), *arguments], (first, *path))


def run_on_cpython(
    script: Path, *arguments: str, path: tuple[Path, ...] = (), first: Path = FIRMWARE
) -> list[str]:
    """The same, in a CPython process of its own."""
    return _run([sys.executable, str(script), *arguments], (first, *path))


def _run(command: list[str], path: tuple[Path, ...]) -> list[str]:
    places = ":".join(str(place) for place in path)
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
