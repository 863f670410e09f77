"""A short, seeded part of `make fuzz` that needs only CPython; and that it can find things."""

import random

import pytest

from inversion_table.contract import frame, messages
from inversion_table.link import server as servers
from inversion_table.link.methods import Methods
from tests.fuzz import coverage_guided
from tests.fuzz.hostile import Hostile, Lines


@pytest.mark.requirement("RQ-071", "RQ-129")
@pytest.mark.parametrize("seed", range(3))
def test_hostile_streams_get_one_reply_a_line(seed: int) -> None:
    hostile = Hostile(seed, tuple(messages.METHODS))
    for _ in range(60):
        stream = b"".join(hostile.next() for _ in range(15))
        for moving in (0, 0x80):
            coverage_guided.check(bytes([coverage_guided.RAW | moving]) + stream)


@pytest.mark.requirement("RQ-071")
def test_changed_seeds_are_answered() -> None:
    dice = random.Random(5)
    for seed in coverage_guided.seeds():
        for _ in range(25):
            data = bytearray(seed)
            for _ in range(dice.randrange(1, 4)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            coverage_guided.check(bytes(data))


def test_the_same_seed_sends_the_same_and_every_kind_is_there() -> None:
    one, two = (Hostile(9, ("status",)) for _ in range(2))
    assert [one.next() for _ in range(2_000)] == [two.next() for _ in range(2_000)]
    assert len(one.kinds) == 12
    assert Hostile(10, ("status",)).next() != Hostile(9, ("status",)).next()


def test_lines_are_counted_as_the_device_does() -> None:
    lines = Lines()
    for part in (
        b"a\n",
        b"\n \r\t\n",
        b"half",
        b" of it\nb",
        b"\n" + b" " * 5_000 + b"\n",
        b"open",
    ):
        lines.feed(part)
    assert lines.due == 4


def raising(self, params):
    raise ValueError("a mistake")


def test_a_mistake_in_a_method_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    methods = coverage_guided._methods()
    monkeypatch.setitem(methods.table, "status", raising.__get__(methods, Methods))
    request = {"jsonrpc": "2.0", "id": 1, "method": "status"}
    with pytest.raises(ValueError, match="a mistake"):
        coverage_guided.check(bytes([coverage_guided.RAW]) + frame.encode(request))


def test_a_plan_taken_in_a_session_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        servers.Server, "_method", lambda self, name, params: (self._methods[name], params or {})
    )
    request = {"jsonrpc": "2.0", "id": 1, "method": "clock.set", "params": {"unix_s": 1}}
    line = frame.encode(request)
    coverage_guided.check(bytes([coverage_guided.RAW]) + line)
    with pytest.raises(AssertionError, match="set_clock"):
        coverage_guided.check(bytes([coverage_guided.RAW | 0x80]) + line)
