"""The build step that makes the tick's records machine words and its functions machine code."""

from itable.words.step import CHIP_BITS, with_constants, words

__all__ = ["CHIP_BITS", "with_constants", "words"]
