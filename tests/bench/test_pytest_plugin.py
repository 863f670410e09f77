"""The bench's pytest plugin, run by pytest as its user runs it: what fails, what is skipped, what
is written down."""

import cProfile
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from inversion_table.contract import frame
from table_bench.operator import Operator
from table_bench.timeline import Recording, Timeline, load
from table_bench.timeline.__main__ import main as draw
from table_bench.timeline.store import Told
from table_bench.virtual import VirtualTable

TESTS = '''
import os

import pytest

from table_bench.operator import simple_plan


@pytest.mark.requirement("RQ-033")
@pytest.mark.measures("open after", "ms", at_most=50, proves="RQ-033")
def test_good(operator, measured):
    """What it shows."""
    operator.upload(simple_plan((-60, 5)))
    operator.press("START")
    operator.wait_for_tilt(-70)
    operator.table.set_estop(True)
    operator.wait(0.1)
    measured["open after"] = 12


@pytest.mark.measures("never set", "V", at_least=2)
@pytest.mark.measures("too much", "deg", at_most=0.5)
@pytest.mark.measures("no number", "deg", at_most=0.5)
def test_measurements(operator, measured):
    operator.status()
    operator.table.inject("imu_monitor_nack")
    operator.wait(1)
    measured["too much"] = 0.6
    measured["no number"] = float("nan")
    with pytest.raises(KeyError, match="'other'; declared: never set, too much, no number"):
        measured["other"] = 1
    with pytest.raises(ValueError, match="set already"):
        measured["too much"] = 0.1


def test_leak(operator):
    os.pipe()


def test_unhealthy(operator):
    operator.table.inject("clock_drift", clock="rtc", ppm=-1_000_000)
    operator.wait(8)


@pytest.mark.leaves("CLOCKS_APART")
def test_left_on_purpose(operator):
    operator.table.inject("clock_drift", clock="rtc", ppm=-1_000_000)
    operator.wait(8)


@pytest.mark.leaves("CLOCKS_APART")
def test_left_in_vain(operator):
    operator.wait(0.1)


def test_long_and_does_not_say_so(operator):
    operator.wait(80)


@pytest.mark.needs("minutes")
def test_long(operator):
    operator.wait(80)


@pytest.mark.needs("bench:virtual")
def test_long_and_here_alone(operator):
    operator.wait(80)


@pytest.mark.needs("cycles", "bench:rig")
def test_needs(operator):
    assert False


def test_lacks(operator):
    from table_bench.bench import Bench
    Bench.ticks.fget(operator.table)
'''
CONFTEST = "from table_bench.pytest_plugin import *\n"


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    requirement(*ids)\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--strict-markers", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """All of TESTS by two workers: the folder, and what was printed."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "docs").mkdir()
    (folder / "docs" / "requirements.md").write_text("| RQ-033 | Stops <at> `ONCE`. | HZ-08 |\n")
    (folder / "test_it.py").write_text(TESTS)
    done = run_pytest(folder, "-n", "2", "--hil-report", "report", "-ra", ".")
    assert done.returncode == 1, done.stdout + done.stderr
    return folder, done.stdout


def test_what_fails_and_what_is_skipped_is_told_and_counted(ran: tuple[Path, str]) -> None:
    _, told = ran
    assert re.search(r"2 failed, 7 passed, 2 skipped, 3 errors", told)
    assert "never set was never set (limit: at least 2 V)" in told
    assert "too much is 0.6 deg (limit: at most 0.5 deg)" in told
    assert "no number is nan deg (limit: at most 0.5 deg)" in told
    assert "open file left over: pipe" in told
    assert "s of the table's time: it must say that it needs 'minutes'" in told
    unhealthy = "not healthy after the test: the controller says "
    assert unhealthy + "FAULT, CLOCKS_APART; expected: NO_FAULT" in told
    assert unhealthy + "HOME, NO_FAULT; expected: CLOCKS_APART" in told
    assert "2 skipped, because bench virtual lacks" in told
    assert "1 cycles: count the cycles of the chip" in told
    assert "1 bench:rig: is made for the bench rig alone" in told
    assert "1 tick_count: count the control ticks" in told
    assert "report/index.html" in told


def test_a_failure_has_a_timeline_and_a_picture(
    ran: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = ran
    timelines = folder / "report" / "timelines"
    kept = {path.stem for path in timelines.glob("*.npz")}
    assert kept == {
        f"test_it.py_test_{name}"
        for name in (
            "measurements",
            "leak",
            "unhealthy",
            "left_in_vain",
            "long_and_does_not_say_so",
        )
    }
    path = timelines / "test_it.py_test_measurements.npz"
    title, why, (timeline,) = load(path)
    assert title == "test_it.py::test_measurements"
    assert "too much is 0.6 deg" in why
    assert np.all(np.diff(timeline.signals["time_us"]) >= 0)
    assert np.allclose(timeline.signals["tilt_deg"], -75.3, atol=0.1)
    assert [note[1:] for note in timeline.notes] == [("fault", "imu_monitor_nack")]
    assert timeline.states()[-1][1] == "HOME"
    assert any('"status"' in line for _, line in timeline.lines(">"))
    picture = tmp_path / "again.png"
    assert draw([str(path), str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert draw([str(folder / "test_it.py")]) == 1
    assert "is no timeline" in capsys.readouterr().err
    assert draw([]) == 2


def test_a_timeline_tells_resets_and_why_a_press_was_refused() -> None:
    with VirtualTable(entry="import machine, time\ntime.sleep(1)\nmachine.reset()\n") as table:
        recording = Recording(table)
        table.advance(1_500)
        table.press("START")
        timeline = recording.timeline()
    (reset_ms, *reset), (_, *pressed) = timeline.notes
    assert 1_000 < reset_ms < 1_200
    assert (reset, pressed) == (["reset", "the controller was reset"], ["hand", "START 150 ms"])
    status = {"state": "HOME", "fault": "NO_FAULT", "refused": "RELAY_WELDED"}
    line = frame.encode({"jsonrpc": "2.0", "id": 1, "result": status}).decode("latin-1")
    told = Timeline({}, [], [(5.0, "<", line[:9]), (6.0, "<", line[9:])]).states()
    assert told == [Told(6.0, "HOME", "", "RELAY_WELDED")]
    assert told[0].words == "HOME (refused: RELAY_WELDED)"
    assert Told(0.0, "FAULT", "STALLED", "").words == "FAULT: STALLED"


def test_the_page_needs_nothing_else_and_says_all(ran: tuple[Path, str]) -> None:
    page = (ran[0] / "report" / "index.html").read_text("utf-8")
    assert "4 passed, 5 failed, 2 skipped" in page
    assert "1 of 3 measurements within their limits" in page
    assert "Stops &lt;at&gt; <code>ONCE</code>." in page
    assert "What it shows." in page
    assert "not healthy after the test" in page
    assert page.count("data:image/png;base64,") == 5
    assert "http" not in page


def test_junit_holds_versions_measurements_and_requirements(ran: tuple[Path, str]) -> None:
    tree = ElementTree.parse(ran[0] / "report" / "junit.xml")
    run = {one.get("name"): one.get("value") for one in tree.iterfind(".//testsuite/properties/*")}
    assert run["bench"] == "virtual"
    assert re.fullmatch(r"[0-9a-f]{16}", run["contract"] or "")
    assert {"git", "firmware", "MicroPython (unix)"} <= set(run)
    (good,) = (one for one in tree.iter("testcase") if one.get("name") == "test_good")
    assert [(one.get("name"), one.get("value")) for one in good.iter("property")] == [
        ("requirement", "RQ-033"),
        ("measurement open after", "open after is 12 ms (limit: at most 50 ms; RQ-033)"),
    ]


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("needs('wings')", "needs 'wings', which no bench knows; known: exact_time"),
        ("measures('a', 'V')", "measurement 'a' has no limit"),
        ("measures('a', 'V', at_most=1, proves='RQ-001')", "has no requirement mark for"),
        ("measures('a')", "missing 1 required positional argument: 'unit'"),
    ],
)
def test_a_wrong_mark_ends_the_run_before_it_begins(tmp_path: Path, mark: str, told: str) -> None:
    (tmp_path / "test_it.py").write_text(
        f"import pytest\n@pytest.mark.{mark}\ndef test_it(): pass\n"
    )
    done = run_pytest(tmp_path, ".")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_options_are_told_in_one_line(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--bench-option", "port", ".")
    assert "--bench-option 'port': give NAME=VALUE" in done.stderr
    done = run_pytest(tmp_path, "--bench", "desk", ".")
    assert "invalid choice: 'desk' (choose from" in done.stderr


def test_recording_costs_next_to_nothing() -> None:
    """Counted in calls of Python functions while a table is looked at each second."""
    calls = []
    for recorded in (False, True):
        with VirtualTable() as table:
            if recorded:
                Recording(table)
            operator = Operator(table)
            operator.wait_for_state("HOME", 60_000)
            counter = cProfile.Profile()
            counter.enable()
            for _ in range(20):
                operator.wait(1)
                operator.status()
            counter.disable()
            operator.close()
            calls.append(sum(entry.callcount for entry in counter.getstats()))
    assert calls[1] <= 1.02 * calls[0]


def test_what_makes_its_own_table_is_not_counted_for_another_bench() -> None:
    """Such a test passes on every bench, having touched none but its own."""
    folder = Path(__file__).parents[2] / "hil_tests"
    own = [path for path in folder.glob("test_*.py") if "VirtualTable(" in path.read_text("utf-8")]
    assert len(own) >= 3
    unmarked = [
        path.name for path in own if 'needs("bench:virtual")' not in path.read_text("utf-8")
    ]
    assert unmarked == []
