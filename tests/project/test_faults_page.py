"""docs/faults.md says of every fault what the firmware does and says, and of no other."""

import pytest

from inversion_table.safety import faults
from inversion_table.safety.fault_words import words_of
from tests.project import gates, traceability

FILES = traceability.read_files(gates.ROOT)
PAGE = (gates.ROOT / "docs/faults.md").read_text("utf-8")
ROWS = {
    cells[1]: cells
    for line in PAGE.splitlines()
    if line.startswith("| ")
    and len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 7
}
FAULTS = dict(enumerate(faults.FAULTS[1:], 1))


def test_every_fault_has_its_row():
    assert [cells[1] for cells in list(ROWS.values())[1:]] == [
        fault[0] for fault in FAULTS.values()
    ]


@pytest.mark.parametrize("number", FAULTS)
def test_the_row_says_what_the_firmware_says(number):
    name, reaction, hazard = FAULTS[number]
    row = ROWS[name]
    assert row[:4] == [str(number), name, hazard, faults.REACTION_NAMES[reaction]]
    assert row[5:] == list(words_of(number))
    assert row[4], "how soon it is found must be stated"


def test_the_numbers_are_those_of_the_firmware():
    assert list(traceability.number_problems(FILES, PAGE)) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("9 A (`CURRENT_TRIP_MA`)", "8 A (`CURRENT_TRIP_MA`)"), ("1 s (`CLEAR_MS`)", "`CLEAR_MS`")],
)
def test_a_wrong_number_is_found(right, wrong):
    assert right in PAGE
    assert len(list(traceability.number_problems(FILES, PAGE.replace(right, wrong)))) == 1
