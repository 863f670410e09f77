"""The manifest of the firmware: what its files are, so that the device can tell when one is not.

Lines of text, each ending in LF, the last with the CRC-32 of all bytes before it:

    inversion table firmware 1
    <crc32 of the file, 8 lower-case hex digits> <bytes> <path below the folder of the package>
    <crc32> end

Whoever puts the firmware on a device (a host) writes it there as PATH; the device only reads it.
"""

import binascii

PATH = "/firmware.manifest"
FIRST_LINE = b"inversion table firmware 1\n"
LINE_MOST_BYTES = 128
_DIGITS = 8
_HEX = b"0123456789abcdef"


class ManifestError(ValueError):
    """A line or a name that cannot stand in a manifest; the text says which."""


def build(files) -> bytes:
    """The manifest of `files`: an iterable of (path below the package's folder, content)."""
    text = FIRST_LINE
    for name, content in sorted(files):
        line = b"%08x %d %s\n" % (binascii.crc32(content) & 0xFFFFFFFF, len(content), name.encode())
        if len(line) > LINE_MOST_BYTES or " " in name or "\n" in name or not name:
            raise ManifestError("'%s' cannot be the path of a firmware file" % name)
        text += line
    return text + end_line(binascii.crc32(text))


def end_line(crc: int) -> bytes:
    """The last line of a manifest whose other lines have this CRC-32."""
    return b"%08x end\n" % (crc & 0xFFFFFFFF)


def parse_line(line: bytes) -> tuple:
    """(CRC-32, bytes, path) of a file's line; raises ManifestError."""
    parts = line.split(b" ")
    if (
        len(parts) != 3
        or len(parts[0]) != _DIGITS
        or not all([digit in _HEX for digit in parts[0]])
        or not parts[1].isdigit()
        or parts[2][-1:] != b"\n"
    ):
        raise ManifestError("the manifest is damaged")
    try:
        name = str(parts[2][:-1], "utf-8")
    except (ValueError, UnicodeError):
        raise ManifestError("the manifest is damaged") from None
    return int(parts[0], 16), int(parts[1]), name
