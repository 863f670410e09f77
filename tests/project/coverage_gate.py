"""Every line and every branch of the safety code is run by its tests.

A run of its own, of those tests alone that look at this code closely: a line that is merely met by
a whole simulated session has not been tested by it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAFETY = "firmware/inversion_table/safety/"
SEQUENCER = "firmware/inversion_table/session/sequencer.py"
TESTS = (
    "tests/safety/test_kernel_step.py",
    "tests/safety/test_memory.py",
    "tests/safety/test_monitors.py",
    "tests/safety/test_monitors_step.py",
    "tests/safety/test_numbers.py",
    "tests/safety/test_tables.py",
    "tests/safety/test_travel_step.py",
    "tests/session/test_sequencer_alone.py",
)


def guarded_files(root: Path = ROOT) -> list[str]:
    """The whole of `safety`, whatever is added there, and the sequencer."""
    found = sorted((root / SAFETY).glob("*.py"))
    return [*(f"{SAFETY}{path.name}" for path in found if path.name != "__init__.py"), SEQUENCER]


def findings(root: Path, files: Sequence[str], tests: Sequence[str]) -> list[str]:
    """What of `files` the tests leave out, a line for each; [] when it is nothing."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COV", "PYTEST", "PYTHON"))
    }
    # Before what the environment has installed: the tree to look at may be a copy.
    environment["PYTHONPATH"] = os.pathsep.join((str(root / "firmware"), str(root)))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        data = f"--data-file={folder}/data"
        paths = [str(root / test) for test in tests]
        include = "--include=" + ",".join(str(root / file) for file in files)
        pytest = ["pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
        steps: list[list[str]] = [
            ["run", "--branch", "--rcfile=/dev/null", data, include, "-m", *pytest, *paths],
            ["json", "--rcfile=/dev/null", data, "-q", "-o", str(report)],
        ]
        for step in steps:
            ended = subprocess.run(
                [sys.executable, "-m", "coverage", *step],
                cwd=root,
                env=environment,
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )
            if ended.returncode:
                return [
                    f"coverage {step[0]} failed:\n{ended.stdout[-2_000:]}{ended.stderr[-2_000:]}"
                ]
        measured = json.loads(report.read_text("utf-8"))["files"]
    found = []
    for file in files:
        told = measured.get(file) or measured.get(str(root / file))
        if told is None:
            found.append(f"{file}: no test imports it")
            continue
        found += [f"{file}:{line}: not run by any test" for line in told["missing_lines"]]
        found += [
            f"{file}:{start}: never goes on {f'to line {end}' if end > 0 else 'to its end'}"
            for start, end in told["missing_branches"]
            if start not in told["missing_lines"]
        ]
    return found


def main() -> int:
    """0 when nothing is left out."""
    files = guarded_files()
    found = findings(ROOT, files, TESTS)
    for finding in found:
        print(finding)
    print(f"{len(files)} files, {'all' if not found else 'NOT all'} lines and branches run")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
