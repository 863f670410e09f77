"""The picture of one run: tilt, rate, drive, relay, what was done, what the firmware said."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from table_bench.campaign.plan_of_runs import Run
from table_bench.campaign.play import Outcome
from table_bench.campaign.verdict import LIMITS, Verdict
from table_bench.reporting.drawing import new_figure

_RATE_WINDOW_S = 0.25


def draw(run: Run, outcome: Outcome, verdict: Verdict, path: Path) -> None:
    """Write the picture as PNG; raises NoMatplotlib. Time 0 is the injection."""
    figure = new_figure(12, 9)
    tilt, rate, drive, word = figure.subplots(
        4, 1, sharex=True, gridspec_kw={"height_ratios": [4, 2, 2, 2]}
    )
    time_s = outcome.time_s - outcome.injected_s
    tilt.plot(time_s, outcome.tilt_deg, color="black", linewidth=1)
    tilt.axhline(outcome.limit_deg, color="tab:orange", linestyle="--", label="limit of the plan")
    tilt.axhline(LIMITS["tilt"].most, color="tab:red", linestyle="--", label="hard limit")
    tilt.set_ylabel("tilt / deg")
    grid_s = np.arange(time_s[0], time_s[-1], _RATE_WINDOW_S)
    on_grid = np.interp(grid_s, time_s, outcome.tilt_deg)
    rate.step(grid_s[1:], np.diff(on_grid) / _RATE_WINDOW_S, color="black", linewidth=1)
    for sign in (-1, 1):
        rate.axhline(sign * LIMITS["rate"].most, color="tab:red", linestyle="--")
    rate.set_ylabel("rate / deg/s")
    drive.step(time_s, outcome.drive, where="post", linewidth=1, label="motor drive")
    drive.step(time_s, outcome.relay, where="post", linewidth=1, label="relay closed")
    drive.set_ylabel("drive, relay")
    drive.set_ylim(-1.1, 1.1)
    for axis in (tilt, rate, drive, word):
        axis.axvline(0, color="tab:red", linewidth=1)
        axis.grid(alpha=0.3)
    tilt.legend(loc="upper right")
    drive.legend(loc="upper right")
    for row, (at_s, text) in enumerate(outcome.events):
        word.text(at_s - outcome.injected_s, 0.62 + 0.1 * (row % 4), text, fontsize=7)
        word.axvline(at_s - outcome.injected_s, color="tab:blue", linewidth=0.5)
    for row, (at_s, state, fault) in enumerate(outcome.firmware):
        said = state if fault == "NO_FAULT" else f"{state}\n{fault}"
        word.text(at_s - outcome.injected_s, 0.02 + 0.15 * (row % 3), said, fontsize=7)
    word.set_yticks([0.25, 0.75], ["firmware", "bench"])
    word.set_ylim(0, 1)
    word.set_xlabel("time since the injection / s")
    found = ", ".join(verdict.violations) or "no violation"
    figure.suptitle(f"{run.run_id}: {outcome.ended}; {found}")
    figure.savefig(path, dpi=110)
