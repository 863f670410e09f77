"""A sample of the fault campaign on the virtual bench, and proof that its verdict can fail."""

from __future__ import annotations

import builtins
import csv
import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inversion_table.session.plan import check
from table_bench.campaign import catalogue, cli, violations, workers
from table_bench.campaign.catalogue import CASES
from table_bench.campaign.markdown import write_markdown
from table_bench.campaign.plan_of_runs import (
    COURSES,
    PHASES,
    QUICK,
    Run,
    UnknownRun,
    parse,
    runs,
    sample,
)
from table_bench.campaign.play import Outcome
from table_bench.campaign.report import (
    reaction_rows,
    replay_command,
    summary,
    undeclared,
    write_page,
)
from table_bench.campaign.results import Result, ResultFile, carry_out
from table_bench.campaign.verdict import LIMITS, UnsetLimit, compare, judge
from table_bench.campaign.violations import ANY, KNOWN_VIOLATIONS, Known, known

pytestmark = pytest.mark.needs("bench:virtual")

# --- the sample ------------------------------------------------------------------------------

# One run of each case; test_catalogue.py tries each fault in a hold besides, on every bench.
SAMPLE = sample(len(CASES), seed=11, course=QUICK)
CHUNK = 5


@pytest.mark.parametrize("first", range(0, len(SAMPLE), CHUNK))
def test_one_fault_is_survived(first: int, used_flash: Path) -> None:
    results = [carry_out(run.run_id, used_flash) for run in SAMPLE[first : first + CHUNK]]
    declared = [result for result in results if result.violations and not undeclared(result)]
    for result in declared:
        warnings.warn(
            f"known violation of {', '.join(result.violations)}: {replay_command(result.run_id)}",
            stacklevel=1,
        )
    bad = [result for result in results if undeclared(result)]
    assert not bad, summary(bad)


def test_sample_holds_every_fault_and_every_phase() -> None:
    assert {run.faults[0] for run in SAMPLE} == set(CASES)
    assert {run.phase for run in SAMPLE} == set(PHASES)


# --- what is tried, and what is owed ---------------------------------------------------------


def test_every_fault_of_the_bench_is_tried() -> None:
    assert catalogue.untried() == []


@pytest.mark.parametrize("name", CASES)
def test_every_fault_says_what_is_owed(name: str) -> None:
    case = CASES[name]
    assert (case.reacts_s is None) == bool(case.goes_on)


@pytest.mark.parametrize("name", COURSES)
def test_plans_lie_inside_the_settings_that_they_are_run_with(name: str) -> None:
    assert check(COURSES[name].plan, COURSES[name].settings) == []


def test_known_violations_name_what_exists() -> None:
    for (fault, phase, measure), entry in KNOWN_VIOLATIONS.items():
        assert fault in (*CASES, ANY)
        assert phase in (*PHASES, ANY)
        assert entry.most > LIMITS[measure].most
        assert len(entry.reason) > 20


def test_a_known_violation_is_known_up_to_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    run = parse("gear_slips:home:80kg:short:1")
    monkeypatch.setitem(KNOWN_VIOLATIONS, ("gear_slips", "home", "tilt"), Known(91.0, "because"))
    assert known(run, "tilt", 91.0) == "because"
    assert known(run, "tilt", 91.1) == ""
    assert known(replace(run, phase="paused"), "tilt", 90.5) == ""
    assert violations.unknown(run, ("tilt", "rate"), {"tilt": 90.5, "rate": 9.9}) == ["rate"]


@pytest.mark.parametrize("pairs", [False, True])
def test_runs_are_the_same_every_time_and_a_longer_campaign_only_adds(pairs: bool) -> None:
    long = runs(1200, seed=3, pairs=pairs)
    assert runs(300, seed=3, pairs=pairs) == long[:300]
    assert runs(300, seed=4, pairs=pairs) != long[:300]
    assert [parse(run.run_id) for run in long] == long
    assert all(len(run.faults) == 1 + pairs for run in long)


def test_a_round_holds_every_fault_in_every_phase() -> None:
    first_round = runs(len(CASES) * len(PHASES))
    assert len({(run.faults, run.phase) for run in first_round}) == len(CASES) * len(PHASES)


@pytest.mark.parametrize(
    "run_id",
    [
        "gear_slips:home:80kg:short",
        "gear_slips:home:80kg:short:x",
        "no_such:home:80kg:short:1",
        "gear_slips:nowhere:80kg:short:1",
        "gear_slips:home:1kg:short:1",
        "gear_slips:home:80kg:nothing:1",
    ],
)
def test_unknown_run_ids_are_refused(run_id: str) -> None:
    with pytest.raises(UnknownRun):
        parse(run_id)


# --- the verdict can fail ----------------------------------------------------------------------

STEP_S = 0.01
INJECTED_S = 65.0
RUN = Run(("imu_primary_nack",), "holding", "80kg", "short", 1)


def path(*legs: tuple[float, float]) -> np.ndarray[Any, Any]:
    """Tilt every 10 ms from -75.3 deg over smooth legs of (tilt in deg, duration in s)."""
    tilt = [np.array([-75.3])]
    for target_deg, duration_s in legs:
        share = np.arange(1, round(duration_s / STEP_S) + 1) * STEP_S / duration_s
        here_deg = tilt[-1][-1]
        tilt.append(here_deg + (target_deg - here_deg) * share**2 * (3 - 2 * share))
    return np.concatenate(tilt)


def outcome(*legs: tuple[float, float], **changes: Any) -> Outcome:
    """A run whose bed goes these ways; by default to 30 deg and home, as it should."""
    tilt = path(*(legs or ((30, 60), (30, 6), (-75.3, 40), (-75.3, 3))))
    time_s = np.arange(len(tilt)) * STEP_S
    moving = np.gradient(tilt) != 0
    good = Outcome(
        time_s=time_s,
        tilt_deg=tilt,
        drive=np.where(moving, 0.3 * np.sign(np.gradient(tilt)), 0.0),
        relay=(time_s < time_s[-1] - 2).astype(float),
        limit_deg=30.0,
        head_down_max_s=60.0,
        injected_s=INJECTED_S,
        called_s=None,
        over_s=float(time_s[-1]),
        ended="home",
        end_tilt_deg=float(tilt[-1]),
        end_drive=0.0,
        end_relay=False,
        calls=0,
    )
    return replace(good, **changes)


def stepped(at_s: float, deg: float, over_s: float) -> Outcome:
    """The good run, but `deg` further within `over_s` at `at_s` and back at the end of the hold."""
    good = outcome()
    ramp = np.clip((good.time_s - at_s) / over_s, 0, 1) * deg
    return replace(good, tilt_deg=good.tilt_deg + ramp * (good.time_s < 66))


def test_a_good_run_is_good() -> None:
    verdict = judge(RUN, outcome())
    assert verdict.violations == ()
    homeward_s = verdict.times["homeward"]
    assert homeward_s is not None
    assert 1 < homeward_s < 4


BAD: dict[str, Callable[[], Outcome]] = {
    "tilt": lambda: outcome((91, 90), (-75.3, 90), (-75.3, 3), limit_deg=90.0, injected_s=91.0),
    "over_tilt": lambda: outcome(limit_deg=24.0),
    "rate": lambda: stepped(30.0, 6.0, 0.5),
    "speeding_up": lambda: stepped(30.0, 6.0, 0.8),
    "slowing_down": lambda: stepped(30.0, 9.0, 0.5),
    "head_down_excess": lambda: outcome(
        (30, 60), (30, 120), (-75.3, 60), (-75.3, 3), injected_s=179.0
    ),
    "outward_after": lambda: outcome((30, 60), (30, 6), (10, 20), (11, 10), (-75.3, 60)),
    "reaction_late": lambda: outcome((30, 60), (30, 10), (-75.3, 60), (-75.3, 3)),
    "way_home": lambda: outcome((30, 60), (30, 6), (-75.3, 260), (-75.3, 3)),
    "drive_at_end": lambda: outcome(end_drive=-0.2),
    "relay_at_end": lambda: outcome(end_relay=True),
    "from_home": lambda: outcome(ended="held", end_tilt_deg=-60.0),
    "stranded": lambda: outcome(ended="stranded"),
}


def test_there_is_a_bad_trace_for_every_measure() -> None:
    assert set(BAD) == set(LIMITS)


@pytest.mark.parametrize("measure", BAD)
def test_verdict_sees_a_bad_trace(measure: str) -> None:
    assert measure in judge(RUN, BAD[measure]()).violations


def test_a_measure_that_is_no_number_is_a_violation() -> None:
    good = judge(RUN, outcome()).measures
    assert compare({**good, "tilt": float("nan")}) == ("tilt",)


@pytest.mark.parametrize("name", LIMITS)
def test_a_measure_without_a_limit_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(LIMITS, name)
    with pytest.raises(UnsetLimit):
        judge(RUN, outcome())


def test_only_what_is_declared_may_stay_away_from_home() -> None:
    held = outcome(ended="held", end_tilt_deg=30.0)
    assert judge(RUN, held).violations == ("from_home",)
    dead = replace(RUN, faults=("motor_disconnected",))
    assert judge(dead, held).violations == ()
    assert judge(dead, replace(held, end_relay=True)).violations == ("relay_at_end",)
    welded = replace(RUN, faults=("relay_welded",))
    assert judge(welded, outcome(end_relay=True)).violations == ()


def test_times_of_reaction_are_counted_from_the_injection() -> None:
    good = outcome()
    opened_s = INJECTED_S + 0.3
    verdict = judge(RUN, replace(good, relay=(good.time_s < opened_s).astype(float)))
    assert verdict.times["relay_open"] == pytest.approx(0.3, abs=0.03)
    assert verdict.times["drive_off"] is None  # it was off already


# --- results, report, command ------------------------------------------------------------------


def result(run: Run = RUN, **measures: float) -> Result:
    verdict = judge(run, outcome())
    found = {**verdict.measures, **measures}
    return Result(run.run_id, "home", 0, found, verdict.times, compare(found))


def test_an_interrupted_file_goes_on(tmp_path: Path) -> None:
    file = ResultFile(tmp_path / "runs.jsonl")
    first, second = result(), result(replace(RUN, seed=2), tilt=91.0)
    file.append([first])
    with file.path.open("a") as stream:
        stream.write(json.dumps({"run_id": "cut"})[:9])
    file.append([second])
    assert file.read() == {first.run_id: first, second.run_id: second}


def test_page_shows_the_worst_case_and_how_to_see_it_again(tmp_path: Path) -> None:
    bad = result(replace(RUN, seed=9), tilt=93.5)
    write_page([result(), bad], [], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert replay_command(bad.run_id) in page
    assert "93.50" in page
    assert "1 of 2 runs survived" in page
    assert "http" not in page  # nothing from elsewhere
    assert undeclared(bad) == ["tilt"]


def test_a_run_that_cannot_be_played_is_a_failure() -> None:
    broken = Result(RUN.run_id, error="the bed never moved")
    assert undeclared(broken) == ["the bed never moved"]
    assert "the bed never moved" in summary([broken])


def test_without_dask_plain_processes_do_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import_module = builtins.__import__

    def without_dask(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("dask"):
            raise ImportError(name)
        return import_module(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_dask)
    assert list(workers.carry_out_all([], 2, None)) == []
    assert "Dask is not installed" in capsys.readouterr().err
    with pytest.raises(workers.NoDask, match="pip install"):
        workers.carry_out_all([], 2, "tcp://127.0.0.1:1")


def test_command_resumes_and_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played: list[str] = []

    def pretend(run_ids: list[str], *_: object) -> list[Result]:
        played.extend(run_ids)
        return [result(parse(run_id)) for run_id in run_ids]

    monkeypatch.setattr(cli, "carry_out_all", pretend)
    out = ["--out", str(tmp_path), "--workers", "1", "--no-pictures"]
    assert cli.main(["run", *out, "--runs", "3"]) == cli.OK
    assert cli.main(["run", *out, "--runs", "5", "--pairs", "2"]) == cli.OK
    assert len(played) == 7
    assert "3 of 5 runs are there already" in capsys.readouterr().out
    with (tmp_path / "campaign.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 7
    monkeypatch.setattr(
        cli, "carry_out_all", lambda ids, *_: [result(parse(run_id), tilt=99.0) for run_id in ids]
    )
    assert cli.main(["run", *out, "--runs", "6"]) == cli.FOUND
    assert "VIOLATION tilt 99.00" in capsys.readouterr().out


def test_command_says_what_is_wrong_with_a_run_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", "nonsense"]) == cli.USAGE
    assert "is no run id" in capsys.readouterr().err


def test_replay_is_the_same_run_and_draws_it(
    used_flash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("table_bench.campaign.play.used_flash", lambda: used_flash)
    run_id = "motor_stalled:home:80kg:short:2"
    first = carry_out(run_id)
    assert replace(carry_out(run_id), wall_s=first.wall_s) == first
    picture = tmp_path / "replay.png"
    assert cli.main(["replay", run_id, "--png", str(picture)]) == cli.OK
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_limit_of_time_head_down_counts_from_when_it_was_reached() -> None:
    nobody = replace(RUN, faults=(catalogue.NOBODY,), phase="paused")
    times = judge(nobody, outcome()).times
    late = {**times, "limit": 20.0, "homeward": 20.7, "called": None}
    before = {**times, "limit": 20.0, "homeward": 5.0, "called": None}
    rows = [Result(nobody.run_id, "home", 0, {}, found) for found in (late, before)]
    row = {cause: (count, cells) for cause, count, cells in reaction_rows(rows)}
    count, cells = row["limit: time head-down"]
    assert count == 1
    assert cells[2] == "0.70 / 0.70 (1)"


def test_markdown_tells_what_was_not_survived(tmp_path: Path) -> None:
    pair = replace(RUN, faults=("gear_slips", "relay_dead"))
    page = tmp_path / "results.md"
    write_markdown([result(), result(replace(RUN, seed=2), tilt=93.5)], [result(pair)], page)
    text = page.read_text("utf-8")
    assert "0 of 1 faults tried were survived in every run." in text
    assert f"| {RUN.faults[0]} | 1 / 2 | NOT KNOWN: tilt 93.50 |" in text
    assert "## Two faults at once" in text
