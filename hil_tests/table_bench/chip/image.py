"""The MicroPython image that the chip runs: where it comes from, and its flash with it on."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from table_bench.bench import BenchUnavailable

IMAGE_VARIABLE = "ITABLE_UF2"
VERSION = "1.28.0"
"""The release that is fetched when no image is named, and that the budgets were measured with."""
FLASH_BYTES = 2 << 20
"""The Pico's."""
FILES_START = 0xA0000
FILES_BYTES = 1408 * 1024
"""Where MicroPython keeps its files on the Pico."""

_FLASH_ADDRESS = 0x1000_0000
_BLOCK_BYTES = 512
_HEADER = struct.Struct("<8I")
_MAGIC = (0x0A32_4655, 0x9E5D_5157)


class NoImageError(BenchUnavailable):
    """There is no image to run; the text says how to get one."""


def find() -> Path:
    """The image's UF2 file: the named one, or the emulator's own copy of the release.

    The emulator fetches that release once, where there is internet, and keeps it in its cache.
    """
    named = os.environ.get(IMAGE_VARIABLE)
    if named:
        path = Path(named)
        if not path.is_file():
            raise NoImageError(f"{IMAGE_VARIABLE} names {named}, which is no file")
        return path
    from rp2040py.boards import resolve_board_spec
    from rp2040py.utils.firmware_retrieve import MICROPYTHON

    try:
        found = resolve_board_spec("pico", MICROPYTHON, VERSION).image
    except (OSError, ValueError, SystemExit) as error:
        raise NoImageError(_how_to_get(str(error))) from error
    if found is None:
        raise NoImageError(_how_to_get("nothing was found"))
    return Path(found)


def _how_to_get(why: str) -> str:
    return (
        f"no MicroPython image for the Pico: it could not be fetched ({why}). Download RPI_PICO "
        f"{VERSION} from micropython.org/download/RPI_PICO and set {IMAGE_VARIABLE} to the .uf2"
    )


def flash_with(uf2: bytes) -> bytearray:
    """The flash of a Pico on which only this image was put; NoImageError if it is none."""
    flash = bytearray(b"\xff" * FLASH_BYTES)
    for start in range(0, len(uf2) - _BLOCK_BYTES + 1, _BLOCK_BYTES):
        first, second, _, address, size, *_ = _HEADER.unpack_from(uf2, start)
        at = address - _FLASH_ADDRESS
        if (first, second) != _MAGIC or not 0 <= at <= FLASH_BYTES - size:
            raise NoImageError("the image is no UF2 file for the Pico")
        data_at = start + _HEADER.size
        flash[at : at + size] = uf2[data_at : data_at + size]
    return flash
