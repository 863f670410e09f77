"""The fast decoder says what the reference decoder says, of sound pages and of nonsense."""

import random

import numpy as np
import pytest

from inversion_table.contract import pages, records
from inversion_table.contract.varint import put_signed, put_unsigned
from itable.log import reference, vectors
from itable.log.content import NAMES
from itable.log.decode import _PAGE, decode
from tests.host.logs import session_pages


def sealed(payloads, session=7, first=40):
    """Pages that carry these payloads."""
    out = []
    for index, payload in enumerate(payloads):
        page = bytearray(pages.PAGE_BYTES)
        page[pages.PAYLOAD_AT : pages.PAYLOAD_AT + len(payload)] = payload
        flags = (pages.FIRST_PAGE if index == 0 else 0) | (
            pages.LAST_PAGE if index == len(payloads) - 1 else 0
        )
        pages.seal_page(page, flags, first + index, first, session, len(payload))
        out.append(bytes(page))
    return b"".join(out)


def varint(value, *, signed=True):
    buffer = bytearray(8)
    end = (put_signed if signed else put_unsigned)(buffer, 0, value)
    return bytes(buffer[:end])


def number(dice):
    """Small as a rule, at times as large as numbers get."""
    bits = dice.choice((1, 3, 6, 7, 8, 13, 14, 20, 27, 28, 30, 31))
    return dice.randrange(-(1 << bits), 1 << bits)


def record(dice):
    """One well-formed record."""
    kind = dice.randrange(12)
    if kind < 5:
        mask = dice.randrange(1, 0x40)
        out = bytes((mask,))
        for bit in range(5):
            if mask & 1 << bit:
                out += varint(number(dice))
        if mask & records.MASK_STATUS:
            out += bytes((dice.randrange(256),)) + varint(dice.randrange(1 << 16), signed=False)
        return out
    if kind < 8:
        return bytes((dice.randrange(0x40, 0x80),))
    if kind == 8:
        fields = b"".join(varint(number(dice)) for _ in range(6))
        status = bytes((dice.randrange(256),)) + varint(dice.randrange(1 << 16), signed=False)
        return bytes((records.TAG_KEY,)) + fields + status
    if kind == 9:
        tail = varint(number(dice)) + varint(number(dice))
        return bytes((records.TAG_EVENT,)) + varint(number(dice)) + b"\x04" + tail
    if kind == 10 and dice.random() < 0.1:
        tail = varint(number(dice)) + varint(5, signed=False) + varint(6, signed=False)
        if dice.random() < 0.5:
            return bytes((records.TAG_END_1,)) + varint(number(dice)) + b"\x01" + tail
        return bytes((records.TAG_END,)) + varint(number(dice)) + b"\x04\x01\x02" + tail
    follower = b"\x41" if dice.random() < 0.97 else b""
    return bytes((records.TAG_SHIFT,)) + varint(number(dice)) + follower


def box(dice):
    """A piece of a black box."""
    out = bytes((records.TAG_BOX, 9)) + varint(dice.randrange(100), signed=False) + varint(-5000)
    while len(out) < 200 and dice.random() > 0.02:
        mask = dice.randrange(1 << 8)
        out += varint(mask, signed=False)
        out += b"".join(varint(number(dice)) for bit in range(8) if mask & 1 << bit)
    return out[: pages.PAYLOAD_BYTES]


def payload(dice):
    """A row of records: sound, or spoilt in one of the ways in which bytes can be."""
    if dice.random() < 0.1:
        return box(dice)
    key = bytes((records.TAG_KEY, 0, 0, 0, 0, 0, 0, 3, 0))
    out = key if dice.random() < 0.9 else b""
    while True:
        one = record(dice)
        if len(out) + len(one) > pages.PAYLOAD_BYTES:
            break
        out += one
        if dice.random() < 0.01:
            break
    spoil = dice.randrange(8)
    spoilt = bytearray(out)
    if spoil == 0 and spoilt:
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    elif spoil == 1:
        del spoilt[dice.randrange(len(spoilt) + 1) :]
    elif spoil == 2:
        spoilt = bytearray(dice.randbytes(dice.randrange(pages.PAYLOAD_BYTES + 1)))
    elif spoil == 3:
        at = dice.randrange(len(spoilt) + 1)
        spoilt[at:at] = dice.choice((b"\x80\x00", b"\xff" * 6, b"\xff\xff\xff\xff\x1f", b"\x00"))
        del spoilt[pages.PAYLOAD_BYTES :]
    return bytes(spoilt)


def assert_same(data):
    fast, slow = decode(data, vectors.read), decode(data, reference.read)
    assert fast.missing == slow.missing
    assert fast.events == slow.events
    assert fast.boxes == slow.boxes
    assert (fast.header, fast.end, fast.page_count) == (slow.header, slow.end, slow.page_count)
    for name in NAMES:
        mine, theirs = getattr(fast.columns, name), getattr(slow.columns, name)
        assert mine.dtype == theirs.dtype == np.int64
        assert np.array_equal(mine, theirs), name
    return fast


@pytest.mark.parametrize("seed", range(60))
def test_random_pages_are_read_alike(seed):
    dice = random.Random(seed)
    log = assert_same(sealed([payload(dice) for _ in range(dice.randrange(1, 40))]))
    assert log.page_count


def test_the_random_pages_are_of_every_kind_and_most_take_the_fast_way(monkeypatch):
    """Else the test above could not fail."""
    logs, slow = [], []
    slowly = reference.read_rows

    def counting(data, places):
        slow.extend(places)
        return slowly(data, places)

    monkeypatch.setattr(reference, "read_rows", counting)
    for seed in range(60):
        dice = random.Random(seed)
        logs.append(decode(sealed([payload(dice) for _ in range(dice.randrange(1, 40))])))
    assert sum(len(log.columns) for log in logs) > 100_000
    assert sum(len(log.events) for log in logs) > 1_000
    assert len(slow) < sum(log.page_count for log in logs) * 3 // 4
    assert sum(log.end is not None for log in logs) > 20
    assert sum(len(one.samples) for log in logs for one in log.boxes) > 1_000
    words = " ".join(gap for log in logs for gap in log.missing)
    for said in (
        "end inside", "longer than it need", "larger than 32", "0 is no record",
        "before the page's",
        "shifts nothing", "has no sample behind", "between a time shift and", "0x",
    ):  # fmt: skip
        assert said in words, said


def test_real_pages_are_read_alike_over_several_parts():
    data = session_pages(7, count=60_000)
    assert len(data) > 131_072
    log = assert_same(data)
    assert (len(log.columns), log.missing) == (60_000, [])


@pytest.mark.parametrize("seed", range(20))
def test_damaged_sessions_are_read_alike(seed):
    dice = random.Random(seed)
    data = bytearray(session_pages(7, count=2_000))
    for _ in range(dice.randrange(1, 30)):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    if dice.random() < 0.5:
        del data[dice.randrange(len(data)) :]
    assert_same(bytes(data))


def test_the_page_s_layout_is_the_contract_s():
    assert _PAGE.fields is not None
    assert _PAGE.itemsize == pages.PAGE_BYTES
    assert _PAGE.fields["payload"][1] == pages.PAYLOAD_AT
    assert _PAGE.fields["crc"][1] == pages.CRC_AT
    page = np.frombuffer(session_pages(7, count=300)[-256:], _PAGE)[0]
    header = pages.read_header(page.tobytes())
    assert header is not None
    assert (page["flags"], page["sequence"], page["first"]) == header[:3]
    assert (page["session"], page["payload_bytes"]) == header[3:]
