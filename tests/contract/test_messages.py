import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.contract import messages
from inversion_table.contract.messages import METHODS, contract_hash, field_problem

TELLING = {"hello", "status"}
KINDS = {"int": 1, "text": "a", "object": {}, "list": [], "bool": True}
FIELDS = (
    ("count", "int", -5, 5),
    ("name", "text", 2, 4),
    ("map", "object", 0, 0),
    ("rows", "list", 0, 0),
    ("on", "bool", 0, 1),
    ("maybe", "int?", 0, 9),
)
GOOD = {"count": 0, "name": "abc", "map": {}, "rows": [], "on": False, "maybe": None}


def all_fields():
    for name, (params, result, _) in METHODS.items():
        for field in (*params, *result):
            yield name, field


def test_definitions_are_well_formed() -> None:
    for method, (params, result, when) in METHODS.items():
        assert when in ("any", "home", "switch"), method
        for fields in (params, result):
            names = [field[0] for field in fields]
            assert len(names) == len(set(names)), method
        assert result, "every method has a result"
    for method, (name, kind, lowest, highest) in all_fields():
        assert kind.rstrip("?") in KINDS, (method, name)
        assert lowest <= highest, (method, name)


def test_only_return_and_stop_may_act_and_only_they_and_status_answer_in_a_session() -> None:
    answered = {name for name, (_, _, when) in METHODS.items() if when == "any"}
    told = {
        *("hello", "status", "device.get", "firmware.get", "imu.rest", "calibration.get"),
        *("log.list", "log.read"),
    }
    assert answered == told | {"session.return", "session.stop"}
    # Only these ask by themselves whether they may (RQ-112, RQ-145).
    assert {name for name, (_, _, when) in METHODS.items() if when == "switch"} == {
        "calibration.put",
        "settings.put",
    }
    assert {name for name in METHODS if name.startswith("session.")} == {
        "session.return",
        "session.stop",
    }


def test_nothing_wrong_with_good_values() -> None:
    assert field_problem(FIELDS, GOOD) == ""
    assert field_problem(FIELDS, {k: v for k, v in GOOD.items() if k != "maybe"}) == ""
    assert field_problem((), {}) == ""


@pytest.mark.parametrize(
    ("name", "lowest", "highest", "below", "above"),
    [("count", -5, 5, -6, 6), ("maybe", 0, 9, -1, 10), ("name", "ab", "abcd", "a", "abcde")],
)
def test_bounds_hold_at_and_one_past_each_end(name, lowest, highest, below, above) -> None:
    for value in (lowest, highest):
        assert field_problem(FIELDS, {**GOOD, name: value}) == ""
    for value in (below, above):
        assert name in field_problem(FIELDS, {**GOOD, name: value})


@given(st.sampled_from([field[0] for field in FIELDS]), st.data())
def test_each_wrong_kind_is_named(name: str, data: st.DataObject) -> None:
    kind = next(field[1] for field in FIELDS if field[0] == name).rstrip("?")
    odd = [value for other, value in KINDS.items() if other != kind]
    value = data.draw(st.sampled_from([*odd, 1.0, 1.5, b"a", (1,)]))
    assert name in field_problem(FIELDS, {**GOOD, name: value})


def test_true_is_no_number_and_one_is_no_truth() -> None:
    assert field_problem(FIELDS, {**GOOD, "count": True})
    assert field_problem(FIELDS, {**GOOD, "on": 1})


def test_each_missing_and_each_unknown_name_is_told() -> None:
    for name in GOOD:
        rest = {key: value for key, value in GOOD.items() if key != name}
        problem = field_problem(FIELDS, rest)
        assert problem == ("" if name == "maybe" else f"'{name}' is missing")
    assert "extra" in field_problem(FIELDS, {**GOOD, "extra": 1})


def test_an_unknown_name_is_sent_back_short_and_harmless() -> None:
    problem = field_problem((), {"\ud800\n\x7fé" + "x" * 500: 1})
    assert problem == "there is no '????" + "x" * 28 + "' here"
    for odd in (None, 1, 2.5, True):  # MicroPython's reader lets such keys through
        assert field_problem((), {odd: 1})


def every_change():
    for name, (params, result, when) in METHODS.items():
        yield name, (params, result, "home" if when == "any" else "any")
        yield name, ((*params, ("more", "int", 0, 1)), result, when)
        yield name, (params, (*result, ("more", "int", 0, 1)), when)
        for part, fields in enumerate((params, result)):
            for at, (field, kind, lowest, highest) in enumerate(fields):
                for changed in (
                    (field + "_", kind, lowest, highest),
                    (field, "bool" if kind != "bool" else "int", lowest, highest),
                    (field, kind.rstrip("?") if kind[-1] == "?" else kind + "?", lowest, highest),
                    (field, kind, lowest + 1, highest),
                    (field, kind, lowest, highest + 1),
                ):
                    new = (*fields[:at], changed, *fields[at + 1 :])
                    yield name, (new, result, when) if part == 0 else (params, new, when)
                new = fields[:at] + fields[at + 1 :]
                yield name, (new, result, when) if part == 0 else (params, new, when)


def test_the_hash_changes_with_every_single_change(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {contract_hash()}
    count = 1
    original = copy.copy(METHODS)

    def note(text: str) -> None:
        nonlocal count
        seen.add(contract_hash())
        count += 1
        assert len(seen) == count, text

    for name, definition in every_change():
        with monkeypatch.context() as patch:
            patch.setitem(METHODS, name, definition)
            note(f"{name}: {definition}")
    for name in original:
        with monkeypatch.context() as patch:
            patch.delitem(METHODS, name)
            note(f"without {name}")
    for code in list(messages.ERROR_TEXTS):
        with monkeypatch.context() as patch:
            patch.setitem(messages.ERROR_TEXTS, code, "something else")
            note(f"error {code}")
    with monkeypatch.context() as patch:
        patch.setitem(messages.ERROR_TEXTS, 99, "new")
        note("a new error")
    for bound in ("PROTOCOL", "OPENINGS_MOST", "REPEAT_MS", "REPLIES_KEPT"):
        with monkeypatch.context() as patch:
            patch.setattr(messages, bound, getattr(messages, bound) + 1)
            note(bound)
    with monkeypatch.context() as patch:
        patch.setattr(messages, "ACTS", messages.ACTS[1:])
        note("acts")


def test_what_acts_is_a_method_and_the_rest_only_tells() -> None:
    assert set(messages.ACTS) <= set(METHODS)
    told = set(METHODS) - set(messages.ACTS)
    assert all(name.endswith((".get", ".list", ".read", ".rest")) for name in told - TELLING)


def test_the_hash_is_the_same_in_whatever_order_methods_are_written(monkeypatch) -> None:
    before = contract_hash()
    monkeypatch.setattr(messages, "METHODS", dict(reversed(METHODS.items())))
    assert messages.contract_hash() == before
    assert len(before) == 16
    assert set(before) <= set("0123456789abcdef")


def test_every_error_code_has_a_text_and_no_two_are_alike() -> None:
    codes = {
        value
        for name, value in vars(messages).items()
        if name.isupper() and isinstance(value, int) and name not in ("PROTOCOL",)
        if not name.startswith("_")
        and not name.endswith(("_MAX", "_MAX_BYTES", "_S", "_MS", "_MOST", "_KEPT", "_BYTES"))
    }
    assert codes == set(messages.ERROR_TEXTS)
    assert len(set(messages.ERROR_TEXTS.values())) == len(messages.ERROR_TEXTS)
