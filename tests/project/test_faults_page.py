"""docs/faults.md says of every fault what the firmware does and says, and of no other."""

import pytest

from inversion_table.indication import patterns
from inversion_table.safety import faults, states
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


COLOURS = {
    colour: getattr(patterns, colour.upper())
    for colour in ("red", "green", "blue", "yellow", "cyan", "magenta", "white")
}
PACES_MS = {"very quick": 200, "quick": 500, "once a second": 1_000, "slow": 2_000}
LIGHTS = {
    cells[0]: cells[1:]
    for line in PAGE.partition("## What the light says")[2].splitlines()
    if line.startswith("| ") and len(cells := [cell.strip() for cell in line.split("|")[1:-1]]) == 3
}
OTHERS = {
    "HOME off its switch": patterns.OFF_HOME,
    "RETURNING because of a fault": patterns.FAULT_RETURN,
    "FAULT at home": patterns.FAULT_AT_HOME,
    "a press is refused": patterns.REFUSED,
    "a press came too soon": patterns.NOT_READY,
}


def test_the_page_tells_what_each_light_means():
    told = {name.split(";")[0]: words for name, words in list(LIGHTS.items())[1:]}
    expected = dict(zip(states.STATE_NAMES, patterns.BY_STATE, strict=True)) | OTHERS
    assert told.keys() == expected.keys()
    for name, pattern in expected.items():
        light, sound = told[name]
        assert COLOURS[next(word for word in COLOURS if word in light)] == pattern.colour
        steady = pattern.light_ms == pattern.period_ms
        assert light.startswith("steady") == steady
        if not steady:
            pace = next(pace for pace in PACES_MS if pace in light)
            assert PACES_MS[pace] == pattern.period_ms
        assert bool(sound) == bool(pattern.tone_hz)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("9 A (`CURRENT_TRIP_MA`)", "8 A (`CURRENT_TRIP_MA`)"), ("1 s (`CLEAR_MS`)", "`CLEAR_MS`")],
)
def test_a_wrong_number_is_found(right, wrong):
    assert right in PAGE
    assert len(list(traceability.number_problems(FILES, PAGE.replace(right, wrong)))) == 1
