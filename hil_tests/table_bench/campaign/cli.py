"""`python -m table_bench.campaign`: run a campaign, replay one run, write the report anew."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from table_bench.campaign.markdown import write_markdown
from table_bench.campaign.picture import draw
from table_bench.campaign.plan_of_runs import Run, UnknownRun, parse, runs
from table_bench.campaign.play import Unreachable, play
from table_bench.campaign.report import summary, undeclared, worst_cases, write_csv, write_page
from table_bench.campaign.results import Result, ResultFile
from table_bench.campaign.verdict import LIMITS, judge
from table_bench.campaign.violations import known, unknown
from table_bench.campaign.workers import NoDask, carry_out_all
from table_bench.reporting.drawing import NoMatplotlib

OK, FOUND, USAGE = 0, 1, 2
_TELL_EVERY_S = 20.0


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 0 = nothing found, 1 = violations, 2 = cannot do that."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.act(options))
    except (UnknownRun, Unreachable, NoDask, NoMatplotlib, OSError) as error:
        print(f"campaign: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on from here.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m table_bench.campaign", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="carry out a campaign, or the rest of one")
    run.add_argument("--out", type=Path, default=Path("build/campaign"), help="folder for results")
    run.add_argument("--runs", type=_natural, default=2000, help="how many, one fault in each")
    run.add_argument("--pairs", type=_natural, default=0, help="how many more, two faults in each")
    run.add_argument("--seed", type=int, default=1, help="chooses riders, plans, moments")
    run.add_argument("--workers", type=_natural, default=2, help="processes on this machine")
    run.add_argument("--scheduler", help="Dask scheduler of a cluster, tcp://HOST:PORT")
    run.add_argument("--no-pictures", action="store_true", help="replay no worst case")
    run.set_defaults(act=_run)
    replay = commands.add_parser("replay", help="play one run again and draw it")
    replay.add_argument("run_id", metavar="RUN_ID")
    replay.add_argument("--png", type=Path, help="picture (default: replay.png)")
    replay.set_defaults(act=_replay)
    report = commands.add_parser("report", help="write table and page of finished runs")
    report.add_argument("--out", type=Path, default=Path("build/campaign"))
    report.add_argument("--markdown", type=Path, metavar="FILE", help="the tables for the docs too")
    report.set_defaults(act=_report_again)
    return parser


def _natural(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be below 0")
    return value


def _run(options: argparse.Namespace) -> int:
    options.out.mkdir(parents=True, exist_ok=True)
    singles = runs(options.runs, options.seed)
    pairs = runs(options.pairs, options.seed, pairs=True)
    for file, wanted in zip(_files(options.out), (singles, pairs), strict=True):
        _finish(options, file, wanted)
    return _report(options.out, singles, pairs, pictures=not options.no_pictures)


def _report_again(options: argparse.Namespace) -> int:
    code = _report(options.out, None, None)
    if options.markdown is not None:
        singles, pairs = (_chosen(file, None) for file in _files(options.out))
        write_markdown(singles, pairs, options.markdown)
        print(options.markdown)
    return code


def _finish(options: argparse.Namespace, file: ResultFile, wanted: list[Run]) -> None:
    """Carry out what the file does not hold yet."""
    done = file.read()
    # Two draws may give the same run: it is carried out once.
    todo = list(dict.fromkeys(run.run_id for run in wanted if run.run_id not in done))
    if len(todo) < len(wanted):
        print(f"{file.path}: {len(wanted) - len(todo)} of {len(wanted)} runs are there already")
    started_s = told_s = time.monotonic()
    bad = 0
    if not todo:
        return
    for count, result in enumerate(
        carry_out_all(todo, options.workers, options.scheduler), start=1
    ):
        file.append([result])
        bad += bool(undeclared(result))
        now_s = time.monotonic()
        if now_s - told_s >= _TELL_EVERY_S or count == len(todo):
            told_s = now_s
            left_s = (now_s - started_s) / count * (len(todo) - count)
            print(f"{count}/{len(todo)} runs, {bad} with violations, {left_s / 60:.0f} min left")


def _files(out: Path) -> tuple[ResultFile, ResultFile]:
    """Where the runs with one fault stand, and those with two."""
    return ResultFile(out / "runs.jsonl"), ResultFile(out / "pairs.jsonl")


def _report(
    out: Path, singles: list[Run] | None, pairs: list[Run] | None, pictures: bool = False
) -> int:
    """Table, page and summary: of these runs, or of all in the folder."""
    file, pair_file = _files(out)
    results, pair_results = _chosen(file, singles), _chosen(pair_file, pairs)
    write_csv(results + pair_results, out / "campaign.csv")
    if pictures:
        _draw_worst(out, results + pair_results)
    write_page(results, pair_results, out / "campaign.html", _pictures(out))
    print(summary(results))
    if pair_results:
        print("\nTwo faults at once:")
        print(summary(pair_results))
    print(f"\n{out / 'campaign.csv'}\n{out / 'campaign.html'}")
    return FOUND if any(undeclared(result) for result in results) else OK


def _draw_worst(out: Path, results: list[Result]) -> None:
    """Replay the worst case of each measure and draw it."""
    folder = out / "worst"
    folder.mkdir(exist_ok=True)
    try:
        for run_id in sorted({worst.run_id for worst in worst_cases(results) if worst.value}):
            run = parse(run_id)
            outcome = play(run)
            draw(run, outcome, judge(run, outcome), folder / (run_id.replace(":", ",") + ".png"))
    except NoMatplotlib as error:
        print(f"no pictures of the worst cases: {error}", file=sys.stderr)


def _pictures(out: Path) -> dict[str, str]:
    """Run id -> its picture, as the page links to it."""
    return {
        path.stem.replace(",", ":"): f"{path.parent.name}/{path.name}"
        for path in (out / "worst").glob("*.png")
    }


def _chosen(file: ResultFile, wanted: list[Run] | None) -> list[Result]:
    done = file.read()
    if wanted is None:
        return list(done.values())
    return [done[run_id] for run_id in dict.fromkeys(run.run_id for run in wanted)]


def _replay(options: argparse.Namespace) -> int:
    run = parse(options.run_id)
    outcome = play(run)
    verdict = judge(run, outcome)
    for name, value in verdict.measures.items():
        limit = LIMITS[name]
        mark = ""
        if name in verdict.violations:
            reason = known(run, name, value)
            mark = f"  KNOWN: {reason}" if reason else "  VIOLATION"
        print(f"{name:18} {value:9.3f} of {limit.most:g} {limit.unit}{mark}")
    for name, at_s in verdict.times.items():
        print(f"{name:18} {'-' if at_s is None else f'{at_s:9.3f} s after the injection'}")
    words = [(at_s, f"firmware: {state} {fault}") for at_s, state, fault in outcome.firmware]
    for at_s, text in sorted([*outcome.events, *words]):
        print(f"{at_s - outcome.injected_s:9.2f} s  {text}")
    path = options.png or Path("replay.png")
    draw(run, outcome, verdict, path)
    print(path)
    return FOUND if unknown(run, verdict.violations, verdict.measures) else OK
