"""Calibrating a table whose true errors are known, by its buttons; what the table does with it."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inversion_table.contract import messages
from inversion_table.contract.events import HOME_MEASURED
from inversion_table.safety import limits
from itable.calibrate.algebra import Matrix, product, times, turn
from itable.calibrate.mounts import square_mounts
from itable.calibrate.record import calibration_of, tilt_by
from itable.calibrate.solver import ROLES, up
from itable.calibrate.walk import TARGETS, View, Walk
from itable.link.client import Client
from table_bench.bench import Bench
from table_bench.factory import table_calibration
from table_bench.operator import Operator, simple_plan

Tables = Callable[..., Operator]
SQUARE = list(square_mounts())
STUCK_LOOKS = 10
"""A button held in vain for so long (a jog ends after 20 s) is let go."""
OPEN_LOOKS = 4
"""It must be open for half a second before it counts again."""


class Hand:
    """The hand on the buttons: does what the walk's step asks, and presses anew when in vain."""

    def __init__(self, table: Bench) -> None:
        self._table = table
        self._held = False
        self._looks = 0

    def do(self, step: int) -> None:
        """Hold JOG DOWN until the step's tilt is near; in the last step press RETURN."""
        truth = self._table.truth
        still = abs(truth.rate_deg_per_s) < 0.02
        wanted = 2 <= step < len(TARGETS) + 2 and truth.tilt_deg < TARGETS[step - 2].tilt_deg - 1
        self._looks = self._looks + 1 if still else 0
        if self._held and (not wanted or self._looks > STUCK_LOOKS):
            self._table.release("JOG_DOWN")
            self._held = False
            self._looks = 0
        elif wanted and not self._held and self._looks > OPEN_LOOKS:
            self._table.hold("JOG_DOWN")
            self._held = True
            self._looks = 0
        if step == len(TARGETS) + 2 and still and not truth.at_home_switch:
            self._table.press("RETURN", 150)


class BenchLink:
    """A client in virtual time, with the hand at work whenever time passes."""

    def __init__(self, table: Bench, person: Therapist) -> None:
        self._table = table
        self._person = person
        self._hand = Hand(table)
        self._first_id = 1
        self.client = self._open()

    def _open(self) -> Client:
        self._first_id += 10_000
        client = Client(
            self._table.stepped_serial(timeout=0.05),
            name="virtual table",
            first_id=self._first_id,
            clock=self.now,
        )
        client.hello()
        return client

    def reopen(self) -> None:
        self.client.close()
        self.client = self._open()

    def wait(self, seconds: float) -> None:
        self._hand.do(self._person.step)
        self._table.advance(seconds * 1000)

    def now(self) -> float:
        return self._table.now_ms / 1000


class Therapist:
    """Reads the phone, which is right to a tenth of a degree, and remembers what was said."""

    def __init__(self, table: Bench) -> None:
        self._table = table
        self.step = 0
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def show(self, view: View) -> None:
        self.step = view.step

    def angle(self, question: str, default: float | None) -> float | None:
        return None if default is None else round(self._table.truth.tilt_deg, 1)

    def agrees(self, question: str) -> bool:
        return True


def worst_deg(table: Bench, record: dict[str, Any], role: str) -> float:
    """The worst tilt error from home to 60 deg, at the temperature of the calibration."""
    return max(abs(error) for error in errors_deg(table, record, role))


def errors_deg(table: Bench, record: dict[str, Any], role: str) -> list[float]:
    """The tilt errors from home to 60 deg, at the temperature of the calibration."""
    errors = table.imu_errors[role]
    warm = record["temperature_mdegc"][ROLES.index(role)] / 1000 - 25.0
    found = []
    for tilt in range(-75, 61, 5):
        felt = times(errors.mount, up(math.radians(tilt)))
        x, y, z = (
            errors.accel_scale[i] * felt[i]
            + errors.accel_bias_g[i]
            + errors.accel_bias_slope_g_per_c[i] * warm
            for i in range(3)
        )
        found.append(tilt_by(calibration_of(record, role), (x, y, z)) - tilt)
    return found


def calibrate(operator: Operator) -> tuple[Walk, dict[str, Any], list[str]]:
    """The whole walk and its storing; what was stored, and what was said on the way."""
    operator.close()
    person = Therapist(operator.table)
    walk = Walk(BenchLink(operator.table, person), person, poll_s=0.5)
    outcome = walk.run()
    walk.store(outcome)
    walk.link.client.close()
    return walk, outcome.record, person.said


TURNED: dict[str, Matrix] = {
    "primary": product(turn((0.05, -0.06, 0.05)), SQUARE[7]),
    "monitor": product(turn((-0.06, 0.05, 0.06)), SQUARE[16]),
}


@pytest.mark.requirement("RQ-117")
@pytest.mark.parametrize(("seed", "turned"), [(4, {}), (3, TURNED)], ids=["boards learn", "turned"])
@pytest.mark.needs("specimens", "minutes")
def test_the_walk_makes_a_table_right(
    make_operator: Tables, seed: int, turned: dict[str, Matrix]
) -> None:
    operator = make_operator(seed=seed, calibrate=False, ready=False, turned=turned)
    table = operator.table
    operator.wait(5)
    assert operator.status()["calibrated"] is False
    _, record, said = calibrate(operator)
    assert any("first guess" in text for text in said)
    # 4's boards differ by 4.3 deg as delivered; what they learn on the way is enough (RQ-118).
    assert not any("differ too much" in text for text in said)
    for role in ROLES:
        assert worst_deg(table, record, role) < 0.3, role
        assert worst_deg(table, record, role) < record[role]["residual_mdeg"] / 1000
    operator.wait_for_state("HOME")
    status = operator.status()
    assert status["calibrated"] is True
    # The table itself is right as well: at rest head-down, further than it was calibrated.
    operator.upload(simple_plan((50, 8)))
    operator.press("START")
    operator.wait_for_tilt(49.5)
    operator.wait(5)
    assert operator.status()["tilt_mdeg"] / 1000 == pytest.approx(table.truth.tilt_deg, abs=0.4)


@pytest.mark.requirement("RQ-113")
@pytest.mark.needs("trace", "minutes")
def test_a_table_never_calibrated_stays_low_and_says_so(make_operator: Tables) -> None:
    operator = make_operator(seed=3, calibrate=False)
    reply = operator.ask(
        "plan.put",
        plan=simple_plan((31, 5)).to_wire(),
        id=simple_plan((31, 5)).plan_id(),
    )
    assert reply["error"]["code"] == messages.PLAN_REFUSED
    assert "never calibrated" in reply["error"]["message"]
    assert operator.status()["calibrated"] is False
    assert operator.result("calibration.get")["tilt_max_mdeg"] == limits.UNCALIBRATED_TILT_MAX_MDEG
    operator.table.hold("JOG_DOWN")
    operator.table.advance(15_000)
    operator.table.release("JOG_DOWN")  # nothing is held for longer than 20 s
    operator.wait(2)
    operator.table.hold("JOG_DOWN")
    for _ in range(4):
        operator.table.advance(18_000)
        operator.table.release("JOG_DOWN")
        operator.wait(2)
        operator.table.hold("JOG_DOWN")
    most_deg = max(operator.table.trace["tilt_deg"])
    # By its own, uncalibrated tilt, which this specimen has wrong by about 2 deg.
    assert 20 < most_deg < 30 + 4


@pytest.mark.requirement("RQ-112")
@pytest.mark.needs("boot_count")
def test_a_calibration_is_taken_at_home_alone_and_used_after_a_restart(operator: Operator) -> None:
    table = operator.table
    operator.wait(6)
    record = operator.result("calibration.get")["current"]
    # One that would make home something else is refused, and nothing restarts.
    wrong = {**record, "home_mdeg": -73_000}
    error = operator.ask("calibration.put", calibration=wrong)["error"]
    assert error["code"] == messages.CALIBRATION_REFUSED
    assert "off home" in error["message"]
    operator.upload(simple_plan((-40, 5)))
    operator.press("START")
    operator.wait_for_tilt(-60)
    error = operator.ask("calibration.put", calibration=record)["error"]
    assert error["code"] == messages.BUSY
    rest = operator.result("imu.rest")
    assert rest["primary"]["verdict"] in ("moving", "still")  # answered, as nothing else is
    operator.wait_for_state("HOME")
    operator.wait(6)
    assert table.boots == 1
    other = {**record, "made_s": 5}
    assert operator.result("calibration.put", calibration=other)["version"] == 2
    operator.close()
    table.advance(3_000)
    assert table.boots == 2
    operator.wait_for_state("HOME")
    answer = operator.result("calibration.get")
    assert (answer["current"]["version"], answer["slot"]) == (2, "b")
    assert answer["previous"]["version"] == 1


@pytest.mark.requirement("RQ-111")
@pytest.mark.parametrize("operation", [1, 2, 3, 4, 6])
@pytest.mark.needs("power_cut", "flash_cut")
def test_a_power_cut_while_storing_leaves_the_old_or_the_new(
    make_operator: Tables, operation: int
) -> None:
    operator = make_operator()
    table = operator.table
    operator.wait(8)
    record = operator.result("calibration.get")["current"]
    table.inject("flash_cut", after=operation, done=0.5)
    try:
        operator.result("calibration.put", calibration={**record, "made_s": 5})
        stored = {5}
    except (OSError, TimeoutError):
        stored = {0, 5}
    operator.close()
    table.clear_fault("flash_cut")
    if table.powered:
        table.power_cut()
    table.power_on()
    operator.wait_for_state("HOME")
    answer = operator.result("calibration.get")
    assert answer["damaged"] == ""
    assert answer["calibrated"] is True
    assert answer["current"]["made_s"] in stored
    operator.upload(simple_plan((-60, 5)))
    operator.press("START")
    assert operator.status()["state"] == "MOVING"


@pytest.mark.requirement("RQ-070")
@pytest.mark.leaves("SETTINGS_CORRUPT")
@pytest.mark.needs("provision")
def test_a_damaged_slot_refuses_start(make_operator: Tables) -> None:
    operator = make_operator(
        ready=False, provision={"/data/calibration_b.json": b'{"version":2} 00000000\n'}
    )
    operator.wait_for_state("FAULT", 60_000)
    operator.upload(simple_plan((-60, 5)))
    operator.press("START")
    operator.wait(2)
    status = operator.status()
    assert "SETTINGS_CORRUPT" in (status["fault"], status["refused"])
    assert operator.table.truth.tilt_deg < -74
    assert operator.result("calibration.get")["damaged"] == "b"


@pytest.mark.requirement("RQ-114", "RQ-115")
@pytest.mark.needs("power_cut", "minutes")
def test_a_mount_that_works_loose_is_seen_at_home_and_refuses_to_start(
    make_operator: Tables,
) -> None:
    operator = make_operator(seed=2)
    table = operator.table
    operator.upload(simple_plan((-50, 3)))
    arrivals = []
    for slip_g in (0.0, 0.015, 0.045):
        if slip_g:
            table.inject("imu_monitor_bias", accel_g=slip_g, gyro_dps=0.0)
        operator.press("START")
        assert operator.status()["state"] == "MOVING"
        operator.wait_for_state("HOME")
        operator.wait(8)
        arrivals.append(operator.result("calibration.get")["arrivals"][-1])
    status = operator.status()
    slipped = [abs(entry[1] - arrivals[0][1]) for entry in arrivals]
    assert slipped[1] > 400
    assert slipped[2] > 2_000
    assert abs(arrivals[2][0] - arrivals[0][0]) < 150  # the other one did not move
    assert abs(status["home_off_mdeg"]) > limits.HOME_DRIFT_MAX_MDEG
    assert status["fault"] == "HOME_DRIFT"
    assert "calibrated again" in status["fault_patient"]
    operator.press("START")
    operator.wait(2)
    assert table.truth.tilt_deg < -74
    # The log of a session begins with what was measured at home before it.
    measured = [
        [record.a, record.b]
        for record in operator.records()
        if getattr(record, "code", None) == HOME_MEASURED
    ]
    assert arrivals[1][:2] in measured
    # It is kept over a power cut, seen again, and gone when the mount is back.
    operator.close()
    table.power_cut()
    table.power_on()
    operator.wait_for_state("HOME")
    assert operator.result("calibration.get")["arrivals"][:3] == arrivals
    operator.wait_for_state("FAULT", 15_000)
    table.clear_fault("imu_monitor_bias")
    operator.wait_for_state("HOME", 15_000)


@pytest.mark.requirement("RQ-115")
@pytest.mark.needs("minutes")
def test_calibrating_again_is_the_way_out_of_a_drift(make_operator: Tables) -> None:
    operator = make_operator(seed=5)
    operator.table.inject("imu_primary_bias", accel_g=0.075, gyro_dps=0.0)
    operator.wait_for_state("FAULT", 20_000)
    _, record, said = calibrate(operator)
    assert any("first guess" in text for text in said)
    assert record["kind"] == "full"
    operator.wait_for_state("HOME")
    operator.wait(8)
    status = operator.status()
    assert (status["fault"], status["calibrated"]) == ("NO_FAULT", True)
    # The guess on the way did not cost the whole calibration before it.
    assert operator.result("calibration.get")["previous"]["kind"] == "full"


def test_the_bench_calibration_is_one_that_the_table_takes(operator: Operator) -> None:
    assert operator.result("calibration.get")["current"] == table_calibration(1)
    operator.wait(8)
    assert abs(operator.status()["home_off_mdeg"]) < 500


@pytest.mark.needs("specimens", "minutes")
def test_the_command_from_a_terminal_without_a_person(
    make_operator: Tables, tmp_path: Path
) -> None:
    operator = make_operator(seed=6, calibrate=False)
    operator.close()
    table = operator.table
    hand = Hand(table)
    command = [sys.executable, "-m", "itable", "calibrate", "--port", table.serial_port, "--yes"]
    environment = {**os.environ, "HOME": str(tmp_path), "COLUMNS": "200"}
    lines: list[str] = []
    with table.run_free(15.0):
        with (
            (tmp_path / "out").open("w+") as out,
            subprocess.Popen(
                [*command, "--level-deg", "-0.7"], stdout=out, stderr=out, env=environment
            ) as process,
        ):
            end_s = time.monotonic() + 200
            while process.poll() is None and time.monotonic() < end_s:
                lines = (tmp_path / "out").read_text("utf-8").splitlines()
                steps = [line for line in lines if line.startswith("step ")]
                if steps:
                    hand.do(int(steps[-1].split()[1]))
                time.sleep(0.03)
            process.kill()
        text = (tmp_path / "out").read_text("utf-8")
        assert process.returncode == 0, text
        assert "stored as version 2" in text
        assert "Good: the tilt was wrong by up to" in text
        shown = subprocess.run(
            [*command[:3], "settings", "show", "--json", "--port", table.serial_port],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
    answer = json.loads(shown.stdout)
    assert answer["calibration"]["calibrated"] is True
    for role in ROLES:
        # Where the bed stopped for the level is the hand's doing: all tilts are off by as much.
        found = errors_deg(table, answer["calibration"]["current"], role)
        assert max(found) - min(found) < 0.4
