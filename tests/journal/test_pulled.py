"""What is remembered as pulled: ranges of pages, kept, merged, forgotten oldest first."""

import pytest

from inversion_table.journal.pulled import RANGES_MOST, Pulled
from inversion_table.store.values import Store, StoreError


class Values:
    """A store in memory."""

    def __init__(self):
        self.values = {}
        self.saves = 0
        self.error = None

    def load(self, name):
        if self.error:
            raise self.error
        return self.values.get(name)

    def save(self, name, value):
        if self.error:
            raise self.error
        self.saves += 1
        self.values[name] = [list(one) for one in value]


def test_what_was_pulled_is_covered_and_kept(tmp_path):
    store = Store(str(tmp_path))
    pulled = Pulled(store)
    assert not pulled.covers(0, 0)
    pulled.mark(10, 20)
    for again in (pulled, Pulled(store)):
        assert again.covers(10, 20)
        assert again.covers(12, 15)
        assert not again.covers(9, 20)
        assert not again.covers(10, 21)  # it went on after it was pulled


def test_neighbours_become_one_range():
    store = Values()
    pulled = Pulled(store)
    for first, last in ((10, 19), (30, 39), (20, 29), (5, 12)):
        pulled.mark(first, last)
    assert store.values["pulled"] == [[5, 39]]


def test_nothing_is_written_for_what_is_known():
    store = Values()
    pulled = Pulled(store)
    pulled.mark(1, 9)
    pulled.mark(3, 9)
    assert store.saves == 1


def test_the_oldest_marks_are_forgotten():
    store = Values()
    pulled = Pulled(store)
    for number in range(RANGES_MOST + 3):
        pulled.mark(100 * number, 100 * number + 9)
    assert len(store.values["pulled"]) == RANGES_MOST
    assert not pulled.covers(200, 209)
    assert pulled.covers(300, 309)
    real = [[0xFFFFFFF0 - 20 * one, 0xFFFFFFFF - 20 * one] for one in range(RANGES_MOST)]
    from inversion_table.contract.frame import MAX_LINE_BYTES, encode

    assert len(encode(real)) < MAX_LINE_BYTES


def test_a_value_that_cannot_be_saved_changes_nothing():
    store = Values()
    pulled = Pulled(store)
    pulled.mark(1, 9)
    store.error = StoreError("no room")
    with pytest.raises(StoreError):
        pulled.mark(10, 19)
    assert pulled.covers(1, 9)
    assert not pulled.covers(10, 19)


@pytest.mark.parametrize("value", [None, 5, "x", {}, [[1]], [[1, 2, 3]], [["a", 2]], [5], [None]])
def test_a_value_of_no_sense_counts_as_none(value):
    store = Values()
    store.values["pulled"] = value
    pulled = Pulled(store)
    assert not pulled.covers(1, 1)
    pulled.mark(1, 2)
    assert pulled.covers(1, 2)


def test_a_damaged_value_counts_as_none():
    store = Values()
    store.error = StoreError("damaged")
    assert not Pulled(store).covers(1, 1)
