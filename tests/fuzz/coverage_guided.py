"""Coverage-guided fuzzing of the contract and the link, on CPython, with atheris (libFuzzer).

As a script it takes libFuzzer's arguments: python -m tests.fuzz.coverage_guided CORPUS -runs=N.
`check` is one execution; it raises when something is not as it should be.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

RAW, WHOLE, PLAN, CALIBRATION = range(4)
KINDS = 4
ALLOWED = {
    "return",
    "stop",
    "store_plan",
    "log_read",
    "log_pulled",
    "replace_settings",
    "set_clock",
    "replace_calibration",
}


@lru_cache
def _methods() -> Any:
    """Made once: the hash of the contract takes longer than everything else here."""
    from inversion_table.link.methods import Methods

    return Methods(None, "fuzzed")


def check(data: bytes) -> None:
    """Bytes as a host may send them: the first says how they come, the rest is what comes."""
    from inversion_table.contract import frame
    from inversion_table.link.lines import LineBuffer
    from inversion_table.link.server import Server
    from tests.link.fake_app import FakeApp

    if not data:
        return
    kind, body = data[0] % KINDS, data[1:]
    app = FakeApp()
    app.data = b"0123456789"
    app.moving = bool(data[0] & 0x80)
    methods = _methods()
    methods._app = app
    server = Server(methods.table, app.in_session, app.uptime_ms)
    lines = LineBuffer()
    stream = stream_of(kind, body)
    due = 0
    for start in range(0, len(stream), 256):
        lines.feed(stream[start : start + 256])
        while lines.waiting():
            line = lines.take()
            reply, block = server.answer(line)
            due += 1
            value = frame.decode(reply)
            assert len(reply) <= frame.MAX_LINE_BYTES, len(reply)
            assert reply.count(b"\n") == 1, reply
            assert isinstance(value, dict), value
            assert ("result" in value) != ("error" in value), value
            assert block is None or "result" in value, value
            if "error" in value:
                assert value["error"]["code"] != -32603, value
    assert due == stream.count(b"\n")
    assert set(app.calls) <= ALLOWED, app.calls
    if app.moving:
        stored = {"store_plan", "set_clock", "replace_calibration", "replace_settings"}
        assert not set(app.calls) & stored, app.calls


def stream_of(kind: int, body: bytes) -> bytes:
    """What goes over the wire: as it is, or so that its content is reached at all."""
    from inversion_table.contract import frame

    if kind == RAW:
        return body
    if kind == PLAN:
        body = b'{"jsonrpc":"2.0","id":1,"method":"plan.put","params":{"id":"%s","plan":%s}}' % (
            b"0" * 16,
            body,
        )
    elif kind == CALIBRATION:
        start = b'{"jsonrpc":"2.0","id":1,"method":"calibration.put","params":{"calibration":'
        body = start + body + b"}}"
    parts = body.split(b"\n")
    return b"".join(part + b" " + frame.crc_text(part) + b"\n" for part in parts)


def seeds() -> list[bytes]:
    """Where the search begins: every request of the contract, a plan, and what is hostile."""
    import json

    from inversion_table.contract import messages
    from tests.fuzz.hostile import PLAN as A_PLAN
    from tests.fuzz.hostile import Hostile

    hostile = Hostile(1, tuple(messages.METHODS))
    found = [
        bytes([WHOLE]) + json.dumps(hostile.request(name)).encode() for name in messages.METHODS
    ]
    found += [bytes([RAW]) + hostile.next() for _ in range(40)]
    found.append(bytes([PLAN]) + json.dumps(A_PLAN.to_wire()).encode())
    found.append(bytes([CALIBRATION]) + b'{"version":1,"kind":"full"}')
    return found


def main() -> None:
    """Run libFuzzer with this process's arguments; ends the process."""
    import atheris  # type: ignore[import-untyped, unused-ignore]

    with atheris.instrument_imports(include=["inversion_table"]):
        import inversion_table.contract.frame
        import inversion_table.contract.messages
        import inversion_table.estimation.table_calibration
        import inversion_table.link.lines
        import inversion_table.link.methods
        import inversion_table.link.server  # noqa: F401
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
