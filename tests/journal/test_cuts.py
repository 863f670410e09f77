"""Power cuts at the flash operations of whole sessions: a tenth of what `make cuts` tries."""

import pytest

from inversion_table.contract import events
from inversion_table.contract.pages import PAGE_BYTES
from tests.journal import cuts, nor_flash
from tests.journal.nor_flash import NorFlash, PowerCut, torn


@pytest.mark.requirement("RQ-077", "RQ-120")
def test_no_cut_loses_what_was_acknowledged_and_the_log_goes_on():
    count = cuts.prove(share=0.1, again=0.01)
    assert count.operations > 350
    assert count.in_programs > 1_000
    assert count.in_erases > 50
    assert count.second > 50


@pytest.mark.requirement("RQ-120")
def test_the_whole_of_it_is_more_than_10000_distinct_points():
    operations = cuts.run_of_sessions()
    seen = set()
    for number, flash, _ in cuts.cut_points(operations):
        erase, place, _ = operations[number]
        size = nor_flash.BLOCK_BYTES if erase else PAGE_BYTES
        seen.add((number, bytes(flash.data[place * size : (place + 1) * size])))
    assert len(seen) > 10_000


def test_the_run_has_whatever_a_log_has():
    """Twice around the ring, black boxes, a log that is full, erases, pages passed over."""
    operations = cuts.run_of_sessions()
    known = cuts.Known()
    for operation in operations:
        known.happened(operation)
    records = [
        record
        for page in known.pages.values()
        if (header := cuts._header_of(page))
        for record in cuts._records_of(cuts.payload_of(page, header))
    ]
    kinds = [type(record).__name__ for record in records]
    assert len(known.pages) > 2 * cuts.PAGES
    assert kinds.count("Header") == kinds.count("End") == 13
    assert any(getattr(record, "code", 0) == events.LOG_FULL for record in records)
    assert kinds.count("BoxSample") > 3_000
    assert kinds.count("Sample") > 2_000
    assert sum(erase for erase, _, _ in operations) > 20
    assert sum(not erase and not any(content) for erase, _, content in operations) >= 5


def test_a_tear_leaves_no_bit_that_is_neither_old_nor_new():
    old, new = b"\xf3" * PAGE_BYTES, b"\x51" * PAGE_BYTES
    lefts = {tear: torn(old, new, tear) for tear in cuts.PROGRAM_TEARS}
    for left in lefts.values():
        assert all(byte | 0x51 == byte and byte & 0xF3 == byte for byte in left)
    assert lefts[nor_flash.PREFIX, 0] == old
    assert lefts[nor_flash.PREFIX, 256] == new
    assert lefts[nor_flash.PREFIX, 64] == new[:64] + old[64:]
    assert lefts[nor_flash.SUFFIX, 252] == old[:252] + new[252:]
    assert lefts[nor_flash.BITS, 0] not in (old, new)


def test_a_lost_page_would_be_noticed():
    operations = cuts.run_of_sessions()
    *_, (_, flash, known) = (
        point for point in cuts.cut_points(operations[:40]) if not operations[point[0]][0]
    )
    cuts.check(cuts.opened(flash), known)
    place = max(place for place, sequence in enumerate(known.places) if sequence is not None)
    flash.data[place * PAGE_BYTES + 20] ^= 4
    with pytest.raises(AssertionError, match="lost"):
        cuts.check(cuts.opened(flash), known)


def test_the_model_tears_as_it_is_told():
    flash = NorFlash(3)
    flash.cut_at = 0
    flash.tear = (nor_flash.PREFIX, 3)
    with pytest.raises(PowerCut):
        flash.writeblocks(1, bytes(range(256)), 512)
    assert flash.data[4096 + 512 : 4096 + 516] == b"\x00\x01\x02\xff"
    assert flash.cut_operation == (False, 18, bytes(range(256)))
    assert flash.suspect_pages == {18}
