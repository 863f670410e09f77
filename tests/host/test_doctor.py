"""`itable doctor`: the way to the table, who answers, and each check against what it looks at."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from itable import exits
from itable.care import behind, cable, checks
from itable.care.checks import Snapshot, all_checks, sessions_left
from itable.care.clock import Reading
from itable.care.findings import BAD, GOOD, NOTE, TODO, Finding, exit_code
from itable.care.holders import holders
from itable.link import models
from itable.screen.doctor import summary
from tests.host.fake_table import DEVICE, STATUS, WINDOW, FakeTable, PtyTable

NOW_S = 1_789_000_000
WELL = {
    "calibrated": True,
    "tilt_max_mdeg": 60_000,
    "slot": "a",
    "damaged": "",
    "current": {"version": 1, "made_s": NOW_S - 86_400 * 30, "temperature_mdegc": [24_000] * 2},
    "previous": None,
    "arrivals": [],
}


def snapshot(*, status=(), device=(), primary=(), monitor=(), calibration=(), settings=(), **more):
    """A table that is well, but for what is said."""
    table = FakeTable()
    told, _ = table._settings({})
    return Snapshot(
        status=models.Status(**{**STATUS, **dict(status)}),
        device=models.DeviceGet(**{**DEVICE, **dict(device)}),
        rest=models.ImuRest(
            primary=models.RestWindow(**{**WINDOW, **dict(primary)}),
            monitor=models.RestWindow(**{**WINDOW, **dict(monitor)}),
        ),
        calibration=models.CalibrationGet(**{**WELL, **dict(calibration)}),
        settings=models.SettingsGet(**{**told, **dict(settings)}),
        **{
            "log": models.LogList(sessions=[], lost_records=0),
            "reading": Reading(0.2, 0.02, 7_200),
            "now_s": NOW_S,
            "round_trip_ms": 6.0,
            **more,
        },
    )


def entry(session, first, last, pulled):
    return models.LogEntry(
        session=session, bytes=256, complete=True, first=first, last=last, pulled=pulled
    )


def test_a_table_that_is_well_asks_for_nothing():
    found = list(all_checks(snapshot()))
    assert [each.name for each in found if each.asks] == []
    assert exit_code(found) == exits.OK
    assert len({each.name for each in found}) == len(found)
    assert str(summary(found)) == "all is well"


INPUTS = STATUS["inputs"]
LAST = {
    "code": 11, "name": "STALLED", "age_ms": 240_000, "state": "MOVING", "tilt_mdeg": 12_345,
    "rate_mdeg_per_s": 0, "current_ma": 9_100, "supply_mv": 23_000,
}  # fmt: skip
FULL = models.LogList(
    sessions=[entry(2, 40, 79, False), entry(1, 0, 39, False)],
    lost_records=0,
)
WRONG = [
    ("state", BAD, "ANKLE", {"status": {"fault": "ANKLE_LOCK_OPEN", "fault_engineer": "ANKLE"}}),
    ("state", NOTE, "a session runs", {"status": {"state": "HOLDING"}}),
    ("state", NOTE, "without a plan", {"status": {"plan_name": ""}}),
    ("link", TODO, "300 ms", {"round_trip_ms": 300.0}),
    ("program", BAD, "kernel.py is damaged", {"status": {"program": "kernel.py is damaged"}}),
    ("firmware", NOTE, "on trial", {"status": {"firmware_note": "new firmware, on trial"}}),
    ("firmware", TODO, "given up", {"status": {"firmware_note": "the firmware f was given up"}}),
    ("settings", BAD, "damaged: nothing starts", {"settings": {"damaged": True}}),
    ("calibration", BAD, "slot a is damaged", {"calibration": {"damaged": "a"}}),
    ("calibration", TODO, "limits itself to 30", {"calibration": {"calibrated": False}}),
    ("calibration", TODO, "home reads 1.20 deg off", {"status": {"home_off_mdeg": -1_200}}),
    ("calibration", TODO, "400 days old", {"now_s": NOW_S + 370 * 86_400}),
    ("calibration", NOTE, "12 °C from", {"primary": {"temperature_mdegc": 36_000}}),
    ("IMU primary", BAD, "does not answer", {"device": {"imus": {"primary": "does not answer"}}}),
    ("IMU monitor", BAD, "is not believed", {"monitor": {"ok": False}}),
    ("IMU monitor", TODO, "noise 9.0 mg", {"monitor": {"accel_scatter_ug": 9_000}}),
    ("IMUs agree", TODO, "2.50 deg apart", {"monitor": {"tilt_mdeg": -72_500}}),
    ("switches", BAD, "E-stop is", {"status": {"inputs": {**INPUTS, "estop_pressed": True}}}),
    ("switches", BAD, "end switch", {"status": {"inputs": {**INPUTS, "end_reached": True}}}),
    ("switches", BAD, "does not say so", {"status": {"inputs": {**INPUTS, "home_switch": False}}}),
    ("switches", BAD, "bed reads -40.0 deg", {"status": {"tilt_mdeg": -40_000}}),
    ("switches", NOTE, "ankle lock", {"status": {"inputs": {**INPUTS, "ankle_locked": False}}}),
    ("relay", BAD, "welded", {"status": {"inputs": {**INPUTS, "relay_closed": True}}}),
    ("buttons", TODO, "JOG DOWN and START", {"pressed": ("JOG_DOWN", "START")}),
    ("supply", BAD, "18.0 V: too low", {"status": {"supply_mv": 18_000}}),
    ("supply", TODO, "20.5 V", {"status": {"supply_mv": 20_500}}),
    ("log", BAD, "there is no log", {"device": {"log_pages": 0}}),
    ("log", TODO, "2 of them not pulled", {"log": FULL, "device": {"log_next": 2_600}}),
    ("log", TODO, "7 records", {"log": models.LogList(sessions=[], lost_records=7)}),
    ("clock", TODO, "not set", {"reading": Reading(None, 0.0, None)}),
    ("clock", TODO, "12 s behind", {"reading": Reading(-12.0, 0.02, 600)}),
    ("clock", TODO, "43.2 s a day", {"reading": Reading(1.8, 0.02, 3_600)}),
    ("last fault", NOTE, "STALLED 4 min ago, moving at 12.3 deg", {"status": {"last_fault": LAST}}),
    ("last start", TODO, "watchdog", {"status": {"last_start": "watchdog"}}),
    ("last start", TODO, "crash", {"status": {"last_start": "crash of the program"}}),
    ("errors", TODO, "2 in the program since its start, the last: KeyError: x",
        {"device": {"errors": 2, "error": "Traceback:\n  File\nKeyError: x"}}),
    ("errors", TODO, "the last: not known", {"device": {"errors": 1, "error": ""}}),
    ("memory", TODO, "9 KB free", {"status": {"heap_free": 10_000}}),
]  # fmt: skip


@pytest.mark.requirement("RQ-148")
@pytest.mark.parametrize(("name", "level", "says", "changes"), WRONG)
def test_what_is_not_well_is_told_with_what_to_do(name, level, says, changes):
    changes = dict(changes)
    if "imus" in changes.get("device", {}):
        changes["device"]["imus"] = {"primary": "", "monitor": "", **changes["device"]["imus"]}
    found = list(all_checks(snapshot(**changes)))
    (mine,) = [each for each in found if each.name == name]
    assert (mine.level, says in mine.says) == (level, True), mine
    assert bool(mine.do) == mine.asks
    assert exit_code(found) == (exits.ATTENTION if mine.asks else exits.OK)


def test_each_check_was_seen_failing():
    names = {each.name for each in all_checks(snapshot())}
    assert names == {name for name, *_ in WRONG}


def test_sessions_left_by_hand():
    # 3072 pages in the ring, 384 kept erased; the oldest that nobody has begins at page 0.
    device = models.DeviceGet(**{**DEVICE, "log_next": 80})
    # (0 + 3072 - 80 - 384 - 16) / 40 pages each = 64.8
    assert sessions_left(device, FULL) == 64
    assert sessions_left(device, models.LogList(sessions=[], lost_records=0)) is None
    pulled = models.LogList(sessions=[entry(1, 0, 39, True)], lost_records=0)
    assert sessions_left(device, pulled) is None
    full = models.DeviceGet(**{**DEVICE, "log_next": 3_000})
    assert sessions_left(full, FULL) == 0


def test_in_a_session_what_is_told_only_at_home_is_left_out():
    seen = dataclasses.replace(snapshot(status={"state": "HOLDING"}), settings=None)
    found = {each.name: each for each in all_checks(seen)}
    assert found["settings"].level == NOTE
    assert not [each for each in found.values() if each.asks]


# --- the way to the table ------------------------------------------------------------------------


@pytest.mark.requirement("RQ-148")
def test_with_nothing_plugged_in(run):
    result = run("doctor")
    assert result.exit_code == exits.NO_DEVICE
    text = " ".join(result.stdout.split())
    assert "✗ cable no table: neither a USB board nor a virtual table is there" in text
    assert "some only charge" in text
    answer = json.loads(run("doctor", "--json").stdout)
    assert answer["exit_code"] == exits.NO_DEVICE
    assert [check["level"] for check in answer["checks"]] == ["bad"]


@pytest.mark.parametrize(
    ("product", "words"), [("0003", "USB drive (BOOTSEL)"), ("0005", "has no serial port")]
)
def test_a_board_without_a_port_is_seen_on_the_usb_bus(tmp_path, product, words):
    for number, (vendor, kind) in enumerate((("1d6b", "0002"), ("2e8a", product))):
        folder = tmp_path / f"1-{number}"
        folder.mkdir()
        (folder / "idVendor").write_text(vendor + "\n")
        (folder / "idProduct").write_text(kind + "\n")
    (tmp_path / "1-0:1.0").mkdir()  # an interface: it has no ids
    assert words in cable._nothing_there(tmp_path).says


def test_with_several_tables_one_is_to_be_chosen(run, monkeypatch):
    found = [cable.ports.Candidate(f"/dev/ttyACM{n}", f"USB board {n}") for n in (0, 1)]
    monkeypatch.setattr(cable.ports, "candidates", lambda: found)
    result = run("doctor")
    assert result.exit_code == exits.NO_DEVICE
    text = " ".join(result.stdout.split())
    assert "2 tables found: /dev/ttyACM0 (USB board 0); /dev/ttyACM1 (USB board 1)" in text
    assert "choose one: --port /dev/ttyACM0" in text


def test_a_port_that_is_not_there_and_one_that_is_none(run, tmp_path):
    result = run("doctor", "--port", "/dev/ttyACM77")
    assert result.exit_code == exits.NO_DEVICE
    assert "/dev/ttyACM77 is not there" in result.stdout
    file = tmp_path / "file"
    file.write_text("")
    result = run("doctor", "--port", file)
    assert "is no serial port" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("members", "mode", "group", "words", "do"),
    [
        ([], 0o660, "dialout", "it belongs to the group dialout", "usermod -aG dialout ann"),
        (["ann"], 0o660, "dialout", "after logging in", "log out and in again"),
        ([], 0o600, "dialout", "nor may its group", "udev rule"),
        ([], 0o660, "root", "nor may its group", 'GROUP="dialout"'),
    ],
)
def test_who_may_not_open_the_port(monkeypatch, members, mode, group, words, do):
    import grp
    import pwd

    name = os.ttyname(os.openpty()[1])
    real = Path(name).stat()
    monkeypatch.setattr(
        Path, "stat", lambda self, **_: os.stat_result((0o020000 | mode, *real[1:10]))
    )
    monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group((group, "x", gid, members)))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: type("User", (), {"pw_name": "ann"})())
    found = cable._rights(name)
    assert (found.level, found.exit_code) == (BAD, exits.NO_DEVICE)
    assert words in found.says
    assert do in found.do


HOLD = """
import fcntl, os, sys, time
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
if sys.argv[2] == "locked":
    fcntl.flock(port, fcntl.LOCK_EX)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.requirement("RQ-148")
@pytest.mark.parametrize("how", ["locked", "open"])
def test_another_process_on_the_port_is_named(run, how):
    with PtyTable(FakeTable()) as table:
        other = subprocess.Popen(
            [sys.executable, "-c", HOLD, table.port, how], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        try:
            assert other.stdout.readline() == "ready\n"
            result = run("doctor", "--port", table.port)
            text = " ".join(result.stdout.split())
            assert f"(process {other.pid})" in text
            if how == "locked":
                assert "✗ in use the port is used by" in text
                assert result.exit_code == exits.NO_DEVICE
                assert "answers" not in text
            else:
                assert "! in use" in text
                assert "has the port open too" in text
                assert result.exit_code == exits.ATTENTION
                assert "✓ answers" in text
        finally:
            other.kill()
            other.wait()
            other.stdout.close()


def test_holders_are_found_in_proc_and_those_that_hide_are_told(tmp_path):
    port = tmp_path / "tty"
    port.write_text("")
    for pid, command in ((7, "python3\0/usr/bin/mpremote\0repl\0"), (12, "ModemManager\0")):
        folder = tmp_path / "proc" / str(pid)
        (folder / "fd").mkdir(parents=True)
        (folder / "fd" / "3").symlink_to(port if pid == 7 else "/dev/null")
        (folder / "cmdline").write_text(command)
        (folder / "comm").write_text(command.split("\0", maxsplit=1)[0] + "\n")
    (tmp_path / "proc" / "self").mkdir()
    found, all_seen = holders(str(port), set(), tmp_path / "proc")
    assert [holder.words for holder in found] == ["mpremote repl (process 7)"]
    assert all_seen
    assert holders(str(port), {7}, tmp_path / "proc") == ([], True)


# --- who answers ---------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-148")
def test_a_port_where_nothing_answers(run, table, monkeypatch):
    monkeypatch.setattr("itable.care.doctor.ANSWER_S", 0.1)
    table.table.mute = True
    result = run("doctor", "--port", table.port)
    assert result.exit_code == exits.LINK_FAILED
    text = " ".join(result.stdout.split())
    assert "✗ answers the port is open, but nothing answers" in text
    assert "→ see that it is a table's port; switch the table off and on" in text


def test_another_contract_is_told_and_nothing_more_is_asked(run):
    table = FakeTable()
    table.contract = "0" * 16
    table.firmware = "0.9.0"
    with PtyTable(table) as served:
        result = run("doctor", "--port", served.port)
    assert result.exit_code == exits.MISMATCH
    text = " ".join(result.stdout.split())
    assert "✗ versions tool and table speak different versions" in text
    assert "update itable" in text
    assert {request["method"] for request in table.requests} == {"hello"}


@pytest.mark.parametrize(
    ("micropython", "firmware", "level"),
    [("1.28.0", "0.1.0", GOOD), ("1.29.0", "0.1.0", GOOD), ("1.24.1", "0.1.0", TODO),
     ("1.28.0", "0.0.9", TODO)],
)  # fmt: skip
def test_versions(micropython, firmware, level):
    hello = models.Hello(
        contract="0" * 16, protocol=1, firmware=firmware, build="", slot="", device="d"
    )
    assert behind.versions(hello, micropython, "Pico").level == level


def test_a_table_as_the_command_shows_it(run, table, monkeypatch):
    monkeypatch.setattr("itable.care.clock.LOOK_MOST_S", 0.1)
    monkeypatch.setenv("COLUMNS", "60")
    table.table.device["pressed"] = ["PAUSE"]
    result = run("doctor", "--port", table.port)
    assert result.exit_code == exits.ATTENTION
    assert "! buttons" in result.stdout
    assert "PAUSE reads as pressed all the time" in " ".join(result.stdout.split())
    assert max(len(line) for line in result.stdout.splitlines()) <= 60
    assert "Traceback" not in result.output
    answer = json.loads(run("doctor", "--json", "--port", table.port).stdout)
    assert answer["exit_code"] == exits.ATTENTION
    assert {tuple(check) for check in answer["checks"]} == {("name", "level", "says", "do")}


def test_a_cable_pulled_half_way_is_one_more_finding(run):
    table = FakeTable()
    with PtyTable(table, 700, PtyTable.cut) as served:
        result = run("doctor", "--port", served.port)
    assert result.exit_code == exits.LINK_FAILED
    assert "and then no longer" in " ".join(result.stdout.split())
    assert "Traceback" not in result.output


def test_what_stands_in_the_way_decides_the_exit_code():
    todo = Finding("a", TODO, "x", "y")
    gone = Finding("b", BAD, "x", "y", exits.LINK_FAILED)
    assert exit_code([todo]) == exits.ATTENTION
    assert exit_code([todo, gone]) == exits.LINK_FAILED
    assert exit_code([Finding("c", NOTE, "x")]) == exits.OK
    assert checks.QUIET == ("HOME", "FAULT", "SELF_TEST")
