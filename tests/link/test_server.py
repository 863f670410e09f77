"""JSON-RPC over lines: whatever comes, one reply, and never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.contract import frame, messages
from inversion_table.link import server as servers
from inversion_table.link.methods import Methods
from inversion_table.link.server import Refusal, Server
from tests.link.fake_app import FakeApp

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(
        st.characters(exclude_categories=["Cs"]), max_size=8
    ),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "plan", "x"]), inner),
    max_leaves=10,
)  # fmt: skip


def reply_of(server: Server, line: bytes | None) -> dict:
    answer, _ = server.answer(line)
    assert answer.count(b"\n") == 1
    assert len(answer) <= frame.MAX_LINE_BYTES
    reply = frame.decode(answer)
    assert isinstance(reply, dict)
    assert set(reply) in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
    return reply


def code_of(line: bytes | None, server: Server | None = None) -> int:
    return reply_of(server or ours(), line)["error"]["code"]


def ours() -> Server:
    app = FakeApp()
    return Server(Methods(app, "d").table, app.in_session, app.uptime_ms)


def request(**parts: object) -> bytes:
    return frame.encode({"jsonrpc": "2.0", "id": 1, "method": "status", **parts})


def test_a_line_too_long() -> None:
    assert code_of(None) == messages.PARSE_ERROR


@pytest.mark.parametrize("line", [b"", b"garbage", b"{}", request()[:-3], b"\x00" * 50])
def test_damage_is_a_parse_error_without_id(line: bytes) -> None:
    reply = reply_of(ours(), line)
    assert reply["error"]["code"] == messages.PARSE_ERROR
    assert reply["id"] is None


@pytest.mark.parametrize("value", [[], 1, "x", None, {}, {"jsonrpc": 2.0, "id": 1}, {"id": 1}])
def test_what_is_no_request(value: object) -> None:
    assert code_of(frame.encode(value)) == messages.INVALID_REQUEST


@pytest.mark.parametrize(
    "request_id", [None, True, 1.5, [], {}, "x" * 65, "é", "\x00", "a\nb", 2**53 + 1, -(2**53) - 1]
)
def test_ids_that_cannot_be_sent_back_as_they_came(request_id: object) -> None:
    reply = reply_of(ours(), request(id=request_id))
    assert reply["error"]["code"] == messages.INVALID_REQUEST
    assert reply["id"] is None


@pytest.mark.parametrize("request_id", [0, -1, 2**53, -(2**53), "", "abc", "x" * 64])
def test_ids_come_back_as_they_came(request_id: object) -> None:
    assert reply_of(ours(), request(id=request_id))["id"] == request_id


@pytest.mark.parametrize("name", [None, 1, [], {}, "", "nothing", "STATUS", "__init__", "x" * 900])
def test_methods_that_are_none(name: object) -> None:
    assert code_of(request(method=name)) == messages.METHOD_NOT_FOUND


def test_a_strange_name_comes_back_short_and_plain() -> None:
    message = reply_of(ours(), request(method="\n\x1b[31m60°" + "x" * 5_000))["error"]["message"]
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 100


@settings(max_examples=300)
@given(JSON)
def test_any_value_gets_one_reply(value: object) -> None:
    reply_of(ours(), frame.encode(value))


@settings(max_examples=200)
@given(st.sampled_from(sorted(messages.METHODS)), JSON)
def test_any_parameters_get_one_reply(method: str, params: object) -> None:
    reply = reply_of(ours(), request(method=method, params=params))
    assert reply["id"] == 1


@pytest.mark.requirement("RQ-071")
@given(st.binary(max_size=300))
def test_any_bytes_get_one_reply(data: bytes) -> None:
    reply_of(ours(), data)
    payload = data.replace(b"\n", b"")
    reply_of(ours(), payload + b" " + frame.crc_text(payload))


def nested(depth: int, part: str) -> bytes:
    deep = "[" * depth + "]" * depth
    parts = {"jsonrpc": '"2.0"', "id": "1", "method": '"status"', part: deep}
    payload = ("{" + ",".join(f'"{name}":{value}' for name, value in parts.items()) + "}").encode()
    return payload + b" " + frame.crc_text(payload)


@pytest.mark.parametrize("part", ["jsonrpc", "id", "method", "params", "other"])
@pytest.mark.parametrize("depth", [1, 100, 900, 4_000])
def test_nesting_of_any_depth_anywhere_gets_one_reply(part: str, depth: int) -> None:
    reply_of(ours(), nested(depth, part))


class Failing(dict):
    """A table whose one method fails in the given way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self["status"] = self._fail
        self._error = error

    def _fail(self, params: dict) -> tuple:
        raise self._error


@pytest.mark.parametrize("error", [OSError(5), MemoryError(), RuntimeError("too deep")])
def test_a_method_that_fails_is_told_and_not_passed_on(error: Exception) -> None:
    server = Server(Failing(error), lambda: False, lambda: 0)
    reply = reply_of(server, request())
    assert reply["error"]["code"] == messages.INTERNAL_ERROR
    assert reply["id"] == 1


def test_a_refusal_has_its_code_its_detail_and_its_data() -> None:
    server = Server(
        Failing(Refusal(messages.NOT_FOUND, "session 3", {"x": 1})), lambda: False, lambda: 0
    )
    error = reply_of(server, request())["error"]
    assert error["code"] == messages.NOT_FOUND
    assert error["message"] == messages.ERROR_TEXTS[messages.NOT_FOUND] + ": session 3"
    assert error["data"] == {"x": 1}


def test_what_a_refusal_repeats_of_the_request_comes_back_plain_and_short() -> None:
    detail = "no field '\ud83d\x1b°" + "x" * 5_000
    server = Server(Failing(Refusal(messages.NOT_FOUND, detail)), lambda: False, lambda: 0)
    message = reply_of(server, request())["error"]["message"]
    assert message.isascii()
    assert message.isprintable()
    assert "no field '???xxx" in message
    assert len(message) < 300


def test_a_mistake_in_our_own_code_is_not_hidden() -> None:
    server = Server(Failing(ZeroDivisionError()), lambda: False, lambda: 0)
    with pytest.raises(ZeroDivisionError):
        server.answer(request())


@pytest.mark.requirement("RQ-165")
@pytest.mark.parametrize("error", [ZeroDivisionError("by us"), KeyError("x"), AttributeError()])
def test_a_mistake_in_our_own_code_is_answered_and_told_to_the_application(
    error: Exception,
) -> None:
    told: list = []
    server = Server(Failing(error), lambda: False, lambda: 0, told.append)
    for number in (7, "eight"):
        reply = reply_of(server, request(id=number))
        assert reply["id"] == number
        assert reply["error"]["code"] == messages.INTERNAL_ERROR
        assert type(error).__name__ in reply["error"]["message"]
    assert told == [error, error]


@pytest.mark.requirement("RQ-165")
def test_a_result_that_cannot_be_written_is_such_a_mistake_too() -> None:
    told: list = []
    methods = {"status": lambda params: ({"tilt": object()}, None)}
    server = Server(methods, lambda: False, lambda: 0, told.append)
    reply = reply_of(server, request())
    assert reply["error"]["code"] == messages.INTERNAL_ERROR
    assert [type(error) for error in told] == [TypeError]


@pytest.mark.parametrize("error", [MemoryError(), RecursionError()])
def test_no_memory_to_read_a_line_is_told_with_a_reply_made_before(monkeypatch, error) -> None:
    server = ours()

    def fail(line: bytes) -> object:
        raise error

    monkeypatch.setattr(servers.frame, "decode", fail)
    line, block = server.answer(request())
    monkeypatch.undo()
    assert block is None
    assert frame.decode(line)["error"]["code"] == messages.INTERNAL_ERROR  # type: ignore[index]
