"""`itable deploy` and `itable firmware` on the command line; what is compiled, and for what."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from inversion_table import VERSION, chooser
from inversion_table.contract import manifest
from itable import exits
from itable.deploy import compiling, pack, steps
from itable.deploy.device import MAIN_TEXT, chooser_text
from itable.errors import InputError, MismatchError, RefusedError
from itable.firmware import package_files
from tests.project import gates

PACKAGE = gates.ROOT / "firmware" / "inversion_table"
RP2040 = 6 | 3 << 8 | 4 << 10
RP2350 = 6 | 3 << 8 | 7 << 10
UNIX = 6 | 3 << 8 | 2 << 10


def test_each_processor_gets_its_own_machine_code():
    made = {mpy: pack.make(PACKAGE, mpy) for mpy in (RP2040, RP2350, UNIX)}
    assert [one.march for one in made.values()] == ["armv6m", "armv7emsp", "x64"]
    assert len({one.build for one in made.values()}) == 3
    for one in made.values():
        text = one.content[: one.content.index(b" end\n") + 5]
        names = [name for _, _, name in chooser.entries(text)]
        sources = [name for name, _ in package_files(PACKAGE)]
        wanted = {name.removesuffix(".py") + ".mpy" for name in sources} | {chooser.ABOUT}
        if one.march == compiling.SMALL_MARCH:  # modules put together, without what is never used
            assert {f"{PACKAGE.name}/startup.mpy", chooser.ABOUT} <= set(names)
            assert len(names) < len(wanted) / 2
            # Three of them (one is being replaced) and the log's 192 blocks: the Pico's are 352.
            assert len(one.content) < 46 * 4096
        else:
            assert set(names) == wanted
        assert one.build == chooser.build_of(text)


def test_the_same_sources_are_the_same_build():
    one, two = pack.make(PACKAGE, RP2040), pack.make(PACKAGE, RP2040)
    assert one == two
    assert one.version == VERSION


def test_what_the_chip_cannot_load_is_not_compiled():
    with pytest.raises(MismatchError, match=r"version 6\.2, mpy-cross here makes 6\.3"):
        compiling.architecture(6 | 2 << 8 | 4 << 10)
    with pytest.raises(MismatchError, match="no machine code"):
        compiling.architecture(6 | 3 << 8)
    code = dict(compiling.compiled([("a.py", b"x = 1\n")], "armv6m"))["a.mpy"]
    assert (code[0:2], code[3]) == (b"M\x06", compiling.SMALL_INT_BITS)


def test_a_fault_in_the_source_is_told_with_its_line():
    with pytest.raises(InputError, match=r"b\.py does not compile: SyntaxError") as caught:
        compiling.compiled([("a.py", b"x = 1\n"), ("b.py", b"x = = 1\n")], "armv6m")
    assert caught.value.where == "b.py, line 1"


def test_what_is_put_beside_the_slots_is_what_the_source_says():
    assert (gates.ROOT / "firmware" / "main.py").read_text() == MAIN_TEXT
    assert chooser_text() == (PACKAGE / "chooser.py").read_bytes()
    assert chooser.FIRST_LINE == manifest.FIRST_LINE


def test_the_chooser_needs_nothing_of_a_slot():
    """It is started before a slot is chosen: alone in a folder it can be imported, and used."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import chooser; print(chooser.SLOTS)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(PACKAGE)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "('a', 'b', 'tree')\n"
    assert "inversion_table." not in chooser_text().decode().split('"""', 2)[2]


# --- the command line ---------------------------------------------------------------------------


def test_check_asks_and_changes_nothing(run, table):
    table.table.running["mpy"] = RP2040
    result = run("deploy", "--check", "--port", table.port)
    assert result.exit_code == exits.OK, result.output
    build = pack.make(PACKAGE, RP2040).build
    assert "the table runs 0.1.0, build 0123456789abcdef, slot a" in result.output
    assert build in result.output
    assert "nothing was written" in result.output
    told = json.loads(run("deploy", "--check", "--json", "--port", table.port).output)
    assert (told["changes"], told["build"], told["slot"]) == (True, build, "a")
    table.table.running["build"] = build
    assert "nothing would change" in run("deploy", "--check", "--port", table.port).output
    asked = {request["method"] for request in table.table.requests}
    assert asked == {"hello", "firmware.get"}


def test_check_of_a_table_of_another_contract(run, table):
    table.table.contract = "f" * 16
    result = run("deploy", "--check", "--port", table.port)
    assert result.exit_code == exits.OK
    assert "another contract" in result.output


def test_without_service_it_says_what_to_do_and_gives_up(run, table, monkeypatch):
    monkeypatch.setattr(steps, "SERVICE_MOST_S", 1.0)
    result = run("deploy", "--port", table.port)
    assert result.exit_code == exits.LINK_FAILED
    assert "hold START and PAUSE for five seconds" in result.output
    assert "the table did not come into SERVICE" in result.output
    assert not [request for request in table.table.requests if request["method"] != "hello"]
    as_json = run("deploy", "--json", "--port", table.port)
    assert json.loads(as_json.output)["error"]["exit_code"] == exits.LINK_FAILED


def test_a_folder_without_firmware_is_told_before_anything_is_asked(run, table, tmp_path):
    result = run("deploy", "--from", tmp_path, "--port", table.port)
    assert result.exit_code == exits.PROBLEM
    assert "there are no firmware files" in result.output
    assert table.table.requests == []


def test_show_tells_what_runs_and_what_was_given_up(run, table):
    running = table.table.running
    result = run("firmware", "show", "--port", table.port)
    assert "0.1.0, build 0123456789abcdef" in result.output
    assert re.search(r"since +2026-05-2[789] \d\d:\d\d", result.output)
    assert "given up" not in result.output
    running.update(
        starts_left=2,
        since_s=0,
        previous={"slot": "b", "build": "00000000000000ff", "version": "0.0.9"},
        fell={"slot": "b", "build": "00000000000000aa", "why": "ValueError: x", "told": True},
    )
    result = run("firmware", "show", "--port", table.port)
    for words in (
        "2 starts left",
        "clock was not set",
        "0.0.9, build 00000000000000ff, slot b",
        "build 00000000000000aa, slot b: ValueError: x",
    ):
        assert words in result.output
    told = json.loads(run("firmware", "show", "--json", "--port", table.port).output)
    assert told["fell"]["why"] == "ValueError: x"


def test_a_note_is_seen_in_the_status(run, table):
    table.table.status["firmware_note"] = "the firmware 00000000000000aa was given up: broken"
    assert "was given up: broken" in run("status", "--port", table.port).output


# --- what comes after the restart ---------------------------------------------------------------


class Told:
    def say(self, what):
        pass

    def progress(self, done, total):
        pass


class Clock:
    """A place whose time passes only by waiting."""

    name = "here"

    def __init__(self):
        self.seconds = 0.0

    def wait(self, seconds):
        self.seconds += seconds

    def now_s(self):
        return self.seconds

    def unix_s(self):
        return 0


def watch(monkeypatch, answers, keep="a"):
    """`answers(seconds)`: what the table says then; None: nothing."""
    place = Clock()
    monkeypatch.setattr(steps, "_ask", lambda place: answers(place.seconds))
    return steps._watch(place, Told(), "new", "2", "b", keep)  # type: ignore[arg-type]


def test_a_table_that_never_comes_back_is_told(monkeypatch):
    with pytest.raises(steps.LinkError, match="did not come back") as caught:
        watch(monkeypatch, lambda seconds: None)
    assert "off and on" in caught.value.next_step


def test_one_that_runs_the_old_firmware_has_given_up(monkeypatch):
    old = ({"build": "old", "slot": "a"}, None, None)
    with pytest.raises(RefusedError, match="given up, and the one before it runs again") as caught:
        watch(monkeypatch, lambda seconds: None if seconds < 9 else old)
    assert caught.value.exit_code == exits.REFUSED


def on_trial(state, starts_left=2):
    """What a table tells that runs the new firmware, in that state."""
    firmware = pytest.importorskip("itable.link.models").FirmwareGet(
        version="2", build="new", slot="b", since_s=0, starts_left=starts_left, mpy=1
    )
    status = SimpleNamespace(state=state, fault_engineer="no IMU")
    return {"build": "new", "slot": "b"}, firmware, status


def test_one_that_is_never_at_home_runs_and_is_not_proved(monkeypatch):
    asked = []

    def answers(seconds):
        asked.append(seconds)
        return on_trial("FAULT")

    done = watch(monkeypatch, answers, keep="")
    assert (done.proved, done.changed, done.note) == (False, True, "FAULT: no IMU")
    assert asked[-1] == pytest.approx(60, abs=1)


def test_a_first_one_that_is_at_home_is_waited_for_from_a_late_start_on(monkeypatch):
    def answers(seconds):
        if seconds < 130:
            return None
        if seconds < 135:
            return on_trial("SELF_TEST")
        return on_trial("HOME", 2 if seconds < 220 else None)

    assert watch(monkeypatch, answers, keep="").proved


def test_the_outcome_is_said_in_words(capsys):
    from itable.screen.deploy import outcome_lines

    there = steps.Outcome("p", "b1", "2", "a", False, True)
    proved = steps.Outcome("p", "b1", "2", "a", True, True)
    unproved = steps.Outcome("p", "b1", "2", "a", True, False, None, "FAULT: no IMU")
    assert "already" in str(outcome_lines(there))
    assert "has proved itself" in str(outcome_lines(proved))
    assert "not proved itself yet (FAULT: no IMU)" in str(outcome_lines(unproved))
