"""A firmware as one file, as the device's slots hold it (inversion_table/chooser.py)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files as files_of
from pathlib import Path

from inversion_table import chooser
from inversion_table.contract import manifest
from itable.compact import compact
from itable.deploy import compiling
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
    content = packed(files)
    return Pack(content, chooser.build_of(manifest.build(files)), version, march)
