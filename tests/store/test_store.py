import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.store import Store, StoreError
from tests.store import cuts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(value=JSON)
def test_a_value_comes_back(tmp_path_factory, value):
    folder = str(tmp_path_factory.getbasetemp() / "values")
    Store(folder).save("plan", value)
    assert Store(folder).load("plan") == value


def test_nothing_saved_is_none(tmp_path):
    assert Store(str(tmp_path / "new")).load("plan") is None


def test_a_value_is_one_line_of_json_and_its_crc(tmp_path):
    Store(str(tmp_path)).save("settings", {"rate": 3000})
    line = (tmp_path / "settings.json").read_bytes()
    assert json.loads(line[:-10]) == {"rate": 3000}
    assert line[-10:-9] == b" "
    assert line.endswith(b"\n")
    assert os.listdir(tmp_path) == ["settings.json"]


def test_the_newest_stands(tmp_path):
    store = Store(str(tmp_path))
    store.save("plan", 1)
    store.save("plan", 2)
    store.save("other", 3)
    assert (store.load("plan"), store.load("other")) == (2, 3)


@pytest.mark.requirement("RQ-069")
def test_every_damaged_byte_is_noticed(tmp_path):
    store = Store(str(tmp_path))
    store.save("plan", {"name": "Kim", "tilt": 60_000})
    path = tmp_path / "plan.json"
    whole = path.read_bytes()
    for at in range(len(whole) - 1):  # the line's end alone carries nothing
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with pytest.raises(StoreError, match=r"plan\.json is damaged .* save it anew"):
            store.load("plan")
        path.write_bytes(whole[:at])
        with pytest.raises(StoreError, match="damaged"):
            store.load("plan")
    store.save("plan", "new")
    assert store.load("plan") == "new"


def test_a_half_written_new_value_leaves_the_old_one(tmp_path):
    store = Store(str(tmp_path))
    store.save("plan", "old")
    (tmp_path / "plan.json.new").write_bytes(b'"ne')
    assert Store(str(tmp_path)).load("plan") == "old"
    store.save("plan", "new")
    assert store.load("plan") == "new"


@pytest.mark.parametrize("name", ["", "../plan", "Plan", "a b", "x" * 25, "plan.json"])
def test_names_that_are_no_names_are_refused(tmp_path, name):
    store = Store(str(tmp_path))
    with pytest.raises(ValueError, match="is no name for a value"):
        store.save(name, 1)
    with pytest.raises(ValueError, match="is no name for a value"):
        store.load(name)


def test_what_could_not_be_read_again_is_not_saved(tmp_path):
    store = Store(str(tmp_path))
    store.save("plan", "old")
    with pytest.raises(StoreError, match="too big"):
        store.save("plan", "x" * 9_000)
    assert store.load("plan") == "old"


def test_a_folder_that_cannot_be_had_is_an_error(tmp_path):
    with pytest.raises(StoreError, match="cannot make the folder"):
        Store(str(tmp_path / "not" / "there"))
    file = Path(tmp_path) / "file"
    file.write_text("")
    with pytest.raises(StoreError, match="cannot save"):
        Store(str(file)).save("plan", 1)
    with pytest.raises(StoreError, match="cannot read"):
        Store(str(file)).load("plan")


@pytest.mark.requirement("RQ-069")
def test_a_power_cut_at_any_flash_operation_leaves_the_old_or_the_new_value():
    points, operations = cuts.prove("plan and other values", share=4)
    assert points > 600
    assert operations > 200
