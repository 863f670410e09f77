"""Which files make a Pico a rig, and how they come onto it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import inversion_table
from table_bench.simulated.errors import BenchError

SHARED = (
    "__init__.py",
    "contract/__init__.py",
    "contract/frame.py",
    "estimation/__init__.py",
    "estimation/portable.py",
    "link/__init__.py",
    "link/lines.py",
    "link/usb_serial.py",
)
"""Of the controller's firmware: what speaks and compiles the same on both boards."""
PACKAGE = "table_rig"
MAIN = "main.py"
_TIMEOUT_S = 120


def stage(folder: Path) -> int:
    """Lay the rig's file system out in `folder`, made anew; returns how many files."""
    shutil.rmtree(folder, ignore_errors=True)
    import table_rig

    source = Path(table_rig.__file__).resolve().parent
    controller = Path(inversion_table.__file__).resolve().parent
    files = {f"{PACKAGE}/{path.name}": path for path in source.glob("*.py") if path.name != MAIN}
    files |= {f"inversion_table/{name}": controller / name for name in SHARED}
    files[MAIN] = source / MAIN
    for name, path in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return len(files)


def deploy(port: str, folder: Path) -> int:
    """Put the staged files on the Pico at `port` with mpremote, and start it; how many files."""
    count = stage(folder)
    for arguments in (("cp", "-r", f"{folder}/.", ":"), ("reset",)):
        command = [sys.executable, "-m", "mpremote", "connect", port, *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchError(f"mpremote {arguments[0]} on {port} did not end") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["nothing said"]
            raise BenchError(
                f"mpremote {arguments[0]} on {port} failed: {said[0]}; is MicroPython 1.26 or newer"
                " on it (docs/bench.md), and mpremote here (pip install mpremote)?"
            )
    return count
