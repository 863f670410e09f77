"""Each gate of `make test`, broken on purpose, fails; and `.ci/run` says so in its exit code."""

import subprocess

import pytest

from tests.project import gates


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("firmware/inversion_table/a.py", '"""A."""\n\nimport json\n', "F401"),
        ("firmware/inversion_table/a.py", "X = 1\n", "D100"),
        ("firmware/inversion_table/a.py", '"""A."""\n\nprint("into the link")\n', "T201"),
        ("host_tools/itable/a.py", '"""A."""\n\nX = "' + "x" * 100 + '"\n', "E501"),
        (
            "hil_tests/table_bench/a.py",
            '"""A."""\n\n\ndef f(x: list[int] = []) -> None:\n    """F."""\n',
            "B006",
        ),
        ("tests/test_a.py", "try:\n    X = 1\nexcept Exception:\n    X = 2\n", "BLE001"),
    ],
)
def test_ruff_refuses(tmp_path, path, text, code):
    result = gates.make(gates.make_project(tmp_path, {path: text}), "lint-rules")
    assert result.returncode == 2
    assert code in result.stdout


def test_ruff_refuses_what_is_not_formatted(tmp_path):
    project = gates.make_project(tmp_path, {"tests/test_a.py": "X = [1,2]\n"})
    result = gates.make(project, "lint-format")
    assert result.returncode == 2
    assert "tests/test_a.py" in result.stdout


def test_ruff_passes_a_sound_project(tmp_path):
    result = gates.make(gates.make_project(tmp_path), "lint")
    assert result.returncode == 0, result.stdout + result.stderr


def test_ci_passes_a_sound_project_and_ends_with_the_summary(tmp_path):
    result = gates.run(gates.make_project(tmp_path), ".ci/run")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed in" in result.stdout.splitlines()[-1]


def test_ci_fails_with_a_failing_test_and_ends_with_the_summary(tmp_path):
    files = {"hil_tests/test_bench.py": "def test_planted():\n    assert 1 == 2\n"}
    result = gates.run(gates.make_project(tmp_path, files), ".ci/run")
    assert result.returncode == 2
    *_, failure, summary = result.stdout.splitlines()
    assert failure.startswith("FAILED hil_tests/test_bench.py::test_planted")
    assert "1 failed, 1 passed in" in summary


def test_ci_fails_with_a_broken_gate_though_the_tests_pass(tmp_path):
    files = {"tests/test_a.py": "X = [1,2]\n", "firmware/main.py": '"""A."""\n\nX: int = ""\n'}
    result = gates.run(gates.make_project(tmp_path, files), ".ci/run")
    assert result.returncode == 2
    closing = result.stdout.partition("---- make test: exit code 2 ----")[2]
    assert "lint-format" in closing
    assert "types-firmware" in closing
    assert "2 passed in" in closing.splitlines()[-1]


@pytest.mark.parametrize("text", ["def test_a(:\n", "raise RuntimeError\n"])
def test_ci_fails_when_tests_cannot_be_collected(tmp_path, text):
    result = gates.run(gates.make_project(tmp_path, {"tests/test_a.py": text}), "make", "pytest")
    assert result.returncode == 2
    assert "error" in result.stdout.splitlines()[-1]


def test_set_up_says_what_to_do_without_python(tmp_path):
    project = gates.make_project(tmp_path)
    command = ["make", "setup", "PYTHON=", "READY=.venv/none"]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "apt install python3.11" in result.stderr
