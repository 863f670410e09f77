import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.contract.pages import (
    CRC_AT,
    FIRST_PAGE,
    LAST_PAGE,
    PAGE_BYTES,
    PAYLOAD_AT,
    PageHeader,
    payload_of,
    read_header,
    seal_page,
)
from inversion_table.contract.records import (
    End,
    Event,
    Header,
    RecordError,
    Sample,
)
from inversion_table.contract.session_log import Missing, decode_session
from inversion_table.journal.encoder import Encoder

SESSION = 5
FIRST = 100
NO_PLAN = Header(SESSION, 1, "0" * 16, "", "", "", "", "", 1, 0)


def sealed(payload, flags=0, sequence=FIRST, first_sequence=FIRST, session=SESSION):
    page = bytearray(PAGE_BYTES)
    page[PAYLOAD_AT : PAYLOAD_AT + len(payload)] = payload
    seal_page(page, flags, sequence, first_sequence, session, len(payload))
    return bytes(page)


def session_pages(count=5, complete=True):
    """One sample and one event on each page, HEADER on the first, END on the last."""
    pages = []
    for index in range(count):
        buffer = bytearray(PAGE_BYTES + 64)
        coder = Encoder(buffer, PAYLOAD_AT, CRC_AT)
        flags = 0
        if index == 0:
            flags |= FIRST_PAGE
            coder.header(NO_PLAN)
        coder.sample(1_000 * index, 10 * index, 0, 0, 0, 24_000, 3, 0)
        coder.event(1_000 * index + 5, 1, index, 0)
        if complete and index == count - 1:
            flags |= LAST_PAGE
            coder.end(1_000 * index + 9, 0, 0, 0, 1, 2, 3)
        payload = buffer[PAYLOAD_AT : PAYLOAD_AT + coder.payload_bytes()]
        pages.append(sealed(payload, flags, FIRST + index))
    return pages


def read(pages, session=SESSION):
    return list(decode_session(b"".join(pages), session))


def test_the_bytes_of_a_page():
    page = sealed(b"abc", FIRST_PAGE | LAST_PAGE, 0x01020304, 0x01020303, 0x0506)
    assert page[:16].hex(" ") == "49 4a 01 03 04 03 02 01 03 03 02 01 06 05 03 00"
    assert page[16:252] == b"abc" + b"\xff" * 233
    header = read_header(page)
    assert header == PageHeader(3, 0x01020304, 0x01020303, 0x0506, 3)
    assert payload_of(page, header) == b"abc"


@pytest.mark.parametrize("filler", [b"\x00", b"\xff", b"\x49", b"\x4a"])
def test_filled_pages_are_no_pages(filler):
    assert read_header(filler * PAGE_BYTES) is None


@pytest.mark.parametrize(
    ("at", "layout", "value"),
    [(0, "<H", 0x4A48), (2, "<B", 2), (14, "<H", 237), (8, "<I", FIRST + 1), (12, "<H", 0)],
)
def test_a_header_that_cannot_be_is_refused_though_its_crc_is_right(at, layout, value):
    import binascii

    page = bytearray(sealed(b"abc"))
    struct.pack_into(layout, page, at, value)
    struct.pack_into("<I", page, CRC_AT, binascii.crc32(page[:CRC_AT]))
    assert read_header(page) is None


@pytest.mark.requirement("RQ-075")
@given(st.integers(0, PAGE_BYTES * 8 - 1), st.integers(0, 40))
def test_any_flipped_bits_are_noticed(bit, more):
    page = bytearray(session_pages()[0])
    page[bit // 8] ^= 1 << (bit % 8)
    assert read_header(page) is None
    other = (bit + 1 + 37 * more) % (PAGE_BYTES * 8)
    if other != bit:
        page[other // 8] ^= 1 << (other % 8)
        assert read_header(page) is None


def test_a_whole_session_reads_back_and_misses_nothing():
    records = read(session_pages())
    assert records[0] == NO_PLAN
    assert records[-1] == End(4_009, 0, 0, 0, 1, 2, 3)
    assert [record.tilt_mdeg for record in records if isinstance(record, Sample)] == [
        *(0, 10, 20, 30, 40)
    ]
    assert not [record for record in records if isinstance(record, Missing)]


@pytest.mark.requirement("RQ-075")
@pytest.mark.parametrize("page", range(5))
def test_a_damaged_page_is_told_in_its_place_and_hides_nothing_else(page):
    pages = session_pages()
    pages[page] = pages[page][:100] + bytes((pages[page][100] ^ 4,)) + pages[page][101:]
    records = read(pages)
    missing = [record for record in records if isinstance(record, Missing)]
    assert missing[0][:2] == (page, 1)
    assert "damaged" in missing[0].reason
    assert len(missing) == (2 if page == 4 else 1)  # without the last page there is no end, too
    assert [record.a for record in records if isinstance(record, Event)] == [
        index for index in range(5) if index != page
    ]


def test_pages_of_another_session_or_place_are_not_taken():
    pages = session_pages()
    stranger = sealed(b"", 0, FIRST + 2, FIRST, SESSION + 1)
    older = sealed(b"", 0, FIRST - 60, FIRST - 60, SESSION)
    assert Missing(2, 1, "damaged, or overwritten by later sessions") in read(
        [*pages[:2], stranger, *pages[3:]]
    )
    assert Missing(2, 1, "damaged, or overwritten by later sessions") in read(
        [*pages[:2], older, *pages[3:]]
    )


def test_an_overwritten_start_a_missing_end_and_a_torn_tail_are_told():
    assert read(session_pages()[2:])[0] == Missing(
        0, 2, "the session's start is overwritten by later ones"
    )
    assert read(session_pages(complete=False))[-1] == Missing(
        5, 0, "no end: power was cut, or the log was full"
    )
    assert read([*session_pages()[:3], b"torn"])[-1] == Missing(3, 1, "the data end inside a page")
    assert read([]) == [Missing(0, 0, "no end: power was cut, or the log was full")]


def test_unknown_records_on_a_sound_page_are_an_error_with_its_place():
    with pytest.raises(RecordError, match="page 0 of session 5: record at byte 0: 0xC9"):
        read([sealed(b"\xc9", FIRST_PAGE)])
