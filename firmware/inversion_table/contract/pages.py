"""One page of the flight log: 256 bytes that prove themselves, written once and never changed.

Byte layout, numbers little-endian:

    0    u16  magic 0x4A49 ("IJ")
    2    u8   page format, 1
    3    u8   flags: 1 = first page of its session, 2 = last page of its session
    4    u32  sequence: counts pages since the log was new; the page's place in the ring follows
              from it (sequence modulo pages in the ring)
    8    u32  sequence of the session's first page, so a session is found from any of its pages
    12   u16  session number, from 1
    14   u16  payload bytes, 0 .. 236
    16        payload (contract/records.py), then 0xFF up to 252
    252  u32  CRC-32 of bytes 0 .. 251 (RQ-075)

Every page decodes alone: its payload begins with no history.
"""

import binascii
import struct
from collections import namedtuple

PAGE_BYTES = 256
PAYLOAD_AT = 16
CRC_AT = 252
PAYLOAD_BYTES = CRC_AT - PAYLOAD_AT

MAGIC = 0x4A49
PAGE_FORMAT = 1
FIRST_PAGE = 1
LAST_PAGE = 2

_LAYOUT = "<HBBIIHH"
_CRC_LAYOUT = "<I"

# flags: FIRST_PAGE | LAST_PAGE; sequence, first_sequence: counts of pages; payload_bytes: 0 .. 236.
PageHeader = namedtuple(
    "PageHeader", ("flags", "sequence", "first_sequence", "session", "payload_bytes")
)


def seal_page(
    page: bytearray | memoryview,
    flags: int,
    sequence: int,
    first_sequence: int,
    session: int,
    payload_bytes: int,
) -> None:
    """Put header, padding and CRC around the payload that lies at `PAYLOAD_AT` in `page`."""
    struct.pack_into(
        _LAYOUT,
        page,
        0,
        MAGIC,
        PAGE_FORMAT,
        flags,
        sequence,
        first_sequence,
        session,
        payload_bytes,
    )
    for at in range(PAYLOAD_AT + payload_bytes, CRC_AT):
        page[at] = 0xFF
    struct.pack_into(_CRC_LAYOUT, page, CRC_AT, binascii.crc32(memoryview(page)[:CRC_AT]))


def read_header(page: bytes | bytearray | memoryview) -> PageHeader | None:
    """The header of a whole, undamaged page; None for anything else (erased, torn, foreign)."""
    fields = struct.unpack_from(_LAYOUT, page, 0)
    if fields[0] != MAGIC or fields[1] != PAGE_FORMAT:
        return None
    stored = struct.unpack_from(_CRC_LAYOUT, page, CRC_AT)[0]
    if stored != binascii.crc32(memoryview(page)[:CRC_AT]) & 0xFFFFFFFF:
        return None
    if fields[6] > PAYLOAD_BYTES or fields[4] > fields[3] or not fields[5]:
        return None
    return PageHeader(fields[2], fields[3], fields[4], fields[5], fields[6])


def payload_of(page: bytes, header: PageHeader) -> bytes:
    """The payload of a page whose header was read."""
    return bytes(page[PAYLOAD_AT : PAYLOAD_AT + header.payload_bytes])
