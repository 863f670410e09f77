"""Whole numbers in as few bytes as they need: little-endian base-128 varints, zigzag for signs.

Seven bits a byte, lowest first; the top bit says that another byte follows. A number has exactly
one form (no padding bytes), so whatever decodes, encodes back to the same bytes.

    unsigned:  0 .. 127 -> 1 byte, .. 16383 -> 2, .. 2097151 -> 3, .. 268435455 -> 4, .. 2^32-1 -> 5
    zigzag:    0, -1, 1, -2, 2, ... -> 0, 1, 2, 3, 4, ...
"""

MAX_VARINT_BYTES = 5
MAX_UNSIGNED = 0xFFFFFFFF


class VarintError(ValueError):
    """The bytes are no varint of at most 32 bits; the text says why."""


def put_unsigned(buffer: bytearray, at: int, value: int) -> int:
    """Write `value` (0 .. 2^32 - 1) at index `at`; returns the index behind it."""
    while value > 0x7F:
        buffer[at] = 0x80 | (value & 0x7F)
        value >>= 7
        at += 1
    buffer[at] = value
    return at + 1


def put_signed(buffer: bytearray, at: int, value: int) -> int:
    """Write `value` (-2^31 .. 2^31 - 1) as zigzag at index `at`; returns the index behind it."""
    return put_unsigned(buffer, at, -2 * value - 1 if value < 0 else 2 * value)


def get_unsigned(data: bytes | bytearray, at: int, end: int) -> tuple[int, int]:
    """The number at index `at` and the index behind it; nothing at or past `end` is read.

    Raises VarintError where the data end inside the number, where it does not fit in 32 bits, and
    where it is longer than it need be.
    """
    value = 0
    shift = 0
    while True:
        if at >= end:
            raise VarintError("the data end inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift:
                raise VarintError("a number is longer than it need be")
            if value > MAX_UNSIGNED:
                raise VarintError("a number is larger than 32 bits")
            return value, at
        shift += 7
        if shift == 7 * MAX_VARINT_BYTES:
            raise VarintError("a number is larger than 32 bits")


def get_signed(data: bytes | bytearray, at: int, end: int) -> tuple[int, int]:
    """As `get_unsigned`, for zigzag."""
    value, at = get_unsigned(data, at, end)
    return -((value + 1) >> 1) if value & 1 else value >> 1, at
