"""What every command does alike: output that is cut off, wrong command lines, colours, Ctrl-C."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from itable import exits
from tests.host.test_config import COMMANDS

COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38;5;\d+)[0-9;]*m")
TEMPLATES = ["-m", "itable", "plan", "templates"]


def started(*arguments, **options):
    # Without a buffer Python itself swallows what a full pipe takes no more of.
    env = {**os.environ, "TERM": "xterm-256color"}
    env.pop("PYTHONUNBUFFERED", None)
    env.update(options.pop("env", {}))
    return subprocess.Popen([sys.executable, *arguments], env=env, **options)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], [*TEMPLATES[2:], "--json"]])
def test_output_that_nobody_reads_ends_quietly(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    process = started("-m", "itable", *arguments, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (exits.READER_GONE, b"")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], [*TEMPLATES[2:], "--json"]])
def test_output_that_finds_no_room_is_told(arguments):
    with open("/dev/full", "wb") as full:
        process = started("-m", "itable", *arguments, stdout=full, stderr=subprocess.PIPE)
        _, said = process.communicate(timeout=60)
    assert process.returncode == exits.PROBLEM
    assert said.decode() == (
        "error: cannot write: No space left on device\n"
        "where: standard output\n"
        "next:  make room, or write to another place\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan", "check"], "Missing argument"),
        (["plan", "chek"], "No such command"),
        (["nonsense"], "No such command"),
        (["log", "list", "--last", "x"], "Invalid value"),
        (["log", "pull", "3", "--all"], "give a session or --all"),
        (["--nonsense"], "No such option"),
    ],
)
def test_a_wrong_command_line_is_json_where_json_is_asked_for(run, arguments, words):
    plain = run(*arguments)
    assert (plain.exit_code, plain.stdout) == (exits.USAGE, "")
    assert words in plain.stderr
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (exits.USAGE, "")
    error = json.loads(result.stdout)["error"]
    assert words in error["what"]
    assert (error["exit_code"], error["next"]) == (exits.USAGE, "add --help to see what is right")


def test_every_command_takes_json():
    without = [
        path
        for path, command in COMMANDS.items()
        if not any("--json" in param.opts for param in command.params)
    ]
    assert without == []


def shown(env, *arguments):
    """What a command writes to a terminal."""
    master, slave = pty.openpty()
    process = started("-m", "itable", *arguments, stdout=slave, stderr=slave, env=env)
    os.close(slave)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 0.5)[0]:
            continue
        try:
            seen += os.read(master, 65536)
        except OSError:  # the other end is closed
            break
    process.wait(30)
    os.close(master)
    return seen


def test_colours_on_a_terminal_unless_they_are_not_wanted():
    for command in (["plan", "templates"], ["--help"], ["plan", "check", "nothing.toml"]):
        assert COLOUR.search(shown({}, *command)), command
        assert not COLOUR.search(shown({"NO_COLOR": "1"}, *command)), command
        assert b"\x1b" not in shown({"TERM": "dumb"}, *command), command


def test_ctrl_c_in_the_middle_ends_with_its_own_code_and_no_traceback(tmp_path):
    process = started(
        "-m", "itable", "demo", "--out", str(tmp_path / "d"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if b"step 1" in line:
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the virtual table gets it as well
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (exits.INTERRUPTED, b"")
    assert list((tmp_path / "d").iterdir()) == []


def test_a_place_for_a_virtual_table_that_is_none(run, tmp_path):
    (tmp_path / "file").touch()
    for words in (["sim", "--state", tmp_path / "file"], ["demo", "--out", tmp_path / "file"]):
        result = run(*words)
        assert result.exit_code == exits.PROBLEM
        assert f"where: {tmp_path / 'file'}\n" in result.stderr
        assert "error: cannot write: " in result.stderr


def test_pictures_are_written_as_their_names_end(run, tmp_path):
    plan = tmp_path / "p.toml"
    run("plan", "new", "-t", "beginner", "-o", plan)
    for name, begin in (("p.png", b"\x89PNG"), ("p.svg", b"<?xml"), ("P.SVG", b"<?xml")):
        assert run("plan", "preview", plan, "--out", tmp_path / name).exit_code == exits.OK
        assert (tmp_path / name).read_bytes().startswith(begin)
    assert (tmp_path / "p.svg").read_bytes() == (tmp_path / "P.SVG").read_bytes()
    for command in (["plan", "preview", plan], ["log", "plot", "7"]):
        result = run(*command, "--out", tmp_path / "p.pdf")
        assert result.exit_code == exits.PROBLEM
        assert "'p.pdf' ends neither in .png nor in .svg" in result.stderr
