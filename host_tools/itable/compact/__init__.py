"""The build step that makes the firmware's sources small for the chip."""

from itable.compact.constants import put_in as put_constants_in
from itable.compact.step import compact, readable, with_names
from itable.compact.unused import drop_texts

__all__ = ["compact", "drop_texts", "put_constants_in", "readable", "with_names"]
