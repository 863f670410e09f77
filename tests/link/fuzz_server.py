"""Runs on MicroPython and CPython: thousands of bad lines through the server; prints what it saw.

Never an exception, always one reply, and each reply a whole frame.
"""

import binascii
import json
import sys

from dice import Dice  # type: ignore[import-not-found]
from fake_app import FakeApp  # type: ignore[import-not-found]

from inversion_table.contract import frame
from inversion_table.link.lines import LineBuffer
from inversion_table.link.methods import Methods
from inversion_table.link.server import Server

LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 6_000
WORDS = (
    b'"jsonrpc"', b'"2.0"', b'"id"', b"1", b'"method"', b'"status"', b'"plan.put"', b'"params"',
    b'"plan"', b'"sets"', b'"name"', b'"hello"', b'"log.read"', b'"session"', b'"offset"',
    b'"length"', b":", b":", b":", b",", b",", b"{", b"}", b"[", b"]", b"null", b"true", b"1e999",
    b"-", b"0x", b"9" * 40, b"NaN", b'"\\ud83d"', b'"\xed\xa0\x80"', b'"\xff"', b'"\\u0000"', b'"',
    b"\\", b" ", b"\x00", b"[" * 300, b'{"a":' * 200, b"1.5", b"-0", b'""', b"{}", b"[]",
)  # fmt: skip


def good_requests():
    plan = {
        "format": 1, "name": "n", "return_rate_mdeg_per_s": 2000, "rest_ms": 1000,
        "sets": [{"times": 1, "line": 1, "steps": [[1000, 3000, 1000, 2]]}],
    }  # fmt: skip
    return (
        {"jsonrpc": "2.0", "id": 1, "method": "status"},
        {"jsonrpc": "2.0", "id": "a", "method": "hello", "params": {"contract": None}},
        {"jsonrpc": "2.0", "id": 2, "method": "plan.put",
         "params": {"plan": plan, "id": "0" * 16}},
        {"jsonrpc": "2.0", "id": 3, "method": "log.read",
         "params": {"session": 7, "offset": 0, "length": 5}},
        {"jsonrpc": "2.0", "id": 4, "method": "session.return"},
        {"jsonrpc": "2.0", "id": 5, "method": "settings.get", "params": {}},
    )  # fmt: skip


def closed(payload):
    return payload + b" %08x" % (binascii.crc32(payload) & 0xFFFFFFFF)


def bad_line(dice, payloads):
    kind = dice.roll(6)
    if kind == 0:
        return bytes([dice.roll(256) for _ in range(dice.roll(80))])
    if kind == 1:
        return closed(b"".join([WORDS[dice.roll(len(WORDS))] for _ in range(dice.roll(14))]))
    payload = bytearray(payloads[dice.roll(len(payloads))])
    if kind == 2:  # damaged on its way
        line = bytearray(closed(bytes(payload)))
        line[dice.roll(len(line))] ^= 1 << dice.roll(8)
        return bytes(line)
    for _ in range(1 + dice.roll(3)):  # damaged, but whole: a careless program at the other end
        at = dice.roll(len(payload))
        if kind == 3:
            payload[at] = dice.roll(256)
        elif kind == 4:
            payload = payload[:at] + payload[at + 1 + dice.roll(5) :] + b" "
        else:
            payload = payload[:at] + WORDS[dice.roll(len(WORDS))] + payload[at:]
    return closed(bytes(payload))


def deep_lines():
    for part in ("jsonrpc", "id", "method", "params", "x"):
        for depth in (50, 1_000, 4_000):
            for left, right in (("[", "]"), ('{"a":', "}")):
                parts = {"jsonrpc": '"2.0"', "id": "1", "method": '"plan.put"'}
                if depth * (len(left) + 1) < 8_000:
                    parts[part] = left * depth + ("1" if right == "}" else "") + right * depth
                yield closed(
                    ("{" + ",".join(['"%s":%s' % (k, parts[k]) for k in parts]) + "}").encode()
                )
    for part in ("format", "name", "sets", "rest_ms"):
        deep = "[" * 2_000 + "]" * 2_000
        plan = '{"format":1,"name":"n","return_rate_mdeg_per_s":1,"rest_ms":1,"sets":[],"%s":%s}'
        yield closed(
            ('{"jsonrpc":"2.0","id":1,"method":"plan.put","params":{"id":"0123456789abcdef",'
             '"plan":' + plan % (part, deep) + "}}").encode()
        )  # fmt: skip
    yield closed(b'{"jsonrpc":"2.0","method":"status","id":' + b"9" * 7_000 + b"}")
    yield closed(b'{"jsonrpc":"2.0","method":"status","id":"' + b"a" * 8_000 + b'"}')
    yield closed(b'{"jsonrpc":"2.0","id":1,"method":"' + b"\xc3\xa9" * 4_000 + b'"}')
    yield closed(b'{"jsonrpc":"2.0","id":1,"method":"status","params":{"' + b"k" * 8_000 + b'":1}}')
    yield closed(b'{"jsonrpc":"2.0","id":1,"method":"status","params":{1:2,null:3,true:4}}')
    yield b"x" * 9_000


def main():
    app = FakeApp()
    app.data = b"0123456789"
    server = Server(Methods(app, "fuzzed").table, app.in_session, app.uptime_ms)
    lines = LineBuffer()
    dice = Dice(20_240_229)
    payloads = [json.dumps(request).encode() for request in good_requests()]
    sent = answered = good = 0
    codes: dict = {}

    def feed(line):
        nonlocal sent, answered, good
        lines.feed(line + b"\n")
        sent += 1 + line.count(b"\n")
        while lines.waiting():
            reply, block = server.answer(lines.take())
            answered += 1
            value = frame.decode(reply)
            assert reply.count(b"\n") == 1
            assert len(reply) <= frame.MAX_LINE_BYTES
            assert isinstance(value, dict)
            assert value["jsonrpc"] == "2.0"
            if "result" in value:
                good += 1
            else:
                code = value["error"]["code"]
                codes[code] = codes.get(code, 0) + 1
                assert block is None

    for number in range(LINES):
        feed(bad_line(dice, payloads))
        if number % 50 == 0:  # and in between it still works
            before = good
            feed(closed(payloads[number // 50 % len(payloads)]))
            assert good == before + 1 or number // 50 % len(payloads) == 2
    for line in deep_lines():
        feed(line)
    assert answered == sent, (answered, sent)
    app.calls = [
        call for call in app.calls if call not in ("return", "log_read", "log_pulled", "store_plan")
    ]
    assert app.calls == []
    print("every line answered:", sent >= LINES, "good:", good > 50)
    told = [str(code in codes) for code in (-32700, -32600, -32601, -32602, 2)]
    print("damage, no request, no method, parameters, plan:", " ".join(told))


main()
