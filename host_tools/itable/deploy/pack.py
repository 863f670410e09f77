"""A firmware as one file, as the device's slots hold it (inversion_table/chooser.py)."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files as files_of
from pathlib import Path, PurePosixPath

from inversion_table import chooser
from inversion_table.contract import codes, manifest
from itable.compact import compact
from itable.compact.bundle import PART
from itable.deploy import compiling, mpy_file
from itable.deploy.cells import without_offset
from itable.errors import InputError
from itable.firmware import PACKAGE, package_files, version_in
from itable.words import words


@dataclass(frozen=True)
class Pack:
    """A firmware for one kind of processor: its bytes, its id, its version."""

    content: bytes
    build: str
    version: str
    march: str


def packed(files: list[tuple[str, bytes]]) -> bytes:
    """The manifest of `files` (path, content), and then their contents in its order."""
    text = manifest.build(files)
    contents = dict(files)
    return text + b"".join(contents[name] for _, _, name in chooser.entries(text))


LONG_BYTES = 300
"""Machine code of so many bytes is executed in the flash: of the shorter, which a tick executes
whole, the flash would be read for each few bytes (decision 0041)."""


def code_rows(files: list[tuple[str, bytes]]) -> bytes:
    """The file codes.CODES of the pack of `files`: the functions that are executed in the flash.

    Of what stays loaded these are all bytecode, and machine code of which a tick uses a small part;
    what has no room in one block of the flash is not among them.
    """
    found = {
        name: [
            (begin, length)
            for begin, length, is_bytecode in mpy_file.functions(content)
            if (is_bytecode or length >= LONG_BYTES)
            and length <= codes.FILE_BYTES - codes.HEAD_BYTES
        ]
        for name, content in files
        if PurePosixPath(name).name.startswith(PART)
    }
    size = codes.ROW_BYTES * sum(len(places) for places in found.values())
    rows = b""
    begin = 0
    at = codes.HEAD_BYTES
    for name, content in sorted([*files, (codes.CODES, bytes(size))]):
        for offset, length in found.get(name, ()):
            left = -at % codes.FILE_BYTES
            if length > left:
                at += left + codes.HEAD_BYTES
            rows += struct.pack(codes.ROW, at // codes.PLACE_UNIT_BYTES, length, begin + offset)
            at += length + -length % codes.PLACE_UNIT_BYTES
        begin += len(content)
    return rows


def made_small(sources: list[tuple[str, bytes]], entry: str) -> list[tuple[str, bytes]]:
    """The package's files (path, source) for a Pico; `entry` is the program that starts them."""
    return compact(words(without_offset(sources)), [entry])


def make(
    folder: Path, mpy: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Pack:
    """The package at `folder`, compiled for a device whose sys.implementation._mpy is `mpy`.

    For a Pico they are made small before (itable.compact), but for the names that the chooser
    mentions. The same sources and the same mpy-cross give the same bytes. Raises InputError,
    MismatchError.
    """
    sources = package_files(folder)
    if f"{PACKAGE}/startup.py" not in dict(sources):
        raise InputError(
            "there is no firmware in this folder",
            where=str(folder),
            next_step="name the folder inversion_table of the firmware",
        )
    march = compiling.architecture(mpy)
    if march == compiling.SMALL_MARCH:
        sources = made_small(sources, (files_of("inversion_table") / "chooser.py").read_text())
    version = version_in(folder)
    about = {"version": version, "march": march, "compiler": compiling.compiler()}
    files = [
        *compiling.compiled(sources, march, progress),
        (chooser.ABOUT, json.dumps(about, sort_keys=True).encode()),
    ]
    if march == compiling.SMALL_MARCH:
        files.append((codes.CODES, code_rows(files)))
    content = packed(files)
    return Pack(content, chooser.build_of(manifest.build(files)), version, march)
