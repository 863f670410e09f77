"""What the verdicts amount to: a table, the survivors with their reasons, what is wrong."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.forks import CRASHED, KILLED, SURVIVED, TIMEOUT, Result
from tests.mutation.mutants import Key, Mutant

BEGIN = "<!-- From here to the end: written by `make mutation`. -->"


@dataclass(frozen=True)
class Declared:
    """A mutant that is no defect, and why not."""

    key: Key
    reason: str
    verdict: str = SURVIVED


def problems(
    mutants: Sequence[Mutant],
    results: Iterable[Result],
    declared: Sequence[Declared],
    gone: Iterable[Declared],
) -> list[str]:
    """Everything for which the gate must fail; [] when it passes."""
    found = []
    verdicts = {result.key: result for result in results}
    expected = {d.key: d for d in declared}
    if len(expected) != len(declared):
        found.append("WRONG a mutant is declared twice")
    for d in declared:
        if not d.reason.strip():
            found.append(f"WRONG declared without a reason: {d.key.told()}")
    for d in gone:
        found.append(f"WRONG declared, but there is no such mutant: {d.key.told()}")
    for mutant in mutants:
        result = verdicts.get(mutant.key)
        if result is None:
            found.append(f"WRONG no verdict: {mutant.key.told()}")
            continue
        foreseen = expected.get(mutant.key)
        if foreseen is None:
            if result.verdict != KILLED:
                text = f"WRONG {result.verdict}, line {mutant.line}: {mutant.key.told()}"
                if result.verdict != SURVIVED:
                    text += f"\n    in {result.by or 'no test'}: {result.detail}"
                found.append(text)
        elif result.verdict != foreseen.verdict:
            text = f"WRONG declared as {foreseen.verdict}, but {result.verdict}"
            found.append(f"{text} by {result.by}: {mutant.key.told()}")
    return found


HEADS = ("file", "mutants", "killed", "time-out", "crashed", "equivalent", "survived", "score")


def rows(
    files: Iterable[str],
    mutants: Iterable[Mutant],
    results: Iterable[Result],
    declared: Iterable[Declared],
) -> list[tuple[str, ...]]:
    """A row for each file and one for all; the score leaves out what is declared equivalent."""
    expected = {d.key for d in declared}
    kinds: dict[str, Counter[str]] = {file: Counter() for file in files}
    total: Counter[str] = Counter()
    for mutant in mutants:
        for count in (kinds[mutant.key.file], total):
            count["mutants"] += 1
    for result in results:
        verdict = result.verdict
        if result.key in expected and verdict == SURVIVED:
            verdict = "equivalent"
        for count in (kinds[result.key.file], total):
            count[verdict] += 1
    table = []
    for name, count in [*((Path(f).name, kinds[f]) for f in kinds), ("all", total)]:
        meant = count["mutants"] - count["equivalent"]
        score = f"{100 * count[KILLED] / meant:.1f} %" if meant else "-"
        numbers = [count[k] for k in ("mutants", KILLED, TIMEOUT, CRASHED, "equivalent", SURVIVED)]
        table.append((name, *map(str, numbers), score))
    return table


def summary(
    files: Sequence[str],
    mutants: Sequence[Mutant],
    results: Sequence[Result],
    declared: Sequence[Declared],
) -> str:
    """The table, for a terminal; and the tests that killed most."""
    table = [HEADS, *rows(files, mutants, results, declared)]
    widths = [max(len(row[at]) for row in table) for at in range(len(HEADS))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in table
    ]
    kills = Counter(result.by for result in results if result.verdict == KILLED)
    lines.append(f"{len(kills)} tests killed; those that killed most:")
    lines += [f"{count:5}  {name}" for name, count in kills.most_common(10)]
    return "\n".join(lines)


def write_page(
    path: Path,
    files: Sequence[str],
    mutants: Sequence[Mutant],
    results: Sequence[Result],
    declared: Sequence[Declared],
) -> None:
    """The part of the page that is made anew by each complete run."""
    kept = (
        path.read_text("utf-8").partition(BEGIN)[0] if path.exists() else "# Mutation testing\n\n"
    )
    lines = [BEGIN, "", "## Score", "", "| " + " | ".join(HEADS) + " |"]
    lines.append("|---" + "|--:" * (len(HEADS) - 1) + "|")
    lines += ["| " + " | ".join(row) + " |" for row in rows(files, mutants, results, declared)]
    verdicts = {result.key: result.verdict for result in results}
    lines += ["", "## Not killed, and why", ""]
    for d in declared:
        if verdicts.get(d.key) == d.verdict:
            place = f"`{Path(d.key.file).name}` `{d.key.function}`"
            lines += [f"- {place}: `{d.key.before}` → `{d.key.after}`", f"  {d.reason.strip()}"]
    unknown = [m.key for m in mutants if verdicts.get(m.key) != KILLED]
    unknown = [key for key in unknown if key not in {d.key for d in declared}]
    for key in unknown:
        place = f"`{Path(key.file).name}` `{key.function}`"
        lines += [f"- {place}: `{key.before}` → `{key.after}`", "  **Not declared.**"]
    path.write_text(kept + "\n".join(lines) + "\n", "utf-8")
