"""White noise, drawn in blocks ahead of use: fast, and the same for the same seed."""

from __future__ import annotations

import zlib

import numpy as np

_BLOCK = 4096


class NoiseRows:
    """Endless rows of six independent standard normal numbers."""

    def __init__(self, seed: str) -> None:
        self._generator = np.random.Generator(np.random.PCG64(zlib.crc32(seed.encode())))
        self._rows: list[list[float]] = []
        self._next = 0

    def row(self) -> list[float]:
        """The next row."""
        if self._next == len(self._rows):
            self._rows = self._generator.standard_normal((_BLOCK, 6)).tolist()
            self._next = 0
        row = self._rows[self._next]
        self._next += 1
        return row
