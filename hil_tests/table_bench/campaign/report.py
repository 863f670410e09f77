"""The campaign's table (CSV) and page (HTML, with nothing outside it)."""

from __future__ import annotations

import csv
import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from table_bench.campaign.catalogue import CASES, NOBODY
from table_bench.campaign.plan_of_runs import PHASES, Run, parse
from table_bench.campaign.results import Result
from table_bench.campaign.verdict import LIMITS, MOVING_AWAY
from table_bench.campaign.violations import ANY, KNOWN_VIOLATIONS, known, unknown


@dataclass(frozen=True)
class Reaction:
    """A row of the reaction times: the cases that cause it, from which phases, since when.

    `since`: one of the verdict's times; "" is the injection.
    """

    faults: tuple[str, ...]
    phases: tuple[str, ...] = MOVING_AWAY
    since: str = ""


REACTIONS = {
    "E-stop sensed": Reaction(("estop_pressed",)),
    "E-stop wire broken": Reaction(("estop_wire_broken",)),
    "limit: end switch": Reaction(("end_switch_stuck_open",)),
    "limit: time head-down": Reaction((NOBODY,), since="limit"),
    "over-speed (bridge shorted)": Reaction(("bridge_shorted_outward", "bridge_shorted_homeward")),
    "IMU lost": Reaction(
        tuple(
            f"imu_{sensor}_{kind}"
            for sensor in ("primary", "monitor")
            for kind in ("nack", "frozen", "saturated", "bus_stuck_hard", "upside_down")
        )
    ),
    "stall": Reaction(
        ("motor_stalled", "motor_stalled_passing"), ("tilting", "jogging", "returning")
    ),
    "ankle lock opens": Reaction(("ankle_lock_opens",)),
    "supply low": Reaction(("supply_sag_low",)),
    "hang: control tick": Reaction(("tick_stops",)),
    "hang: background": Reaction(("background_hangs",)),
    "hang: processor": Reaction(("cpu_hangs",)),
    "power cut": Reaction(("power_cut",)),
}

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 1em 0 }
td, th { border: 1px solid #bbb; padding: .25em .6em; text-align: left; vertical-align: top }
td.n { text-align: right } .bad { background: #fbd5d0 } .known { background: #fdf0c4 }
.good { background: #dff2df } code { font-size: 90% }
"""


@dataclass(frozen=True)
class Worst:
    """The worst case of one measure."""

    measure: str
    value: float
    run_id: str


def replay_command(run_id: str) -> str:
    """What to type to see this one run."""
    return f"python -m table_bench.campaign replay {run_id}"


def worst_cases(
    results: Iterable[Result], only: Callable[[Result, str], bool] = lambda result, name: True
) -> list[Worst]:
    """For each measure of LIMITS the greatest value, and the run that had it."""
    played = [result for result in results if not result.error]
    found = []
    for name in LIMITS:
        among = [result for result in played if only(result, name)]
        if among:
            worst = max(among, key=lambda result: result.measures[name])
            found.append(Worst(name, worst.measures[name], worst.run_id))
    return found


def undeclared(result: Result) -> list[str]:
    """What a run did wrong that no entry declares."""
    return (
        [result.error]
        if result.error
        else unknown(parse(result.run_id), result.violations, result.measures)
    )


@dataclass(frozen=True)
class Sorted:
    """Runs by what was found in them: nothing, what is declared, anything else."""

    clean: list[Result]
    declared: list[Result]
    bad: list[Result]


def sort_out(results: Iterable[Result]) -> Sorted:
    """Each run into one of the three."""
    found = Sorted([], [], [])
    for result in results:
        if undeclared(result):
            found.bad.append(result)
        else:
            (found.declared if result.violations else found.clean).append(result)
    return found


def counts(results: Iterable[Result]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(fault, phase) -> (survived, with known violations only, tried)."""
    table: dict[tuple[str, str], tuple[int, int, int]] = {}
    for result in results:
        run = parse(result.run_id)
        found = sort_out([result])
        for fault in run.faults:
            survived, tolerated, tried = table.get((fault, run.phase), (0, 0, 0))
            table[fault, run.phase] = (
                survived + len(found.clean),
                tolerated + len(found.declared),
                tried + 1,
            )
    return table


def reaction_rows(results: Iterable[Result]) -> list[tuple[str, int, list[str]]]:
    """Cause, number of runs, then median / greatest time to drive off, relay open, homeward.

    Drive and relay count only where that came before the way home: a table that goes home at once
    removes no power. Homeward motion that began after a call for RETURN counts from that call.
    """
    rows = []
    played = [(parse(result.run_id), result) for result in results if not result.error]
    for cause, reaction in REACTIONS.items():
        chosen = [
            (result, times)
            for run, result in played
            if len(run.faults) == 1
            and run.faults[0] in reaction.faults
            and run.phase in reaction.phases
            and (times := _times_since(result.times, reaction.since)) is not None
        ]
        among = [times for _, times in chosen]
        came = [times for result, times in chosen if result.ended == "home"]
        cells = [
            _middle_and_greatest([_before_homeward(times, "drive_off") for times in among]),
            _middle_and_greatest([_before_homeward(times, "relay_open") for times in among]),
            _middle_and_greatest([_homeward_alone(times) for times in came]),
            _middle_and_greatest([_homeward_called(times) for times in came]),
        ]
        rows.append((cause, len(among), cells))
    return rows


def _times_since(times: Mapping[str, float | None], since: str) -> dict[str, float | None] | None:
    """The times from another moment on; None where the reaction was not to that moment."""
    if not since:
        return dict(times)
    from_s, homeward_s = times.get(since), times["homeward"]
    if from_s is None or homeward_s is None or homeward_s < from_s:
        return None
    return {name: None if at_s is None else at_s - from_s for name, at_s in times.items()}


def _before_homeward(times: Mapping[str, float | None], name: str) -> float | None:
    at_s, homeward_s = times[name], times["homeward"]
    return None if at_s is None or (homeward_s is not None and at_s > homeward_s) else at_s


def _homeward_alone(times: Mapping[str, float | None]) -> float | None:
    homeward_s, called_s = times["homeward"], times["called"]
    if homeward_s is None or (called_s is not None and called_s < homeward_s):
        return None
    return homeward_s


def _homeward_called(times: Mapping[str, float | None]) -> float | None:
    homeward_s, called_s = times["homeward"], times["called"]
    if homeward_s is None or called_s is None or called_s >= homeward_s:
        return None
    return homeward_s - called_s


def _middle_and_greatest(times: list[float | None]) -> str:
    found = sorted(time_s for time_s in times if time_s is not None)
    if not found:
        return "-"
    return f"{found[len(found) // 2]:.2f} / {found[-1]:.2f} ({len(found)})"


def write_csv(results: Iterable[Result], path: Path) -> None:
    """One row a run."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        times = ("drive_off", "relay_open", "called", "homeward", "home")
        writer.writerow(
            [
                *("run", "faults", "phase", "rider", "plan", "seed", "ended", "calls"),
                *(f"{name} [{limit.unit}]" for name, limit in LIMITS.items()),
                *(f"{name} [s]" for name in times),
                *("firmware_said", "violations", "undeclared", "error"),
            ]
        )
        for result in sorted(results, key=lambda result: result.run_id):
            run = parse(result.run_id)
            writer.writerow(
                [
                    result.run_id,
                    "+".join(run.faults),
                    *(run.phase, run.rider, run.course, run.seed, result.ended, result.calls),
                    *(result.measures.get(name, "") for name in LIMITS),
                    *(_blank(result.times.get(name)) for name in times),
                    *(result.firmware, " ".join(result.violations)),
                    *(" ".join(undeclared(result)), result.error),
                ]
            )


def _blank(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def summary(results: list[Result]) -> str:
    """The outcome in a few lines of plain text: worst cases and everything found wrong."""
    lines = [f"{'measure':18} {'worst':>9} {'limit':>9}  {'clean':>9}  worst run"]
    clean = {worst.measure: worst.value for worst in worst_cases(results, without_violation)}
    for worst in worst_cases(results):
        limit = LIMITS[worst.measure]
        best = f"{clean[worst.measure]:9.2f}" if worst.measure in clean else "        -"
        lines.append(
            f"{worst.measure:18} {worst.value:9.2f} {limit.most:9.2f}  {best}  {worst.run_id}"
        )
    found = sort_out(results)
    lines.append(
        f"{len(found.clean)} of {len(results)} runs survived;"
        f" {len(found.declared)} with known violations only, {len(found.bad)} with others"
    )
    lines += _known_lines(results)
    lines += [f"  VIOLATION {_violation_text(result)}" for result in found.bad]
    return "\n".join(lines)


def _known_lines(results: list[Result]) -> list[str]:
    """Known violations, counted, each kind with its worst run."""
    kinds: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        run = parse(result.run_id)
        for name in result.violations:
            if known(run, name, result.measures[name]):
                fault = ANY if _is_general(run, name, result.measures[name]) else run.run_id
                kinds.setdefault((fault.split(":")[0], name), []).append(result)
    lines = []
    for (fault, name), among in sorted(kinds.items()):
        worst = max(among, key=lambda result: result.measures[name])
        limit, value = LIMITS[name], worst.measures[name]
        lines.append(
            f"  KNOWN {len(among)} x {fault} {name}: up to {value:.2f} {limit.unit}"
            f" (limit {limit.most:g}): {known(parse(worst.run_id), name, value)}"
            f"\n    {replay_command(worst.run_id)}"
        )
    return lines


def _is_general(run: Run, measure: str, value: float) -> bool:
    """Whether the violation is known of any fault, not of this one."""
    general = KNOWN_VIOLATIONS.get((ANY, ANY, measure))
    return general is not None and value <= general.most


def without_violation(result: Result, measure: str) -> bool:
    """Whether this run kept this limit."""
    return measure not in result.violations


def _violation_text(result: Result) -> str:
    if result.error:
        return f"{result.error}\n    {replay_command(result.run_id)}"
    values = ", ".join(
        f"{name} {result.measures[name]:.2f} {LIMITS[name].unit} (limit {LIMITS[name].most:g})"
        for name in result.violations
    )
    return f"{values}\n    {replay_command(result.run_id)}"


def write_page(
    results: list[Result],
    pairs: list[Result],
    path: Path,
    pictures: Mapping[str, str] | None = None,
) -> None:
    """One page that needs nothing else: worst cases, counts, reaction times, what went wrong.

    `pictures`: run id -> where the picture of that run lies, beside the page.
    """
    pictures = pictures or {}
    parts = ["<h1>Fault campaign</h1>", *_section(results, pictures)]
    if pairs:
        parts += ["<h1>Two faults at once</h1>", *_section(pairs, pictures, matrix=False)]
    path.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Fault campaign</title>"
        f"<style>{_STYLE}</style>{''.join(parts)}</html>\n",
        "utf-8",
    )


def _picture_link(worst: Worst, pictures: Mapping[str, str]) -> str:
    where = pictures.get(worst.run_id)
    return f'<br><a href="{html.escape(where)}">replayed: picture</a>' if where else ""


def _section(results: list[Result], pictures: Mapping[str, str], matrix: bool = True) -> list[str]:
    survived = sum(not result.violations and not result.error for result in results)
    parts = [f"<p>{survived} of {len(results)} runs survived.</p>", "<h2>Worst cases</h2>"]
    rows = []
    for worst in worst_cases(results):
        limit = LIMITS[worst.measure]
        over = worst.value > limit.most + 1e-9
        reason = known(parse(worst.run_id), worst.measure, worst.value) if over else ""
        kind = "known" if reason else "bad" if over else "good"
        rows.append(
            f"<tr class={kind}><td>{html.escape(limit.text)}<td class=n>{worst.value:.2f}"
            f"<td class=n>{limit.most:g}<td>{limit.unit}<td>{html.escape(limit.source)}"
            f"<td><code>{html.escape(replay_command(worst.run_id))}</code>"
            f"{_picture_link(worst, pictures)}<br>{html.escape(reason)}"
        )
    parts += _table(("measure", "worst", "limit", "unit", "source of the limit", "replay"), rows)
    found = sort_out(results)
    for title, chosen in (("Violations", found.bad), ("Known violations", found.declared)):
        parts.append(f"<h2>{title}: {len(chosen)}</h2>")
        parts += [f"<pre>{html.escape(_violation_text(result))}</pre>" for result in chosen]
    if matrix:
        parts += ["<h2>Survived / tried</h2>", *_matrix(results)]
        parts += ["<h2>Reaction times</h2>", "<p>Seconds, median / greatest (runs).</p>"]
        parts += _table(
            ("cause", "runs", "drive off", "relay open", "homeward", "homeward after RETURN"),
            [
                f"<tr><td>{html.escape(cause)}<td class=n>{count}"
                + "".join(f"<td>{html.escape(cell)}" for cell in cells)
                for cause, count, cells in reaction_rows(results)
            ],
        )
    return parts


def _matrix(results: list[Result]) -> list[str]:
    table = counts(results)
    rows = []
    for fault in CASES:
        cells = []
        for phase in PHASES:
            survived, tolerated, tried = table.get((fault, phase), (0, 0, 0))
            kind = "good" if survived == tried else "known" if survived + tolerated == tried else ""
            kind = kind or "bad"
            cells.append(f"<td class={kind}>{survived}/{tried}" if tried else "<td>")
        rows.append(f"<tr><td>{html.escape(fault)}" + "".join(cells))
    return _table(("fault", *PHASES), rows)


def _table(heads: tuple[str, ...], rows: list[str]) -> list[str]:
    head = "".join(f"<th>{html.escape(text)}" for text in heads)
    return [f"<table><tr>{head}", *rows, "</table>"]
