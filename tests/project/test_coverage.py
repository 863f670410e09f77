"""No line and no branch of the safety code goes untested; and the gate sees one that does."""

import shutil
from pathlib import Path

import pytest

from tests.project import coverage_gate

TICKS = "firmware/inversion_table/safety/ticks.py"
TESTS = ("tests/safety/test_numbers.py", "tests/safety/test_tables.py")
AFTER = "return min(clock_ms + dt_ms, CLOCK_MAX_MS)\n"


def test_every_line_and_branch_of_the_safety_code_is_tested() -> None:
    files = coverage_gate.guarded_files()
    assert {Path(file).stem for file in files} >= {"kernel", "faults", "limits", "sequencer"}
    found = coverage_gate.findings(coverage_gate.ROOT, files, coverage_gate.TESTS)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("planted", "finding"),
    [
        ("", ""),
        ("\n\ndef planted() -> int:\n    return 1\n", "not run by any test"),
        # Every line of it is run, but its condition is never false.
        (
            "\n\ndef planted(clock_ms: int) -> int:\n    if clock_ms:\n        clock_ms = 2\n"
            "    return clock_ms\n\n\nplanted(1)\n",
            "never goes on",
        ),
        ("\n\nraise ValueError\n", "coverage run failed"),
    ],
    ids=["nothing", "a line", "a branch", "an error"],
)
def test_what_is_planted_in_a_copy_is_found(tmp_path: Path, planted: str, finding: str) -> None:
    for folder in ("firmware/inversion_table/safety", "tests/safety"):
        shutil.copytree(coverage_gate.ROOT / folder, tmp_path / folder)
    shutil.copy(coverage_gate.ROOT / "pyproject.toml", tmp_path)
    for file in ("firmware/inversion_table/__init__.py", "tests/int31.py"):
        shutil.copy(coverage_gate.ROOT / file, tmp_path / file)
    text = (tmp_path / TICKS).read_text("utf-8")
    assert text.endswith(AFTER)
    (tmp_path / TICKS).write_text(text + planted, "utf-8")
    found = coverage_gate.findings(tmp_path, [TICKS], TESTS)
    assert len(found) == (1 if finding else 0), found
    assert finding in "".join(found)
