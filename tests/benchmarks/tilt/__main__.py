"""`make bench-tilt`: the estimator beside what anyone would use instead, on the same samples."""

import argparse
import time
from pathlib import Path

from rich.console import Console

from tests.benchmarks.tilt import report
from tests.benchmarks.tilt.motion import CASES
from tests.benchmarks.tilt.peers import FUSION, MADGWICK, MAHONY, VQF
from tests.benchmarks.tilt.scores import OURS, label, run_all
from tests.micropython import run_on_micropython

HARD = CASES[1]


def cost_table() -> str:
    """Time and memory of an update on real MicroPython, beside a float Madgwick filter."""
    lines = run_on_micropython(Path(__file__).parent / "device" / "update_cost.py")
    rows = [line.split(";") for line in lines]
    peer_us = float(rows[-1][1])
    text = ["| update of one IMU | time, µs | to Madgwick's | bytes allocated |"]
    text.append("|---|---|---|---|")
    for name, taken_us, size in rows:
        text.append(f"| {name} | {taken_us} | {float(taken_us) / peer_us:.2f} | {size} |")
    return "\n".join(text)


def main() -> None:
    """Print the tables; write the picture where asked."""
    parser = argparse.ArgumentParser(prog="make bench-tilt")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each case (3)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--picture", type=Path, help="write the picture of one run there")
    options = parser.parse_args()
    console = Console(stderr=True)
    begin = time.monotonic()

    def progress(done: str) -> None:
        console.print(f"{time.monotonic() - begin:5.0f} s  {done}")

    scores = run_all(options.seeds, options.processes, progress)
    for table in (
        report.cases_table(scores),
        report.duels_table(scores),
        report.recordings_table(scores),
        report.bounds_table(scores),
        cost_table(),
    ):
        print(table, end="\n\n")
    if options.picture:
        names = [OURS]
        names += [label(peer, peer.default) for peer in (VQF, MADGWICK, FUSION, MAHONY)]
        report.picture(HARD, 1, names, options.picture)
        console.print(f"Picture: {options.picture}")


if __name__ == "__main__":
    main()
