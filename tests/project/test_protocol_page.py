"""docs/protocol.md says what the code does."""

import pytest

from inversion_table.contract import messages
from inversion_table.estimation.table_calibration import TableCalibration
from inversion_table.safety import limits
from inversion_table.session import plan as plans
from tests.project import protocol_page


def test_the_page_is_what_the_code_makes_of_it() -> None:
    text = protocol_page.PAGE.read_text("utf-8")
    assert protocol_page.page(text) == text, "run make protocol"


def test_every_method_and_field_is_described_and_nothing_else() -> None:
    assert protocol_page.undescribed() == []


@pytest.mark.parametrize(
    "change",
    [
        ("METHODS", {**messages.METHODS, "more": ((), (("x_ms", "int", 0, 1),), "any")}),
        ("ERROR_TEXTS", {**messages.ERROR_TEXTS, 99: "new"}),
        ("OPENINGS_MOST", messages.OPENINGS_MOST + 1),
        ("REPEAT_MS", messages.REPEAT_MS + 1_000),
        ("ACTS", messages.ACTS[1:]),
    ],
)
def test_a_change_of_the_contract_is_seen(monkeypatch: pytest.MonkeyPatch, change) -> None:
    text = protocol_page.PAGE.read_text("utf-8")
    monkeypatch.setattr(messages, *change)
    assert protocol_page.page(text) != text
    if change[0] == "METHODS":
        assert protocol_page.undescribed() == ["more", "more.x_ms"]


def test_the_keys_of_objects_are_those_of_real_replies() -> None:
    for what, value in protocol_page.shown().items():
        assert tuple(value) == protocol_page.OBJECTS[what], what
    assert protocol_page.OBJECTS["calibration"] == TableCalibration.FIELDS
    problem = plans.check(protocol_page.STEEP, limits.Settings())[0]
    assert tuple(problem.to_dict()) == protocol_page.OBJECTS["error 2: each of `data.problems`"]


def test_a_page_without_its_markers_is_told() -> None:
    with pytest.raises(ValueError, match="markers"):
        protocol_page.page("nothing")


def test_units_come_from_names() -> None:
    assert protocol_page.unit_of("rate_mdeg_per_s") == "mdeg/s"
    assert protocol_page.unit_of("unix_s") == "s"
    assert protocol_page.unit_of("state") == ""
