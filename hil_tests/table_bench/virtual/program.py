"""The firmware as the device reads it: the source tree itself, or a copy with a damaged byte."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

from inversion_table.contract import manifest
from itable.firmware import PACKAGE, manifest_of, package_files, package_folder
from itable.words import words


class Program:
    """What lies behind the folder that the device imports from: a link that can be turned."""

    def __init__(self, state_dir: Path, bare: bool = False, words: bool = False) -> None:
        self._source = None if bare else package_folder()
        if self._source is not None and words:
            self._source = _with_words(self._source, state_dir.resolve() / "program-words")
        self._link = state_dir.resolve() / "program"
        self._damaged = state_dir.resolve() / "program-damaged"
        self.mend()

    def packages(self) -> dict[str, str]:
        """Where each package lies on this machine."""
        return {PACKAGE: str(self._link)} if self._source is not None else {}

    def manifest(self) -> bytes:
        """Of the program as it was put on the device."""
        return manifest.build([]) if self._source is None else manifest_of(self._source)

    def corrupt(self, file: str, offset: int, mask: int) -> None:
        """From now on the device reads that byte of that file with the bits of `mask` inverted."""
        if self._source is None:
            return
        shutil.rmtree(self._damaged, ignore_errors=True)
        shutil.copytree(
            self._source, self._damaged, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        path = self._damaged / file
        content = bytearray(path.read_bytes())
        content[offset] ^= mask
        path.write_bytes(content)
        self._turn(self._damaged)

    def mend(self) -> None:
        """The device reads what was put on it."""
        if self._source is not None:
            self._turn(self._source)

    def _turn(self, target: Path) -> None:
        new = self._link.with_name("program-new")
        new.unlink(missing_ok=True)
        new.symlink_to(target, target_is_directory=True)
        new.replace(self._link)


def _with_words(source: Path, folder: Path) -> Path:
    """The package as it is built for the chip, for this machine's words; where it then lies."""
    for path, content in _made(tuple(package_files(source))):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder / PACKAGE


@functools.cache
def _made(sources: tuple[tuple[str, bytes], ...]) -> list[tuple[str, bytes]]:
    return words(sources, bits=64)
