"""Days and times of day where this computer is."""

import datetime


def today() -> datetime.date:
    """The day here."""
    return datetime.datetime.now().astimezone().date()


def day_of(unix_s: int) -> datetime.date:
    """The day here on which that moment was."""
    return _here(unix_s).date()


def day_and_time(unix_s: int | None) -> str:
    """As in "2026-11-22 05:14"; "" for none, or 0: the table's clock was not set."""
    return _here(unix_s).strftime("%Y-%m-%d %H:%M") if unix_s else ""


def _here(unix_s: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(unix_s).astimezone()
