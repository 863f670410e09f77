"""The log is pulled from real MicroPython: through a whole session, and told at home."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from inversion_table.contract import pages
from itable.errors import RefusedError
from itable.link.client import Client
from itable.link.models import LogEntry
from itable.log.decode import decode
from table_bench.bench import Bench
from table_bench.operator import Operator, simple_plan

PLAN = simple_plan((20, 8), rest_s=5)


def client_of(table: Bench) -> Client:
    return Client(table.stepped_serial(timeout=0.05), first_id=1, clock=lambda: table.now_ms / 1000)


def read(client: Client, entry: LogEntry) -> bytes:
    return b"".join(client.read_log(entry))


def run_session(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.press("START")
    operator.wait(5)
    operator.wait_for_state("HOME")


def session_trace(
    operator: Operator, meanwhile: Callable[[Client], None]
) -> tuple[np.ndarray, list[tuple[bool, int, int]]]:
    """Tilt at each tick of a session during which `meanwhile` is done again and again; flash."""
    table = operator.table
    operator.close()
    client = client_of(table)
    table.trace.clear()
    flash_before = len(table.flash_log)
    start_ms = table.now_ms
    table.press("START")
    while table.now_ms < start_ms + 90_000:
        meanwhile(client)
        table.advance(1_000 - (table.now_ms - start_ms) % 1_000)
    client.close()
    done = [(one.erase, one.address, one.size) for one in table.flash_log[flash_before:]]
    return np.array(table.trace["tilt_deg"]), done


@pytest.mark.requirement("RQ-126")
@pytest.mark.needs("boot_count", "flash_log", "trace", "minutes")
def test_a_pull_through_a_session_changes_nothing_of_it(
    make_operator: Callable[..., Operator],
) -> None:
    quiet, pulled = make_operator(seed=3), make_operator(seed=3)
    for operator in (quiet, pulled):
        run_session(operator)
    olds = {1: pulled.log(1)}
    assert olds == {1: quiet.log(1)}
    seen = {"bytes": 0, "running": 0}

    def pull_everything(client: Client) -> None:
        for entry in client.list_log().sessions:
            data = read(client, entry)
            seen["bytes"] += len(data)
            if entry.session in olds:
                assert data == olds[entry.session]
            else:
                log = decode(data)
                assert log.page_count == len(data) // pages.PAGE_BYTES
                assert log.end is not None or log.missing[-1].startswith("the end")
                seen["running"] += 1
                if log.end is None:
                    with pytest.raises(RefusedError):
                        client.tell_pulled(entry.session, entry.last)

    tilt_deg, flash = session_trace(pulled, pull_everything)
    quiet_deg, quiet_flash = session_trace(quiet, lambda client: None)
    # Reading the clock takes the bench's time, so passes lie a few microseconds elsewhere.
    assert np.max(np.abs(tilt_deg - quiet_deg)) < 0.005
    assert flash == quiet_flash
    assert np.max(tilt_deg) > 19.5
    assert seen["bytes"] > 150_000
    assert seen["running"] > 30
    assert pulled.table.boots == 1
    after, as_ever = pulled.status(), quiet.status()
    assert after["state"] == "HOME"
    assert after["late_ticks"] == as_ever["late_ticks"]
    assert after["log_lost"] == 0
    assert decode(pulled.log(2)).events == decode(quiet.log(2)).events


@pytest.mark.needs("minutes")
def test_a_stop_is_heard_in_the_middle_of_a_pull(operator: Operator) -> None:
    """The stream ends for it, and the table stops within two ticks and the line's own time."""
    table = operator.table
    run_session(operator)
    operator.press("START")
    operator.wait_for_tilt(-40)
    operator.close()
    with client_of(table) as client:
        entry = client.list_log().sessions[-1]
        assert entry.bytes > pages.PAGE_BYTES
        next(iter(client.read_log(entry)))
        before_ms = table.now_ms
        assert client.stop().state in ("MOVING", "STOPPED")
        assert table.now_ms - before_ms < 100
        table.advance(50)
        assert client.status().state == "STOPPED"
    assert not table.truth.motor_drive


@pytest.mark.requirement("RQ-125")
@pytest.mark.needs("power_cut", "minutes")
def test_the_table_remembers_what_was_pulled(operator: Operator) -> None:
    table = operator.table
    run_session(operator)
    run_session(operator)
    operator.close()
    with client_of(table) as client:
        newest, oldest = client.list_log().sessions
        assert not newest.pulled
        assert not oldest.pulled
        assert client.tell_pulled(oldest.session, oldest.last).pulled
        # As if it had been pulled while it ran: what came after that is not pulled.
        client.tell_pulled(newest.session, newest.last - 1)
        assert not client.list_log().sessions[0].pulled
        with pytest.raises(RefusedError, match="session 9, or it went on"):
            client.tell_pulled(9, 1)
    table.power_cut()
    table.power_on()
    operator.wait_for_state("HOME", 60_000)
    operator.close()
    with client_of(table) as client:
        again = client.list_log().sessions
        assert [entry.pulled for entry in again] == [False, True]
        # Nothing was deleted for it.
        assert [entry.bytes for entry in again] == [newest.bytes, oldest.bytes]
        assert decode(read(client, again[1])).missing == []
        client.tell_pulled(newest.session, newest.last)
        assert [entry.pulled for entry in client.list_log().sessions] == [True, True]


@pytest.mark.needs("minutes")
def test_a_long_log_is_listed_whole(operator: Operator) -> None:
    """More sessions than fit into one line of the wire."""
    table = operator.table
    for _ in range(20):
        operator.press("JOG_DOWN", 1_500)  # far enough to leave the home switch each time
        operator.press("RETURN")
        operator.wait_for_state("HOME", step_ms=500)
        operator.wait(1)  # the relay opens, and the button was let go of for long enough
    operator.close()
    with client_of(table) as client:
        sessions = client.list_log().sessions
        assert [entry.session for entry in sessions] == list(range(len(sessions), 0, -1))
        assert len(sessions) >= 20
        assert decode(read(client, sessions[-1])).session == 1
