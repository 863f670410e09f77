import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.sensing.debounce import DEBOUNCE_TICKS, SETTLED, Debouncer
from tests.int31 import CheckedWords, Int31

ALL = 0xFFFF
RAW = st.lists(st.integers(0, 0xFFFF) | st.sampled_from([0, 0xFFFF]), max_size=60)


class PlainContact:
    """One contact, said as simply as can be: believed when the last ticks were all alike."""

    def __init__(self, closed: bool) -> None:
        self.closed = closed
        self.seen: list[bool] = []

    def update(self, closed: bool) -> None:
        self.seen.append(closed)
        last = self.seen[-DEBOUNCE_TICKS:]
        if len(last) == DEBOUNCE_TICKS and len(set(last)) == 1:
            self.closed = last[0]


@given(RAW, st.integers(0, 0xFFFF))
def test_sixteen_contacts_are_debounced_each_by_itself(raw: list[int], first: int) -> None:
    debouncer = Debouncer(first)
    contacts = [PlainContact(bool(first >> bit & 1)) for bit in range(16)]
    for levels in raw:
        closed = debouncer.update(levels, 0) & ALL
        for bit, contact in enumerate(contacts):
            contact.update(bool(levels >> bit & 1))
        assert closed == sum(c.closed << bit for bit, c in enumerate(contacts))


@pytest.mark.requirement("RQ-060")
def test_a_level_is_believed_in_its_third_tick_on_end() -> None:
    debouncer = Debouncer()
    levels = (1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0)
    believed = [debouncer.update(raw, 0) & ALL for raw in levels]
    assert believed == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0]


def test_settled_after_enough_ticks_whatever_they_showed() -> None:
    debouncer = Debouncer()
    for tick in range(1, 10):
        closed = debouncer.update(tick & 1, 0)
        assert (closed & SETTLED != 0) == (tick >= DEBOUNCE_TICKS)
    assert closed == SETTLED  # one that bounces for ever stays on its safe side


def test_bounces_never_show() -> None:
    debouncer = Debouncer()
    for _ in range(5):
        debouncer.update(3, 0)
    for _ in range(100):
        for raw in (0, 2, 3, 1, 3):
            assert debouncer.update(raw, 0) == 3 | SETTLED


@given(RAW)
def test_everything_fits_the_chips_small_integers(raw: list[int]) -> None:
    debouncer = Debouncer()
    debouncer.words = CheckedWords(debouncer.words)
    for levels in raw:
        assert 0 <= debouncer.update(Int31(levels), Int31(2)) <= ALL | SETTLED


def test_opened_at_once_a_contact_is_closed_again_only_in_its_third_tick_on_end() -> None:
    debouncer = Debouncer()
    for _ in range(5):
        debouncer.update(3, 2)
    assert debouncer.update(1, 2) & ALL == 1
    assert [debouncer.update(3, 2) & ALL for _ in range(4)] == [1, 1, 3, 3]


def test_opened_at_once_in_the_middle_of_closing_the_count_begins_anew() -> None:
    debouncer = Debouncer()
    believed = [debouncer.update(raw, 1) & ALL for raw in (1, 1, 0, 1, 1, 1)]
    assert believed == [0, 0, 0, 0, 0, 1]


def test_only_the_named_contacts_open_at_once() -> None:
    debouncer = Debouncer(3)
    assert [debouncer.update(0, 2) & ALL for _ in range(3)] == [1, 1, 0]
