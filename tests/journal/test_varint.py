import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.contract import varint


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (2**32 - 1, b"\xff\xff\xff\xff\x0f"),
    ],
)
def test_unsigned_bytes(value, stored):
    buffer = bytearray(8)
    assert varint.put_unsigned(buffer, 1, value) == 1 + len(stored)
    assert buffer[1 : 1 + len(stored)] == stored
    assert varint.get_unsigned(stored, 0, len(stored)) == (value, len(stored))


@pytest.mark.parametrize(
    ("value", "stored"),
    [(0, b"\x00"), (-1, b"\x01"), (1, b"\x02"), (-64, b"\x7f"), (64, b"\x80\x01")],
)
def test_signed_bytes(value, stored):
    buffer = bytearray(8)
    assert varint.put_signed(buffer, 0, value) == len(stored)
    assert buffer[: len(stored)] == stored
    assert varint.get_signed(stored, 0, len(stored)) == (value, len(stored))


@given(st.integers(-(2**31), 2**31 - 1))
def test_signed_round_trip(value):
    buffer = bytearray(varint.MAX_VARINT_BYTES)
    end = varint.put_signed(buffer, 0, value)
    assert varint.get_signed(buffer, 0, end) == (value, end)


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (b"", "end inside"),
        (b"\x80", "end inside"),
        (b"\x80\x00", "longer than"),
        (b"\xff\xff\xff\xff\x10", "larger than"),
        (b"\xff\xff\xff\xff\xff\x01", "larger than"),
    ],
)
def test_refused(stored, why):
    with pytest.raises(varint.VarintError, match=why):
        varint.get_unsigned(stored, 0, len(stored))


def test_nothing_is_read_past_the_end():
    with pytest.raises(varint.VarintError, match="end inside"):
        varint.get_unsigned(b"\x80\x01", 0, 1)


@given(st.binary(max_size=8))
def test_what_decodes_encodes_to_the_same_bytes(data):
    try:
        value, end = varint.get_unsigned(data, 0, len(data))
    except varint.VarintError:
        return
    buffer = bytearray(8)
    assert varint.put_unsigned(buffer, 0, value) == end
    assert buffer[:end] == data[:end]
