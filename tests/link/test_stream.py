"""The stream of blocks: whole, in pieces, never waiting for the host, over when it should be."""

import random
import struct
import zlib
from pathlib import Path

import pytest

from inversion_table.contract.messages import LOG_BLOCK_BYTES
from inversion_table.link.stream import PIECE_BYTES, STALLED_MS, BlockStream
from tests.link.fake_app import FakeSource
from tests.micropython import run_on_micropython


class Port:
    """Takes so many pieces before it is full; `room` None: as many as come."""

    def __init__(self, room=None):
        self.room = room
        self.data = bytearray()
        self.largest = 0

    def writable(self):
        return self.room is None or self.room > 0

    def write(self, data):
        self.data += data

    def put(self, data):
        assert self.writable()
        if self.room is not None:
            self.room -= 1
        self.largest = max(self.largest, len(data))
        self.data += data


def blocks(data):
    out = []
    while data:
        (length,) = struct.unpack_from("<I", data)
        block = data[4 : 4 + length]
        (crc,) = struct.unpack_from("<I", data, 4 + length)
        assert crc == zlib.crc32(block)
        out.append(bytes(block))
        data = data[8 + length :]
    return out


def sent(stream, port, passes=10_000):
    for now_ms in range(0, 10 * passes, 10):
        before = len(port.data)
        stream.step(now_ms)
        if len(port.data) == before:
            break
    return bytes(port.data)


@pytest.mark.parametrize("size", [1, 255, 256, 4095, 4096, 4097, 8192, 20_000])
def test_all_bytes_come_in_blocks(size):
    data = random.Random(size).randbytes(size)
    port = Port()
    stream = BlockStream(port)
    for _ in range(2):  # the second begins anew
        port.data.clear()
        stream.start(FakeSource(data), 0)
        got = blocks(sent(stream, port))
        assert b"".join(got) == data
        assert [len(block) for block in got[:-1]] == [LOG_BLOCK_BYTES] * (len(got) - 1)
    assert port.largest <= PIECE_BYTES


@pytest.mark.requirement("RQ-126")
def test_a_pass_sends_one_block_at_most():
    port = Port()
    stream = BlockStream(port)
    stream.start(FakeSource(bytes(20_000)), 0)
    for count in range(1, 5):
        stream.step(count * 10)
        assert len(port.data) == count * (LOG_BLOCK_BYTES + 8)


@pytest.mark.requirement("RQ-126")
@pytest.mark.parametrize("room", [1, 3, 16, 17])
def test_nothing_is_written_that_the_port_does_not_take(room):
    data = random.Random(1).randbytes(9_000)
    port = Port(room)
    stream = BlockStream(port)
    stream.start(FakeSource(data), 0)
    for now_ms in range(0, 3_000, 10):
        stream.step(now_ms)
        port.room = room
    assert b"".join(blocks(bytes(port.data))) == data


@pytest.mark.requirement("RQ-126")
def test_a_host_that_takes_nothing_gets_no_more():
    port = Port(5)
    stream = BlockStream(port)
    stream.start(FakeSource(bytes(9_000)), 0)
    for now_ms in range(0, STALLED_MS + 10, 10):
        stream.step(now_ms)
    port.room = None
    stream.step(STALLED_MS + 20)
    assert len(port.data) == 5 * PIECE_BYTES


def test_a_host_that_is_slow_is_waited_for():
    port = Port(1)
    stream = BlockStream(port)
    stream.start(FakeSource(bytes(9_000)), 0)
    for now_ms in range(0, 40 * STALLED_MS, STALLED_MS - 10):
        stream.step(now_ms)
        port.room = 1
    assert len(b"".join(blocks(bytes(port.data)))) == 9_000


def test_another_request_ends_it_on_a_line_of_its_own():
    port = Port(3)
    stream = BlockStream(port)
    stream.start(FakeSource(bytes(9_000)), 0)
    stream.step(0)
    port.room = 1
    stream.stop()
    assert bytes(port.data[3 * PIECE_BYTES :]) == b"\n"
    port.room = None
    stream.step(10)
    stream.stop()
    assert len(port.data) == 3 * PIECE_BYTES + 1
    stream.start(FakeSource(b"next"), 20)
    port.data.clear()
    assert blocks(sent(stream, port)) == [b"next"]


def test_nothing_at_all_is_no_block():
    port = Port()
    stream = BlockStream(port)
    stream.start(FakeSource(b""), 0)
    assert sent(stream, port) == b""
    stream.stop()
    assert port.data == b""


def test_a_source_that_suddenly_has_less_ends_it():
    class Liar:
        left = 300

        def take(self, buffer):
            return 200

    port = Port()
    stream = BlockStream(port)
    stream.start(Liar(), 0)
    assert sent(stream, port) == b""


@pytest.mark.requirement("RQ-126")
def test_nothing_is_allocated_for_a_page_on_micropython():
    """A block of 16 pages costs a few small objects: far less than one for each page."""
    (line,) = run_on_micropython(Path(__file__).parent / "device" / "stream_cost.py")
    count, most, written = map(int, line.split())
    assert count == 17
    assert written == 18 * (LOG_BLOCK_BYTES + 8)
    assert most < 16 * 32, most
