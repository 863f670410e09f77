"""The command line as people and scripts meet it: output, exit codes, error texts."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inversion_table.contract.messages import CLOCK_SET_FROM_S
from itable import __version__, exits
from itable.errors import RefusedError
from itable.link import ports
from itable.link.client import Client
from itable.link.clock import keep
from itable.plans.loading import load
from itable.plans.upload import upload
from itable.screen.chart import clock
from tests.host.fake_table import STATUS
from tests.host.logs import session_pages

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "host_tools/itable/templates/kim-2013-60deg.toml"

BAD = """\
format = 1
name = "Bad"

[[set]]

[[set.step]]
tilt_deg = 75
rate = 2
hold_s = 1
"""

BAD_REPORT = """\
bad.toml:7: set.step.tilt_deg: tilt 75.0 deg is outside -75.0 deg to 60.0 deg (this device's limit)
    7 │ tilt_deg = 75
allowed: tilt_deg from -75 (home) to 60 (tilt_max_mdeg)
why: nobody is tilted further than the table is set for (HZ-02)
bad.toml:8: set.step.rate: unknown key 'rate'; did you mean 'rate_deg_per_s'?
    8 │ rate = 2
allowed: keys here: tilt_deg, rate_deg_per_s, hold_s, hold_min
why: a key that nothing reads may be a typing error, and the prescription another one
2 problems in bad.toml
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with one good and one bad plan."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text(BAD)
    (tmp_path / "good.toml").write_text(TEMPLATE.read_text("utf-8"))
    return tmp_path


def test_version(run):
    assert run("--version").output == f"itable {__version__}\n"


def test_help_shows_every_exit_code(run):
    text = run("--help").output
    for code, meaning in exits.MEANINGS.items():
        assert re.search(rf"\b{code}\s+{re.escape(meaning)}", text)


def test_docs_say_the_same_exit_codes_and_columns():
    from itable.log.export import EVENT_COLUMNS, SAMPLE_COLUMNS

    page = (ROOT / "docs/itable.md").read_text("utf-8")
    for code, meaning in exits.MEANINGS.items():
        assert f"| {code} | {meaning} |" in page
    for columns in (SAMPLE_COLUMNS, EVENT_COLUMNS):
        for name, meaning in columns.items():
            assert f"| `{name}` | {meaning} |" in page


def test_the_plan_in_the_docs_is_good(tmp_path):
    page = (ROOT / "docs/plans.md").read_text("utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert examples
    for number, text in enumerate(examples):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "utf-8")
        assert load(path).found == []


# --- plans -----------------------------------------------------------------------------------


def test_check_of_a_good_plan(run, here):
    result = run("plan", "check", "good.toml")
    assert result.exit_code == exits.OK
    assert result.output.startswith("ok Kim 2013, 60 deg arm (id ")
    sums = load(TEMPLATE).sums()
    wanted = f"{clock(sums.total_ms)} min in all, {clock(sums.head_down_ms)} head-down"
    assert wanted in result.output.replace("\n", " ")


def test_check_of_a_bad_plan_prints_every_problem(run, here):
    result = run("plan", "check", "bad.toml")
    assert result.exit_code == exits.PROBLEM
    assert result.output == BAD_REPORT


def test_check_as_json(run, here):
    result = run("plan", "check", "bad.toml", "--json")
    assert result.exit_code == exits.PROBLEM
    answer = json.loads(result.output)
    assert (answer["ok"], answer["file"]) == (False, "bad.toml")
    assert [(one["line"], one["kind"]) for one in answer["problems"]] == [
        (7, "tilt"),
        (8, "unknown-key"),
    ]


def test_check_against_a_table(run, here, table):
    table.table.settings.tilt_max_mdeg = 45_000
    result = run("plan", "check", "good.toml", "--port", table.port)
    assert result.exit_code == exits.PROBLEM
    assert "tilt 60.0 deg is outside -75.0 deg to 45.0 deg" in result.output


def test_a_plan_that_is_not_there(run, here):
    result = run("plan", "check", "no.toml")
    assert result.exit_code == exits.PROBLEM
    assert result.stderr == (
        "error: cannot read the plan: No such file or directory\n"
        "where: no.toml\n"
        "next:  check the name; `itable plan templates` lists what there is to begin with\n"
    )
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["check", "preview", "upload"])
def test_a_folder_and_a_huge_file_are_no_plans(run, here, command):
    (here / "huge.toml").write_bytes(b"#" * 300_000)
    for name in (".", "huge.toml"):
        result = run("plan", command, name)
        assert result.exit_code == exits.PROBLEM
        assert "Traceback" not in result.output


def test_preview_draws_and_sums(run, here):
    result = run("plan", "preview", "good.toml", "--png", "plan.png")
    assert result.exit_code == exits.OK
    text = result.output
    assert "flat 0°" in text
    sums = load(TEMPLATE).sums()
    assert 900_000 < sums.total_ms < 1_000_000
    assert re.search(rf"total time +{clock(sums.total_ms)} +30:00", text)
    stretch = clock(sums.head_down_stretch_ms)
    assert re.search(rf"head-down at a stretch +{stretch} +6:00", text)
    assert "┐ 2 times" in text
    assert "! Not without screening" in text
    assert max(len(line) for line in text.splitlines()) <= 100
    picture = (here / "plan.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


def test_preview_of_a_bad_plan(run, here):
    result = run("plan", "preview", "bad.toml")
    assert (result.exit_code, result.output) == (exits.PROBLEM, BAD_REPORT)


def test_upload(run, here, table):
    result = run("plan", "upload", "good.toml", "--port", table.port)
    assert result.exit_code == exits.OK, result.output
    assert f"stored on the table at {table.port}" in result.output
    assert table.table.plan.name == "Kim 2013, 60 deg arm"


@pytest.mark.requirement("RQ-093")
@pytest.mark.parametrize(("off_s", "sets"), [(None, True), (-60, True), (3_600, True), (0, False)])
def test_an_upload_sets_a_clock_that_is_off(run, here, table, monkeypatch, off_s, sets):
    now_s = 1_789_000_000
    monkeypatch.setattr("itable.commands.plan.time.time", lambda: now_s + 0.9)
    table.table.status["unix_s"] = 0 if off_s is None else now_s + off_s
    assert run("plan", "upload", "good.toml", "--port", table.port).exit_code == exits.OK
    asked = [request["method"] for request in table.table.requests]
    assert ("clock.set" in asked) == sets
    assert table.table.status["unix_s"] == now_s


def test_a_busy_table_keeps_its_clock(table):
    table.table.busy = True
    with ports.connect(table.port) as client:
        assert not keep(client, CLOCK_SET_FROM_S)
        table.table.busy = False
        assert keep(client, CLOCK_SET_FROM_S)
        assert not keep(client, CLOCK_SET_FROM_S + 2)
        assert keep(client, CLOCK_SET_FROM_S + 3)
        assert not keep(client, CLOCK_SET_FROM_S - 1)  # a computer that knows no time


def test_upload_of_a_bad_plan_asks_the_table_nothing_more(run, here, table):
    result = run("plan", "upload", "bad.toml", "--port", table.port)
    assert result.exit_code == exits.PROBLEM
    asked = [request["method"] for request in table.table.requests]
    assert set(asked) <= {"hello", "settings.get", "status"}


def test_a_table_that_refuses_says_the_lines(here, table):
    # The table's limits are not those that the host checked with: its word is the last.
    table.table.settings.tilt_max_mdeg = 45_000
    judged = load(here / "good.toml")
    with ports.connect(table.port) as client, pytest.raises(RefusedError) as caught:
        upload(client, judged)
    lines = [step.line for one in judged.plan.sets for step in one.steps if step.tilt_mdeg]
    why = "tilt 60.0 deg is outside -75.0 deg to 45.0 deg (this device's limit)"
    assert caught.value.what == (
        f"the table refused the plan: line {lines[0]}: {why}; line {lines[1]}: {why}"
    )
    assert caught.value.where == f"{here}/good.toml, refused by the table at {table.port}"
    assert table.table.plan is None


# --- talking to a table ----------------------------------------------------------------------


def test_status_in_words(run, table):
    table.table.status.update(
        state="STOPPED",
        fault="ESTOP_PRESSED",
        fault_patient="The emergency stop is pressed.",
        fault_engineer="E-stop contact open",
        last_fault={
            "code": 1,
            "name": "ESTOP_PRESSED",
            "age_ms": 83_000,
            "state": "MOVING",
            "tilt_mdeg": 31_200,
            "rate_mdeg_per_s": 2_900,
            "current_ma": 2_450,
            "supply_mv": 24_000,
        },
        tilt_mdeg=30_000,
        head_down_ms=350_000,
    )
    table.table.status["inputs"] = {**STATUS["inputs"], "estop_pressed": True}
    text = run("status", "--port", table.port).output
    for words in (
        "Stopped: power is off",
        "The emergency stop is pressed.",
        "ESTOP_PRESSED: E-stop contact open",
        "30.0°",
        "5:50 of 6:00",
        "E-STOP PRESSED",
        "1:23 ago, moving at 31.2°, 2.9°/s, 2.5 A, 24.0 V",
        "Test plan",
    ):
        assert words in text


def test_status_as_json(run, table):
    result = run("status", "--json", "--port", table.port)
    assert json.loads(result.output) == STATUS


def test_port_from_the_environment(run, table, monkeypatch):
    monkeypatch.setenv("ITABLE_PORT", table.port)
    assert run("status").exit_code == exits.OK


def test_settings_are_shown_in_units_of_people(run, table):
    text = run("settings", "show", "--port", table.port).output
    assert re.search(r"tilt_max +60 deg +0 to 90 +60 +60 +furthest head-down", text)
    assert re.search(r"acceleration +2 deg/s2 +0.5 to 3 +2 +2 ", text)
    assert re.search(r"head_down_max +6 min +0.167 to 15 +6 +6 ", text)
    answer = json.loads(run("settings", "show", "--json", "--port", table.port).output)
    assert answer["settings"]["tilt_max_mdeg"] == 60_000


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["settings", "show"],
        ["log", "list", "--table"],
        ["log", "pull"],
        ["plan", "upload", str(TEMPLATE)],
    ],
)
def test_without_a_table(run, command):
    result = run(*command)
    assert result.exit_code == exits.NO_DEVICE
    assert result.stderr == (
        "error: no table found\n"
        "where: looked for USB boards (vendor 2e8a) and for virtual tables\n"
        "next:  connect the table, or run `itable sim` in another terminal, or name the port:"
        " --port PORT\n"
    )
    as_json = json.loads(run(*command, "--json").stdout)
    assert as_json["error"]["exit_code"] == exits.NO_DEVICE
    assert as_json["error"]["what"] == "no table found"


def test_a_busy_table(run, table):
    table.table.busy = True
    result = run("settings", "show", "--port", table.port)
    assert result.exit_code == exits.REFUSED
    assert result.stderr == (
        "error: the table refused: not while a session runs: settings.get\n"
        f"where: {table.port}\n"
        "next:  wait until the table is home, or press RETURN; then try again\n"
    )


def test_a_mute_table(run, table, monkeypatch):
    defaults = {**(Client.__init__.__kwdefaults__ or {}), "timeout_s": 0.1}
    monkeypatch.setattr(Client.__init__, "__kwdefaults__", defaults)
    table.table.mute = True
    result = run("status", "--port", table.port)
    assert result.exit_code == exits.LINK_FAILED
    assert result.stderr.startswith(
        "error: the table did not answer hello: no answer in 0.1 s, asked 3 times\n"
    )


def test_a_table_of_another_version(run, table):
    table.table.contract = "f" * 16
    table.table.firmware = "9.9.9"
    result = run("status", "--port", table.port)
    assert result.exit_code == exits.MISMATCH
    assert result.stderr.startswith("error: tool and table speak different versions (contract ")
    assert f"next:  update itable: it is {__version__}, the firmware is 9.9.9\n" in result.stderr


def test_verbose_shows_where_an_error_came_from(run, here):
    assert "Traceback" not in run("plan", "check", "no.toml").stderr
    assert "Traceback" in run("-v", "plan", "check", "no.toml").stderr


def test_a_fault_of_itable_itself_is_not_blamed_on_the_user(run, here, monkeypatch):
    def broken(path, settings=None):
        raise KeyError("oops")

    monkeypatch.setattr("itable.plans.loading.load", broken)
    result = run("plan", "check", "good.toml")
    assert result.exit_code == exits.INTERNAL
    assert result.stderr.startswith("error: itable itself failed: KeyError: 'oops'\n")


def test_wrong_usage(run):
    for command in (["plan", "check"], ["nope"], ["status", "--nope"], ["log", "pull", "0"]):
        assert run(*command).exit_code == exits.USAGE
    assert run("log", "pull", "3", "--all").exit_code == exits.USAGE


# --- logs ------------------------------------------------------------------------------------


def test_log_list_of_the_table(run, table):
    text = run("log", "list", "--port", table.port).output
    assert re.search(r"session +bytes +complete +pulled", text)
    assert re.search(rf"7 +{len(session_pages(7))} +yes +no", text)
    run("log", "pull", "7", "--port", table.port)
    text = run("log", "list", "--table", "--port", table.port).output
    assert re.search(rf"7 +{len(session_pages(7))} +yes +yes", text)
    table.table.logs = {}
    assert "no session was run yet" in run("log", "list", "--port", table.port).output


def test_log_pull_list_show_plot_export_import(run, table, here, own_home):
    assert "No session was pulled yet" in run("log", "list").output
    result = run("log", "pull", "--port", table.port)
    assert result.exit_code == exits.OK, result.output
    assert "session 8 is @1: 0:30 min, 300 samples, 5 events" in result.output
    store = own_home / ".local/share/itable/store.sqlite"
    assert str(store) in result.output.replace("\n", "")

    pulled = json.loads(run("log", "pull", "--all", "--json", "--port", table.port).output)
    assert [one["session"] for one in pulled["pulled"]] == [7, 8]
    assert [one["how"] for one in pulled["pulled"]] == ["new", "same"]
    assert table.table.pulled == {
        (number, 40 + len(data) // 256 - 1) for number, data in table.table.logs.items()
    }
    assert not list((own_home / ".local/share/itable/partial").iterdir())

    text = run("log", "list").output
    assert re.search(r"@1 +8 .*Test plan +0:30 +1:40 +30\.4° +session timeout", text), text
    kept = json.loads(run("log", "list", "--json").output)
    assert [one["number"] for one in kept["sessions"]] == [8, 7]

    text = run("log", "show", "7").output
    for words in ("Test plan", "session 7 · fake-1", "flat 0°", "session timeout: The session's"):
        assert words in text
    answer = json.loads(run("log", "show", "fake-1/7", "--json").output)
    assert (answer["samples"], answer["missing"]) == (3000, [])
    assert answer["end"]["head_down_ms"] == 100_000

    assert run("log", "plot", "7").exit_code == exits.OK
    assert (here / "session-00007.png").stat().st_size > 40_000

    raw = here / "x.itlog"
    assert run("log", "export", "@1", "--raw", raw, "--csv", "x.csv").exit_code == exits.OK
    assert raw.read_bytes() == session_pages(8, count=300)
    assert (here / "x.csv").read_text().count("\n") == 301
    assert (here / "x-events.csv").read_text().count("\n") == 6

    text = run("log", "import", raw, "--device", "fake-1").output
    assert text.startswith("was here: ")
    text = run("log", "import", raw, "--device", "other", "--store", here / "s.sqlite").output
    assert text.startswith("kept: ")
    result = run("log", "show", "8", "--json", "--store", here / "s.sqlite")
    assert json.loads(result.output)["device"] == "other"
    assert json.loads(run("log", "show", raw, "--json").output)["samples"] == 300


def test_log_show_of_a_number_pulls_when_a_port_is_given(run, table, monkeypatch):
    assert run("log", "show", "7", "--port", table.port).exit_code == exits.OK
    assert len(json.loads(run("log", "list", "--json").output)["sessions"]) == 1
    # A port in the environment is for those that need a table.
    monkeypatch.setenv("ITABLE_PORT", "/dev/nowhere")
    assert run("log", "show", "7").exit_code == exits.OK
    assert run("log", "list").exit_code == exits.OK
    assert run("log", "list", "--table").exit_code == exits.NO_DEVICE


def test_log_pull_while_a_session_runs(run, table):
    table.table.busy = True
    result = run("log", "pull", "7", "--port", table.port)
    assert result.exit_code == exits.OK
    assert "the table was not told: a session runs; the next pull tells it" in result.output
    table.table.busy = False
    result = run("log", "pull", "7", "--port", table.port)
    assert "was here already" in result.output
    assert "not told" not in result.output
    assert len(table.table.pulled) == 1


def test_log_errors(run, table, here, own_home):
    result = run("log", "show", "3")
    assert result.exit_code == exits.PROBLEM
    assert result.stderr == (
        "error: session 3 was not pulled yet\n"
        f"where: {own_home}/.local/share/itable/store.sqlite\n"
        "next:  `itable log list` shows what there is; `itable log pull` brings more\n"
    )
    result = run("log", "pull", "99", "--port", table.port)
    assert result.exit_code == exits.PROBLEM
    assert result.stderr.startswith("error: the table has no session 99\n")
    result = run("log", "show", str(TEMPLATE))
    assert result.exit_code == exits.PROBLEM
    assert result.stderr.startswith("error: there is no session in this file\n")
    result = run("log", "plot", "no.itlog")
    assert result.stderr.startswith("error: cannot read the log: No such file or directory\n")
    for name in ("a", "b"):
        raw = here / f"{name}.itlog"
        raw.write_bytes(session_pages(4, count=3))
        assert run("log", "import", raw, "--device", name).exit_code == exits.OK
    result = run("log", "show", "4")
    assert result.stderr == (
        "error: there are 2 sessions 4\n"
        "where: @1: a/4; @2: b/4\n"
        "next:  choose one by its id, as in @2\n"
    )
    assert run("log", "show", "@2").exit_code == exits.OK
    assert run("log", "show", "b/4").exit_code == exits.OK
    table.table.logs = {}
    result = run("log", "pull", "--port", table.port)
    assert result.stderr.startswith("error: the table's log is empty\n")


def test_a_place_that_cannot_be_written(run, table, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    for command, words in (
        (["log", "pull", "--store", blocked / "s", "--port", table.port], "cannot make the folder"),
        (["plan", "preview", TEMPLATE, "--png", blocked / "x.png"], "cannot write: "),
    ):
        result = run(*command)
        assert result.exit_code == exits.PROBLEM
        assert f"error: {words}" in result.stderr


# --- as a program ----------------------------------------------------------------------------


def program(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "itable", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_the_program_ends_with_the_exit_code(here):
    good = program("plan", "check", "good.toml")
    assert (good.returncode, good.stderr) == (exits.OK, "")
    assert "\x1b" not in good.stdout
    bad = program("plan", "check", "bad.toml")
    assert (bad.returncode, bad.stdout) == (exits.PROBLEM, BAD_REPORT)
    missing = program("plan", "check", "no.toml", "--json")
    assert missing.returncode == exits.PROBLEM
    assert json.loads(missing.stdout)["error"]["where"] == "no.toml"


def test_version_imports_nothing_slow():
    code = (
        "import sys; sys.argv = ['itable', '--version']; import itable.cli; itable.cli.main();"
        "slow = {'typer', 'rich', 'pydantic', 'serial', 'matplotlib', 'numpy'} & set(sys.modules);"
        "sys.exit(repr(slow) if slow else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (0, f"itable {__version__}\n"), result.stderr


def test_checking_a_plan_needs_no_serial_port_and_no_pictures():
    code = (
        f"import sys; sys.argv = ['itable', 'plan', 'check', {str(TEMPLATE)!r}]\n"
        "import itable.cli\n"
        "try:\n    itable.cli.main()\nexcept SystemExit:\n    pass\n"
        "slow = {'serial', 'matplotlib', 'numpy'} & set(sys.modules)\n"
        "sys.exit(repr(slow) if slow else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def test_watch_on_a_terminal_is_redrawn_until_ctrl_c(table):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "itable", "status", "--watch", "--every", "0.1", "-p", table.port],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    deadline = time.monotonic() + 30
    while seen.count(b"At home") < 3 and time.monotonic() < deadline:
        if select.select([master], [], [], 0.5)[0]:
            seen += os.read(master, 65536)
    process.send_signal(signal.SIGINT)
    end = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                break
    assert process.wait(10) == exits.OK
    os.close(master)
    assert seen.count(b"At home") >= 3
    assert b"Traceback" not in seen
