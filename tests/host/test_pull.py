"""A pull that is broken off anywhere goes on: cable pulled, process killed, disk full."""

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from inversion_table.contract import messages, pages
from itable import exits
from itable.errors import InputError, LinkError, LogChangedError
from itable.link import ports
from itable.log.about import About
from itable.log.fetch import fetch
from itable.log.pull import part_path, pull
from itable.store.sessions import NEW, SAME, Sessions
from tests.host.fake_table import FakeTable, PtyTable
from tests.host.logs import session_pages

ABOUT = About("fake-1", {"tilt_max_mdeg": 60_000})
LONG = session_pages(7, count=20_000)  # several blocks
LOGS = {7: LONG, 8: session_pages(8, count=300, first_sequence=40 + len(LONG) // 256)}


def pull_all(port, store, folder, **patience):
    with ports.connect(port, **patience) as client:
        return [
            pull(client, entry, store, ABOUT, folder=folder)
            for entry in reversed(client.list_log().sessions)
        ]


def assert_truth(store, table):
    """What is kept is whole, and the table takes nothing for kept that is not."""
    kept = {row.number: store.raw(row.id)[0] for row in store.sessions().sessions}
    assert len(kept) == len(store.sessions().sessions)
    for number, data in kept.items():
        assert data == LOGS[number]
    assert {number for number, _ in table.pulled} <= set(kept)
    assert table.logs == LOGS
    return kept


@pytest.mark.requirement("RQ-125")
def test_a_pull_is_whole_and_then_told(table, tmp_path):
    seen = []
    data = table.table.logs[7]
    with ports.connect(table.port) as client, Sessions(str(tmp_path / "s")) as store:
        entry = client.list_log().sessions[1]
        done = pull(client, entry, store, ABOUT, lambda *now: seen.append(now), tmp_path)
        assert (done.how, done.resumed_at, done.not_told) == (NEW, 0, "")
        assert store.raw(done.id) == (data, ABOUT)
        assert seen[-1] == (len(data), len(data))
        assert table.table.pulled == {(7, entry.last)}
        again = pull(client, client.list_log().sessions[1], store, ABOUT, folder=tmp_path)
        assert (again.how, again.bytes_read) == (SAME, pages.PAGE_BYTES)
    assert not list(tmp_path.glob("*.part"))
    told = [one for one in table.table.requests if one["method"] == "log.pulled"]
    assert len(told) == 1


STEADY = {"first_id": 1, "timeout_s": 60}
"""For pulls that send the same bytes each time: a reply repeats its request's id, which else is
random, with 4 to 8 digits; and a busy computer has the time to ask for nothing twice."""


def bytes_of_a_pull(folder):
    """What the table sends in a steady pull; one of `itable log pull` is longer."""
    with PtyTable(FakeTable(LOGS)) as served, Sessions(str(folder / "whole")) as store:
        pull_all(served.port, store, folder, **STEADY)
    return served.sent_bytes  # counted to the end: whoever sent it is done


def test_a_steady_pull_sends_the_same_bytes_each_time(tmp_path, monkeypatch):
    sent = set()
    for shortest_or_longest in (b"\x00\x01", b"\xff\xff"):
        dice = SimpleNamespace(urandom=lambda _, dice=shortest_or_longest: dice)
        monkeypatch.setattr("itable.link.client.os", dice)
        folder = tmp_path / shortest_or_longest.hex()
        folder.mkdir()
        sent.add(bytes_of_a_pull(folder))
    assert len(sent) == 1


def cuts(total):
    """Seeded places all over a pull, and those around the ends of its first blocks."""
    dice = random.Random(5)
    return sorted({1, 2, total - 1, *(dice.randrange(total) for _ in range(120))})


@pytest.mark.requirement("RQ-125")
def test_the_cable_is_pulled_at_any_byte(tmp_path):
    total = bytes_of_a_pull(tmp_path)
    assert total > len(LONG)
    resumed = []
    for cut in cuts(total):
        table = FakeTable(LOGS)
        folder = tmp_path / str(cut)
        with Sessions(str(folder / "s")) as store:
            with PtyTable(table, cut, PtyTable.cut) as served, pytest.raises(LinkError):
                pull_all(served.port, store, folder, **STEADY)
            assert_truth(store, table)
            with PtyTable(table) as served:
                done = pull_all(served.port, store, folder)
            assert set(assert_truth(store, table)) == set(LOGS)
            assert {number for number, _ in table.pulled} == set(LOGS)
            assert not list(folder.glob("*.part"))
        if done[0].how == NEW:
            resumed.append(done[0].resumed_at)
            # All whole blocks are there.
            assert done[0].resumed_at % messages.LOG_BLOCK_BYTES == 0
            assert cut - 2 * messages.LOG_BLOCK_BYTES < done[0].resumed_at <= cut
    assert len(set(resumed)) > 3


@pytest.mark.requirement("RQ-125")
def test_the_cable_is_pulled_again_and_again(tmp_path):
    dice = random.Random(1)
    table = FakeTable(LOGS)
    with Sessions(str(tmp_path / "s")) as store:
        tries = 0
        while set(assert_truth(store, table)) != set(LOGS):
            tries += 1
            assert tries < 100
            with (
                PtyTable(table, dice.randrange(6_000, 9_000), PtyTable.cut) as served,
                contextlib.suppress(LinkError),
            ):
                pull_all(served.port, store, tmp_path)
        assert tries > 3
        assert set(assert_truth(store, table)) == set(LOGS)


def itable(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "itable", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )


@pytest.mark.requirement("RQ-125")
@pytest.mark.requirement("RQ-127")
@pytest.mark.parametrize("seed", range(12))
def test_the_process_is_killed_at_any_moment(tmp_path, seed):
    """While the bytes come, while they are put into the store, before the table is told."""
    dice = random.Random(seed)
    total = bytes_of_a_pull(tmp_path)
    at_bytes = dice.randrange(600, total)
    table = FakeTable(LOGS)
    started = threading.Event()
    processes: list[subprocess.Popen] = []

    def kill(served):
        started.wait(10)
        # The host is a few ms behind, and some of the moments after the last byte count too.
        time.sleep(dice.choice((0, 0, 0.001, 0.005, 0.02, 0.05)))
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait(10)

    store_file = tmp_path / "s.sqlite"
    with PtyTable(table, at_bytes, kill) as served:
        command = ("log", "pull", "--all", "--port", served.port, "--store", store_file)
        processes.append(itable(*command))
        started.set()
        assert processes[0].wait(60) == -signal.SIGKILL
    with Sessions(str(store_file)) as store:
        assert_truth(store, table)
    with PtyTable(table) as served:
        command = ("log", "pull", "--all", "--port", served.port, "--store", store_file)
        again = itable(*command)
        said, _ = again.communicate(timeout=60)
        assert again.returncode == exits.OK, said.decode()
    with Sessions(str(store_file)) as store:
        assert set(assert_truth(store, table)) == set(LOGS)
    assert {number for number, _ in table.pulled} == set(LOGS)


def test_a_file_that_cannot_grow(tmp_path, own_home):
    table = FakeTable({7: LONG})

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))

    store_file = tmp_path / "s.sqlite"
    Sessions(str(store_file)).__exit__(None, None, None)
    with PtyTable(table) as served:
        command = ("log", "pull", "--port", served.port, "--store", store_file)
        process = itable(*command, preexec_fn=small_files)
        said = process.communicate(timeout=60)[0].decode()
    assert process.returncode == exits.PROBLEM, said
    assert "error: cannot write: File too large" in said
    assert "next:  make room and rights there, then pull again" in said
    assert table.pulled == set()
    with PtyTable(table) as served:
        command = ("log", "pull", "--port", served.port, "--store", store_file)
        process = itable(*command)
        said = process.communicate(timeout=60)[0].decode()
    assert process.returncode == exits.OK, said
    assert "went on at byte 4864" in said


def test_two_laptops_with_stores_of_their_own(tmp_path):
    table = FakeTable(LOGS)
    for name in ("one", "two"):
        with PtyTable(table) as served, Sessions(str(tmp_path / name)) as store:
            done = pull_all(served.port, store, tmp_path / f"{name}-parts")
            assert [one.how for one in done] == [NEW, NEW]
            assert set(assert_truth(store, table)) == set(LOGS)


@pytest.mark.requirement("RQ-127")
def test_two_laptops_with_one_server(tmp_path, postgres):
    table, address = FakeTable(LOGS), postgres.new_database()
    hows = []
    for name in ("one", "two"):
        with PtyTable(table) as served, Sessions(address) as store:
            done = pull_all(served.port, store, tmp_path / name)
            hows.append([one.how for one in done])
            assert set(assert_truth(store, table)) == set(LOGS)
    assert hows == [[NEW, NEW], [SAME, SAME]]


def test_the_rest_of_another_log_is_not_gone_on_with(table, tmp_path):
    part = part_path(tmp_path, "fake-1", 7)
    for other in (
        session_pages(7, first_sequence=900),
        session_pages(7, start_unix_s=1_770_000_000),
        b"x" * 5_000,
    ):
        part.write_bytes(other)
        with ports.connect(table.port) as client:
            entry = client.list_log().sessions[1]
            fetched = fetch(client, entry, part)
        assert (fetched.resumed_at, fetched.data) == (0, table.table.logs[7])


def test_a_part_that_was_spoilt_is_taken_up_to_there(table, tmp_path):
    part = part_path(tmp_path, "fake-1", 7)
    data = table.table.logs[7]
    part.write_bytes(data[:2_000] + b"?" + data[2_001:3_000])
    with ports.connect(table.port) as client:
        fetched = fetch(client, client.list_log().sessions[1], part)
    assert (fetched.resumed_at, fetched.data) == (7 * 256, data)


def test_a_log_that_moves_under_the_pull_is_no_session(table, tmp_path):
    """Newer sessions overwrote its first pages between list and read, and as many were added."""
    with ports.connect(table.port) as client:
        entry = client.list_log().sessions[1]
        entry = entry.model_copy(update={"first": entry.first + 1, "bytes": entry.bytes})
        with pytest.raises(LogChangedError):
            fetch(client, entry, tmp_path / "x.part")
    assert (tmp_path / "x.part").read_bytes() == b""


def test_a_session_is_pulled_once_at_a_time(table, tmp_path):
    with ports.connect(table.port) as client, (tmp_path / "x.part").open("wb") as held:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another itable is pulling this session"):
            fetch(client, client.list_log().sessions[0], tmp_path / "x.part")


def test_a_table_that_cannot_note_it_is_said(table, tmp_path):
    table.table.refuse_pulled = messages.STORE_FAILED
    with ports.connect(table.port) as client, Sessions(str(tmp_path / "s")) as store:
        done = pull(client, client.list_log().sessions[0], store, ABOUT, folder=tmp_path)
    assert done.how == NEW
    assert done.not_told.startswith("the table refused: the device could not store this")


def test_the_bar_shows_bytes_rate_and_time_left(tmp_path):
    """On a terminal."""
    import pty

    table = FakeTable({7: session_pages(7, count=200_000)})
    with PtyTable(table) as served:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "itable", "log", "pull", "--port", served.port),
                *("--store", tmp_path / "s"),
            ],
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        )
        os.close(slave)
        said = b""
        while True:
            try:
                part = os.read(master, 65_536)
            except OSError:
                break
            if not part:
                break
            said += part
        assert process.wait(60) == exits.OK
        os.close(master)
    text = said.decode()
    assert "session 7" in text
    assert "kB" in text or "MB" in text
    assert "/s" in text
    assert "0:00:0" in text
