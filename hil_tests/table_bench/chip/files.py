"""The device's files, as they lie in its flash: read and written from outside, while it is off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

from table_bench.chip.image import FILES_BYTES, FILES_START

_BLOCK_BYTES = 4096
_PAGE_BYTES = 256


@contextmanager
def _mounted(flash: bytearray) -> Iterator[LittleFS]:
    context = UserContext(FILES_BYTES)
    region = slice(FILES_START, FILES_START + FILES_BYTES)
    context.buffer[:] = flash[region]
    files = LittleFS(
        context=context,
        mount=False,
        block_size=_BLOCK_BYTES,
        block_count=FILES_BYTES // _BLOCK_BYTES,
        read_size=_PAGE_BYTES,
        prog_size=_PAGE_BYTES,
    )
    if flash[region] == b"\xff" * FILES_BYTES:
        files.format()
    files.mount()
    yield files
    files.unmount()
    flash[region] = context.buffer


def write(flash: bytearray, files: Mapping[str, bytes], keep: bool = False) -> None:
    """Put `files` (path -> content) into the device's flash; with `keep`, only what is absent."""
    with _mounted(flash) as device:
        for path, content in files.items():
            folder = path.rpartition("/")[0]
            if folder:
                device.makedirs(folder, exist_ok=True)
            if keep and _exists(device, path):
                continue
            with device.open(path, "wb") as file:
                file.write(content)


def read(flash: bytearray, path: str) -> bytes:
    """A file's content; FileNotFoundError."""
    with _mounted(flash) as device, device.open(path, "rb") as file:
        return bytes(file.read())


def _exists(device: LittleFS, path: str) -> bool:
    try:
        device.stat(path)
    except LittleFSError:
        return False
    return True
