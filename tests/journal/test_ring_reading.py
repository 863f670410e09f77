"""Finding a session by its last page, listing from a page on, reading across the ring's end."""

from random import Random

from inversion_table.journal.session_bytes import SessionBytes
from tests.journal.nor_flash import NorFlash
from tests.journal.test_ring import BLOCKS, opened, write_session


def filled(sessions=30, seed=3):
    dice = Random(seed)
    ring = opened(NorFlash(BLOCKS))
    for _ in range(sessions):
        write_session(ring, dice.randrange(1, 14))
    return ring


def test_a_session_is_found_by_its_last_page():
    ring = filled()
    for info in ring.sessions():
        found = ring.ending_at(info.session, info.last_sequence)
        assert found is not None
        assert vars(found) | {"headed": info.headed} == vars(info)
        assert ring.ending_at(info.session + 1, info.last_sequence) is None
        assert ring.ending_at(info.session, info.last_sequence + 1000) is None
        assert ring.ending_at(info.session, 0) is None


def test_a_session_that_went_on_is_found_by_an_older_page_too():
    """A pull that began while it ran can be ended."""
    ring = filled()
    info = next(info for info in ring.sessions() if info.pages() > 3)
    found = ring.ending_at(info.session, info.last_sequence - 1)
    assert found is not None
    assert (found.pages(), found.complete) == (info.pages() - 1, False)


def test_a_list_goes_on_below_a_page():
    ring = filled()
    every = [(info.session, info.first_sequence) for info in ring.sessions()]
    assert len(every) > 4
    for index, (_, first) in enumerate(every):
        below = [(info.session, info.first_sequence) for info in ring.sessions(first)]
        assert below == every[index + 1 :]
    assert list(ring.sessions(0)) == []
    assert len(list(ring.sessions(1 << 31))) == len(every)


def test_reading_in_parts_of_any_size_gives_the_same():
    dice = Random(1)
    wrapped = 0
    rings = [filled(20), filled(22)]
    for ring, info in [(one, info) for one in rings for info in one.sessions()]:
        whole = bytearray(info.total_bytes())
        ring.read(info, 0, whole)
        wrapped += info.first_sequence // 128 != info.last_sequence // 128
        for _ in range(20):
            source = SessionBytes(ring, info, 0, 1 << 30)
            parts = bytearray()
            while source.left:
                part = bytearray(min(source.left, dice.choice((1, 100, 256, 300, 4096, 5000))))
                assert source.take(part) == len(part)
                parts += part
            assert parts == whole
    assert wrapped
