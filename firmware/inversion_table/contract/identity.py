"""Short names for values, so that a log can say with which of them it was made."""

from inversion_table.contract.frame import crc_text

NO_PLAN_ID = "0" * 16
"""What a log header has in place of a plan's id when none was loaded."""


def settings_id(values: dict) -> str:
    """8 hex digits that change with any setting: the CRC-32 of `name=value` in name order."""
    text = ",".join(["%s=%d" % (name, values[name]) for name in sorted(values)])
    return crc_text(text.encode()).decode()


def calibration_id(record: dict | None) -> str:
    """8 hex digits that change with anything in a stored calibration; "" for none."""
    return "" if record is None else crc_text(_text(record).encode()).decode()


def _text(value) -> str:
    """The same text for the same value, whatever order a table has its fields in."""
    if isinstance(value, dict):
        return "{%s}" % ",".join(["%s=%s" % (name, _text(value[name])) for name in sorted(value)])
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join([_text(item) for item in value])
    return str(value)
