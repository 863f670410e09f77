"""`make bench`: what the tick costs, how fast the virtual table runs, how well the bed moves."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from inversion_table.safety import limits, states
from table_bench.campaign.plan_of_runs import RIDERS
from tests.micropython import run_on_micropython
from tests.session.driven_table import DrivenTable
from tests.session.test_true_motion import BALANCED, FULL, settings, speeding_up

SETTINGS = (500, 2_000, limits.ACCELERATION_SETTING_MAX_MDEG_PER_S2)
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


def motion_table() -> Table:
    """What the bed itself does, in deg/s2: the worst of two plans, on the bench's physics."""
    table = Table("rider", *(f"set {setting / 1000} deg/s²" for setting in SETTINGS))
    for name, rider in RIDERS.items():
        worst = []
        for setting in SETTINGS:
            found = []
            for plan in (FULL, BALANCED):
                driven = DrivenTable(settings(setting), plan, rider, seed=2).boot()
                driven.tick(start_edge=True)
                driven.run(0.5)
                driven.until_state(states.HOME)
                found.append(speeding_up(driven))
            worst.append(f"{max(found):.2f}")
        table.add_row(name, *worst)
    return table


def main() -> None:
    """Print every table."""
    console = Console()
    console.print(tick_table())
    console.print(session_table())
    console.print(motion_table())


main()
