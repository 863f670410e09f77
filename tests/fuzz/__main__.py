"""`make fuzz`: the long run. Prints what was sent, what came of it, and the heap before and after.

Ends with 1 when anything was found. atheris (extra `fuzz`) guides a search over the contract on
CPython; without it that part is left out, and said so. Then hostile bytes go to real MicroPython.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from table_bench.factory import calibrated
from table_bench.operator import Operator
from table_bench.virtual import VirtualTable
from tests.fuzz import against_table, coverage_guided

CORPUS = Path("build/fuzz/corpus")


def search(seconds: int) -> bool:
    """Coverage-guided, in a process of its own; whether nothing was found."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: no coverage-guided part (pip install -e '.[fuzz]')")
        return True
    CORPUS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(coverage_guided.seeds()):
            (Path(folder) / str(number)).write_bytes(seed)
        command = [sys.executable, "-m", "tests.fuzz.coverage_guided", str(CORPUS), folder]
        command += [f"-max_total_time={seconds}", "-max_len=4200", "-print_final_stats=1"]
        command += [f"-artifact_prefix={CORPUS.parent}/"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    runs = re.findall(r"stat::number_of_executed_units: (\d+)", said)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", said)
    if done.returncode or not runs:
        print(said[-3_000:])
        print("coverage-guided: FOUND SOMETHING, see above")
        return False
    edges, features = covered[-1] if covered else ("?", "?")
    print(
        f"coverage-guided: {runs[-1]} executions in {seconds} s, {edges} edges, {features}"
        " features, nothing found"
    )
    return True


def attacks(seed: int, frames: int) -> bool:
    """Against the table, a new one for each phase; whether nothing was found."""
    phases = [(against_table.at_home, frames // 2)]
    left = frames - frames // 2
    while left > 0:
        part = min(left, against_table.SESSION_FRAMES)
        phases.append((against_table.in_a_session, part))
        left -= part
    phases.append((against_table.stop_and_return_too, min(frames, 20_000)))
    good = True
    total = 0
    for number, (phase, count) in enumerate(phases):
        with VirtualTable(provision=calibrated(1)) as table:
            operator = Operator(table)
            operator.wait_for_state("HOME", 60_000)
            outcome = phase(operator, seed + number, count)
        print(outcome.text(), flush=True)
        total += outcome.frames
        good = good and not outcome.problems
    print(f"{total} frames in all; {'nothing found' if good else 'FOUND SOMETHING'}")
    return good


def main() -> None:
    """Both parts; `--frames`, `--seconds` and `--seed` say how much."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    good = search(given.seconds) if given.seconds else True
    good = (attacks(given.seed, given.frames) if given.frames else True) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
