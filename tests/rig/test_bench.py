"""The bench of two processes: the rig's own firmware, its protocol, its self-test, real ports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from inversion_table.contract import frame
from table_bench.bench import LacksAbility
from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.plant.plant import HOME_TILT_DEG
from table_bench.rig import DeskRigTable, RigTable, calibration
from table_bench.rig.cli import main
from table_bench.rig.deploy import SHARED, stage
from table_bench.rig.link import RigLink, RigRefused
from table_bench.rig.processes import Processes
from table_bench.rig.self_test import SelfTest
from table_bench.rig.wiring_table import load
from table_bench.simulated.errors import BenchError
from table_bench.simulated.settings import ProcessSettings

IDLE = "import time\nwhile True:\n    time.sleep_ms(100)\n"
"""A controller that does nothing: for tests of the rig alone."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RigTable]:
    state_dir = tmp_path_factory.mktemp("rig")
    with RigTable(state_dir=state_dir, provision=calibrated(1)) as table:
        Operator(table).wait_for_state("HOME", 60_000)
        yield table


@pytest.fixture
def alone() -> Iterator[RigTable]:
    with RigTable(entry=IDLE) as table:
        yield table
        assert table.processes is not None
        assert table.processes.rig.timer_failures == 0
        assert table.processes.rig.console == ""


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.timeout(120)
def test_less_than_a_microsecond_passes_too(alone: RigTable) -> None:
    """What is left of a wait after rounding must not be waited for without end."""
    before_ms = alone.now_ms
    for ms in (0.0004, 10.0004, 0.0):
        alone.advance(ms)
    assert alone.now_ms - before_ms == pytest.approx(10.0, abs=0.002)


# --- wires ---------------------------------------------------------------------------------------


def test_a_right_rig_passes_its_self_test(table: RigTable) -> None:
    boots = table.boots
    assert table.versions()["boards"].startswith("two processes; MicroPython 1.")
    assert SelfTest(table).run() == []
    assert table.boots > boots  # it went through SERVICE and started the controller afresh
    Operator(table).wait_for_state("HOME", 20_000)


WRONG = [
    (("cut", "JOG_UP"), ["JOG_UP: pulled low at the rig's GP22, nothing arrives"]),
    (
        ("swap", "LED_RED", "MOTOR_ENABLE"),
        [
            "LED_RED: high at the controller's GP6, arrives at the rig's GP12, which is MOTOR_EN",
            "MOTOR_ENABLE: high at the controller's GP12, arrives at the rig's GP6, which is LED_",
        ],
    ),
    (("cut", "START"), ["START or PAUSE does not arrive"]),
    (("cut", "BUZZER"), ["BUZZER: high", "BUZZER: 1000 Hz are counted as 0"]),
]


@pytest.mark.parametrize(("wrong", "complaints"), WRONG, ids=lambda value: "-".join(value)[:20])
def test_the_self_test_names_the_wire(
    table: RigTable, wrong: tuple[str, ...], complaints: list[str]
) -> None:
    assert table.processes is not None
    wires = table.processes.wires
    getattr(wires, wrong[0])(*wrong[1:])
    try:
        found = SelfTest(table).run()
    finally:
        wires.mend(table.wiring)
        table.power_cut()
        table.advance(100)
        table.power_on()
    assert len(found) == len(complaints)
    for line, start in zip(found, complaints, strict=True):
        assert line.startswith(start)


def test_analog_lines_are_measured_and_made_true(table: RigTable) -> None:
    found = calibration.fit(SelfTest(table).measure_analog(calibration.MILLIVOLTS))
    for gain in found["gain_q10"]:
        assert abs(gain / calibration.GAIN_Q10 - 1) < 0.01
    assert max(map(abs, found["offset_mv"])) < 10
    low = {name: [0.9 * mv for mv in calibration.MILLIVOLTS] for name in calibration._LINES}
    with pytest.raises(BenchError, match="wrong part or wire"):
        calibration.fit(low)


# --- the rig's protocol --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "params", "complaint"),
    [
        ("jump", {}, "no method 'jump'"),
        ("press", {"button": "STOP"}, "no button 'STOP'"),
        ("press", {}, "KeyError"),
        ("fault", {"name": "imu_primary_rude"}, "no fault"),
        ("force", {"closed": ["NOSE"]}, "ValueError"),
        ("wire", {"pins": {"START": 1}}, "wired otherwise already"),
        ("sensor", {"role": "third", "errors": {}}, "ValueError"),
    ],
)
def test_a_bad_request_is_refused_and_the_table_plays_on(
    alone: RigTable, method: str, params: dict[str, object], complaint: str
) -> None:
    with pytest.raises(RigRefused, match=complaint):
        alone.ask_rig(method, **params)
    before_ms = alone.ask_rig("look")["ms"]
    alone.advance(50)
    assert alone.ask_rig("look")["ms"] >= before_ms + 50


def test_damaged_lines_are_told_and_do_nothing(alone: RigTable) -> None:
    port = alone._link_port
    assert port is not None
    whole = frame.encode({"jsonrpc": "2.0", "id": 7, "method": "estop", "params": {"pressed": 1}})
    for line in (whole[:20] + b"\n", whole.replace(b"1", b"2", 1), b"\xff" * 3_000 + b"\n"):
        port.write(line)
        reply = frame.decode(port.readline())
        assert isinstance(reply, dict)
        assert (reply["id"], reply["error"]["code"]) == (None, -32_600)
    assert not alone.truth.estop_pressed


def test_another_protocol_is_refused_with_what_to_do() -> None:
    class Port:
        timeout = 1.0

        def __init__(self) -> None:
            self.heard = b""

        def write(self, data: bytes) -> int:
            request = frame.decode(data)
            assert isinstance(request, dict)
            self.heard = frame.encode({"id": request["id"], "result": {"protocol": 99}})
            return len(data)

        def readline(self) -> bytes:
            return self.heard

    with pytest.raises(BenchError, match=r"speaks protocol 99, this bench 1.*deploy"):
        RigLink(Port(), "/dev/rig", None).hello()  # type: ignore[arg-type]


def test_a_silent_port_is_told(alone: RigTable) -> None:
    class Silent:
        timeout = 0.0

        def write(self, data: bytes) -> int:
            return len(data)

        def readline(self) -> bytes:
            return b""

    with pytest.raises(BenchError, match="is its firmware on it, and is it the right port"):
        RigLink(Silent(), "/dev/rig", None).hello()  # type: ignore[arg-type]


def test_faults_inside_the_controller_are_not_the_rigs(alone: RigTable) -> None:
    with pytest.raises(LacksAbility, match="cpu_hangs"):
        alone.inject("cpu_hangs")
    with pytest.raises(LacksAbility):
        _ = alone.flash_log


def test_rows_of_truth_come_every_ten_ms_and_none_is_lost(alone: RigTable) -> None:
    alone.trace.clear()
    alone.advance(3_000)
    steps_us = {int(step) for step in alone.trace["time_us"][1:] - alone.trace["time_us"][:-1]}
    assert steps_us == {10_000}
    assert len(alone.trace) >= 300
    assert abs(alone.trace["time_us"][-1] / 1000 - alone.now_ms) < 15


def test_hands_and_faults_are_on_the_wires(alone: RigTable) -> None:
    assert alone.processes is not None
    wires = alone.processes.wires

    def low(name: str) -> bool:
        pin = load()[name].controller
        assert isinstance(pin, int)
        alone.advance(6)  # contacts take their turn every 4 ms
        return not wires.input_levels() >> pin & 1

    assert (low("ESTOP"), low("ANKLE_LOCK"), low("HOME_SWITCH"), low("START")) == (1, 1, 1, 0)
    alone.press("START", 50)
    assert low("START")
    alone.advance(60)
    assert not low("START")
    alone.set_estop(True)
    alone.set_ankle_lock(False)
    alone.inject("home_switch_stuck_open")
    assert not low("ESTOP")
    assert not low("ANKLE_LOCK")
    assert not low("HOME_SWITCH")
    alone.clear_fault("home_switch_stuck_open")
    assert low("HOME_SWITCH")
    assert alone.ask_rig("look")["faults"] == []


def test_a_table_without_a_power_line_offers_no_power_cut(tmp_path: Path) -> None:
    source = (Path(load.__code__.co_filename).parent / "boards/pico.toml").read_text("utf-8")
    path = tmp_path / "no-power.toml"
    path.write_text(source.partition("# Optional: without it there are no power cuts.")[0])
    with RigTable(entry=IDLE, wiring=path) as table:
        assert table.powered
        for call in (table.power_cut, table.press_run):
            with pytest.raises(LacksAbility):
                call()


def test_same_seed_same_rows() -> None:
    runs = []
    for _ in range(2):
        with RigTable(entry=IDLE, seed=4) as table:
            table.inject("bed_creeps")
            table.inject("button_bouncing", button="PAUSE")
            table.advance(2_000)
            runs.append((list(table.trace["tilt_deg"]), table.ask_rig("look")["levels"]))
    assert runs[0] == runs[1]
    assert runs[0][0][-1] > runs[0][0][0] + 0.4


# --- what comes onto a Pico ----------------------------------------------------------------------


def test_what_is_staged_is_what_runs(tmp_path: Path) -> None:
    """The process of every test here runs from such a folder: nothing is missing from it."""
    count = stage(tmp_path / "files")
    staged = {str(path.relative_to(tmp_path / "files")) for path in tmp_path.rglob("*.py")}
    assert len(staged) == count
    assert {"main.py", "table_rig/app.py", *(f"inversion_table/{name}" for name in SHARED)} < staged


def test_the_command_line_checks_processes_and_refuses_a_port_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["picture", "--out", str(tmp_path / "w.svg")]) == 0
    assert (tmp_path / "w.svg").read_text().startswith("<svg")
    assert main(["check", "--rig-port", "/dev/nothing"]) == 2
    assert "name both ports" in capsys.readouterr().err
    assert main(["picture", "--wiring", str(tmp_path / "no.toml")]) == 2
    assert "no wiring table" in capsys.readouterr().err


# --- real ports ----------------------------------------------------------------------------------


def test_over_two_serial_ports_in_real_time(table: RigTable, tmp_path: Path) -> None:
    """As on a desk: nothing in this process but two ports; both processes run by themselves."""
    shutil.copyfile(table.state_dir / "flash.bin", tmp_path / "flash.bin")
    desk = Processes(
        table.wiring,
        lambda: table.truth,
        ProcessSettings(),
        tmp_path,
    )
    rig_port, controller_port = str(desk.rig.serial.path), desk.controller_port
    assert RigTable.variant({"rig_port": rig_port}) is DeskRigTable
    assert "exact_time" not in DeskRigTable.OFFERS
    try:
        with (
            desk.run_free(3.0),
            DeskRigTable(check=False, rig_port=rig_port, controller_port=controller_port) as real,
        ):
            operator = Operator(real)
            operator.wait_for_state("HOME", 30_000)
            assert (
                real.versions()["boards"] == f"rig on {rig_port}, controller on {controller_port}"
            )
            assert real.truth.tilt_deg == pytest.approx(HOME_TILT_DEG, abs=0.01)
            operator.upload(simple_plan((-60, 60)))
            operator.press("START")
            assert real.advance_until(lambda t: t.truth.tilt_deg > -73, 10_000)
            real.set_estop(True)
            assert real.advance_until(lambda t: not t.truth.relay_closed, 1_000)
            operator.wait_for_state("STOPPED", 5_000)
            real.set_estop(False)
            operator.close()
            real.power_cut()
            real.advance(300)
            real.power_on()
            operator.wait_for_state("STOPPED", 30_000)
            assert operator.status()["fault"] == "POWER_RESTORED"
            assert len(real.trace) > 100
            with pytest.raises(LacksAbility):
                _ = real.boots
            operator.close()
    finally:
        desk.close()
