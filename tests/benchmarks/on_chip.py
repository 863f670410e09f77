"""A program alone on the emulated chip, which tells of itself by marks."""

from __future__ import annotations

from itable.deploy import compiling
from table_bench.chip import files, image
from table_bench.chip.chip import Chip

CYCLES_OF_US = 125
LOOK_MS = 20
MOST_S = 300
DONE = 0x7FFF_FFFF
"""The mark that ends the program."""

MARK = """
@micropython.viper
def mark(number: int):
    ptr32(0x40068000)[0] = number
"""


class Nothing:
    """What the chip's pins lead to here (chip.Outside)."""

    def levels_in(self) -> int:
        """All low."""
        return 0

    def pins_changed(self) -> None:
        """Nobody sees it."""

    def bus(self, number: int) -> None:
        """Nothing is on it."""

    def convert(self, channel: int) -> int:
        """0 V."""
        return 0

    def flash_operated(self, erase: bool, address: int, size: int) -> int:
        """All of it is done."""
        return size

    def reset_asked(self) -> None:
        """It stays as it is."""


def marks_of(small: list[tuple[str, bytes]], entry: str) -> list[tuple[int, int, int]]:
    """What a program on the chip marks before DONE: (number, cycle, cycles waited).

    small: the package's files (path, source) as they are to be compiled; entry: what starts them.
    """
    made = compiling.compiled(small, compiling.SMALL_MARCH)
    flash = image.flash_with(image.find().read_bytes())
    files.write(flash, {f"/{path}": code for path, code in made} | {"/main.py": entry.encode()})
    outside: object = Nothing()
    chip = Chip(bytes(flash), outside, ())  # type: ignore[arg-type]
    for ms in range(LOOK_MS, MOST_S * 1_000, LOOK_MS):
        chip.run_to(ms * 1_000_000)
        if chip.marks.seen and chip.marks.seen[-1][0] == DONE:
            return chip.marks.seen[:-1]
    raise SystemExit(f"the program on the chip did not end within {MOST_S} s of its time")
