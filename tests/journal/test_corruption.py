"""Bytes of stored pages that change by themselves: found, contained, told, never made lies of."""

from random import Random

import pytest

from inversion_table.contract.pages import PAGE_BYTES, payload_of, read_header
from inversion_table.contract.records import RecordError, decode_payload
from inversion_table.contract.session_log import Missing, decode_session
from tests.journal.logged_table import LoggedTable
from tests.journal.nor_flash import NorFlash

BLOCKS = 40


@pytest.fixture(scope="module")
def written() -> list[bytes]:
    """The raw pages of three sessions, one with two black boxes, that lie behind each other."""
    table = LoggedTable(NorFlash(BLOCKS), noise=400)
    table.tick(100)
    table.session(60)
    table.session(40, (12, 30))
    table.session(1)
    sessions = []
    for number in (1, 2, 3):
        info = table.ring.find(number)
        assert info is not None
        raw = bytearray(info.total_bytes())
        table.ring.read(info, 0, raw)
        sessions.append(bytes(raw))
    assert [len(raw) // PAGE_BYTES for raw in sessions][1] > 20
    return sessions


def records_by_page(raw: bytes) -> list[list]:
    pages = []
    for at in range(0, len(raw), PAGE_BYTES):
        page = raw[at : at + PAGE_BYTES]
        header = read_header(page)
        assert header is not None
        pages.append(list(decode_payload(payload_of(page, header))))
    return pages


def flip_bits(random: Random, data: bytearray) -> None:
    for _ in range(random.randrange(1, 12)):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def overwrite_a_run(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data))
    size = min(random.randrange(1, 700), len(data) - at)
    data[at : at + size] = random.choice((bytes(size), b"\xff" * size, random.randbytes(size)))


def clear_bits(random: Random, data: bytearray) -> None:
    page = random.randrange(len(data) // PAGE_BYTES) * PAGE_BYTES
    for at in range(page, page + PAGE_BYTES):
        data[at] &= random.getrandbits(8) | random.getrandbits(8)


def swap_pages(random: Random, data: bytearray) -> None:
    count = len(data) // PAGE_BYTES
    one, other = (random.randrange(count) * PAGE_BYTES for _ in range(2))
    kept = data[one : one + PAGE_BYTES]
    data[one : one + PAGE_BYTES] = data[other : other + PAGE_BYTES]
    data[other : other + PAGE_BYTES] = kept


def repeat_a_page(random: Random, data: bytearray) -> None:
    count = len(data) // PAGE_BYTES
    one, other = (random.randrange(count) * PAGE_BYTES for _ in range(2))
    data[one : one + PAGE_BYTES] = data[other : other + PAGE_BYTES]


def shift_bytes(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data))
    size = random.randrange(1, 40)
    del data[at : at + size]
    data += bytes(size)


DAMAGES = (flip_bits, overwrite_a_run, clear_bits, swap_pages, repeat_a_page, shift_bytes)
TRIALS = 350


@pytest.mark.requirement("RQ-075", "RQ-124")
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_read_of_damaged_pages_is_what_was_written_or_is_said_to_be_missing(
    written, damage
) -> None:
    """Each trial damages a session's pages; in all 6 x 350."""
    random = Random(damage.__name__)
    originals = [records_by_page(raw) for raw in written]
    hidden = 0
    for trial in range(TRIALS):
        index = trial % 2
        raw, pages = written[index], originals[index]
        data = bytearray(raw)
        damage(random, data)
        # A page in its place that is untouched must be read, every other one be told.
        intact = [
            data[at : at + PAGE_BYTES] == raw[at : at + PAGE_BYTES]
            for at in range(0, len(raw), PAGE_BYTES)
        ]
        read = list(decode_session(bytes(data), index + 1))
        gaps = [record for record in read if isinstance(record, Missing)]
        found = [record for record in read if not isinstance(record, Missing)]
        wanted = [
            record for page, whole in zip(pages, intact, strict=True) if whole for record in page
        ]
        if any(intact):
            same = found == wanted  # by itself: pytest would take minutes to show thousands
            assert same, trial
            assert sum(gap.pages for gap in gaps) >= intact.count(False) - intact[::-1].index(True)
        if not all(intact):
            assert gaps
            hidden += 1
    assert hidden > TRIALS // 2


@pytest.mark.requirement("RQ-124")
def test_pages_of_another_session_are_not_taken_for_this_ones(written) -> None:
    random = Random(5)
    originals = [records_by_page(raw) for raw in written]
    for _ in range(200):
        data = bytearray(written[1])
        at = random.randrange(1, len(data) // PAGE_BYTES - 1) * PAGE_BYTES
        other = random.randrange(len(written[0]) // PAGE_BYTES) * PAGE_BYTES
        data[at : at + PAGE_BYTES] = written[0][other : other + PAGE_BYTES]
        read = list(decode_session(bytes(data), 2))
        page = at // PAGE_BYTES
        wanted = [
            record
            for records in originals[1][:page] + originals[1][page + 1 :]
            for record in records
        ]
        same = [record for record in read if not isinstance(record, Missing)] == wanted
        assert same, page
        assert next(gap.pages for gap in read if isinstance(gap, Missing)) in (0, 1)


@pytest.mark.requirement("RQ-124")
def test_a_payload_with_any_bits_wrong_behind_a_right_crc_gives_records_or_an_error(
    written,
) -> None:
    """Damage before the page was sealed (RAM, a defect): no crash, no endless reading."""
    random = Random(6)
    payloads = []
    for raw in written:
        for at in range(0, len(raw), PAGE_BYTES):
            page = raw[at : at + PAGE_BYTES]
            header = read_header(page)
            assert header is not None
            payloads.append(payload_of(page, header))
    refused = 0
    for _ in range(3_000):
        payload = bytearray(random.choice(payloads))
        flip_bits(random, payload)
        try:
            assert len(list(decode_payload(bytes(payload)))) < 64 * 240
        except RecordError:
            refused += 1
    assert refused > 500
