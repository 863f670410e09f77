"""The benchmark's tables as markdown, and its picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks.tilt.motion import REST_S, Case
from tests.benchmarks.tilt.peers import VQF
from tests.benchmarks.tilt.scores import OURS, OURS_PRIMARY, Scores, label, run_case


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cases_table(scores: Scores) -> str:
    """RMS and worst tilt error in degrees, every filter, every case."""
    rows = []
    for name in scores.rows():
        row = [name]
        for case in scores.cases:
            if name in scores.cases[case]:
                row.append(f"{scores.rms(case, name):.2f} ({scores.worst(case, name):.2f})")
            else:
                row.append("–")
        rows.append(row)
    return _table(["RMS (worst), deg", *scores.cases], rows)


def duels_table(scores: Scores) -> str:
    """Run by run: in how many of them we are nearer to the truth than VQF as delivered."""
    rows = []
    totals = [0, 0, 0]
    for case, found in scores.cases.items():
        pairs = list(zip(found[OURS], found[label(VQF, VQF.default)], strict=True))
        counts = [
            sum(mine.rms_deg < theirs.rms_deg for mine, theirs in pairs),
            sum(mine.worst_deg < theirs.worst_deg for mine, theirs in pairs),
            len(pairs),
        ]
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
        rows.append([case, *map(str, counts)])
    rows.append(["all", *map(str, totals)])
    return _table(["runs won against VQF", "on RMS", "on the worst", "of"], rows)


def recordings_table(scores: Scores) -> str:
    """RMS inclination error in degrees on the recordings, and its ratio to VQF's."""
    rows = []
    for name in scores.rows():
        if name == OURS:
            continue
        row = [name]
        for found in scores.recordings.values():
            rms, worst = found[name]
            row.append(f"{rms:.2f} ({worst:.2f}), {rms / found[label(VQF, VQF.default)][0]:.2f} ×")
        rows.append(row)
    return _table(["RMS (worst), deg; to VQF's", *scores.recordings], rows)


def bounds_table(scores: Scores) -> str:
    """How honest and how wide our own error bound is."""
    rows = []
    for name in (OURS, OURS_PRIMARY):
        for case, found in scores.cases.items():
            if name not in found:
                continue
            runs = found[name]
            rows.append(
                [
                    name,
                    case,
                    f"{min(run.covered for run in runs):.2%}",
                    f"{np.median([run.bound_deg[0] for run in runs]):.1f}",
                    f"{max(run.bound_deg[1] for run in runs):.1f}",
                    f"{max(run.silent for run in runs):.2%}",
                ]
            )
    head = ["", "case", "errors covered", "bound: median, deg", "99 %, deg", "without a tilt"]
    return _table(head, rows)


def picture(case: Case, seed: int, names: list[str], file: Path) -> None:
    """Tilt, and the error of some filters, in one run."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    _, tracks = run_case(case, seed)
    scored = tracks.time_s > REST_S - 5
    time_s = tracks.time_s[scored]
    figure, (above, below) = plt.subplots(
        2, 1, sharex=True, figsize=(9, 6), height_ratios=(1, 2), layout="constrained"
    )
    above.plot(time_s, tracks.truth_deg[scored], color="black", linewidth=1.2)
    above.set_ylabel("true tilt, deg")
    above.grid(alpha=0.3)
    colours = ("tab:green", "tab:red", "tab:orange", "tab:blue", "tab:purple", "tab:gray")
    for name, colour in reversed(list(zip(names, colours, strict=False))):
        error = tracks.tilt_deg[name][scored] - tracks.truth_deg[scored]
        width = 1.6 if name == names[0] else 0.9
        below.plot(time_s, error, label=name, color=colour, linewidth=width)
    below.set_ylabel("tilt error after zeroing, deg")
    below.set_xlabel("time, s")
    below.set_ylim(-5, 6)
    below.grid(alpha=0.3)
    handles, labels = below.get_legend_handles_labels()
    below.legend(handles[::-1], labels[::-1], ncols=5, loc="upper center", fontsize=9)
    above.set_title(f"The same samples to every filter: {case.name}, seed {seed}")
    figure.savefig(file, dpi=110)
    plt.close(figure)
