"""A few minutes of `make soak`, and proof that its verdict can fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from table_bench.soak import __main__ as soak
from table_bench.soak.samples import WARM_UP_S, Sample, judge

pytestmark = pytest.mark.needs("bench:virtual")


def test_a_few_minutes_keep_every_limit_and_make_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert soak.main(["--hours", "0.08", "--seed", "3", "--out", str(tmp_path)]) == soak.OK
    assert "NOT KEPT" not in capsys.readouterr().out
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "every limit was kept" in page
    assert "http" not in page  # nothing from elsewhere
    samples = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert samples[-1]["sessions"] >= 2
    assert samples[-1]["faults"] >= 1


def sample(hour: float) -> Sample:
    """A good one."""
    time_s = hour * 3600
    return Sample(
        time_s=time_s,
        uptime_s=time_s - 0.1,
        ticks=round(time_s * 100),
        late_ticks_away=0,
        truth_deg=-75.2,
        tilt_deg=-75.21,
        heap_free=115_000,
        log_lost=0,
        oldest_session=1,
        newest_session=round(hour * 30),
        open_files=12,
        sessions=round(hour * 30),
        faults=3,
        frames=100,
    )


GOOD = [sample(0.1 * number) for number in range(1, 80)]


def test_a_good_soak_is_good() -> None:
    assert [str(one) for one in judge(GOOD, 0.1) if not one.good] == []


BAD = {
    "clock off at the end": lambda one: replace(one, uptime_s=one.uptime_s * 1.0001),
    "ticks missed or doubled": lambda one: replace(one, ticks=one.ticks - int(one.time_s / 3600)),
    "late ticks in sessions": lambda one: replace(one, late_ticks_away=1),
    "worst tilt error at home": lambda one: replace(one, tilt_deg=-74.6),
    "drift of the tilt at home": lambda one: replace(
        one, tilt_deg=one.tilt_deg + one.time_s * 1e-5
    ),
    "heap lost since the warm-up": lambda one: replace(
        one, heap_free=one.heap_free - max(0, int(one.time_s - WARM_UP_S)) // 5
    ),
    "least heap free": lambda one: replace(one, heap_free=60_000),
    "log entries lost": lambda one: replace(one, log_lost=1),
    "open files more than at first": lambda one: replace(
        one, open_files=one.open_files + int(one.time_s / 3600)
    ),
}


def test_garbage_that_is_not_collected_yet_is_no_loss() -> None:
    late = GOOD[-1].time_s * 0.8
    samples = [
        replace(one, heap_free=one.heap_free - (number % 4 > 0) * 8_000 * (one.time_s > late))
        for number, one in enumerate(GOOD)
    ]
    assert [str(one) for one in judge(samples, 0.1) if not one.good] == []


@pytest.mark.parametrize("name", BAD)
def test_the_verdict_sees_what_is_wrong(name: str) -> None:
    found = judge([BAD[name](one) for one in GOOD], 0.1)
    assert name in [one.name for one in found if not one.good]


def test_a_plan_exceeded_and_a_soak_too_short_to_tell_are_not_good() -> None:
    assert [one.name for one in judge(GOOD, 1.5) if not one.good] == [
        "past the highest step of a plan"
    ]
    assert not any(one.good for one in judge(GOOD[:1], 0.1))


def test_what_strands_the_table_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "run", lambda *_: (GOOD, 0.1, "not HOME within 120 s"))
    assert soak.main(["--hours", "1", "--out", str(tmp_path)]) == soak.FOUND
    assert "not HOME within 120 s" in (tmp_path / "index.html").read_text("utf-8")
