import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.contract import records
from inversion_table.contract.events import EVENTS, event_name
from inversion_table.contract.records import (
    CURRENT_TOLERANCE_MA,
    KIND_PLAN,
    MOST_RECORD_BYTES,
    RATE_TOLERANCE_MDEG_PER_S,
    SUPPLY_TOLERANCE_MV,
    TARGET_TOLERANCE_MDEG,
    TILT_TOLERANCE_MDEG,
    TIME_TOLERANCE_MS,
    End,
    Event,
    Header,
    RecordError,
    Sample,
    decode_payload,
)
from inversion_table.journal.encoder import Encoder
from tests.journal.synthetic import samples

PAGE = 236
HEADER = Header(
    7, KIND_PLAN, "0123456789abcdef", "Kim 2013, Arm 60°", "0.1.0", "9f" * 8, "a1", "c4", 1, 0
)
KEY = bytes((records.TAG_KEY, 0, 0, 0, 0, 0, 0, 3, 0))


def encoder(limit=100_000):
    buffer = bytearray(limit + MOST_RECORD_BYTES)
    return Encoder(buffer, 0, limit), buffer


def decoded(encoder_and_buffer):
    coder, buffer = encoder_and_buffer
    return list(decode_payload(bytes(buffer[: coder.payload_bytes()])))


def assert_close(read: Sample, t_ms: int, given_values: tuple):
    tilt, target, rate, current, supply, state, flags = given_values
    assert abs(read.t_ms - t_ms) <= TIME_TOLERANCE_MS
    assert abs(read.tilt_mdeg - tilt) <= TILT_TOLERANCE_MDEG
    assert abs(read.target_mdeg - target) <= TARGET_TOLERANCE_MDEG
    assert abs(read.rate_mdeg_per_s - rate) <= RATE_TOLERANCE_MDEG_PER_S
    assert abs(read.current_ma - current) <= CURRENT_TOLERANCE_MA
    assert abs(read.supply_mv - supply) <= SUPPLY_TOLERANCE_MV
    assert (read.state, read.flags) == (state, flags)


def test_every_kind_of_record_comes_back():
    pair = encoder()
    assert pair[0].header(HEADER)
    assert pair[0].event(-250, 14, 3, 0)
    assert pair[0].sample(0, -75_000, -75_000, 0, 0, 24_000, 1, 0)
    assert pair[0].event(130, 2, 12, -4_000)
    assert pair[0].end(1_234_567, 4, 9, 2, 60_120, 540_000, 310)
    assert decoded(pair) == [
        HEADER,
        Event(-250, 14, 3, 0),
        Sample(0, -75_000, -75_000, 0, 0, 24_000, 1, 0),
        Event(130, 2, 12, -4_000),
        End(1_234_567, 4, 9, 2, 60_120, 540_000, 310),
    ]


def test_the_bytes_of_a_small_page():
    # Key at 0 ms: tilt -75 deg = -7500 quanta -> zigzag 14999 = 0xBA97; supply 240 quanta -> 480.
    # Then two quiet samples in one byte, then tilt 100 mdeg off: mask 1, +10 quanta -> 20.
    coder, buffer = encoder()
    for t_ms, tilt in ((0, -75_000), (100, -75_020), (200, -74_980), (300, -74_900)):
        coder.sample(t_ms, tilt, -75_000, 0, 0, 24_000, 1, 0)
    assert buffer[: coder.payload_bytes()].hex(" ") == (
        "c1 00 97 75 97 75 00 00 e0 03 01 00 41 01 14"
    )


FIELDS = st.tuples(
    st.integers(-180_000, 180_000),
    st.integers(-180_000, 180_000),
    st.integers(-1_000_000, 1_000_000),
    st.integers(-20_000, 20_000),
    st.integers(0, 40_000),
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), FIELDS), min_size=1, max_size=40))
def test_any_samples_come_back_within_the_tolerances(steps):
    pair = encoder()
    t_ms = 0
    expected = []
    for step_ms, values in steps:
        t_ms += step_ms
        assert pair[0].sample(t_ms, *values)
        expected.append((t_ms, values))
    for read, (at_ms, values) in zip(decoded(pair), expected, strict=True):
        assert_close(read, at_ms, values)


SMALL_STEPS = st.tuples(
    *(st.integers(-most, most) for most in (60, 25, 300, 300, 400)),
    st.integers(0, 1),
    st.just(0),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(90, 110), SMALL_STEPS), min_size=1, max_size=200))
def test_errors_never_add_up(steps):
    pair = encoder()
    t_ms = 0
    values = (-75_000, -75_000, 0, 0, 24_000, 0, 0)
    expected = []
    for step_ms, changes in steps:
        t_ms += step_ms
        moved = tuple(value + change for value, change in zip(values, changes, strict=True))
        values = (*moved[:5], moved[5] % 9, 0)
        assert pair[0].sample(t_ms, *values)
        expected.append((t_ms, values))
    for read, (at_ms, given_values) in zip(decoded(pair), expected, strict=True):
        assert_close(read, at_ms, given_values)


def test_values_outside_the_bounds_are_held_at_them():
    pair = encoder()
    huge = 1 << 30
    pair[0].sample(0, huge, -huge, huge, -huge, huge, 300, 0x12345)
    pair[0].sample(100, -huge, huge, -huge, huge, -huge, 1, 0)
    assert decoded(pair) == [
        Sample(0, 360_000, -360_000, 1_000_000, -100_000, 100_000, 300 & 0xFF, 0x2345),
        Sample(100, -360_000, 360_000, -1_000_000, 100_000, -100_000, 1, 0),
    ]


def test_an_event_and_an_end_hold_at_32_bits():
    pair = encoder()
    pair[0].event(0, 300, 1 << 40, -(1 << 40))
    pair[0].end(0, 257, 258, 1 << 40, 1 << 40, -5, 1 << 40)
    most = (1 << 31) - 1
    assert decoded(pair) == [Event(0, 300 & 0xFF, most, -most), End(0, 1, 2, most, most, 0, most)]


def test_a_record_that_does_not_fit_leaves_the_page_whole():
    coder, buffer = encoder(PAGE)
    t_ms = 0
    fitted = 0
    while coder.sample(t_ms, 1000 * (fitted % 7), 0, 0, 0, 24_000, 3, 0):
        fitted += 1
        t_ms += 100
    assert PAGE - 3 <= coder.payload_bytes() <= PAGE
    assert len(list(decode_payload(bytes(buffer[: coder.payload_bytes()])))) == fitted
    coder.restart()
    assert coder.sample(t_ms, 5_000, 0, 0, 0, 24_000, 3, 0)
    assert decoded((coder, buffer)) == [Sample(t_ms, 5_000, 0, 0, 0, 24_000, 3, 0)]


def test_a_long_row_of_quiet_samples_takes_a_byte_in_64():
    pair = encoder(PAGE)
    for index in range(641):
        assert pair[0].sample(100 * index, 60_000, 60_000, 0, 0, 24_000, 3, 0)
    assert len(decoded(pair)) == 641
    assert pair[0].payload_bytes() < 30


def test_the_longest_header_fits_in_a_page():
    longest = Header(
        65_535, 3, "f" * 16, "x" * 48, "x" * 32, "x" * 16, "x" * 8, "x" * 8, 255, 2**32 - 1
    )
    pair = encoder(PAGE)
    assert pair[0].header(longest)
    assert pair[0].payload_bytes() <= 151
    assert decoded(pair) == [longest]


@pytest.mark.parametrize(
    "header",
    [
        HEADER._replace(plan_name="x" * 49),
        HEADER._replace(plan_name="ü" * 25),
        HEADER._replace(firmware="x" * 33),
        HEADER._replace(plan_id="0123"),
        HEADER._replace(plan_id="no hex at all :("),
    ],
)
def test_a_header_that_cannot_be_stored_is_refused(header):
    with pytest.raises(ValueError, match=r"bytes|digits|hex"):
        encoder()[0].header(header)


def test_a_log_of_format_1_is_still_read():
    header = b"\xc0\x01\x07\x01" + bytes(8) + b"\x01\x00" + b"\x01a\x01b\x01c\x01d"
    end = b"\xc3\x14\x09\x04\x05\x06"
    assert list(decode_payload(header + end)) == [
        Header(7, 1, "0" * 16, "a", "b", "c", "d", "", 1, 0),
        End(10, records.END_UNKNOWN, 9, 1, 2, 5, 6),
    ]


def test_a_buffer_without_slack_is_refused():
    with pytest.raises(ValueError, match="behind its limit"):
        Encoder(bytearray(256), 16, 252)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\x00", "0 is no record"),
        (b"\x40", "before the page's key"),
        (b"\x01\x02", "before the page's key"),
        (b"\x90", "0x90 is no record"),
        (b"\xff", "0xFF is no record"),
        (KEY[:-1], "end inside"),
        (KEY + b"\x01", "end inside"),
        (KEY + b"\xc4\x02", "ends between"),
        (KEY + b"\xc4\x00", "shifts nothing"),
        (KEY + b"\xc4\x02\xc2\x00\x01\x00\x00", "no sample behind"),
        (KEY + b"\xc4\x02" + KEY, "no sample behind"),
        (b"\xc4\x02", "shifts nothing"),
        (b"\xc0\x03", "record format 3"),
        (b"\xc0\x01\x07\x01" + bytes(8) + b"\x01\x00\x01\xff", "not UTF-8"),
        (b"\xc0\x01\x07\x01" + bytes(8) + b"\x01\x00\x09abc", "end inside"),
    ],
)
def test_nonsense_is_refused(payload, why):
    with pytest.raises(RecordError, match=why):
        list(decode_payload(payload))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=PAGE))
def test_random_bytes_give_records_or_a_record_error(payload):
    found = []
    with contextlib.suppress(RecordError):
        for record in decode_payload(payload):
            found.append(record)
    assert all(
        isinstance(record, (Header, Sample, Event, End, records.Box, records.BoxSample))
        for record in found
    )


@pytest.mark.parametrize("tilt_noise_mdeg", [5, 20, 40])
def test_bytes_a_sample_on_a_kim_session(tilt_noise_mdeg):
    """Three sets of 3 minutes at 60 deg; every page begins anew; at most 3 bytes a sample."""
    coder, buffer = encoder(PAGE)
    total_bytes = 0
    count = 0
    for values in samples(60_000, 180, 3, 1, tilt_noise_mdeg):
        t_ms = 100 * count
        if not coder.sample(t_ms, *values):
            total_bytes += coder.payload_bytes()
            coder.restart()
            assert coder.sample(t_ms, *values)
        count += 1
        # The newest sample, told by the bytes so far:
        if count % 97 == 0:
            assert_close(decoded((coder, buffer))[-1], t_ms, values)
    total_bytes += coder.payload_bytes()
    assert count > 8_000
    assert total_bytes / count < {5: 0.6, 20: 1.3, 40: 2.2}[tilt_noise_mdeg]


def test_event_names_are_there_and_unique():
    names = [entry[0] for entry in EVENTS.values()]
    assert len(set(names)) == len(names)
    assert event_name(1) == "state_changed"
    assert event_name(250) == "event_250"
    assert all(0 < code < 256 for code in EVENTS)
