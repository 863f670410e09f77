"""`itable doctor` and `itable time sync` against the firmware, with things truly broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from inversion_table.contract.messages import CLOCK_SET_FROM_S
from itable import exits
from itable.care import clock
from itable.care.doctor import of_the_table
from itable.care.findings import BAD, NOTE, TODO, Finding
from itable.link.client import Client
from table_bench.bench import Bench
from table_bench.operator import Operator, simple_plan
from table_bench.virtual import VirtualTable

HERE_S = CLOCK_SET_FROM_S + 20_000_000
"""What this computer's clock says when the table is made."""


class Laptop:
    """A client whose waiting, and whose clock, are the table's virtual time."""

    def __init__(self, operator: Operator) -> None:
        operator.close()
        self.table = operator.table
        self.client = Client(
            self.table.stepped_serial(timeout=0.05),
            first_id=1,
            clock=lambda: self.table.now_ms / 1000,
        )

    def now(self) -> float:
        return HERE_S + self.table.now_ms / 1000

    def sleep(self, seconds: float) -> None:
        self.table.advance(seconds * 1000)

    def doctor(self) -> dict[str, Finding]:
        hello = self.client.hello()
        found = list(of_the_table(self.client, hello, self.now, self.sleep))
        return {finding.name: finding for finding in found}

    def close(self) -> None:
        self.client.close()


def seen(operator: Operator) -> dict[str, Finding]:
    laptop = Laptop(operator)
    try:
        return laptop.doctor()
    finally:
        laptop.close()


def set_clock(operator: Operator) -> None:
    laptop = Laptop(operator)
    clock.set_right(laptop.client, laptop.now, laptop.sleep)
    laptop.close()


@pytest.mark.requirement("RQ-148")
def test_a_table_that_is_well(operator: Operator) -> None:
    operator.upload(simple_plan((20, 5), name="Monday"))
    set_clock(operator)
    found = seen(operator)
    assert [finding for finding in found.values() if finding.asks] == []
    assert found["state"].says == "at home, ready with 'Monday'"
    # A fact that is not the doctor's word: what the bench says of the same things.
    truth = operator.table.truth
    assert abs(float(found["supply"].says.split()[0]) - truth.supply_v) < 0.5


BROKEN: list[tuple[str, dict[str, Any], str, str]] = [
    ("imu_primary_nack", {}, "IMU primary", BAD),
    ("imu_monitor_frozen", {}, "IMU monitor", BAD),
    ("imu_monitor_noisy", {}, "IMU monitor", TODO),
    ("imu_primary_bias", {"accel_g": 0.12, "gyro_dps": 0.0}, "IMUs agree", TODO),
    ("imu_primary_bias", {"accel_g": 0.06, "gyro_dps": 0.0}, "calibration", TODO),
    ("relay_welded", {}, "relay", BAD),
    ("relay_mirror_broken", {}, "relay", BAD),
    ("supply_sag", {"volts": 8.0}, "supply", BAD),
    ("supply_sag", {"volts": 3.5}, "supply", TODO),
    ("home_switch_stuck_open", {}, "switches", BAD),
    ("end_switch_stuck_open", {}, "switches", BAD),
    ("estop_wire_broken", {}, "switches", BAD),
    ("ankle_lock_opens", {}, "switches", NOTE),
    ("button_stuck", {"button": "PAUSE"}, "buttons", TODO),
]
CORRUPT = pytest.param(
    *("program_corrupt", {}, "program", BAD),
    marks=[pytest.mark.leaves("PROGRAM_CORRUPT"), pytest.mark.needs("minutes")],
)


@pytest.mark.requirement("RQ-148")
@pytest.mark.parametrize(("fault", "parameters", "name", "level"), [*BROKEN, CORRUPT])
def test_what_is_truly_broken_is_found(
    operator: Operator, fault: str, parameters: dict[str, Any], name: str, level: str
) -> None:
    set_clock(operator)
    operator.table.inject(fault, **parameters)
    operator.wait(65 if fault == "program_corrupt" else 6)
    found = seen(operator)
    levels = (BAD, TODO) if level == TODO else (level,)
    assert found[name].level in levels, found
    assert found[name].do or level == NOTE


@pytest.mark.requirement("RQ-148")
def test_what_was_never_done_is_found(make_operator: Callable[..., Operator]) -> None:
    operator = make_operator(calibrate=False, ready=False)
    operator.wait(5)
    found = seen(operator)
    assert found["calibration"].level == TODO
    assert "30 deg" in found["calibration"].says
    assert found["clock"].level == TODO
    assert "not set" in found["clock"].says


@pytest.mark.requirement("RQ-148")
@pytest.mark.needs("minutes")
def test_after_a_fault_and_a_hang(head_down: Operator) -> None:
    head_down.table.inject("motor_stalled")
    head_down.press("RETURN")
    head_down.wait(4)
    found = seen(head_down)
    assert found["state"].level == BAD
    assert "STALLED" in found["state"].says
    assert "STALLED" in found["last fault"].says
    head_down.table.clear_fault("motor_stalled")
    head_down.table.inject("cpu_hangs")
    head_down.wait(6)
    assert "watchdog" in seen(head_down)["last start"].says


@pytest.mark.requirement("RQ-093")
@pytest.mark.needs("fault:clock_drift", "minutes")
def test_the_clock_is_set_and_its_drift_is_told(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "DRIFT_FROM_S", 240)
    laptop = Laptop(operator)
    assert clock.measure(laptop.client, laptop.now, laptop.sleep).off_s is None
    after = clock.set_right(laptop.client, laptop.now, laptop.sleep)
    assert after.off_s is not None
    # The chip's second goes on as it was, wherever it stood.
    assert abs(after.off_s) <= clock.SET_WITHIN_S + after.within_s
    laptop.table.inject("clock_drift", clock="rtc", ppm=15_000)
    laptop.sleep(250)
    later = clock.measure(laptop.client, laptop.now, laptop.sleep)
    assert later.set_since_s is not None
    # 1.5 % of a day of 86400 s are 1296 s; what it was off when it was set counts as drift too.
    set_wrong_s = after.off_s / later.set_since_s * clock.DAY_S
    assert later.drift_s_per_day == pytest.approx(1_296 + set_wrong_s, abs=40)
    assert "s a day" in clock.drift_words(later)
    laptop.close()


# --- over the real port, as people run it --------------------------------------------------------


def run(table: Bench, *words: str) -> tuple[int, str]:
    """itable in a process of its own, while time goes by as it does."""
    with table.run_free(speed=3):
        done = subprocess.run(
            [sys.executable, "-m", "itable", *words, "--port", table.serial_port],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            env={**os.environ, "COLUMNS": "100"},
        )
    assert "Traceback" not in done.stderr
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.requirement("RQ-148")
def test_the_doctor_sees_service_and_leaves_it_as_it_is(operator: Operator) -> None:
    operator.enter_service()
    table = operator.table
    for _ in range(2):
        code, text = run(table, "doctor")
        assert code == exits.ATTENTION
        assert "! answers the table is in SERVICE (firmware 0." in text
        assert "switch it off and on at home" in text
    table.press_run()
    operator.wait_for_state("HOME")


@pytest.mark.requirement("RQ-148")
@pytest.mark.needs("bench:virtual")
def test_the_doctor_sees_a_board_without_the_program() -> None:
    with VirtualTable(entry="import sys\nsys.path[:] = []\n") as table:
        table.advance(2_000)
        code, text = run(table, "doctor")
    assert code == exits.ATTENTION
    assert "a bare MicroPython 1." in text
    assert "put the firmware on" in text


@pytest.mark.requirement("RQ-148")
def test_the_whole_command_on_the_port(operator: Operator) -> None:
    operator.close()
    code, text = run(operator.table, "doctor")
    assert code == exits.ATTENTION
    assert "! clock was not set since it was switched on → `itable time sync`, at home" in text
    code, text = run(operator.table, "time", "sync")
    assert code == exits.OK
    assert "✓ set; now right to" in text
    code, text = run(operator.table, "doctor", "--json")
    answer = json.loads(text)
    names = [check["name"] for check in answer["checks"]]
    assert names[:5] == ["cable", "permissions", "in use", "answers", "versions"]
