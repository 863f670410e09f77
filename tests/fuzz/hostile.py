"""What a broken, careless or hostile host may send, seeded; made from the contract itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from inversion_table.contract import frame, messages
from inversion_table.session.plan import Plan, Step, StepSet

PLAN = Plan("fuzz", [StepSet(1, [Step(-40_000, 3_000, 1_000, 4)], 3)], 2_000, 1_000)
BLANK = b" \t\r\x0b\x0c"
_TOKENS = (
    b'"jsonrpc"', b'"2.0"', b'"id"', b'"method"', b'"params"', b'"status"', b'"plan.put"',
    b'"hello"', b":", b":", b",", b",", b"{", b"}", b"[", b"]", b"null", b"true", b"false", b"1",
    b"1e999", b"-", b"0x1", b"NaN", b"Infinity", b"9" * 40, b'"\\ud83d"', b'"\\u0000"', b'"', b"\\",
    b" ", b"\x00", b"1.5", b"-0", b'""', b"{}", b"[]",
)  # fmt: skip
_BAD_UTF8 = (
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc0\xaf",
    b"\x80",
)
_CONTROL = b"\x01\x02\x03\x04\x05\x1a\x1b\x11\x13\x00\x7f"
_NUMBERS = ("1" * 400, "-" + "9" * 3_900, "1e5000", "0." + "3" * 3_000, "1" + "0" * 60 + ".5")


def closed(payload: bytes) -> bytes:
    """A line with its right CRC-32."""
    return payload + b" " + frame.crc_text(payload) + b"\n"


class Hostile:
    """A stream of bytes that never ends. The same seed gives the same stream.

    `methods`: those that are asked for as they should be; all are asked for in wrong ways.
    """

    def __init__(self, seed: int, methods: tuple[str, ...]) -> None:
        self._dice = random.Random(seed)
        self._methods = methods
        self._number = 0
        self._before = [closed(b"{}")]
        self.kinds: dict[str, int] = {}
        self._kinds: tuple[tuple[int, Callable[[], bytes]], ...] = (
            (20, self.good),
            (14, self.noise),
            (14, self.soup),
            (14, self.changed),
            (10, self.flipped),
            (8, self.bad_utf8),
            (6, self.half),
            (5, self.control),
            (5, self.bad_crc),
            (4, self.replay),
            (1, self.deep),
            (1, self.huge),
        )
        self._weights = [weight for weight, _ in self._kinds]

    def next(self) -> bytes:
        """The next piece: mostly a line, sometimes half of one."""
        _, make = self._dice.choices(self._kinds, self._weights)[0]
        self.kinds[make.__name__] = self.kinds.get(make.__name__, 0) + 1
        piece = make()
        if len(piece) < 300:
            self._before = [*self._before[-7:], piece]
        return piece

    def _value(self, kind: str, lowest: int, highest: int) -> object:
        dice = self._dice
        if kind[-1] == "?" and dice.random() < 0.4:
            return None
        plain = kind.rstrip("?")
        if dice.random() < 0.1:
            plain = dice.choice(("int", "text", "object", "list", "bool", "float"))
        if plain == "int":
            edges = (lowest, highest, lowest - 1, highest + 1, 0, dice.randrange(1 << 34))
            return dice.choice(edges)
        if plain == "text":
            size = dice.choice((lowest, highest, highest + 1, 0))
            return "".join(dice.choice("0123456789abcdef°😀\n") for _ in range(min(size, 70)))
        if plain == "object":
            return dice.choice((PLAN.to_wire(), {}, {"version": 1}, {"format": 1, "sets": [1]}))
        return {"list": [1, [2]], "bool": True, "float": 1.5}[plain]

    def request(self, method: str) -> dict[str, object]:
        """A request with parameters of about the right kinds."""
        self._number += 1
        fields = messages.METHODS[method][0]
        params = {name: self._value(kind, low, high) for name, kind, low, high in fields}
        request = {"jsonrpc": "2.0", "id": self._number, "method": method}
        if params or self._dice.random() < 0.5:
            request["params"] = params
        return request

    def good(self) -> bytes:
        """A request as it should be, but for its parameters."""
        return frame.encode(self.request(self._dice.choice(self._methods)))

    def noise(self) -> bytes:
        """Bytes."""
        return self._dice.randbytes(self._dice.randrange(50)) + b"\n"

    def soup(self) -> bytes:
        """Words of JSON in any order, whole on the wire."""
        return closed(b"".join(self._dice.choices(_TOKENS, k=self._dice.randrange(14))))

    def _payload(self) -> bytearray:
        method = self._dice.choice(tuple(messages.METHODS))
        if method in messages.ACTS and method not in self._methods:
            method = "status"  # one change of it may well be harmless
        return bytearray(json.dumps(self.request(method)).encode())

    def changed(self) -> bytes:
        """A request that was written by a careless program, whole on the wire."""
        payload = self._payload()
        for _ in range(self._dice.randrange(1, 4)):
            at = self._dice.randrange(len(payload))
            part = self._dice.choice((b"", self._dice.randbytes(1), self._dice.choice(_TOKENS)))
            payload[at : at + self._dice.randrange(6)] = part
        return closed(bytes(payload).replace(b"\n", b" "))

    def flipped(self) -> bytes:
        """A request that was damaged on its way."""
        line = bytearray(self.good())
        line[self._dice.randrange(len(line) - 1)] ^= 1 << self._dice.randrange(8)
        return bytes(line)

    def bad_utf8(self) -> bytes:
        """A request with a text that is not UTF-8, whole on the wire."""
        payload = self._payload()
        at = self._dice.randrange(len(payload))
        payload[at:at] = self._dice.choice(_BAD_UTF8)
        return closed(bytes(payload))

    def half(self) -> bytes:
        """A line that breaks off; what comes next goes on in it."""
        line = self.good()
        return line[: self._dice.randrange(1, len(line))]

    def control(self) -> bytes:
        """What a terminal or mpremote would send to get at the REPL."""
        return bytes(self._dice.choices(_CONTROL, k=self._dice.randrange(1, 6))) + b"\r\n"

    def bad_crc(self) -> bytes:
        """A line without its CRC, with another one, or with it in capitals."""
        line = self.good()
        return self._dice.choice((line[:-10] + b"\n", line[:-9] + b"00000000\n", line.upper()))

    def replay(self) -> bytes:
        """A line that was there a moment ago."""
        return self._dice.choice(self._before)

    def deep(self) -> bytes:
        """Lists in lists, objects in objects; some too long for a line."""
        left, right = self._dice.choice((("[", "]"), ('{"a":', "}")))
        depth = self._dice.choice((60, 127, 128, 129, 250, 255, 257, 1_000, 2_000))
        value = left * depth + ("1" if right == "}" else "") + right * depth
        part = self._dice.choice(("id", "params", "method", "x"))
        return closed(f'{{"jsonrpc":"2.0","method":"status","{part}":{value}}}'.encode())

    def huge(self) -> bytes:
        """Numbers, texts and lists without end."""
        value = self._dice.choice(
            (*_NUMBERS, '"' + "k" * 3_900 + '"', "[" + "1," * 1_900 + "1]", "x" * 9_000,
             "{" + ",".join(f'"{number}":1' for number in range(400)) + "}")
        )  # fmt: skip
        part = self._dice.choice(("id", "params", "method", "x"))
        return closed(f'{{"jsonrpc":"2.0","method":"status","{part}":{value}}}'.encode())


class Lines:
    """Counts the lines in a stream that a reply is due for."""

    def __init__(self) -> None:
        self._open = 0
        self._open_blank = True
        self.due = 0

    def feed(self, data: bytes) -> None:
        """Take in what was sent."""
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._take(part)
            if not self._open_blank or self._open > frame.MAX_LINE_BYTES:
                self.due += 1
            self._open, self._open_blank = 0, True
        self._take(rest)

    def _take(self, part: bytes) -> None:
        self._open += len(part)
        self._open_blank = self._open_blank and not part.strip(BLANK)
