"""`itable firmware crash`: a crash on the chip, told with the names of the sources."""

import json
from pathlib import Path

import pytest

from itable import exits
from itable.care import crash
from itable.errors import InputError
from itable.firmware import package_folder

FOLDER = package_folder() or Path()


@pytest.fixture(scope="module")
def names():
    return crash.names_of(FOLDER)


@pytest.fixture
def quick(monkeypatch, names):
    """The names are found once for all tests."""
    monkeypatch.setattr(crash, "names_of", lambda folder: names)


def on_the_chip(names, old):
    """(the file that a function or method of that name is in on a Pico, its name there)."""
    for module, functions in names.functions.items():
        for name in functions:
            if name == old or name.endswith(f"__{old}"):
                new = names.globals[module].get(name) or names.attributes.get(name) or name
                return module.replace(".", "/") + ".py", new
    raise AssertionError(old)


def traceback(names, *functions, error="ValueError: "):
    lines = []
    for old in functions:
        file, new = on_the_chip(names, old)
        lines.append(f'  File "{file}", line 1, in {new}')
    return "\n".join(["Traceback (most recent call last):", *lines, error])


FUNCTIONS = ("_loop", "background", "_imu_rest")


def meant(line):
    """The names that a line of a traceback is told with."""
    return line.partition("(")[2].rstrip(")").split(" or ")


@pytest.mark.requirement("RQ-155")
def test_each_function_is_told(names):
    lines = crash.readable(traceback(names, *FUNCTIONS), names).splitlines()[1:-1]
    for line, old in zip(lines, FUNCTIONS, strict=True):
        assert [name for name in meant(line) if name == old or name.endswith(f"__{old}")], line


@pytest.mark.requirement("RQ-155")
def test_a_method_is_none_of_another_file(names):
    """A short name is that of many methods: of those in the file few are left."""
    file, new = on_the_chip(names, "_imu_rest")
    module = file.removesuffix(".py").replace("/", ".")
    told = set(meant(crash.readable(f'File "{file}", line 1, in {new}', names)))
    everywhere = {old for old, short in names.attributes.items() if short == new}
    assert "_imu_rest" in told
    assert told <= names.functions[module] | set(names.globals[module])
    assert len(told & everywhere) < len(everywhere)


@pytest.mark.requirement("RQ-155")
def test_names_in_the_errors_own_words_are_told_too(names):
    new = names.attributes["_watch_warmth"]
    told = crash.readable(f"AttributeError: 'App' object has no attribute '{new}'", names)
    assert f"'{new}' (" in told
    assert "'App' object" in told
    several = sorted(old for old, short in names.attributes.items() if short == new)
    assert meant(told)[: crash.NAMES_MOST] == several[: crash.NAMES_MOST]


@pytest.mark.requirement("RQ-155")
def test_a_name_that_is_not_defined_may_be_any(names):
    module, renamed = next((m, r) for m, r in names.globals.items() if m.endswith(".startup"))
    old, new = next(iter(renamed.items()))
    assert old in crash._before([renamed])[new], module
    told = crash.readable(f"NameError: name '{new}' isn't defined", names)
    assert " or " in told


@pytest.mark.parametrize(
    "text", ["", "all is well", "Traceback, of course\n", "no errors here: Errors 0\n"]
)
def test_a_text_without_a_crash_is_an_error(text):
    with pytest.raises(InputError, match="there is no crash in this text"):
        crash.given(text, "here")


def test_lines_of_a_terminal_are_taken_as_they_are():
    text = 'Traceback (most recent call last):\r\n  File "a.py", line 1, in b\r\nKeyError: x\r\n'
    assert crash.given(text, "here").text == text.replace("\r\n", "\n").strip("\n")


@pytest.mark.requirement("RQ-155")
def test_a_file_is_told(run, tmp_path, names, quick):
    file = tmp_path / "printed.txt"
    file.write_text(traceback(names, "_loop"))
    result = run("firmware", "crash", file)
    assert result.exit_code == exits.OK, result.output
    assert "_loop)" in result.output
    assert "Of other sources they may mean something else" in " ".join(result.output.split())
    told = json.loads(run("firmware", "crash", file, "--json").output)
    assert told["names_of"]["version"]
    assert told["table"] is None
    assert "_loop)" in told["crashes"][0]["readable"]


def test_what_is_piped_is_told(own_home, names, quick, tmp_path):
    from typer.testing import CliRunner

    from itable.app import app

    text = traceback(names, "_loop")
    result = CliRunner().invoke(app, ["firmware", "crash", "-"], input=text)
    assert result.exit_code == exits.OK, result.output
    assert "_loop)" in result.output


@pytest.mark.parametrize("content", [None, b"", b"\xff\x00 nothing"])
def test_a_file_that_is_no_use_is_an_error(run, tmp_path, content):
    file = tmp_path / "printed.txt"
    if content is not None:
        file.write_bytes(content)
    result = run("firmware", "crash", file)
    assert result.exit_code == exits.PROBLEM
    assert "printed.txt" in result.stderr
    assert "next:" in result.stderr


def test_a_folder_without_firmware_is_an_error(run, tmp_path):
    result = run("firmware", "crash", "--from", tmp_path)
    assert result.exit_code == exits.PROBLEM
    assert "there are no firmware files" in result.stderr


RUNS = "0123456789abcdef"


@pytest.mark.requirement("RQ-155")
@pytest.mark.parametrize(
    ("build", "doubt"),
    [(RUNS, ""), ("fedcba9876543210", f"not of build {RUNS}"), ("", "Of other sources")],
)
def test_what_the_table_keeps_is_told(run, table, names, quick, monkeypatch, build, doubt):
    fake = table.table
    fake.device = {**fake.device, "errors": 3, "error": traceback(names, "_loop", "_imu_rest")}
    monkeypatch.setattr(crash, "build_of", lambda folder, mpy: build)
    result = run("firmware", "crash", "--port", table.port)
    assert result.exit_code == exits.OK, result.output
    text = " ".join(result.output.split())
    assert f"3 times since its start; the last (build {RUNS}):" in text
    assert "_imu_rest" in text
    assert doubt in text
    assert ("may mean something else" in text) == bool(doubt)
    told = json.loads(run("firmware", "crash", "--port", table.port, "--json").output)
    assert told["names_of"]["build"] == build
    assert [each["build"] for each in told["crashes"]] == [RUNS]


def test_what_a_firmware_was_given_up_for_is_told_with_its_own_build(
    run, table, quick, monkeypatch
):
    fake = table.table
    given_up = {"slot": "b", "build": "89abcdef01234567", "why": "ValueError: x", "told": True}
    fake.running = {**fake.running, "fell": given_up}
    monkeypatch.setattr(crash, "build_of", lambda folder, mpy: RUNS)
    result = run("firmware", "crash", "--port", table.port)
    assert result.exit_code == exits.OK, result.output
    text = " ".join(result.output.split())
    assert "slot b, given up (build 89abcdef01234567): ValueError: x" in text
    assert "not of build 89abcdef01234567" in text


def test_a_table_that_keeps_none_says_so(run, table):
    result = run("firmware", "crash", "--port", table.port)
    assert result.exit_code == exits.OK
    assert "the table keeps no crash" in result.output
    assert json.loads(run("firmware", "crash", "--port", table.port, "--json").output) == {
        "names_of": {"version": "0.1.0", "build": "", "folder": str(FOLDER)},
        "table": {**table.table.running},
        "crashes": [],
    }


def test_a_table_with_another_micropython_cannot_be_compared():
    assert crash.build_of(FOLDER, 0) == ""


def test_on_another_processor_the_names_are_those_of_the_sources(run, table, monkeypatch):
    """There nothing is made small, and nothing must be taken for a short name."""
    fake = table.table
    fake.device = {**fake.device, "errors": 1, "error": "AttributeError: no attribute 'a'"}
    monkeypatch.setattr(crash, "names_of", None)
    for change in ({"mpy": 0x0A06}, {"slot": "tree"}):
        fake.running = {**fake.running, "mpy": 0x1306, "slot": "a", **change}
        result = run("firmware", "crash", "--port", table.port)
        assert result.exit_code == exits.OK, result.output
        assert "once since its start" in result.output
        assert "no attribute 'a'\n" in result.output
        assert "Names in brackets" not in result.output
