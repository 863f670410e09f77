"""The store: whole or nothing, nothing twice, nothing over another; upgrades; errors in words."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from inversion_table.contract import pages
from itable import exits
from itable.errors import InputError, StoreError
from itable.log.about import About
from itable.store import opening, schema, upgrading
from itable.store.sessions import MORE, NEW, SAME, Sessions
from tests.host.logs import session_pages

PAGE = pages.PAGE_BYTES
DATA = session_pages(7)
ABOUT = About("fake-1", {"tilt_max_mdeg": 60_000})


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """Where an empty store is, once of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "store" / "s.sqlite")
    return request.getfixturevalue("postgres").new_database()


@pytest.mark.requirement("RQ-127")
def test_what_is_put_in_comes_out(address):
    with Sessions(address) as store:
        put = store.put(DATA, ABOUT)
        assert (put.how, len(put.log.columns)) == (NEW, 3000)
    with Sessions(address) as store:
        data, about = store.raw(put.id)
        assert (data, about) == (DATA, ABOUT)
        (row,) = store.sessions().sessions
    assert (row.device, row.number, row.plan_name) == ("fake-1", 7, "Test plan")
    assert (row.sample_count, row.byte_count, row.whole) == (3000, len(DATA), True)
    assert (row.head_down_ms, row.max_tilt_mdeg, row.end_fault) == (100_000, 30_450, 9)


def test_events_are_rows(address):
    with Sessions(address) as store:
        put = store.put(DATA, ABOUT)
        with store._begun() as connection:
            found = connection.execute(
                sa.select(schema.session_event).order_by(schema.session_event.c.position)
            ).all()
    assert [tuple(row)[2:] for row in found] == [tuple(event) for event in put.log.events]


@pytest.mark.requirement("RQ-127")
def test_nothing_is_kept_twice(address):
    with Sessions(address) as store:
        assert store.put(DATA, ABOUT).how == NEW
        assert store.put(DATA, ABOUT).how == SAME
        assert store.put(DATA[: 5 * PAGE], ABOUT).how == SAME
        assert store.put(DATA[4 * PAGE :], ABOUT).how == SAME  # its beginning overwritten since
        assert len(store.sessions().sessions) == 1
        assert store.raw(1)[0] == DATA


@pytest.mark.requirement("RQ-127")
def test_a_session_that_went_on_is_completed(address):
    with Sessions(address) as store:
        first = store.put(DATA[: 6 * PAGE], ABOUT)
        assert "the end: the session's last page was never written" in first.log.missing
        assert store.put(DATA[3 * PAGE :], ABOUT).how == MORE
        (row,) = store.sessions().sessions
        assert (row.id, row.whole, row.sample_count) == (first.id, True, 3000)
        assert store.raw(first.id)[0] == DATA


def test_a_sound_page_replaces_a_damaged_one_and_never_the_reverse(address):
    damaged = bytearray(DATA)
    damaged[3 * PAGE + 100] ^= 1
    with Sessions(address) as store:
        assert store.put(bytes(damaged), ABOUT).log.missing
        assert store.put(DATA, ABOUT).how == MORE
        assert store.put(bytes(damaged), ABOUT).how == SAME
        assert store.raw(1)[0] == DATA


@pytest.mark.requirement("RQ-127")
def test_a_table_that_counts_anew_overwrites_nothing(address):
    other = session_pages(7, count=2000, start_unix_s=1_770_000_000)
    with Sessions(address) as store:
        ids = [store.put(data, ABOUT).id for data in (DATA, other, DATA, other)]
        assert ids[:2] == ids[2:]
        assert ids[0] != ids[1]
        assert [store.raw(one)[0] for one in ids[:2]] == [DATA, other]
        with pytest.raises(InputError, match="there are 2 sessions 7") as caught:
            store.find("7")
        assert caught.value.next_step == f"choose one by its id, as in @{ids[1]}"
        assert store.find(f"@{ids[0]}") == ids[0]


def test_two_tables_with_the_same_number(address):
    with Sessions(address) as store:
        ids = [store.put(DATA, About(name)).id for name in ("a", "b")]
        assert len(set(ids)) == 2
        assert store.find("b/7") == ids[1]
        with pytest.raises(InputError, match="session c/7 was not pulled yet"):
            store.find("c/7")


@pytest.mark.requirement("RQ-127")
def test_many_that_put_the_same_at_once_keep_it_once(address):
    Sessions(address).__exit__(None, None, None)
    logs = [session_pages(number, 30, first_sequence=9 * number) for number in range(1, 6)]
    problems = []

    def laptop():
        try:
            with Sessions(address) as store:
                for data in logs:
                    store.put(data, ABOUT)
        except Exception as error:  # noqa: BLE001 - told below
            problems.append(error)

    threads = [threading.Thread(target=laptop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with Sessions(address) as store:
        assert [row.number for row in store.sessions().sessions] == [1, 2, 3, 4, 5]


def test_what_is_no_session_is_refused(address):
    with Sessions(address) as store:
        for data in (b"", b"x" * 1000, bytes(PAGE), b"\xff" * PAGE * 3):
            with pytest.raises(InputError, match="there is no session in these data"):
                store.put(data, ABOUT)
        assert store.sessions().sessions == []


# --- schema ----------------------------------------------------------------------------------


def test_the_scripts_lead_to_the_schema(address):
    with Sessions(address) as store, store._engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
        assert context.get_current_revision() == schema.HEAD


def test_an_older_store_is_upgraded_and_keeps_its_data(address, monkeypatch, tmp_path):
    """A store of the first version, as the first itable wrote it."""
    engine = sa.create_engine(opening.address(address))
    if "://" not in address:
        Path(address).parent.mkdir()
    old = tmp_path / "migrations"
    shutil.copytree(upgrading._SCRIPTS, old)
    for script in (old / "versions").glob("*.py"):
        if not script.name.startswith("0001"):
            script.unlink()
    with engine.begin() as connection:
        upgrading.upgrade(connection, "", old)
        assert upgrading.version(connection) == "0001"
        for statement in (
            "INSERT INTO device VALUES (1, 'fake-1', 5)",
            "INSERT INTO session (id, device_id, number, first_page, mark, settings, pulled_s,"
            " derived, byte_count, sample_count, event_count, whole, missing, duration_ms)"
            " VALUES (1, 1, 7, 40, 'm', '{\"a\": 1}', 9, 1, 0, 0, 0, false, '[]', 0)",
        ):
            connection.execute(sa.text(statement))
        import hashlib

        connection.execute(
            sa.text("INSERT INTO session_raw VALUES (1, :data, :sum)"),
            {"data": DATA, "sum": hashlib.sha256(DATA).hexdigest()},
        )
    engine.dispose()
    with Sessions(address) as store:
        (row,) = store.sessions().sessions
        assert (row.device, row.number, row.sample_count) == ("fake-1", 7, 3000)
        assert (row.end_fault, row.fault_count) == (9, 1)  # what the newer version tells
        assert store.raw(1) == (DATA, About("fake-1", {"a": 1}))
        assert store.put(DATA, ABOUT).how == SAME


def test_a_newer_store_is_refused(address):
    with Sessions(address) as store, store._begun() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="written by a newer itable") as caught:
        Sessions(address)
    assert "update itable" in caught.value.next_step


def test_an_upgrade_that_breaks_off_leaves_the_old_store(address, tmp_path, monkeypatch):
    with Sessions(address) as store:
        store.put(DATA, ABOUT)
    scripts = tmp_path / "migrations"
    shutil.copytree(upgrading._SCRIPTS, scripts)
    (scripts / "versions" / "9999_breaks.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9999'\ndown_revision = '{schema.HEAD}'\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    op.drop_table('session_event')\n"
        "    raise RuntimeError('cut')\n"
    )
    engine = opening.open_engine(opening.address(address))
    with pytest.raises(RuntimeError, match="cut"), engine.begin() as connection:
        upgrading.upgrade(connection, "", scripts)
    with engine.connect() as connection:
        assert upgrading.version(connection) == schema.HEAD
        assert not sa.inspect(connection).has_table("half")
    engine.dispose()
    with Sessions(address) as store:
        assert store.put(DATA, ABOUT).how == SAME


# --- errors ----------------------------------------------------------------------------------


def error_of(run, *command):
    result = run(*command)
    assert result.exit_code == exits.PROBLEM, result.output
    return result.stderr.splitlines()


def test_a_file_that_is_no_store(run, tmp_path):
    file = tmp_path / "s.sqlite"
    file.write_bytes(b"not a database at all" * 100)
    what, where, following = error_of(run, "log", "list", "--store", file)
    assert what == "error: the file of the store is damaged, or no store"
    assert where == f"where: {file}"
    assert "put back a copy" in following
    assert file.read_bytes().startswith(b"not a database at all")


def test_a_store_that_another_program_holds(run, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "BUSY_WAIT_S", 0.2)
    file = tmp_path / "s.sqlite"
    Sessions(str(file)).__exit__(None, None, None)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    what, _, following = error_of(run, "log", "list", "--store", file)
    assert what == "error: the store is in use by another program"
    assert following == "next:  wait, then try again"
    holder.close()
    assert run("log", "list", "--store", file).exit_code == exits.OK


def test_a_store_that_cannot_be_opened(run, tmp_path):
    what, *_ = error_of(run, "log", "list", "--store", tmp_path)
    assert what == "error: the store cannot be opened"


def test_addresses_that_are_none(run):
    for address, words in (
        ("mysql://host/base", "error: itable cannot keep a store in mysql"),
        ("://", "error: this is no address of a store"),
        ("postgresql://nobody:secret@127.0.0.1:1/base", "error: the store does not answer: "),
    ):
        lines = error_of(run, "log", "list", "--store", address)
        assert lines[0].startswith(words)
        assert "secret" not in " ".join(lines)


def test_pages_that_rotted_in_the_store_are_told(run, tmp_path):
    file = tmp_path / "s.sqlite"
    with Sessions(str(file)) as store:
        store.put(DATA, ABOUT)
        with store._begun() as connection:
            connection.execute(sa.update(schema.session_raw).values(data=DATA[:-1] + b"x"))
    what, *_ = error_of(run, "log", "show", "7", "--store", file)
    assert what == "error: the kept pages of @1 are damaged"


def test_a_full_disk_keeps_what_is_there(tmp_path):
    file = tmp_path / "s.sqlite"
    with Sessions(str(file)) as store:
        store.put(DATA, ABOUT)
        with store._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            pages_now = raw.execute("PRAGMA page_count").fetchone()[0]

        def limit(connection, record):
            connection.execute(f"PRAGMA max_page_count={pages_now}")

        sa.event.listen(store._engine, "connect", limit)
        store._engine.dispose()
        with pytest.raises(StoreError, match="no room left for the store") as caught:
            store.put(session_pages(8, count=60_000), ABOUT)
        assert "make room, then pull again" in caught.value.next_step
    with Sessions(str(file)) as store:
        assert [row.number for row in store.sessions().sessions] == [7]
        assert store.raw(1)[0] == DATA
        assert store.put(session_pages(8), ABOUT).how == NEW


def test_the_store_may_be_named_by_the_environment(run, tmp_path, monkeypatch):
    monkeypatch.setenv("ITABLE_STORE", str(tmp_path / "mine.sqlite"))
    answer = json.loads(run("log", "list", "--json").output)
    assert answer == {"store": str(tmp_path / "mine.sqlite"), "total": 0, "sessions": []}


def test_the_help_of_log_needs_no_database():
    code = (
        "import sys; sys.argv = ['itable', 'log', '--help']; import itable.cli\n"
        "try: itable.cli.main()\n"
        "except SystemExit: pass\n"
        "slow = {'sqlalchemy', 'alembic', 'numpy', 'psycopg'} & set(sys.modules)\n"
        "sys.exit(repr(slow) if slow else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "postgresql://" in done.stdout
