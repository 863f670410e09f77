"""`make mutation`: change the safety code in every small way and see a test fail each time."""

import argparse
import hashlib
import random
import sys
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tests.mutation import forks
from tests.mutation.forks import KILLED, SURVIVED, Plan, Result
from tests.mutation.mutants import Key, Source
from tests.mutation.report import Declared, problems, summary, write_page
from tests.project.coverage_gate import TESTS

ROOT = Path(__file__).resolve().parents[2]
SAFETY = "firmware/inversion_table/safety/"
SESSION = "firmware/inversion_table/session/"

# File -> the tests that its mutants meet before all others.
FILES = {
    SESSION + "sequencer.py": ("tests/session/test_sequencer_alone.py",),
    SAFETY + "limits.py": ("tests/safety/test_numbers.py", "tests/safety/test_tables.py"),
    SAFETY + "faults.py": ("tests/safety/test_numbers.py", "tests/safety/test_tables.py"),
    SAFETY + "ticks.py": ("tests/safety/test_numbers.py", "tests/safety/test_tables.py"),
    SAFETY + "monitors.py": (
        "tests/safety/test_monitors.py",
        "tests/safety/test_monitors_step.py",
    ),
    SAFETY + "travel.py": ("tests/safety/test_travel_step.py",),
    SAFETY + "memory.py": ("tests/safety/test_memory.py",),
    SAFETY + "guarded.py": ("tests/safety/test_memory.py",),
    SAFETY + "interlocks.py": ("tests/safety/test_kernel_step.py",),
    SAFETY + "kernel.py": ("tests/safety/test_kernel_step.py",),
}
THOROUGH = (
    "tests/safety",
    "tests/session/test_sequencer.py",
    "tests/session/test_sequencer_alone.py",
    "tests/session/test_tracking.py",
    "tests/explore/test_explore.py",
)
STAMPED = ("firmware/inversion_table/safety", "firmware/inversion_table/session", "tests/mutation")


def stamp(root: Path, folders: Iterable[str]) -> str:
    """A hash of everything that a verdict rests on."""
    digest = hashlib.sha256()
    for folder in folders:
        path = root / folder
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes() if file.exists() else b"")
    return digest.hexdigest()[:16]


def read_results(path: Path) -> list[Result]:
    """What is known from before, the last word for each mutant; a torn last line is left out."""
    found: dict[Key, Result] = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            result = Result.of_line(line)
        except (ValueError, TypeError, KeyError):
            continue
        found[result.key] = result
    return list(found.values())


def read_declared(path: Path) -> list[Declared]:
    """The mutants that are declared to be no defect, each with its reason."""
    rows = tomllib.loads(path.read_text("utf-8")).get("equivalent", []) if path.exists() else []
    declared = []
    for row in rows:
        reason, verdict = row.pop("reason"), row.pop("verdict", SURVIVED)
        declared.append(Declared(Key(**row), reason, verdict))
    return declared


def main(arguments: list[str] | None = None) -> int:
    """0 when each mutant was killed, or survived as declared."""
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--file", action="append", help="only this source; again for more")
    parser.add_argument("--function", help="only in this function")
    parser.add_argument("--tests", action="append", help="files and folders of tests")
    parser.add_argument("--sample", type=int, help="so many mutants, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder of the results (build/mutation)")
    parser.add_argument("--equivalents", type=Path)
    parser.add_argument(
        "--thorough", action="store_true", help="all tests, not only the close ones"
    )
    parser.add_argument("--afresh", action="store_true", help="forget the results from before")
    chosen = parser.parse_args(arguments)

    began = time.monotonic()
    root = chosen.root.resolve()
    own = root == ROOT
    files = chosen.file or list(FILES)
    tests = tuple(chosen.tests or (THOROUGH if chosen.thorough else TESTS))
    out = chosen.out or root / "build" / "mutation"
    out.mkdir(parents=True, exist_ok=True)
    declared = read_declared(chosen.equivalents or root / "tests/mutation/equivalents.toml")
    mutants = [mutant for file in files for mutant in Source(root, file).mutants()]
    there = {mutant.key for mutant in mutants}
    gone = [d for d in declared if d.key.file in files and d.key not in there]
    if chosen.function:
        mutants = [m for m in mutants if m.key.function == chosen.function]
    if chosen.sample is not None:
        dull = {d.key for d in declared}
        mutants = [mutant for mutant in mutants if mutant.key not in dull]
        picked = random.Random(chosen.seed).sample(mutants, min(chosen.sample, len(mutants)))
        mutants = [mutant for mutant in mutants if mutant in picked]

    path = out / "results.jsonl"
    now = stamp(root, (*STAMPED, *files, *tests))
    before = [] if chosen.afresh else read_results(path)
    keys = {mutant.key for mutant in mutants}
    results = [result for result in before if result.stamp == now and result.key in keys]
    known = {result.key for result in results}
    todo = [mutant for mutant in mutants if mutant.key not in known]
    plan = Plan(
        root,
        todo,
        tuple(str(root / test) for test in tests),
        first={f: tuple(str(root / t) for t in FILES.get(f, ())) for f in files} if own else {},
        hints={result.key: result.by for result in before if result.verdict == KILLED},
        jobs=chosen.jobs,
        select=chosen.sample is None,
    )
    print(
        f"{len(mutants)} mutants of {len(files)} files, {len(known)} known from before", flush=True
    )

    with path.open("a", encoding="utf-8") as lines, (out / "pytest.log").open("w") as log:

        def report(result: Result) -> None:
            result.stamp = now
            results.append(result)
            lines.write(result.line())
            lines.flush()
            if result.verdict != KILLED:
                print(f"{result.verdict}: {result.key.told()}", flush=True)
            elif len(results) % 100 == 0:
                print(f"{len(results)} of {len(mutants)}, {time.monotonic() - began:.0f} s")
            sys.stdout.flush()

        if todo:
            forks.run(plan, report, log)

    wrong = problems(mutants, results, declared, gone)
    print(summary(files, mutants, results, declared))
    print(f"{time.monotonic() - began:.0f} s")
    for text in wrong:
        print(text)
    whole = own and chosen.sample is None and not chosen.function and not chosen.file
    if whole:
        write_page(root / "docs/mutation.md", files, mutants, results, declared)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
