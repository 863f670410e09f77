import binascii
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.contract import frame
from inversion_table.contract.frame import FrameError, decode, encode
from inversion_table.link.lines import LineBuffer

# Text that UTF-8 can hold: half a surrogate pair is none.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)
SAMPLE = {"jsonrpc": "2.0", "id": 7, "method": "plan.get", "params": {"name": "Kim, 60° 🙃"}}


def closed(payload: bytes) -> bytes:
    return payload + b" %08x\n" % binascii.crc32(payload)


def test_a_known_frame_by_hand() -> None:
    # The check value that every catalogue of CRCs gives for CRC-32: of the digits 1 to 9.
    assert encode(123456789) == b"123456789 cbf43926\n" == closed(b"123456789")


@given(JSON)
def test_whatever_json_can_say_comes_back(value: object) -> None:
    line = encode(value)
    assert decode(line) == value
    assert decode(line[:-1]) == value
    assert decode(line[:-1] + b"\r\n") == value
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def test_text_is_sent_as_utf8_not_as_escapes() -> None:
    # MicroPython would read an escaped surrogate pair as two characters: another name, another id.
    assert "60° 🙃".encode() in encode(SAMPLE)


def test_every_single_bit_of_damage_is_noticed() -> None:
    line = encode(SAMPLE)[:-1]
    for at in range(len(line)):
        for bit in range(8):
            damaged = bytearray(line)
            damaged[at] ^= 1 << bit
            with pytest.raises(FrameError):
                decode(bytes(damaged))


@pytest.mark.requirement("RQ-071")
def test_every_single_byte_of_damage_is_noticed() -> None:
    line = encode({"id": 1, "result": {"state": "HOME"}})[:-1]
    for at in range(len(line)):
        for value in range(256):
            damaged = bytearray(line)
            damaged[at] = value
            if damaged == line:
                continue
            if at == len(line) - 1 and value in b"\r\n":
                continue  # then the line is one byte short, as below
            with pytest.raises(FrameError):
                decode(bytes(damaged))


def test_every_missing_and_every_doubled_byte_is_noticed() -> None:
    line = encode(SAMPLE)[:-1]
    for at in range(len(line)):
        for damaged in (line[:at] + line[at + 1 :], line[:at] + line[at : at + 1] + line[at:]):
            with pytest.raises(FrameError):
                decode(damaged)


def test_a_burst_of_damage_is_noticed() -> None:
    rng = random.Random(11)
    line = encode(SAMPLE)[:-1]
    for _ in range(3_000):
        at = rng.randrange(len(line) - 4)
        damaged = line[:at] + rng.randbytes(4) + line[at + 4 :]
        if damaged != line:
            with pytest.raises(FrameError):
                decode(damaged)


def test_a_line_broken_in_two_gives_no_value_at_all() -> None:
    line = encode(SAMPLE)[:-1]
    for at in range(len(line)):
        buffer = LineBuffer()
        buffer.feed(line[:at] + b"\n" + line[at + 1 :] + b"\n")
        while buffer.waiting():
            with pytest.raises(FrameError):
                decode(buffer.take() or b"")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"\r\n\r\n",
        b" ",
        b" 00000000",
        b"123456789",
        b"123456789cbf43926",
        b"123456789  cbf43926",
        b"123456789 CBF43926",
        b"123456789 0xcbf439",
        b"123456789 cbf43926 x",
        closed(b""),
        closed(b" "),
        closed(b"{"),
        closed(b"{}{}"),
        closed(b"\xff\xfe"),
        closed(b'"\xc3"'),
        closed(b'"\xed\xa0\x80"'),
        closed(b'"\xf8\x88\x80\x80\x80"'),
        closed('{"a":1}'.encode("utf-16")),
        closed('{"a":1}'.encode("utf-16-le")),
        closed(b"\xef\xbb\xbf{}"),
        closed(b"\x00"),
        closed(b"[" * 4_000 + b"]" * 3_999),
        closed(b"9" * 5_000),
        closed(b"'a'"),
        closed(b"undefined"),
    ],
)
def test_what_is_no_frame_gives_a_frame_error(line: bytes) -> None:
    with pytest.raises(FrameError) as caught:
        decode(line)
    assert str(caught.value)


def test_nested_too_deep_gives_a_frame_error_or_the_value() -> None:
    for depth in (10, 500, 4_000):
        line = closed(b"[" * depth + b"]" * depth)
        try:
            value = decode(line)
        except FrameError:
            assert depth > 100
        else:
            for _ in range(depth - 1):
                assert isinstance(value, list)
                value = value[0]
            assert value == []


def test_the_longest_line_and_one_byte_more() -> None:
    room = frame.MAX_LINE_BYTES - frame.CRC_DIGITS - 1
    longest = closed(b'"' + b"a" * (room - 2) + b'"')[:-1]
    assert len(longest) == frame.MAX_LINE_BYTES
    assert decode(longest) == "a" * (room - 2)
    with pytest.raises(FrameError, match="longer than"):
        decode(closed(b'"' + b"a" * (room - 1) + b'"')[:-1])


@given(st.binary(max_size=200))
def test_garbage_gives_a_frame_error_and_nothing_else(data: bytes) -> None:
    for line in (data, closed(data)):
        try:
            value = decode(line)
        except FrameError:
            continue
        json.dumps(value)  # only what is JSON comes through


@given(st.binary(max_size=12))
def test_utf8_is_told_as_strictly_as_by_cpython(data: bytes) -> None:
    try:
        data.decode("utf-8")
        sound = True
    except UnicodeDecodeError:
        sound = False
    assert frame.is_utf8(data) == sound


@pytest.mark.requirement("RQ-071")
def test_every_pair_and_the_edges_of_longer_ones_are_told_as_by_cpython() -> None:
    edges = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    samples = [bytes([one, two]) for one in range(256) for two in range(256)]
    samples += [bytes([one, two, 0x80]) for one in range(0xE0, 0x100) for two in edges]
    samples += [bytes([one, two, 0x80, 0xBF]) for one in range(0xE0, 0x100) for two in edges]
    for data in samples:
        try:
            data.decode("utf-8")
            sound = True
        except UnicodeDecodeError:
            sound = False
        assert frame.is_utf8(data) == sound, data


def test_a_line_that_is_not_utf8_is_no_frame() -> None:
    for text in (b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xc3"):
        with pytest.raises(FrameError, match="UTF-8"):
            decode(closed(b'"' + text + b'"'))
