import pytest
from hypothesis import given
from hypothesis import strategies as st

from inversion_table.contract.frame import MAX_LINE_BYTES
from inversion_table.link.lines import LineBuffer


def taken(buffer: LineBuffer) -> list[bytes | None]:
    lines = []
    while buffer.waiting():
        lines.append(buffer.take())
    return lines


def test_nothing_before_a_newline() -> None:
    buffer = LineBuffer()
    assert not buffer.waiting()
    buffer.feed(b"abc")
    assert not buffer.waiting()
    buffer.feed(b"")
    buffer.feed(b"d\nef")
    assert taken(buffer) == [b"abcd"]
    buffer.feed(b"\n\n")
    assert taken(buffer) == [b"ef", b""]


def test_views_of_a_buffer_that_is_used_again() -> None:
    chunk = bytearray(b"one\ntw")
    buffer = LineBuffer()
    buffer.feed(memoryview(chunk))
    chunk[:] = b"xxxxxx"
    buffer.feed(memoryview(b"o\n"))
    assert taken(buffer) == [b"one", b"two"]


@given(st.lists(st.binary(max_size=12)), st.integers(1, 5))
def test_lines_are_the_same_however_the_bytes_arrive(parts: list[bytes], most: int) -> None:
    whole = b"".join(parts)
    at_once, in_parts = LineBuffer(most), LineBuffer(most)
    at_once.feed(whole)
    for part in parts:
        in_parts.feed(part)
    expected = [line if len(line) <= most else None for line in whole.split(b"\n")[:-1]]
    assert taken(at_once) == expected
    assert taken(in_parts) == expected


def test_the_longest_line_and_one_byte_more() -> None:
    buffer = LineBuffer()
    buffer.feed(b"a" * MAX_LINE_BYTES + b"\n" + b"b" * (MAX_LINE_BYTES + 1) + b"\nnext\n")
    assert taken(buffer) == [b"a" * MAX_LINE_BYTES, None, b"next"]


@pytest.mark.parametrize("size", [1, 7, 256, 5_000])
def test_memory_stays_bounded_whatever_the_host_sends(size: int) -> None:
    buffer = LineBuffer(100)
    for _ in range(2_000):
        buffer.feed(b"x" * size)
        assert len(buffer._buffer) <= 100
    buffer.feed(b"\nok\n")
    assert taken(buffer) == [None, b"ok"]


class NoRoom:
    """A view of a heap in pieces: bytes can be kept, but no copy of them can be made."""

    def __setitem__(self, place: slice, part: bytes) -> None:
        pass

    def __getitem__(self, place: slice) -> bytes:
        raise MemoryError


def test_a_line_that_finds_no_memory_is_reported_like_one_too_long() -> None:
    lines = LineBuffer()
    lines._view = NoRoom()  # type: ignore[assignment]
    lines.feed(b"a line\nanother")
    assert lines.waiting()
    assert lines.take() is None
    assert not lines.waiting()
