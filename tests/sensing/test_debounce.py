import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.sensing.debounce import DEBOUNCE_TICKS, Debouncer
from tests.int31 import Int31, attributes_are_checked, wrap_attributes

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
        debouncer.update(levels)
        for bit, contact in enumerate(contacts):
            contact.update(bool(levels >> bit & 1))
        assert debouncer.closed == sum(c.closed << bit for bit, c in enumerate(contacts))


@pytest.mark.requirement("RQ-060")
def test_a_level_is_believed_in_its_third_tick_on_end() -> None:
    debouncer = Debouncer()
    believed = []
    for raw in (1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0):
        debouncer.update(raw)
        believed.append(debouncer.closed)
    assert believed == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0]


def test_settled_after_enough_ticks_whatever_they_showed() -> None:
    debouncer = Debouncer()
    for tick in range(1, 10):
        assert debouncer.settled == (tick > DEBOUNCE_TICKS)
        debouncer.update(tick & 1)
    assert debouncer.closed == 0  # one that bounces for ever stays on its safe side


def test_bounces_never_show() -> None:
    debouncer = Debouncer()
    for _ in range(5):
        debouncer.update(3)
    for _ in range(100):
        for raw in (0, 2, 3, 1, 3):
            debouncer.update(raw)
            assert debouncer.closed == 3


@given(RAW)
def test_everything_fits_the_chips_small_integers(raw: list[int]) -> None:
    debouncer = Debouncer()
    for levels in raw:
        debouncer.update(Int31(levels))
        wrap_attributes(debouncer)
        assert attributes_are_checked(debouncer)
        assert 0 <= debouncer.closed <= 0xFFFF


def test_opened_at_once_a_contact_is_closed_again_only_in_its_third_tick_on_end() -> None:
    debouncer = Debouncer()
    for _ in range(5):
        debouncer.update(3)
    debouncer.update(1)
    debouncer.open_at_once(2)
    assert debouncer.closed == 1
    believed = []
    for raw in (3, 3, 3, 3):
        debouncer.update(raw)
        believed.append(debouncer.closed)
    assert believed == [1, 1, 3, 3]
