"""A sample of the mutants dies; the tool tells kills, survivors, time-outs and crashes apart."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.__main__ import FILES, ROOT, TESTS, THOROUGH, read_declared, stamp
from tests.mutation.mutants import Mutant, Source

SAMPLE = 36
SAMPLE_SECONDS = 240

SOURCE = '''"""A module to be changed."""

LEAST = 3


def capped(value):
    """`value`, at most 5."""
    if value > 5:
        value = 5
    return value


def counted(number):
    """How many steps from `number` down to 0."""
    steps = 0
    while number > 0:
        number = number - 1
        steps += 1
    return steps
'''
TEST = """from thing import LEAST, capped, counted


def test_capped():
    assert capped(4) == 4
    assert capped(9) == 5


def test_counted():
    assert counted(3) == LEAST
"""


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
    environment["PYTHONPATH"] = f"{root}{os.pathsep}{ROOT}"
    return subprocess.run(
        [sys.executable, "-m", "tests.mutation", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SAMPLE_SECONDS,
        check=False,
    )


def project(
    root: Path, source: str = SOURCE, test: str = TEST, declared: str = ""
) -> tuple[str, ...]:
    """A small project, and the arguments to look at it."""
    (root / "thing.py").write_text(source, "utf-8")
    (root / "test_thing.py").write_text(test, "utf-8")
    (root / "equivalents.toml").write_text(declared, "utf-8")
    return (
        *("--root", str(root), "--file", "thing.py", "--tests", "test_thing.py"),
        *("--equivalents", str(root / "equivalents.toml")),
    )


def verdicts(root: Path) -> dict[tuple[str, str], str]:
    lines = (root / "build/mutation/results.jsonl").read_text("utf-8").splitlines()
    results = [json.loads(line) for line in lines]
    return {(r["key"]["before"], r["key"]["after"]): r["verdict"] for r in results}


def declaration(before: str, after: str, reason: str = "It does not matter.") -> str:
    return (
        f'[[equivalent]]\nfile = "thing.py"\nfunction = "capped"\nbefore = "{before}"\n'
        f'after = "{after}"\nreason = "{reason}"\n'
    )


BOUNDARY = ("if value > 5:", "if value >= 5:")
CAPPED = """def capped(value):
    if value > 5:
        value = 5
    return value
"""
TEST_CAPPED = """from thing import capped


def test_capped():
    for value in range(9):
        assert capped(value) == min(value, 5)
"""
# 5 becomes 5.
DECLARED = declaration(*BOUNDARY) + declaration("if value > 5:", "if value > 4:")


def test_survivors_time_outs_and_kills_are_told_apart(tmp_path: Path) -> None:
    ended = run(tmp_path, *project(tmp_path))
    found = verdicts(tmp_path)
    assert found[BOUNDARY] == "survived"
    assert found["if value > 5:", "if False:"] == "killed"
    assert found["LEAST = 3", "LEAST = 4"] == "killed"
    assert found["number = number - 1", "pass"] == "timeout"
    assert found["number = number - 1", "number = number + 1"] == "timeout"
    assert ended.returncode == 1
    assert "WRONG survived, line 8: thing.py capped" in ended.stdout
    assert "    - if value > 5:\n    + if value >= 5:\n" in ended.stdout
    assert "WRONG timeout" in ended.stdout
    assert "SIGPROF" in ended.stdout
    assert "in test_thing.py::test_counted" in ended.stdout


@pytest.mark.parametrize(
    ("end", "detail"),
    [
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
        ("os._exit(0)", "exit code 0 without a verdict"),
        ("os._exit(1)", "exit code 1 without a verdict"),
    ],
)
def test_a_process_that_dies_is_a_crash_and_no_kill(tmp_path: Path, end: str, detail: str) -> None:
    test = TEST_CAPPED.replace("from thing", "import os\n\nfrom thing").replace(
        "        assert", f"        if capped(value) > 5:\n            {end}\n        assert"
    )
    ended = run(tmp_path, *project(tmp_path, CAPPED, test))
    assert verdicts(tmp_path)["if value > 5:", "if False:"] == "crashed"
    assert verdicts(tmp_path)["return value", "return 0"] == "killed"
    assert ended.returncode == 1
    assert "WRONG crashed" in ended.stdout
    assert detail in ended.stdout


def test_a_declared_survivor_passes_and_nothing_is_run_twice(tmp_path: Path) -> None:
    given = project(tmp_path, CAPPED, TEST_CAPPED, DECLARED)
    ended = run(tmp_path, *given)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "100.0 %" in ended.stdout
    again = run(tmp_path, *given)
    assert again.returncode == 0
    count = len(verdicts(tmp_path))
    assert f"{count} mutants of 1 files, {count} known from before" in again.stdout
    # Another test makes every verdict void.
    (tmp_path / "test_thing.py").write_text(TEST_CAPPED + "\n# changed\n", "utf-8")
    assert f"{count} mutants of 1 files, 0 known from before" in run(tmp_path, *given).stdout


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("", "WRONG survived"),
        (declaration("if value > 6:", "if value >= 6:"), "there is no such mutant"),
        (declaration("if value > 5:", "if False:"), "declared as survived, but killed"),
        (declaration(*BOUNDARY, reason=" "), "declared without a reason"),
        (declaration(*BOUNDARY) * 2, "declared twice"),
    ],
)
def test_a_wrong_declaration_fails(tmp_path: Path, declared: str, told: str) -> None:
    ended = run(tmp_path, *project(tmp_path, CAPPED, TEST_CAPPED, declared))
    assert ended.returncode == 1
    assert told in ended.stdout


def test_tests_that_fail_by_themselves_kill_nothing(tmp_path: Path) -> None:
    test = TEST_CAPPED + "\n\ndef test_wrong():\n    assert capped(1) == 2\n"
    ended = run(tmp_path, *project(tmp_path, CAPPED, test))
    assert ended.returncode != 0
    assert not (tmp_path / "build/mutation/results.jsonl").read_text("utf-8")


def test_a_seeded_sample_of_the_mutants_dies(tmp_path: Path) -> None:
    given = ("--root", str(ROOT), "--out", str(tmp_path), "--sample", str(SAMPLE), "--seed", "3")
    ended = run(ROOT, *given)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{SAMPLE} mutants" in ended.stdout


def of_the_project() -> list[Mutant]:
    return [mutant for file in FILES for mutant in Source(ROOT, file).mutants()]


def test_every_declared_mutant_is_one_with_a_reason_and_each_is_another() -> None:
    mutants = of_the_project()
    keys = {mutant.key for mutant in mutants}
    assert len(keys) == len(mutants) > 2_000
    declared = read_declared(ROOT / "tests/mutation/equivalents.toml")
    assert [d.key.told() for d in declared if d.key not in keys] == []
    assert all(len(d.reason) > 20 for d in declared)


def test_no_mutant_is_the_source_itself_and_each_compiles() -> None:
    source = Source(ROOT, "firmware/inversion_table/safety/ticks.py")
    plain = compile(source.text, "ticks.py", "exec")
    for mutant in source.mutants():
        assert mutant.code("ticks.py") != plain, mutant.key
    assert compile(source.text, "ticks.py", "exec") == plain  # nothing was left behind


def test_the_stamp_changes_with_what_it_is_made_of(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.py").write_text("1\n", "utf-8")
    before = stamp(tmp_path, ["a"])
    assert stamp(tmp_path, ["a"]) == before
    (tmp_path / "a/x.py").write_text("2\n", "utf-8")
    assert stamp(tmp_path, ["a"]) != before


def test_every_file_of_tests_is_there() -> None:
    given = [*TESTS, *THOROUGH, *(test for tests in FILES.values() for test in tests)]
    assert [test for test in given if not (ROOT / test).exists()] == []
