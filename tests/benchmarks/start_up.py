"""`make bench-start`: how long itable takes to start, beside mpremote, in turn in the same run."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

BIN = Path(sys.executable).parent
TEMPLATE = Path(__file__).parents[2] / "host_tools/itable/templates/kim-2013-60deg.toml"
ROUNDS = 15
COMMANDS = {
    "itable --version": [str(BIN / "itable"), "--version"],
    "mpremote version": [str(BIN / "mpremote"), "version"],
    "itable --help": [str(BIN / "itable"), "--help"],
    "itable plan check": [str(BIN / "itable"), "plan", "check", str(TEMPLATE)],
}


def seconds(command: list[str]) -> float:
    """The time of one run; it must succeed."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Time each command in turn, so that whatever else the computer does meets all alike."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    table = Table("command", "best", "median", f"slowest of {ROUNDS}")
    for name, times in taken.items():
        cells = (min(times), statistics.median(times), max(times))
        table.add_row(name, *(f"{cell * 1000:.0f} ms" for cell in cells))
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
