"""The live view: the dial, what fits on which terminal, a table that goes away and comes back."""

import itertools
import json
import math
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest
from rich.console import Console

from itable import exits
from itable.care.watcher import ASK_S, ATTEMPTS, Watcher
from itable.errors import LinkError, NoDeviceError
from itable.link import models, ports
from itable.screen.dial import Dial
from itable.screen.watch import STALE_S, Link, View
from tests.host.fake_table import STATUS, FakeTable, PtyTable

FAULT = {
    "state": "STOPPED",
    "fault": "ESTOP_PRESSED",
    "fault_patient": "The emergency stop is pressed. Release it, then press RETURN.",
    "fault_engineer": "E-stop contact open: pressed, or its wire is broken",
}
MOVING = {
    "state": "MOVING", "tilt_mdeg": 12_300, "goal_mdeg": 60_000, "rate_mdeg_per_s": 2_500,
    "step": 2, "session_ms": 95_000, "left_ms": 400_000, "step_left_ms": 200_000,
    "head_down_ms": 10_000,
}  # fmt: skip


def shown(changes=(), *, width=92, height=30, limit=60_000, lost_s=None, why="", now_s=100.0):
    """The view as plain lines."""
    status = models.Status(**{**STATUS, **dict(changes)})
    link = Link("/dev/ttyACM0", 6.0, heard_s=100.0, lost_s=lost_s, why=why)
    console = Console(width=width, height=height, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(View(status, limit, link, now_s))
    return capture.get().splitlines()


# --- the dial ------------------------------------------------------------------------------------


def head_of(tilt_deg, rows=13):
    """Where the bed's head is drawn: the middle of what only the bed adds, to the head's side."""
    with_bed, without = Dial(rows), Dial(rows)
    with_bed.draw(tilt_deg, None, 60)
    without.draw(None, None, 60)
    cells = [
        (row, column)
        for row in range(rows)
        for column in range(with_bed.columns)
        if with_bed._bits[row][column] != without._bits[row][column]
    ]
    across, down = math.cos(math.radians(tilt_deg)), math.sin(math.radians(tilt_deg))
    reach = [
        ((column * 2 - with_bed._x0) * across + (row * 4 - with_bed._y0) * down, row, column)
        for row, column in cells
    ]
    near = [(row, column) for far, row, column in reach if far > max(reach)[0] - 4]
    return tuple(sum(part) / len(near) for part in zip(*near, strict=True))


def test_the_head_is_up_at_home_level_at_zero_and_down_at_ninety():
    top, level, low = (head_of(tilt) for tilt in (-75, 0, 90))
    assert top[0] < 4
    assert level[0] == pytest.approx(6, abs=0.7)
    assert low[0] > 9
    assert level[1] > top[1]
    assert level[1] > low[1]
    rows = [head_of(tilt)[0] for tilt in range(-75, 91, 15)]
    assert all(after > before - 0.5 for before, after in itertools.pairwise(rows))


@pytest.mark.parametrize("rows", [9, 13])
@pytest.mark.parametrize("limit", [None, 0, 20, 30, 45, 60, 75, 90])
def test_every_dial_has_its_size_and_names_its_limit(rows, limit):
    for tilt in (None, *range(-80, 96, 5)):
        dial = Dial(rows)
        lines = dial.draw(tilt, 30.0, limit).plain.split("\n")
        assert len(lines) == rows
        assert {len(line) for line in lines} == {dial.columns}
        text = "\n".join(lines)
        assert text.count("◆") == 1
        assert limit is None or f"≤{limit}°" in text
        assert ("tilt not known" in text) == (tilt is None)


# --- the view ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{}, MOVING, FAULT, {"tilt_valid": False, "plan_name": "x" * 48}]
)
@pytest.mark.parametrize(("width", "height"), [(40, 24), (60, 24), (60, 18), (80, 24), (120, 50)])
def test_it_fits_whatever_terminal_there_is(changes, width, height):
    lines = shown(changes, width=width, height=height)
    assert max(len(line) for line in lines) <= width
    assert len(lines) <= height or width < 60 or height < 24
    text = "\n".join(lines)
    for words in ("tilt", "head-down", "link", "inputs"):
        assert words in text
    has_dial = any(0x2800 < ord(char) < 0x2900 for char in text)
    assert has_dial or width < 60 or height < 24
    assert not has_dial or width >= 60


def test_what_moves_and_how_long():
    text = "\n".join(shown(MOVING))
    for words in (
        "Moving to 60.0°", "12.3°", "60.0°, ≤ 60.0°", "2.5°/s", "2 of 5, 3:20 left",
        "1:35, 6:40 left", "0:10 of 6:00", "6 ms", "◆", "≤60°",
    ):  # fmt: skip
        assert words in text


def test_the_rest_at_horizontal_has_its_time():
    text = "\n".join(shown({"state": "RETURNING", "step": 5, "step_left_ms": 42_000}))
    assert "rest, 0:42 left" in text


def test_a_fault_says_what_to_do():
    text = " ".join(" ".join(shown(FAULT, width=60)).replace("│", " ").split())
    assert "Release it, then press RETURN." in text
    assert "ESTOP_PRESSED: E-stop contact open" in text


def test_home_off_its_switch_says_what_to_press():
    inputs = {**STATUS["inputs"], "home_switch": False}
    for width in (60, 92):
        text = " ".join(" ".join(shown({"inputs": inputs}, width=width)).replace("│", " ").split())
        assert "Not quite at home: the bed is off its switch; RETURN brings it there" in text
    assert "At home" in "\n".join(shown())


@pytest.mark.requirement("RQ-149")
def test_nothing_old_is_shown_as_if_it_were_of_now():
    lines = shown(MOVING, lost_s=95.0, why="the link broke")
    text = "\n".join(lines)
    assert "No answer for 0:05: the link broke" in text
    assert "What it said 0:05 ago, and not now: Moving to 60.0°" in text
    assert "◆ " not in "".join(line[:30] for line in lines)  # no target where it does not go
    assert "no answer" in text
    assert "its buttons work" in text


# --- the watcher ---------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-149")
def test_a_table_that_is_gone_is_told_in_time_and_found_again():
    assert ATTEMPTS * ASK_S + 2 * 0.5 < STALE_S  # what a look takes at most, and two pauses
    first, second = FakeTable(), FakeTable()
    second.status["state"] = "RETURNING"
    served = PtyTable(first)
    tries = []

    def connect():
        tries.append(1)
        if len(tries) < 3:
            raise NoDeviceError("no table found")
        return ports.connect(again.port)

    with served, PtyTable(second) as again:
        watcher = Watcher(connect, ports.connect(served.port, attempts=2, timeout_s=0.2))
        found = watcher.look()
        assert found is not None
        assert found.state == "HOME"
        assert watcher.view.limit_mdeg == 60_000
        served.cut()
        begun_s = time.monotonic()
        gone = [watcher.look(), watcher.error]
        assert time.monotonic() - begun_s < 1.0
        assert watcher.view.link.lost_s is not None
        assert gone[0] is None
        assert isinstance(gone[1], LinkError)
        end_s = time.monotonic() + 20
        found = None
        while found is None and time.monotonic() < end_s:
            found = watcher.look()
            if len(tries) in (1, 2):
                assert "cable out, or no power" in watcher.view.link.why
            time.sleep(0.05)
        assert found is not None
        assert found.state == "RETURNING"
        assert (watcher.view.link.again, watcher.error) == (1, None)
        watcher.close()


def test_a_mute_table_is_given_up_within_two_seconds(table):
    watcher = Watcher(
        lambda: ports.connect(table.port),
        ports.connect(table.port, attempts=ATTEMPTS, timeout_s=ASK_S),
    )
    watcher.look()
    table.table.mute = True
    begun_s = time.monotonic()
    assert watcher.look() is None
    assert time.monotonic() - begun_s < STALE_S - 1
    assert "did not answer status" in watcher.view.link.why
    watcher.close()


# --- the command ---------------------------------------------------------------------------------


class Screen:
    """`itable status --watch` on a terminal of its own."""

    def __init__(self, port, *, columns=80, **environment):
        self.master, slave = pty.openpty()
        self.resize(columns, 24)
        env = {**os.environ, "TERM": "xterm-256color", **environment}
        for name in ("COLUMNS", "LINES"):
            env.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "itable", "status", "--watch", "--every", "0.1", "-p", port],
            stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def resize(self, columns, lines):
        size = struct.pack("HHHH", lines, columns, 0, 0)
        termios.tcsetwinsize(self.master, struct.unpack("HHHH", size)[:2])

    def until(self, words, within_s=20.0):
        """Read until `words` come up anew."""
        begin = len(self.seen)
        end_s = time.monotonic() + within_s
        while words not in self.seen[begin:] and time.monotonic() < end_s:
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode(errors="replace")
                except OSError:
                    break
        assert words in self.seen[begin:], self.seen[-3000:]

    def leave(self, how):
        if how == "q":
            os.write(self.master, b"q")
        else:
            self.process.send_signal(signal.SIGINT)
        end_s = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < end_s:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode(errors="replace")
                except OSError:
                    break
        code = self.process.wait(10)
        while select.select([self.master], [], [], 0.1)[0]:
            try:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                break
        os.close(self.master)
        assert "Traceback" not in self.seen
        return code


@pytest.mark.parametrize("how", ["q", "Ctrl-C"])
def test_leaving_gives_the_terminal_back(table, how):
    screen = Screen(table.port)
    screen.until("At home")
    assert screen.leave(how) == exits.OK
    # The alternate screen is left, what was seen last stays, and the cursor is there again.
    left = screen.seen.rindex("\x1b[?1049l")
    assert "At home" in screen.seen[left:]
    assert screen.seen.rindex("\x1b[?25h") > screen.seen.rindex("\x1b[?25l")


def test_a_resized_terminal_and_one_without_colours(table):
    screen = Screen(table.port, columns=100, NO_COLOR="1")
    screen.until("At home")
    screen.resize(60, 24)
    screen.until("\x1b[0m " + "─" * 44 + "╮")
    assert "\x1b[31m" not in screen.seen
    assert "\x1b[38;" not in screen.seen
    assert screen.leave("q") == exits.OK


@pytest.mark.requirement("RQ-149")
def test_the_cable_pulled_is_said_on_the_screen(table):
    screen = Screen(table.port)
    screen.until("At home")
    table.cut()
    screen.until("No answer for", 3.0)
    assert screen.leave("q") == exits.OK
    assert "this view goes on when it answers" in " ".join(screen.seen.replace("│", " ").split())


@pytest.mark.requirement("RQ-149")
@pytest.mark.parametrize("as_json", [True, False])
def test_without_a_terminal_each_look_is_a_line_and_the_loss_is_told_once(table, as_json):
    words = ["--json"] if as_json else []
    process = subprocess.Popen(
        [sys.executable, "-m", "itable", "status", "--watch", "--every", "0.1", "-p", table.port,
         *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    table.cut()
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=10)
    assert process.returncode == exits.OK
    assert "Traceback" not in errors
    if as_json:
        assert all(json.loads(line) == STATUS for line in lines)
        told = [json.loads(line) for line in rest.splitlines()]
        losses = [line["error"] for line in told if "error" in line]
        assert [loss["exit_code"] for loss in losses] == [exits.LINK_FAILED]
    else:
        assert all(
            line.split()[1:] == ["HOME", "-75.0", "deg", "head-down", "0:00"] for line in lines
        )
        assert errors.count("error: ") == 1


def test_nothing_to_watch_is_an_error_as_ever(run):
    result = run("status", "--watch")
    assert result.exit_code == exits.NO_DEVICE
    assert "no table found" in result.stderr
