"""Hazards, requirements, code and tests are linked; the check finds each kind of broken link."""

import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import traceability
from tests.project.traceability import CODE, HAZARDS, LIMITS, REQUIREMENTS, TABLE, TESTS

ROOT = Path(__file__).resolve().parents[2]
MONITORS = "firmware/inversion_table/safety/monitors.py"
KERNEL = "firmware/inversion_table/safety/kernel.py"
DUTY_STEPS = "tests/requirements/test_duty_steps.py"
Project = dict[str, str]


@pytest.fixture(scope="module")
def original() -> Project:
    return traceability.read_files(ROOT)


@pytest.fixture
def project(original: Project) -> Project:
    """A copy of the project's documents, sources and tests, to be broken."""
    return dict(original)


def test_everything_is_linked(original: Project) -> None:
    wrong = traceability.problems(original)
    assert not wrong, "\n" + "\n".join(wrong)


def test_what_is_not_met_is_said_aloud(original: Project) -> None:
    links = traceability.read_links(original)
    text = traceability.summary(links)
    assert f"{len(links.unmet())} not met yet" in text
    for requirement in links.unmet():
        assert requirement.id in text
    assert all(hazard.id in text for hazard in links.unanswered())
    if links.unmet():
        warnings.warn(text, stacklevel=1)  # so that the summary of every run of the tests has it


def test_the_check_looks_at_the_project(original: Project) -> None:
    # A wrong path would let it pass over nothing.
    links = traceability.read_links(original)
    assert len(links.hazards) >= 19
    assert len(links.met()) >= 80
    assert {path.split("/")[0] + "/" for path in original} >= {*CODE, *TESTS, "docs/"}
    limits = traceability.constants(original[LIMITS])
    assert limits["SETTINGS.tilt_max_mdeg"] == 60_000
    assert limits["RETURN_MAX_MS"] == 645_000
    assert limits["HOME_TILT_MDEG"] == -75_000


# --- each kind of break ----------------------------------------------------------------------


def replace(path: str, old: str, new: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        assert old in project[path], (path, old)
        project[path] = project[path].replace(old, new)

    return change


def drop_row(path: str, id_: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        lines = project[path].splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"| {id_} |")]
        assert len(kept) == len(lines) - 1
        project[path] = "".join(kept)

    return change


def add_row(path: str, row: str) -> Callable[[Project], None]:
    """Behind the first row of the first table with ids."""

    def change(project: Project) -> None:
        prefix = "| HZ-01 |" if path == HAZARDS else "| RQ-001 |"
        lines = project[path].splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith(prefix))
        project[path] = "\n".join([*lines[: at + 1], row, *lines[at + 1 :]]) + "\n"

    return change


def row_of(project: Project, id_: str) -> str:
    path = HAZARDS if id_.startswith("HZ") else REQUIREMENTS
    return next(line for line in project[path].splitlines() if line.startswith(f"| {id_} |"))


def change_row(id_: str, old: str, new: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        row = row_of(project, id_)
        assert old in row, row
        path = HAZARDS if id_.startswith("HZ") else REQUIREMENTS
        project[path] = project[path].replace(row, row.replace(old, new))

    return change


def without_citations(id_: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        for path in project:
            if path.startswith(CODE):
                project[path] = project[path].replace(id_, "")

    return change


def without_marks(id_: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        for path in project:
            if path.startswith(TESTS):
                project[path] = project[path].replace(f'"{id_}"', '"RQ-001"')

    return change


def write(path: str, text: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        project[path] = project.get(path, "") + text

    return change


def both(*changes: Callable[[Project], None]) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        for one in changes:
            one(project)

    return change


MARK = "@pytest.mark.requirement"
BREAKS = {
    # Ids that are cited and defined nowhere.
    "dangling in code": (write(MONITORS, "# RQ-999\n"), f"{MONITORS}: RQ-999 is defined nowhere"),
    "dangling hazard in code": (
        replace(LIMITS, '"HZ-02"', '"HZ-77"'),
        f"{LIMITS}: HZ-77 is defined nowhere",
    ),
    "dangling, misspelt": (write(KERNEL, "# RQ-12\n"), f"{KERNEL}: RQ-12 is defined nowhere"),
    "dangling in a test": (
        replace(DUTY_STEPS, "RQ-022", "RQ-998"),
        f"{DUTY_STEPS}: RQ-998 is defined nowhere",
    ),
    "dangling in a document": (
        write("docs/hardware.md", "See HZ-55.\n"),
        "docs/hardware.md: HZ-55 is defined nowhere",
    ),
    "a row that is gone": (drop_row(REQUIREMENTS, "RQ-035"), "RQ-035 is defined nowhere"),
    # Links between the two documents.
    "hazard without requirement": (
        add_row(HAZARDS, "| HZ-99 | a | b | S1 | |"),
        f"{HAZARDS}: HZ-99 has no requirement",
    ),
    "hazard without severity": (
        change_row("HZ-01", "| S4 |", "| bad |"),
        f"{HAZARDS}: HZ-01 has no severity",
    ),
    "requirement without hazard": (
        change_row("RQ-035", "| HZ-08, HZ-18 |", "| |"),
        f"{REQUIREMENTS}: RQ-035 has no hazard",
    ),
    "hazard that does not name its answer": (
        change_row("HZ-08", "RQ-035, ", ""),
        f"{HAZARDS}: HZ-08 does not name RQ-035",
    ),
    "answer that does not name its hazard": (
        change_row("RQ-035", "HZ-08, HZ-18", "HZ-08"),
        f"{HAZARDS}: HZ-18 names RQ-035, which does not name it back",
    ),
    # Code and tests.
    "requirement without code": (
        without_citations("RQ-035"),
        f"{REQUIREMENTS}: RQ-035 is cited by no code",
    ),
    "requirement without test": (
        without_marks("RQ-035"),
        f"{REQUIREMENTS}: RQ-035 has no test",
    ),
    "test that is switched off": (
        replace(
            DUTY_STEPS,
            'pytestmark = pytest.mark.requirement("RQ-022")',
            f'{MARK}("RQ-022")\n@pytest.mark.skip\ndef test_off():\n    pass\n',
        ),
        f"{REQUIREMENTS}: RQ-022 has no test",
    ),
    "mark on what is no test": (
        write(
            "tests/test_new.py", f'import pytest\n\n\n{MARK}("RQ-001")\ndef helper():\n    pass\n'
        ),
        "tests/test_new.py:4: this mark is on no test that runs",
    ),
    "mark in a file without tests": (
        write("tests/new.py", f'import pytest\n\n\n{MARK}("RQ-001")\ndef test_a():\n    pass\n'),
        "tests/new.py:4: this mark is on no test that runs",
    ),
    "mark where it is not looked for": (
        write("tests/test_new.py", "def test_a():\n    x = pytest.mark.requirement('RQ-001')\n"),
        "tests/test_new.py:2: this mark is on no test that runs",
    ),
    "mark that is not a plain text": (
        write("tests/test_new.py", f"{MARK}(RQ)\ndef test_a():\n    pass\n"),
        "tests/test_new.py:1: a mark names its requirements as plain texts",
    ),
    # Numbers of the rows.
    "duplicate number": (
        add_row(REQUIREMENTS, "| RQ-002 | A second one. | HZ-01 |"),
        f"{REQUIREMENTS}: RQ-002 stands there 2 times",
    ),
    "duplicate hazard": (
        add_row(HAZARDS, "| HZ-02 | again | b | S1 | RQ-001 |"),
        f"{HAZARDS}: HZ-02 stands there 2 times",
    ),
    "missing number": (drop_row(REQUIREMENTS, "RQ-035"), f"{REQUIREMENTS}: RQ-035 is missing"),
    "missing hazard": (drop_row(HAZARDS, "HZ-03"), f"{HAZARDS}: HZ-03 is missing"),
    "number of other digits": (
        add_row(REQUIREMENTS, "| RQ-7 | A short one. | HZ-01 |"),
        f"{REQUIREMENTS}: RQ-7 is not RQ- and 3 digits",
    ),
    "nothing there": (lambda project: project.pop(REQUIREMENTS), "there is no RQ-... at all"),
    # What is not met.
    "not met without reason": (
        add_row(REQUIREMENTS, "\n## Not met yet\n\n| RQ-500 | A wish. | HZ-01 | |"),
        f"{REQUIREMENTS}: RQ-500 is not met, and there is no reason",
    ),
    "met in truth": (
        add_row(REQUIREMENTS, "\n## Not met yet\n"),
        f"{REQUIREMENTS}: RQ-002 has code and a test: move it up",
    ),
    "said to be met": (
        add_row(REQUIREMENTS, "| RQ-500 | A wish. | HZ-01 |"),
        f"{REQUIREMENTS}: RQ-500 is cited by no code",
    ),
    # Figures.
    "number in the sentence": (
        change_row("RQ-035", "9 A", "9.5 A"),
        "RQ-035: it says 9.5 A, but CURRENT_TRIP_MA is 9000",
    ),
    "sign of a number": (
        change_row("RQ-057", "-75 deg", "75 deg"),
        "RQ-057: it says 75 deg, but HOME_TILT_MDEG is -75000",
    ),
    "constant in the limits": (
        replace(LIMITS, "OVERTRAVEL_MDEG = 1_500", "OVERTRAVEL_MDEG = 1_501"),
        "RQ-009: it says 1.5 deg, but OVERTRAVEL_MDEG is 1501",
    ),
    "default of a setting": (
        replace(LIMITS, "TILT_MAX_MDEG, 60_000,", "TILT_MAX_MDEG, 70_000,"),
        "RQ-008: it says 60 deg, but SETTINGS.tilt_max_mdeg is 70000",
    ),
    "constant elsewhere": (
        replace("firmware/inversion_table/board.py", "WATCHDOG_MS = 3_000", "WATCHDOG_MS = 8_000"),
        "RQ-039: it says 3 s, but board.WATCHDOG_MS is 8000",
    ),
    "unit": (change_row("RQ-035", "9 A", "9 V"), "RQ-035: CURRENT_TRIP_MA is not in V"),
    "unit of another kind": (
        change_row("RQ-035", "9 A", "9000 pieces"),
        "RQ-035: CURRENT_TRIP_MA is not in pieces",
    ),
    "constant that is none": (
        change_row("RQ-035", "CURRENT_TRIP_MA", "CURRENT_MOST_MA"),
        "RQ-035: there is no constant CURRENT_MOST_MA",
    ),
    "constant without its number": (
        change_row("RQ-035", "9 A (`CURRENT_TRIP_MA`)", "`CURRENT_TRIP_MA`"),
        "RQ-035: CURRENT_TRIP_MA stands behind no number",
    ),
    "no sentence": (
        change_row("RQ-034", "for a return.", "for a return"),
        "RQ-034 is not a sentence",
    ),
    # The table.
    "table edited": (write(TABLE, "| HZ-01 | | | |\n"), f"{TABLE} is out of date"),
    "table gone": (lambda project: project.pop(TABLE), f"{TABLE} is out of date"),
    "table old": (
        replace(DUTY_STEPS, "def test_power_is_taken", "def test_all_power_is_taken"),
        f"{TABLE} is out of date",
    ),
    "table without a new citation": (
        write("firmware/inversion_table/clock.py", '"""RQ-001."""\n'),
        f"{TABLE} is out of date",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_break_is_found(project: Project, name: str) -> None:
    damage, finding = BREAKS[name]
    damage(project)
    wrong = traceability.problems(project)
    assert any(finding in problem for problem in wrong), "\n".join(wrong) or "nothing found"


# --- as a script -----------------------------------------------------------------------------


def run(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.project.traceability", str(root)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_script_writes_the_table_and_fails_when_something_is_wrong(
    original: Project, tmp_path: Path
) -> None:
    for path, text in original.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    (tmp_path / TABLE).write_text("old\n", "utf-8")
    result = run(tmp_path)
    assert result.returncode == 0, result.stderr
    assert "not met yet" in result.stdout
    assert (tmp_path / TABLE).read_text("utf-8") == original[TABLE]

    shutil.rmtree(tmp_path / "tests/requirements")
    result = run(tmp_path)
    assert result.returncode == 1
    assert f"{REQUIREMENTS}: RQ-022 has no test" in result.stderr
