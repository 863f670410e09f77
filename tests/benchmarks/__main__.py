"""`make bench`: what the tick costs, how fast the virtual table runs, how well it tracks."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.micropython import run_on_micropython

RIDERS_KG = (50, 80, 120)


def tick_table() -> Table:
    """Each part of the tick against a plain loop in the same run, on real MicroPython."""
    lines = run_on_micropython(Path(__file__).parent / "device" / "tick_parts.py")
    rows = [line.split(";") for line in lines]
    table = Table("part of the tick", "time (100-round loops)", "share", "bytes allocated a call")
    total = sum(float(row[1]) for row in rows)
    for name, loops, size in rows:
        table.add_row(name, loops, f"{float(loops) / total:.0%}", size)
    table.add_row("whole", f"{total:.3f}", "", f"{sum(float(row[2]) for row in rows):.2f}")
    return table


def session_table() -> Table:
    """The demo session with three riders, measured on the bench's truth."""
    table = Table(
        "rider",
        "speed (x real time)",
        "worst tracking error",
        "rms",
        "worst overshoot",
        "bytes a sample",
    )
    for rider_kg in RIDERS_KG:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "itable", "demo", "--json"),
                    *("--out", folder, "--rider-kg", str(rider_kg)),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
        report = json.loads(done.stdout)
        truth = report["truth"]
        table.add_row(
            f"{rider_kg} kg",
            f"{report['speed']:.0f}",
            f"{truth['worst_error_deg']:.2f}°",
            f"{truth['rms_error_deg']:.2f}°",
            f"{truth['worst_overshoot_deg']:.2f}°",
            f"{report['bytes_per_sample']:.2f}",
        )
    return table


def main() -> None:
    """Print both tables."""
    console = Console()
    console.print(tick_table())
    console.print(session_table())


main()
