"""Patients on the command line: who gets a plan, whose a session is, and every error's words."""

import datetime
import hashlib
import json
import re
import sqlite3
from typing import Any

import pytest

from itable import exits
from itable.clinic import asking
from itable.clinic.contraindications import KEYS, QUESTIONS
from itable.clinic.screening import blank
from itable.commands import programme as programme_command
from itable.errors import LinkError
from itable.link.client import Client
from itable.store.clinic import Clinic
from tests.host.logs import session_pages

PLAN = 'format = 1\nname = "Small"\n[[set]]\n[[set.step]]\ntilt_deg = 20\nhold_s = 30\n'
APPROVE = ("--approve", "--by", "Dr. M. Okafor", "--reason", "treated")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a plan, and answers files: all no, and one yes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(PLAN)
    no = blank().replace('"unanswered"\n', '"no"\n')
    (tmp_path / "no.toml").write_text(no)
    (tmp_path / "yes.toml").write_text(no.replace('hernia = "no"', 'hernia = "yes"'))
    (tmp_path / "blank.toml").write_text(blank())
    return tmp_path


def screened(run, patient="P-017", answers="no.toml"):
    result = run("screen", patient, "--answers", answers, "--by", "A. Weber")
    assert result.exit_code == exits.OK, result.output


def session_of(table, number, **changes):
    """Let the table have run the plan that it holds."""
    plan: Any = table.table.plan
    values = {"plan_name": plan.name, "plan_id": plan.plan_id(), "count": 300, **changes}
    table.table.logs[number] = session_pages(number, **values)


# --- screening -------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-091")
@pytest.mark.parametrize("answers", [None, "blank.toml", "yes.toml"])
def test_a_plan_is_refused_until_a_named_clinician_approves(run, here, table, answers):
    if answers:
        screened(run, answers=answers)
    upload = ("plan", "upload", "plan.toml", "--patient", "P-017", "--port", table.port)
    result = run(*upload)
    assert result.exit_code == exits.NOT_CLEARED
    assert table.table.plan is None
    assert table.table.requests == []  # it was refused before the table was asked anything
    assert '--approve --by "NAME" --reason "WHY"' in result.stderr
    for part in (("--approve",), APPROVE[:3], ("--approve", "--reason", "x")):
        assert run("screen", "P-017", *part).exit_code == exits.PROBLEM
        assert run(*upload).exit_code == exits.NOT_CLEARED
    assert run("screen", "P-017", *APPROVE).exit_code == exits.OK
    result = run(*upload)
    assert result.exit_code == exits.OK, result.output
    kept: Any = table.table.plan
    assert re.fullmatch(r"Small \(P-017 [0-9a-f]{6}\)", kept.name)


@pytest.mark.requirement("RQ-091")
def test_new_answers_end_an_approval(run, here, table):
    screened(run, answers="yes.toml")
    assert run("screen", "P-017", *APPROVE).exit_code == exits.OK
    screened(run, answers="yes.toml")
    result = run("plan", "upload", "plan.toml", "--patient", "P-017", "--port", table.port)
    assert result.exit_code == exits.NOT_CLEARED
    assert "hernia (yes)" in result.stderr


@pytest.mark.requirement("RQ-091")
def test_an_upload_for_nobody_where_patients_are_kept(run, here, table):
    upload = ("plan", "upload", "plan.toml", "--port", table.port)
    result = run(*upload)
    assert result.exit_code == exits.OK
    assert "for no patient" in result.output
    screened(run)
    table.table.plan = None
    result = run(*upload)
    assert result.exit_code == exits.NOT_CLEARED
    assert "whose plan is this?" in result.stderr
    assert table.table.plan is None
    assert run(*upload, "--no-patient").exit_code == exits.OK
    assert run(*upload, "--no-patient", "--patient", "P-017").exit_code == exits.USAGE


@pytest.mark.requirement("RQ-135")
def test_the_release_is_kept_before_the_table_has_the_plan(run, here, table, own_home, monkeypatch):
    screened(run, answers="yes.toml")
    run("screen", "P-017", *APPROVE)

    def broken(self, *values):
        raise LinkError("the cable was pulled")

    upload = ("plan", "upload", "plan.toml", "--patient", "P-017", "--port", table.port)
    with monkeypatch.context() as patched:
        patched.setattr(Client, "put_plan", broken)
        assert run(*upload).exit_code == exits.LINK_FAILED
    assert run(*upload).exit_code == exits.OK
    database = sqlite3.connect(own_home / ".local/share/itable/store.sqlite")
    rows = database.execute(
        "SELECT stored, plan_id, code, release FROM upload ORDER BY id"
    ).fetchall()
    assert [row[0] for row in rows] == [0, 1]
    _, plan_id, code, release = rows[1]
    assert plan_id == table.table.plan.plan_id()
    assert table.table.plan.name.endswith(f" {code})")
    assert hashlib.sha256(release.encode()).hexdigest().startswith(code)
    said = json.loads(release)
    assert said["asked_by"] == "A. Weber"
    assert said["open"] == {"hernia": "yes"}
    assert (said["approved"]["by"], said["approved"]["reason"]) == ("Dr. M. Okafor", "treated")
    assert said["device"] == "fake-1"


def test_screening_on_a_terminal(run, monkeypatch):
    typed = ["A. Weber", "n", "maybe", "b", *["n"] * 8, "y", "", *["N"] * (len(KEYS) - 10)]
    monkeypatch.setattr(asking, "on_terminal", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *args, **kwargs: typed.pop(0))
    result = run("screen", "P-017")
    assert result.exit_code == exits.OK, result.output
    assert typed == []
    assert "not cleared" in result.output
    answer = json.loads(run("screen", "P-017", "--json").output)
    assert answer["open"] == [QUESTIONS[8].key, QUESTIONS[9].key]
    assert answer["screening"]["answers"][QUESTIONS[8].key] == "yes"
    assert answer["screening"]["asked_by"] == "A. Weber"


def test_a_doubtful_pseudonym_is_warned_about_and_on_a_terminal_not_taken(run, here, monkeypatch):
    result = run("screen", "Anna", "--answers", "no.toml", "--by", "A. Weber")
    assert result.exit_code == exits.OK
    assert "warning: is Anna a pseudonym?" in result.stderr
    result = run("screen", "Bernd", "--answers", "no.toml", "--by", "A. Weber", "--json")
    assert "looks like a name" in json.loads(result.stdout)["warnings"][0]
    monkeypatch.setattr(asking, "on_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *args, **kwargs: False)
    result = run("screen", "Carla")
    assert result.exit_code == exits.PROBLEM
    assert "nothing was asked, nothing was kept" in result.stderr
    names = [one["patient"] for one in json.loads(run("patients", "--json").output)["patients"]]
    assert names == ["Anna", "Bernd"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("screen",), exits.USAGE, "give a patient"),
        (("screen", "a@b.de"), exits.PROBLEM, "looks like an e-mail address"),
        (("screen", "P-1"), exits.PROBLEM, "there is no terminal to ask on"),
        (("screen", "P-1", "--answers", "gone.toml"), exits.PROBLEM, "cannot read the answers"),
        (("screen", "P-1", "--answers", "no.toml"), exits.PROBLEM, "it is not said who asks"),
        (("screen", "P-1", "--reason", "x"), exits.USAGE, "goes with --approve"),
        (("screen", "P-1", *APPROVE, "--show"), exits.USAGE, "alone"),
        (("screen", "P-1", "--approve", "--by", "P-1", "--reason", "x"), 1, "does not say who"),
        (("programme", "show", "P-9"), exits.PROBLEM, "there is no patient P-9"),
        (("programme", "show", "P-018"), exits.PROBLEM, "is it P-017?"),
        (("programme", "show", "P-017"), exits.PROBLEM, "P-017 has no programme"),
        (("programme", "next", "P-017"), exits.PROBLEM, "P-017 has no programme"),
        (("programme", "new", "P-017", "--template", "x"), 1, "no programme 'x'"),
        (("programme", "new", "P-017", "--start", "soon"), 1, "'soon' is no day"),
        (("programme", "new", "P-017", "--to-angle", "75"), 1, "tilt 70.0 deg is outside"),
        (("programme", "new", "P-017", "--weeks", "20"), 1, "cannot have 20 weeks"),
        (("programme", "new", "P-017", "--days", "8"), 1, "--days is 8"),
        (("programme", "feedback", "P-017", "so-so"), 1, "'so-so' is not how a week goes"),
        (("outcome", "7"), exits.PROBLEM, "session 7 was not pulled yet"),
        (("outcome", "7", "--pain-before", "11"), exits.PROBLEM, "pain before is 11"),
        (("log", "pull", "--all", "--comfort", "3"), exits.USAGE, "of one session"),
        (("patients", "P-9"), exits.PROBLEM, "there is no patient P-9"),
    ],
)
def test_errors_say_what_and_what_next(run, here, table, arguments, code, words):
    screened(run)
    if "75" in arguments:
        arguments += ("--weeks", "12")
    result = run(*arguments)
    assert result.exit_code == code, result.output
    text = re.sub(r"[\s│]+", " ", result.stderr)
    assert words in text
    assert "Traceback" not in text
    if code == exits.PROBLEM:
        assert "next:" in result.stderr
    if code == exits.PROBLEM and "terminal" not in words:  # --json does not ask, it shows
        as_json = json.loads(run(*arguments, "--json").stdout)
        assert words in as_json["error"]["what"]


def test_there_is_nothing_to_approve(run, here):
    screened(run)
    result = run("screen", "p-017", *APPROVE)
    assert result.exit_code == exits.PROBLEM
    assert "nothing to approve: P-017 answered" in result.stderr


# --- programmes and outcomes -----------------------------------------------------------------

MONDAY = datetime.date(2026, 11, 2)


@pytest.fixture
def day(monkeypatch):
    """Sets the day that it is."""

    def set_day(offset):
        monkeypatch.setattr(
            programme_command, "today", lambda: MONDAY + datetime.timedelta(days=offset)
        )

    set_day(0)
    return set_day


def noon(offset):
    at = datetime.datetime.combine(MONDAY + datetime.timedelta(days=offset), datetime.time(12))
    return int(at.astimezone().timestamp())


def whole(table):
    """The END of a session in which the whole plan was done."""
    return (1, 0, 0, 20_000, 10**6, 100)


@pytest.mark.requirement("RQ-138")
def test_next_gives_one_plan_a_day_and_no_more_in_a_week_than_prescribed(run, here, table, day):
    screened(run)
    assert run("programme", "new", "P-017", "--days", "2").exit_code == exits.OK
    following = ("programme", "next", "P-017", "--port", table.port)
    for number, offset in ((11, 0), (12, 3)):
        day(offset)
        result = run(*following)
        assert result.exit_code == exits.OK, result.output
        assert "20° for 1:00" in result.output
        assert table.table.plan.name.startswith("beginner w1/8 (P-017 ")
        session_of(table, number, start_unix_s=noon(offset), end=whole(table))
        result = run("log", "pull", str(number), "--port", table.port)
        assert "is P-017, week 1 of the programme" in result.output
        result = run(*following)
        assert result.exit_code == exits.PROBLEM
        assert "today's session is done" in result.stderr
    day(5)
    assert "all 2 sessions of week 1 are done" in run(*following).stderr
    assert run(*following, "--again").exit_code == exits.OK
    day(-1)
    assert "the programme begins on 2026-11-02" in run(*following, "--again").stderr
    day(56)
    assert "the programme ended on 2026-12-27" in run(*following, "--again").stderr
    day(7)
    assert run(*following).exit_code == exits.OK
    assert table.table.plan.name.startswith("beginner w2/8 (P-017 ")


@pytest.mark.requirement("RQ-091")
@pytest.mark.requirement("RQ-138")
def test_next_asks_for_the_screening_as_well(run, here, table, day):
    screened(run, answers="yes.toml")
    assert run("programme", "new", "P-017").exit_code == exits.OK
    assert run("programme", "next", "P-017", "--port", table.port).exit_code == exits.NOT_CLEARED
    assert run("programme", "next", "P-017", "--dry-run").exit_code == exits.NOT_CLEARED
    assert table.table.requests == []  # it was refused before the table was asked anything
    run("screen", "P-017", *APPROVE)
    result = run("programme", "next", "P-017", "--dry-run", "--out", "today.toml")
    assert result.exit_code == exits.OK
    assert table.table.plan is None
    assert run("plan", "check", "today.toml").exit_code == exits.OK


@pytest.mark.requirement("RQ-137")
def test_a_reported_bad_week_is_held_and_said_in_the_calendar(run, here, day):
    screened(run)
    run("programme", "new", "P-017", "--to-minutes", "1")
    day(14)
    before = json.loads(run("programme", "show", "P-017", "--json").output)["weeks"]
    assert [week["tilt_mdeg"] // 1000 for week in before] == [20, 20, 20, 20, 20, 30, 30, 40]
    for week in (1, 2):
        run("programme", "feedback", "P-017", "good", "--week", week)
    result = run("programme", "feedback", "P-017", "bad", "--note", "slept badly")
    assert "“slept badly”" in result.output
    assert "held: reported bad" in result.output
    after = json.loads(run("programme", "show", "P-017", "--json").output)["weeks"]
    assert [week["tilt_mdeg"] // 1000 for week in after] == [20, 20, 20, 20, 30, 30, 40, 40]
    assert run("programme", "feedback", "P-017", "bad", "--week", 4).exit_code == exits.PROBLEM
    assert run("programme", "new", "P-017").exit_code == exits.PROBLEM
    assert run("programme", "new", "P-017", "--replace").exit_code == exits.OK
    assert run("programme", "end", "P-017").exit_code == exits.OK
    assert "has no programme" in run("programme", "show", "P-017").stderr


def test_pain_is_entered_at_the_pull_or_later_and_stays(run, here, table):
    screened(run)
    run("plan", "upload", "plan.toml", "--patient", "P-017", "--port", table.port)
    session_of(table, 9, end=whole(table))
    pull = ("log", "pull", "9", "--port", table.port)
    result = run(*pull, "--patient", "P-017", "--pain-before", 4, "--json")
    assert json.loads(result.output)["pulled"][0]["pain_before"] == 4
    result = run("outcome", "9", "--pain-after", 2, "--note", "felt [bold]")
    assert "pain before 4, after 2, comfort not asked" in result.output
    assert "note: felt [bold]" in result.output
    answer = json.loads(run("outcome", "9", "--json").output)
    assert (answer["pain_before"], answer["pain_after"], answer["comfort"]) == (4, 2, None)
    assert answer["owner"]["patient"] == "P-017"
    assert answer["owner"]["release"]["asked_by"] == "A. Weber"
    text = run("patients", "P-017").output
    assert re.search(r"@1 .*Small .*completed .* 4 → 2", text), text


def test_whose_a_session_is(run, here, table):
    screened(run, "P-017")
    screened(run, "P-018")
    run("plan", "upload", "plan.toml", "--patient", "P-017", "--port", table.port)
    session_of(table, 9, end=whole(table))
    pull = ("log", "pull", "9", "--port", table.port)
    result = run(*pull, "--patient", "P-018")
    assert result.exit_code == exits.PROBLEM
    assert "this session is P-017's" in result.stderr
    # Another store knows nothing of the release, but the name of the plan says whose it is.
    other = ("--store", here / "other.sqlite")
    run("screen", "P-018", "--answers", "no.toml", "--by", "A. Weber", *other)
    assert "this session is P-017's" in run(*pull, "--patient", "P-018", *other).stderr
    # A plan for nobody: the session is whose it is said to be, once.
    result = run("log", "pull", "7", "--port", table.port)
    assert "nobody's yet" in result.output
    assert run("outcome", "7", "--patient", "p-018", "--comfort", 5).exit_code == exits.OK
    assert "this session is P-018's" in run("outcome", "7", "--patient", "P-017").stderr


def test_two_patients_with_the_same_plan_are_told_apart(run, here, table):
    ids = []
    for number, patient in ((21, "P-017"), (22, "P-018")):
        screened(run, patient)
        run("plan", "upload", "plan.toml", "--patient", patient, "--port", table.port)
        session_of(table, number, end=whole(table))
        ids.append(table.table.plan.plan_id())
        run("log", "pull", number, "--port", table.port)
    assert len(set(ids)) == 2
    for number, patient in ((21, "P-017"), (22, "P-018")):
        answer = json.loads(run("outcome", number, "--json").output)
        assert answer["owner"]["patient"] == patient


def test_a_store_of_before_keeps_its_sessions(run, here, table, own_home):
    run("log", "pull", "7", "--port", table.port)
    path = own_home / ".local/share/itable/store.sqlite"
    database = sqlite3.connect(path)
    for name in ("outcome", "session_patient", "upload", "week_report", "programme", "approval"):
        database.execute(f"DROP TABLE {name}")
    database.execute("DROP TABLE screening")
    database.execute("DROP TABLE patient")
    database.execute("UPDATE alembic_version SET version_num = '0002'")
    database.commit()
    database.close()
    screened(run)
    assert [
        one["number"] for one in json.loads(run("log", "list", "--json").output)["sessions"]
    ] == [7]


def test_the_migrated_store_is_what_the_program_expects(tmp_path):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    import itable.store.clinic_schema
    from itable.store.schema import metadata

    assert itable.store.clinic_schema.metadata is metadata
    with Clinic(str(tmp_path / "s.sqlite")) as clinic, clinic._engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
