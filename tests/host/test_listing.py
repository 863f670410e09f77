"""Lists of sessions: what is chosen, whose they are, and how many statements that takes."""

import datetime
import json
import re
from functools import partial

import pytest
import sqlalchemy as sa

from inversion_table.contract import records
from itable import exits
from itable.app import app
from itable.clinic.contraindications import KEYS
from itable.clinic.outcome import Outcome
from itable.days import begin_of
from itable.log.about import About
from itable.plans.timeline import Sums
from itable.store import deriving, schema
from itable.store.clinic import Clinic, Upload
from itable.store.listing import Choice
from itable.store.schema import session
from itable.store.sessions import Sessions
from tests.host.logs import session_pages

DAY = datetime.date(2026, 11, 2)
DONE = (records.END_PLAN_DONE, 0, 0, 20_000, 30_000, 100)
SHORT = (records.END_RETURN_PRESSED, 0, 0, 20_000, 10_000, 100)
FAULT = (records.END_FAULT, 9, 1, 20_000, 10_000, 100)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """Where an empty store is, once of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "s.sqlite")
    return request.getfixturevalue("postgres").new_database()


def fill(address, patients, each):
    """Patients P-0, P-1, ..., with sessions on consecutive days: done, short, fault in turn."""
    with Clinic(address) as clinic, Sessions(address) as kept:
        number = 0
        for at in range(patients):
            clinic.screen(f"P-{at}", dict.fromkeys(KEYS, "no"), "A. Weber")
            for index in range(each):
                number += 1
                plan_id = f"{number:016x}"
                sums = Sums(60_000, 30_000, 30_000, 20_000)
                given = Upload(
                    "table", plan_id, f"Plan 100% {index} (P-{at} aaaaaa)", "5" * 16, "", "{}", sums
                )
                clinic.begin_upload(f"P-{at}", given)
                start_s = begin_of(DAY + datetime.timedelta(days=index)) + 3600
                pages = session_pages(
                    number, 30, given.plan_name, 9 * number, start_s, plan_id,
                    (DONE, SHORT, FAULT)[index % 3],
                )  # fmt: skip
                put = kept.put(pages, About("table"))
                clinic.set_outcome(put.id, Outcome(pain_before=4, pain_after=2))
        return number


def numbers(address, **choice):
    with Sessions(address) as kept:
        found = kept.sessions(Choice(**choice))
    return [one.number for one in found.sessions], found.total


def test_what_is_chosen(address):
    fill(address, 2, 6)
    assert numbers(address) == (list(range(1, 13)), 12)
    assert numbers(address, last=3) == ([10, 11, 12], 12)
    assert numbers(address, patient="p-1") == ([7, 8, 9, 10, 11, 12], 6)
    day = DAY + datetime.timedelta(days=2)
    assert numbers(address, since=day, until=day) == ([3, 9], 2)
    assert numbers(address, until=DAY) == ([1, 7], 2)
    assert numbers(address, since=day, patient="P-0", last=2) == ([5, 6], 4)
    assert numbers(address, how=["shortened"]) == ([2, 5, 8, 11], 4)
    assert numbers(address, how=["completed", "fault"], patient="P-0", last=2) == ([4, 6], 4)
    assert numbers(address, faults=True) == ([3, 6, 9, 12], 4)
    assert numbers(address, plan="pLaN 100% 4") == ([5, 11], 2)
    assert numbers(address, plan="1_0") == ([], 0)  # no pattern: what is written is looked for
    assert numbers(address, plan=f"{3:016x}") == ([3], 1)
    assert numbers(address, plan="555", last=1) == ([12], 12)  # as `plan check` names the plan


def test_a_session_without_a_day_is_in_no_span_of_days(address):
    with Sessions(address) as kept:
        kept.put(session_pages(1, 30, start_unix_s=0), About("table"))
    assert numbers(address, until=DAY) == ([], 0)
    assert numbers(address, since=DAY) == ([], 0)
    assert numbers(address) == ([1], 1)


def statements(store, call):
    """How many statements a call sends to the database."""
    seen = []

    def count(connection, cursor, statement, *rest):
        seen.append(statement)

    sa.event.listen(store._engine, "before_cursor_execute", count)
    call()
    sa.event.remove(store._engine, "before_cursor_execute", count)
    return len(seen)


LISTS = {
    "sessions": lambda clinic: clinic.sessions(Choice(last=2)),
    "sessions of a patient": lambda clinic: clinic.sessions(Choice(patient="P-1")),
    "chosen": lambda clinic: clinic.sessions(Choice(since=DAY, how=["completed"], faults=True)),
    "patients": lambda clinic: clinic.patients(),
    "one patient": lambda clinic: (clinic.standing("P-1"), clinic.programme_or_none("P-1")),
    "the first look after many pulls": lambda clinic: clinic.link(),
}


def test_a_list_takes_as_many_statements_of_a_large_store_as_of_a_small_one(tmp_path):
    taken = []
    for patients in (2, 20):
        address = str(tmp_path / f"{patients}.sqlite")
        fill(address, patients, 3)
        with Clinic(address) as clinic:
            assert len(clinic.patients()) == patients
            with clinic._begun() as connection:
                connection.execute(sa.text("DELETE FROM session_patient"))
            order = reversed(LISTS.items())  # nothing is given to its owner before `link` is
            taken.append({name: statements(clinic, partial(call, clinic)) for name, call in order})
            found = clinic.sessions(Choice(patient="P-1"))
            assert found.total == 3
    assert taken[0] == taken[1]
    assert max(taken[0].values()) < 20


def test_rows_of_an_older_itable_are_made_anew_some_at_a_time(address, monkeypatch):
    fill(address, 2, 4)
    monkeypatch.setattr(deriving, "AT_ONCE", 3)
    with Clinic(address) as clinic:
        with clinic._begun() as connection:
            connection.execute(sa.update(session).values(derived=0, end_reason=None))
        assert {one.how for one in clinic.sessions().sessions} == {
            "completed",
            "shortened",
            "fault",
        }
        with clinic._begun() as connection:
            kept = set(connection.execute(sa.select(session.c.derived)).scalars())
    assert kept == {schema.DERIVED}


# --- on the command line -----------------------------------------------------------------------


@pytest.fixture
def store(tmp_path, monkeypatch):
    address = str(tmp_path / "s.sqlite")
    fill(address, 2, 3)
    monkeypatch.setenv("ITABLE_STORE", address)
    return address


def test_the_list_says_whose_a_session_is_and_what_was_left_out(run, store):
    text = run("log", "list").output
    assert re.search(r"@1 +1 +2026-11-02 \d\d:00 +P-0 +Plan 100% 0 .* as planned\n", text), text
    assert "aaaaaa" not in text  # the mark of the release says nothing to a reader
    assert run("log", "list").stderr == ""
    result = run("log", "list", "--last", "2")
    assert len(result.stdout.splitlines()) == 3
    assert result.stderr == "the last 2 of 6; all of them: --last 0\n"
    answer = json.loads(run("log", "list", "--json", "--patient", "P-1", "--faults").output)
    (one,) = answer["sessions"]
    assert (answer["total"], one["patient"], one["how"], one["number"]) == (1, "P-1", "fault", 6)
    assert run("log", "list", "--plan", "nothing").output == f"No kept session matches ({store}).\n"


def test_a_list_is_folded_to_the_terminal_and_not_in_a_pipe(run, store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    assert max(map(len, run("log", "list").stdout.splitlines())) <= 70
    monkeypatch.delenv("COLUMNS")
    assert len(run("log", "list").stdout.splitlines()) == 7


def test_the_table_of_sessions_is_chosen_in_the_same_way(run, store, tmp_path):
    file = tmp_path / "x.csv"
    choice = ("--patient", "P-0", "--how", "completed", "--how", "fault")
    assert json.loads(run("export", file, *choice, "--json").output)["sessions"] == 2
    assert len(file.read_text("utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--since", "soon"), exits.PROBLEM, "'soon' is no day"),
        (("--since", "2026-11-03", "--until", "2026-11-02"), exits.PROBLEM, "is no time"),
        (("--how", "badly"), exits.PROBLEM, "no session ends 'badly'"),
        (("--patient", "P-9"), exits.PROBLEM, "there is no patient P-9"),
        (("--table", "--faults"), exits.USAGE, "a choice of sessions is of those kept here"),
        (("--last", "-1"), exits.USAGE, "--last"),
    ],
)
def test_a_choice_that_cannot_be_meant(run, store, arguments, code, words):
    result = run("log", "list", *arguments)
    assert result.exit_code == code
    assert words in re.sub(r"[\s│]+", " ", result.stderr)


# --- behind the cursor ---------------------------------------------------------------------------


def offered(words, monkeypatch, capsys):
    """What a shell is told to offer behind these words."""
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - (not words.endswith(" "))))
    monkeypatch.setenv("_ITABLE_COMPLETE", "complete_bash")
    with pytest.raises(SystemExit):
        app(prog_name="itable")
    said = capsys.readouterr()
    assert said.err == ""
    return said.out.split()


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("itable report P", ["P-0", "P-1"]),
        ("itable report ", ["P-0", "P-1", "6", "5", "4", "3", "2", "1"]),
        ("itable log show @", ["@6", "@5", "@4", "@3", "@2", "@1"]),
        ("itable outcome 3", ["3"]),
        ("itable programme next p", []),  # a shell compares letters as they are
        ("itable screen P-1", ["P-1"]),
        ("itable log list --patient ", ["P-0", "P-1"]),
        ("itable log list --how c", ["completed", "cut-off"]),
        ("itable programme new P-0 --template k", ["kim-2013-30", "kim-2013-60"]),
    ],
)
def test_patients_and_sessions_are_completed(store, words, offers, monkeypatch, capsys):
    assert offered(words, monkeypatch, capsys) == offers


def test_where_nothing_can_be_offered_nothing_is_said_or_made(tmp_path, monkeypatch, capsys):
    store = tmp_path / "none.sqlite"
    monkeypatch.setenv("ITABLE_STORE", str(store))
    assert offered("itable report ", monkeypatch, capsys) == []
    assert not store.exists()
    store.write_bytes(b"no store at all" * 100)
    assert offered("itable report ", monkeypatch, capsys) == []
    monkeypatch.setenv("ITABLE_STORE", "postgresql://nobody@127.0.0.1:1/none")
    assert offered("itable patients ", monkeypatch, capsys) == []
