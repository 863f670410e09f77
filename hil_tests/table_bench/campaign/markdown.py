"""The campaign's outcome as one page of Markdown, for the docs."""

from __future__ import annotations

from pathlib import Path

from table_bench.campaign.catalogue import CASES
from table_bench.campaign.plan_of_runs import parse
from table_bench.campaign.report import (
    counts,
    reaction_rows,
    sort_out,
    undeclared,
    without_violation,
    worst_cases,
)
from table_bench.campaign.results import Result
from table_bench.campaign.verdict import LIMITS
from table_bench.campaign.violations import known


def write_markdown(results: list[Result], pairs: list[Result], path: Path) -> None:
    """Worst cases, faults survived, reaction times, pairs; made anew from the runs' files."""
    lines = [
        "# Fault campaign: results",
        "",
        "Made by `python -m table_bench.campaign report --markdown docs/campaign-results.md`."
        " What is tried, and how it is judged: [campaign.md](campaign.md).",
        "",
        "## One fault",
        "",
        *_outcome(results),
        *_worst(results),
        "## Faults survived",
        "",
        *_survived(results),
        "## Reaction times",
        "",
        "Seconds from the cause, median / greatest (runs), from phases in which the way home had"
        " not begun. Drive off and relay open are given where they come before the way home: a"
        " table that goes home at once removes no power. After RETURN: from the press.",
        "",
        "| cause | runs | drive off | relay open | homeward by itself | homeward after RETURN |",
        "|---|---|---|---|---|---|",
        *(
            f"| {cause} | {count} | " + " | ".join(cells) + " |"
            for cause, count, cells in reaction_rows(results)
        ),
        "",
    ]
    if pairs:
        lines += ["## Two faults at once", "", *_outcome(pairs), *_worst(pairs)]
        lines += _found(pairs)
    path.write_text("\n".join(lines).rstrip() + "\n", "utf-8")


def _outcome(results: list[Result]) -> list[str]:
    found = sort_out(results)
    virtual_h = sum(result.virtual_s for result in results) / 3600
    return [
        f"{len(results)} runs, {virtual_h:.1f} hours of the table's time: {len(found.clean)}"
        f" without any violation, {len(found.declared)} with known ones only,"
        f" {len(found.bad)} with others.",
        "",
    ]


def _worst(results: list[Result]) -> list[str]:
    clean = {worst.measure: worst.value for worst in worst_cases(results, without_violation)}
    lines = [
        "| measure | worst | limit | worst without a violation | replay |",
        "|---|---|---|---|---|",
    ]
    for worst in worst_cases(results):
        limit = LIMITS[worst.measure]
        best = f"{clean[worst.measure]:.2f}" if worst.measure in clean else "-"
        replay = f"`{worst.run_id}`" if worst.value else ""
        lines.append(
            f"| {limit.text}, {limit.unit} | {worst.value:.2f} | {limit.most:g} | {best}"
            f" | {replay} |"
        )
    return [*lines, ""]


def _survived(results: list[Result]) -> list[str]:
    by_fault = {fault: [0, 0, 0] for fault in CASES}
    for (fault, _), row in counts(results).items():
        for index, count in enumerate(row):
            by_fault[fault][index] += count
    tried = {fault: row for fault, row in by_fault.items() if row[2]}
    whole = [fault for fault, row in tried.items() if row[0] == row[2]]
    lines = [f"{len(whole)} of {len(tried)} faults tried were survived in every run.", ""]
    rest = [fault for fault in tried if fault not in whole]
    if rest:
        lines += ["| fault | survived / tried | what is known |", "|---|---|---|"]
        for fault in rest:
            reasons = _reasons(results, fault)
            lines.append(f"| {fault} | {tried[fault][0]} / {tried[fault][2]} | {reasons} |")
        lines.append("")
    return lines


def _reasons(results: list[Result], fault: str) -> str:
    found = set()
    for result in results:
        run = parse(result.run_id)
        if fault in run.faults:
            for name in result.violations:
                value = result.measures[name]
                found.add(known(run, name, value) or f"NOT KNOWN: {name} {value:.2f}")
    return "; ".join(sorted(found))


def _found(results: list[Result]) -> list[str]:
    """Pairs that break a limit: nobody promised these, but they are told."""
    bad = sort_out(results).bad
    if not bad:
        return []
    lines = ["| run | beyond its limit |", "|---|---|"]
    for result in sorted(bad, key=lambda result: result.run_id):
        values = result.error or ", ".join(
            f"{name} {result.measures[name]:.2f}" for name in undeclared(result)
        )
        lines.append(f"| `{result.run_id}` | {values} |")
    return [*lines, ""]
