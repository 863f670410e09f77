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
    try:
        return json.loads(str(payload, "utf-8"))
    except (ValueError, RuntimeError) as error:  # RuntimeError: nested too deep
        raise FrameError("not JSON: %s" % error) from None
