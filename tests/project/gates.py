"""Run the project's own gates (the Makefile's targets) on another tree."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
CONFIGURATION = (
    "Makefile",
    "pyproject.toml",
    "mypy.firmware.ini",
    "README.md",
    "LICENSE",
    ".ci/run",
    ".ci/micropython_stubs.py",
)

# A project in which every gate passes, so that one planted fault is all that a gate can find.
SOUND = {
    "firmware/main.py": '"""Starts the controller."""\n',
    "firmware/inversion_table/__init__.py": '"""The firmware."""\n\nVERSION = "0.0.1"\n',
    "host_tools/itable/__init__.py": '"""The host tool."""\n',
    "hil_tests/table_bench/__init__.py": '"""The benches."""\n',
    "hil_tests/rig/table_rig/__init__.py": '"""The rig."""\n',
    "hil_tests/test_bench.py": "def test_nothing():\n    assert True\n",
    "tests/test_sound.py": "def test_sums():\n    assert 1 + 1 == 2\n",
}


def make_project(folder: Path, files: dict[str, str] | None = None) -> Path:
    """A small sound project with this project's configuration; `files` replace or add."""
    for name in CONFIGURATION:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for name, text in {**SOUND, **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    lay_out_stubs(folder)
    (folder / "ready").touch()
    return folder


def lay_out_stubs(folder: Path) -> None:
    """What the set-up does for the firmware's type check."""
    tool = ROOT / ".ci/micropython_stubs.py"
    stubs = folder / ".venv/micropython-stubs"
    subprocess.run([sys.executable, str(tool), str(stubs)], check=True, timeout=60)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that calls make, with the set-up taken as done by the tools in use here."""
    environment = {
        "PATH": f"{TOOLS}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "MAKEFLAGS": f"-- BIN={TOOLS} READY=ready PYTHON={sys.executable}",
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def make(folder: Path, *targets: str) -> subprocess.CompletedProcess[str]:
    """Run `make` with the targets in another tree."""
    return run(folder, "make", *targets)
