"""Short names for values, so that a log can say with which of them it was made."""

import binascii

NO_PLAN_ID = "0" * 16
"""What a log header has in place of a plan's id when none was loaded."""


def settings_id(values: dict) -> str:
    """8 hex digits that change with any setting: the CRC-32 of `name=value` in name order."""
    text = ",".join(["%s=%d" % (name, values[name]) for name in sorted(values)])
    return "%08x" % (binascii.crc32(text.encode()) & 0xFFFFFFFF)
