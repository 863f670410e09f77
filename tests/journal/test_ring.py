from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.contract.pages import (
    FIRST_PAGE,
    LAST_PAGE,
    PAGE_BYTES,
    PAYLOAD_AT,
    payload_of,
    read_header,
    seal_page,
)
from inversion_table.journal.region import Region
from inversion_table.journal.ring import Ring
from tests.journal.nor_flash import BLOCK_BYTES, NorFlash, PowerCut

BLOCKS = 8
AHEAD = 4


def opened(flash, ahead_blocks=AHEAD):
    return Ring(Region(flash, range(flash.block_count)), ahead_blocks)


def append(ring, session, text, flags=0):
    page = bytearray(PAGE_BYTES)
    page[PAYLOAD_AT : PAYLOAD_AT + len(text)] = text
    return ring.append(page, session, len(text), flags)


def write_session(ring, pages, acknowledged=None):
    """A whole session of that many pages, prepared for; what was acknowledged goes in the list."""
    while ring.prepare(1):
        pass
    session = ring.next_session()
    for index in range(pages):
        flags = (FIRST_PAGE if index == 0 else 0) | (LAST_PAGE if index == pages - 1 else 0)
        text = b"%d/%d" % (session, index)
        if append(ring, session, text, flags) and acknowledged is not None:
            acknowledged.append((session, text))
    return session


def texts(ring, info):
    """The payloads of the session's good pages."""
    raw = bytearray(info.total_bytes())
    assert ring.read(info, 0, raw) == len(raw)
    found = []
    for at in range(0, len(raw), PAGE_BYTES):
        page = bytes(raw[at : at + PAGE_BYTES])
        header = read_header(page)
        if header is not None and header.session == info.session:
            found.append(payload_of(page, header))
    return found


def listed(ring):
    return [vars(info) for info in ring.sessions()]


def everything(ring):
    return {(info.session, text) for info in ring.sessions() for text in texts(ring, info)}


def test_an_empty_flash_is_an_empty_ring():
    ring = opened(NorFlash(BLOCKS))
    assert list(ring.sessions()) == []
    assert ring.next_session() == 1
    assert ring.find(1) is None


def test_a_region_of_fewer_than_three_blocks_is_refused():
    with pytest.raises(ValueError, match="3 blocks"):
        opened(NorFlash(2))


def test_sessions_are_listed_newest_first_and_read_back():
    ring = opened(NorFlash(BLOCKS))
    for pages in (3, 1, 20):
        write_session(ring, pages)
    found = list(ring.sessions())
    assert [info.session for info in found] == [3, 2, 1]
    assert [info.pages() for info in found] == [20, 1, 3]
    assert all(info.complete and info.headed for info in found)
    assert texts(ring, found[0]) == [b"3/%d" % index for index in range(20)]
    assert texts(ring, ring.find(1)) == [b"1/0", b"1/1", b"1/2"]
    assert ring.find(4) is None


def test_all_is_found_again_after_a_start():
    flash = NorFlash(BLOCKS)
    ring = opened(flash)
    for pages in (3, 17, 5):
        write_session(ring, pages)
    again = opened(flash)
    assert everything(again) == everything(ring)
    assert again.next_session() == 4
    write_session(again, 2)
    assert everything(again) >= everything(ring)


@given(st.integers(0, 1500), st.integers(0, 600))
def test_any_part_of_a_session_can_be_read(offset, length):
    ring = opened(NorFlash(BLOCKS))
    write_session(ring, 5)
    info = ring.find(1)
    whole = bytearray(5 * PAGE_BYTES)
    ring.read(info, 0, whole)
    part = bytearray(length)
    count = ring.read(info, offset, part)
    assert part[:count] == whole[offset : offset + length]
    assert count == len(whole[offset : offset + length])


def test_nothing_is_erased_in_a_session_and_a_full_log_refuses():
    flash = NorFlash(BLOCKS)
    ring = opened(flash)
    assert ring.prepare(0) >= 0
    while ring.prepare(1):
        pass
    erases = sum(flash.erases)
    count = 0
    room = ring.free_pages()
    assert room >= AHEAD * 16 - 1
    while append(ring, 1, b"x", 0 if count else FIRST_PAGE):
        count += 1
    assert count == room
    assert ring.free_pages() == 0
    assert sum(flash.erases) == erases
    assert len(texts(ring, ring.find(1))) == count
    assert ring.prepare(1) == AHEAD - 1
    assert append(ring, 1, b"y")


def test_prepare_erases_no_more_than_it_is_allowed():
    flash = NorFlash(BLOCKS, bytearray(BLOCKS * BLOCK_BYTES))
    ring = opened(flash)
    assert ring.free_pages() == 0
    assert ring.prepare(1) == AHEAD - 1
    assert sum(flash.erases) == 1
    assert ring.prepare(10) == 0
    assert sum(flash.erases) == AHEAD


def test_the_oldest_goes_first_and_a_cut_off_start_is_known():
    ring = opened(NorFlash(BLOCKS))
    for _ in range(12):
        write_session(ring, 10)
    found = list(ring.sessions())
    numbers = [info.session for info in found]
    assert numbers == list(range(12, 12 - len(numbers), -1))
    assert len(numbers) >= 3
    assert all(info.headed for info in found[:-1])
    oldest = found[-1]
    assert len(texts(ring, oldest)) == oldest.pages()
    assert oldest.headed == (oldest.pages() == 10)


def test_the_list_is_the_same_after_a_start():
    flash = NorFlash(BLOCKS)
    ring = opened(flash)
    for pages in (10, 23, 7, 31, 12, 5, 40, 9, 9, 22, 13, 31, 2):
        write_session(ring, pages)
        assert listed(opened(flash)) == listed(ring)


def test_wear_is_even():
    flash = NorFlash(BLOCKS)
    ring = opened(flash)
    for _ in range(200):
        write_session(ring, 7)
    assert max(flash.erases) - min(flash.erases) <= 1
    assert min(flash.erases) >= 200 * 7 // (BLOCKS * 16) - 1


@pytest.mark.parametrize("seed", range(25))
def test_garbage_anywhere_is_passed_over(seed):
    random = Random(seed)
    flash = NorFlash(BLOCKS)
    for at in range(0, len(flash.data), BLOCK_BYTES):
        if random.random() < 0.5:
            flash.data[at : at + BLOCK_BYTES] = random.randbytes(BLOCK_BYTES)
    ring = opened(flash)
    assert list(ring.sessions()) == []
    write_session(ring, 30)
    for _ in range(20):  # damage afterwards takes only the pages that it hits
        flash.data[random.randrange(len(flash.data))] ^= 1 << random.randrange(8)
    again = opened(flash)
    assert everything(again) <= everything(ring) | {(1, b"1/%d" % index) for index in range(30)}
    number = write_session(again, 2)
    assert everything(again) >= {(number, b"%d/0" % number), (number, b"%d/1" % number)}


def test_a_page_in_the_wrong_place_is_not_believed():
    flash = NorFlash(BLOCKS)
    ring = opened(flash)
    write_session(ring, 3)
    stranger = bytearray(PAGE_BYTES)
    seal_page(stranger, FIRST_PAGE, 10_001, 10_001, 9, 0)
    flash.data[4 * BLOCK_BYTES : 4 * BLOCK_BYTES + PAGE_BYTES] = stranger
    again = opened(flash)
    assert everything(again) == everything(ring)
    assert again.next_session() == 2


def test_old_pages_before_an_erased_rest_are_not_taken_for_torn_ones():
    """An erase that was cut may have spared a block's beginning; the next block may be erased."""
    flash = NorFlash(BLOCKS)
    ring = opened(flash)
    for _ in range(2):
        while append(ring, ring.next_session(), b"x", FIRST_PAGE | LAST_PAGE):
            pass
        head = next(iter(ring.sessions())).last_sequence + 1
        ring.prepare(AHEAD if head < BLOCKS * 16 else 0)
    assert head == (BLOCKS - 1 + AHEAD) * 16
    spared = head // 16 % BLOCKS * BLOCK_BYTES + 4 * PAGE_BYTES
    erased_end = spared - 4 * PAGE_BYTES + 2 * BLOCK_BYTES
    flash.data[spared:erased_end] = b"\xff" * (erased_end - spared)
    assert opened(flash).free_pages() == 0


def test_a_page_that_the_flash_does_not_take_is_written_again():
    class Stuck(NorFlash):
        def _program(self, start, new):
            super()._program(start, new)
            if start == 2 * PAGE_BYTES:
                self.data[start + 20] |= 0x10
                self.data[start + 21] &= 0x00

    flash = Stuck(BLOCKS)
    ring = opened(flash)
    write_session(ring, 4)
    assert ring.bad_pages == 1
    assert texts(ring, ring.find(1)) == [b"1/0", b"1/1", b"1/2", b"1/3"]
    assert everything(opened(flash)) == everything(ring)


def test_session_numbers_go_round():
    flash = NorFlash(BLOCKS)
    ring = opened(flash)
    while ring.prepare(1):
        pass
    assert append(ring, 65_535, b"last", FIRST_PAGE | LAST_PAGE)
    assert ring.next_session() == 1
    assert opened(flash).next_session() == 1


# --- power cuts ------------------------------------------------------------------------------

# One start, several sessions, then a start in the middle; about 200 flash operations.
RUN = (5, 18, 0, 9, 30, 0, 2, 25, 40, 0, 11, 33)
# How much of the cut operation takes effect: nothing (and yet it may not hold), some, nearly all.
CUT_AFTER = (0, 1, 16, 100, 252, 256)


def run(flash, acknowledged):
    """The run; 0 stands for switching off and on."""
    ring = opened(flash)
    for pages in RUN:
        if pages:
            write_session(ring, pages, acknowledged)
        else:
            ring = opened(flash)


def operations_of_the_run():
    flash = NorFlash(BLOCKS)
    run(flash, [])
    return flash.operations


def still_there(ring, acknowledged):
    """What was acknowledged and may not have been overwritten: the newest that must fit."""
    kept = (BLOCKS - AHEAD - 1) * 16 - len(RUN)
    missing = set(acknowledged[-kept:]) - everything(ring)
    assert not missing, missing
    assert everything(ring) <= set(acknowledged) | IN_FLIGHT


IN_FLIGHT = {
    (session, b"%d/%d" % (session, page)) for session in range(1, 40) for page in range(40)
}


@pytest.mark.requirement("RQ-077")
@pytest.mark.parametrize("cut_after", CUT_AFTER)
def test_a_cut_at_any_operation_loses_nothing_that_was_acknowledged(cut_after):
    total = operations_of_the_run()
    assert total > 180
    for cut_at in range(total):
        flash = NorFlash(BLOCKS)
        flash.cut_at = cut_at
        flash.cut_after = cut_after
        acknowledged: list = []
        with pytest.raises(PowerCut):
            run(flash, acknowledged)
        flash.power_on()
        ring = opened(flash)
        still_there(ring, acknowledged)
        # The next session, away from home: nothing can be erased, and it must not need to be.
        if cut_at > AHEAD:
            assert ring.free_pages() >= 3
            number = ring.next_session()
            for page in range(3):
                assert append(ring, number, b"%d/%d" % (number, page), 0 if page else FIRST_PAGE)
                acknowledged.append((number, b"%d/%d" % (number, page)))
        write_session(ring, 20, acknowledged)
        write_session(ring, 3, acknowledged)
        still_there(ring, acknowledged)
        still_there(opened(flash), acknowledged)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(CUT_AFTER)), max_size=12))
def test_cut_after_cut_after_cut(cuts):
    flash = NorFlash(BLOCKS)
    acknowledged: list = []
    for operations, cut_after in cuts:
        flash.operations = 0
        flash.cut_at = operations
        flash.cut_after = cut_after
        try:
            ring = opened(flash)
            for pages in (3, 20, 30):
                write_session(ring, pages, acknowledged)
        except PowerCut:
            pass
        flash.power_on()
        still_there(opened(flash), acknowledged)
    ring = opened(flash)
    write_session(ring, 10, acknowledged)
    still_there(opened(flash), acknowledged)


def test_the_flash_model_would_notice_a_page_that_does_not_hold():
    flash = NorFlash(BLOCKS)
    flash.cut_at = 0
    with pytest.raises(PowerCut):
        flash.writeblocks(0, b"\x12" * PAGE_BYTES, 0)
    with pytest.raises(PowerCut):
        flash.ioctl(6, 0)
    flash.power_on()
    with pytest.raises(AssertionError, match="does not hold"):
        flash.writeblocks(0, b"\x12" * PAGE_BYTES, 0)
    flash.writeblocks(0, bytes(PAGE_BYTES), 0)
    flash.ioctl(6, 0)
    flash.writeblocks(0, b"\x12" * PAGE_BYTES, 0)
    with pytest.raises(AssertionError, match="not erased"):
        flash.writeblocks(0, b"\xed" * PAGE_BYTES, 0)
