"""The reset controller: a block that the firmware holds in reset forgets its registers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rp2040py.peripherals.reset import RESET, RPReset


class Resets(RPReset):
    """`blocks`: bit of the RESET register -> what resets that block."""

    def __init__(self, rp2040: Any, name: str, blocks: Mapping[int, Callable[[], None]]) -> None:
        super().__init__(rp2040, name)
        self._blocks = blocks

    def write_uint32(self, offset: int, value: int) -> None:
        """A register."""
        if offset == RESET:
            for bit, reset in self._blocks.items():
                if value & bit & ~self._reset:
                    reset()
        super().write_uint32(offset, value)
