"""docs/reference.md and docs/itable.1 say what the code does."""

import re
import shutil
import subprocess

import pytest

from itable import examples, exits
from tests.project import reference_page
from tests.project.reference_page import DOCS, MAN, PAGE


def test_the_pages_are_what_the_code_makes_of_them():
    assert PAGE.read_text("utf-8") == reference_page.page(), "run make reference"
    assert MAN.read_text("utf-8") == reference_page.man(), "run make reference"


def test_every_command_is_there_and_every_option_says_what_it_is():
    found = {entry.path.removeprefix("itable "): entry for entry in reference_page.entries()}
    assert set(examples.EXAMPLES) <= set(found)
    for path, entry in found.items():
        assert entry.paragraphs[0], path
        for row in entry.rows:
            assert row.what, (path, row.written)


def test_a_change_of_the_code_is_seen(monkeypatch):
    monkeypatch.setitem(exits.MEANINGS, 9, "something else")
    assert PAGE.read_text("utf-8") != reference_page.page()
    assert MAN.read_text("utf-8") != reference_page.man()


def test_every_environment_variable_of_an_option_is_explained():
    text = PAGE.read_text("utf-8")
    for name in set(re.findall(r"\[(ITABLE_\w+)\]", text)):
        assert f"| `{name}` |" in text


def test_the_codes_of_the_handbook_are_those_of_the_reference():
    handbook = (DOCS / "itable.md").read_text("utf-8")
    for code, meaning in exits.MEANINGS.items():
        assert f"| {code} | {meaning} |" in handbook


@pytest.mark.skipif(shutil.which("man") is None, reason="no man is installed (apt install man-db)")
def test_the_man_page_is_one():
    done = subprocess.run(
        ["man", "--warnings", "-l", str(MAN)],
        env={"MANWIDTH": "80", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "itable - prescribe, watch and read out" in done.stdout
    assert "--pain-before 0-10" in done.stdout
