"""The line format: one JSON value a line, closed by the CRC-32 of its bytes.

    <json> <crc32 as 8 lower-case hex digits> LF

A person can read it in any terminal; a damaged line is noticed, whatever was damaged (RQ-071).
"""

import binascii
import json

CRC_DIGITS = 8
MAX_LINE_BYTES = 4096


# Left alone, CPython writes an emoji as two escapes, which MicroPython reads as two characters.
_FORM: dict = {"separators": (",", ":"), "ensure_ascii": False}
try:
    json.dumps("", **_FORM)
except TypeError:
    del _FORM["ensure_ascii"]  # MicroPython always writes UTF-8


class FrameError(Exception):
    """The line is not a whole, undamaged frame; the text says what is wrong with it."""


def crc_text(payload: bytes) -> bytes:
    """CRC-32 (IEEE 802.3, as zlib's) of `payload` as 8 lower-case hex digits."""
    return b"%08x" % (binascii.crc32(payload) & 0xFFFFFFFF)


def is_utf8(data: bytes) -> bool:
    """Whether `data` is well-formed UTF-8, as Unicode's table 3-7 has it.

    MicroPython's own reader lets surrogates, overlong forms and numbers past U+10FFFF through; a
    reply that repeats one of those is a reply that no host can read.
    """
    more = 0
    lowest, highest = 0x80, 0xBF
    for byte in data:
        if more:
            if not lowest <= byte <= highest:
                return False
            more -= 1
            lowest, highest = 0x80, 0xBF
        elif byte < 0x80:
            continue
        elif 0xC2 <= byte <= 0xDF:
            more = 1
        elif 0xE0 <= byte <= 0xEF:
            more = 2
            lowest = 0xA0 if byte == 0xE0 else 0x80
            highest = 0x9F if byte == 0xED else 0xBF
        elif 0xF0 <= byte <= 0xF4:
            more = 3
            lowest = 0x90 if byte == 0xF0 else 0x80
            highest = 0x8F if byte == 0xF4 else 0xBF
        else:
            return False
    return not more


def encode(value: object) -> bytes:
    """The frame of `value` (anything JSON can say), in UTF-8, with its closing newline."""
    payload = json.dumps(value, **_FORM).encode()
    return payload + b" " + crc_text(payload) + b"\n"


def decode(line: bytes) -> object:
    """The value in `line` (with or without its line end); raises FrameError."""
    if len(line) > MAX_LINE_BYTES:
        raise FrameError("line is longer than %d bytes" % MAX_LINE_BYTES)
    line = bytes(line).rstrip(b"\r\n")
    if len(line) < CRC_DIGITS + 2 or line[-CRC_DIGITS - 1] != 0x20:
        raise FrameError("line does not end in a space and 8 hex digits of CRC-32")
    payload = line[: -CRC_DIGITS - 1]
    if line[-CRC_DIGITS:] != crc_text(payload):
        raise FrameError("CRC-32 does not match: the line was damaged on its way")
    if max(payload) >= 0x80 and not is_utf8(payload):  # max() is quick, the walk is not
        raise FrameError("not UTF-8")
    try:
        return json.loads(str(payload, "utf-8"))
    except (ValueError, RuntimeError) as error:  # RuntimeError: nested too deep
        raise FrameError("not JSON: %s" % error) from None
