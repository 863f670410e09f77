"""Demo and simulator: whole sessions on the virtual table through the command line."""

import json
import os
import signal
import subprocess
import sys
import time
import types
from typing import Any

import pytest

from itable import exits
from itable.virtual import keys

SHORT = """\
format = 1
name = "Short"
[return]
rate_deg_per_s = 3
rest_s = 2
[[set]]
[[set.step]]
tilt_deg = -40
hold_s = 3
[[set.step]]
tilt_deg = 10
hold_s = 5
"""


@pytest.fixture
def short_plan(tmp_path):
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


def demo(folder, plan):
    result = subprocess.run(
        [sys.executable, "-m", "itable", "demo", "--plan", plan, "--out", folder, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == exits.OK, result.stderr + result.stdout
    return json.loads(result.stdout)


def test_the_demo_runs_a_session_and_judges_it_by_the_truth(tmp_path, short_plan):
    report = demo(tmp_path / "one", short_plan)
    assert report["plan_name"] == "Short"
    assert report["missing"] == []
    truth = report["truth"]
    # What the project promises: within 1 deg of the plan, at most 0.5 deg past a target.
    assert truth["worst_error_deg"] < 1.0
    assert truth["worst_overshoot_deg"] < 0.5
    assert 9.0 < truth["max_tilt_deg"] < 10.5
    assert 5.0 < truth["head_down_s"] < 20.0
    assert report["bytes_per_sample"] < 8  # a short session has few samples for its pages
    assert abs(report["duration_ms"] - report["planned"]["total_ms"]) < 5_000
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "one").iterdir()}
    assert set(sizes) == {
        "session.png",
        "session.csv",
        "session-events.csv",
        "session.itlog",
    }
    assert sizes["session.png"] > 40_000
    again = demo(tmp_path / "two", short_plan)
    assert again["truth"] == truth
    first, second = (tmp_path / name / "session.itlog" for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_the_demo_refuses_a_bad_plan(run, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(SHORT.replace("10", "80"))
    result = run("demo", "--plan", bad, "--out", tmp_path / "out")
    assert result.exit_code == exits.PROBLEM
    assert "bad.toml:11: set.step.tilt_deg: tilt 80.0 deg is outside" in result.output
    assert not (tmp_path / "out").exists()


def test_a_rider_of_no_weight_is_refused(run, short_plan, tmp_path):
    result = run("demo", "--plan", short_plan, "--rider-kg", 2, "--out", tmp_path / "out")
    assert result.exit_code == exits.PROBLEM
    assert result.stderr.startswith("error: rider mass 2.0 kg is not within 20..200 kg\n")


@pytest.fixture
def sim(tmp_path):
    """`itable sim` as a process without a terminal: its port, and its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", "itable", "sim", "--speed", "5", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, "the simulator said nothing"
        yield types.SimpleNamespace(process=process, port=json.loads(first)["port"])
    finally:
        process.kill()
        process.wait(20)


def until(run, wanted, seconds=60):
    """Ask for the status, without naming a port, until it is as wanted."""
    deadline = time.monotonic() + seconds
    while True:
        result = run("status", "--json")
        answer = json.loads(result.stdout)
        if wanted(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)


def test_every_command_works_on_the_simulator(run, sim, short_plan, tmp_path):
    assert until(run, lambda status: status.get("state") == "HOME")["plan_id"] == ""
    result = run("plan", "upload", short_plan)
    assert result.exit_code == exits.OK, result.output
    assert f"stored on the table at {sim.port}" in result.output
    assert run("settings", "show").exit_code == exits.OK
    assert "The log is empty" in run("log", "list", "--table").output
    sim.process.stdin.write("s")
    sim.process.stdin.flush()
    until(run, lambda status: status["state"] == "MOVING")
    assert run("plan", "upload", short_plan).exit_code == exits.REFUSED
    sim.process.stdin.write("e")
    sim.process.stdin.flush()
    assert until(run, lambda status: status["state"] == "STOPPED")["fault"] == "ESTOP_PRESSED"
    sim.process.stdin.write("e")
    sim.process.stdin.flush()
    until(run, lambda status: not status["inputs"]["estop_pressed"])
    sim.process.stdin.write("r")
    sim.process.stdin.close()  # the table goes on without anyone at its keys
    until(run, lambda status: status["state"] == "HOME")
    result = run("log", "pull", "--store", tmp_path / "store")
    assert result.exit_code == exits.OK, result.output
    assert "not told" not in result.output
    assert json.loads(run("log", "list", "--table", "--json").output)["sessions"][0]["pulled"]
    assert "estop pressed" in run("log", "show", "1", "--store", tmp_path / "store").output


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_simulator_leaves_nothing_behind(run, sim, own_home, end):
    assert os.path.exists(sim.port)
    sim.process.send_signal(end)
    assert sim.process.wait(20) == exits.OK
    assert not os.path.exists(sim.port)
    assert run("status").exit_code == exits.NO_DEVICE
    assert list((own_home / ".local/state/itable/virtual-tables").iterdir()) == []


class RecordingTable:
    """Writes down what hands do."""

    def __init__(self):
        self.done = []
        self.boots = 1
        self.truth = types.SimpleNamespace(estop_pressed=False, ankle_locked=True)

    def press(self, name, ms):
        self.done.append(("press", name))

    def hold(self, name):
        self.done.append(("hold", name))

    def release(self, name):
        self.done.append(("release", name))

    def set_estop(self, pressed):
        self.truth.estop_pressed = pressed
        self.done.append(("estop", pressed))

    def set_ankle_lock(self, locked):
        self.truth.ankle_locked = locked
        self.done.append(("ankle", locked))


def hands_on(table: Any, clock):
    return keys.Hands(table, clock)


def test_keys_are_what_hands_do():
    table = RecordingTable()
    hands = hands_on(table, lambda: 0.0)
    assert all(hands.key(key) for key in "sPreeaax\n ")
    assert table.done == [
        ("press", "START"),
        ("press", "PAUSE"),
        ("press", "RETURN"),
        ("estop", True),
        ("estop", False),
        ("ankle", False),
        ("ankle", True),
    ]
    assert not hands.key("q")


def test_a_jog_key_holds_its_button_while_it_repeats():
    table, now = RecordingTable(), [0.0]
    hands = hands_on(table, lambda: now[0])
    for _ in range(10):
        hands.key("d")
        now[0] += 0.3
        hands.tick()
    assert table.done == [("hold", "JOG_DOWN")]
    now[0] += 0.6
    hands.tick()
    hands.tick()
    assert table.done == [("hold", "JOG_DOWN"), ("release", "JOG_DOWN")]


def test_one_key_holds_two_buttons_until_the_table_restarts():
    table, now = RecordingTable(), [0.0]
    hands = hands_on(table, lambda: now[0])
    for _ in range(20):
        hands.key("v")  # again and again is no other way
        now[0] += 0.1
        hands.tick()
    assert table.done == [("hold", "PAUSE"), ("hold", "START")]
    table.boots = 2
    hands.tick()
    hands.tick()
    assert table.done[2:] == [("release", "PAUSE"), ("release", "START")]
    hands.key("v")  # and where it does not restart they are let go of some time
    for _ in range(4):
        now[0] += 15
        hands.tick()
    assert table.done[4:] == table.done[:4]
