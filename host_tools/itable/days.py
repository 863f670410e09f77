"""Days and times of day where this computer is."""

import datetime

from itable.errors import InputError


def today() -> datetime.date:
    """The day here."""
    return datetime.datetime.now().astimezone().date()


def parsed(text: str) -> datetime.date:
    """A day as somebody writes it: 2026-11-22, or today. Raises InputError."""
    if text.strip().lower() == "today":
        return today()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"'{text}' is no day", next_step="write it as in 2026-11-22, or say today"
        ) from error


def day_of(unix_s: int) -> datetime.date:
    """The day here on which that moment was."""
    return _here(unix_s).date()


def begin_of(day: datetime.date) -> int:
    """The first second of a day here, in seconds since 1970."""
    return int(datetime.datetime.combine(day, datetime.time()).astimezone().timestamp())


def day_and_time(unix_s: int | None) -> str:
    """As in "2026-11-22 05:14"; "" for none, or 0: the table's clock was not set."""
    return _here(unix_s).strftime("%Y-%m-%d %H:%M") if unix_s else ""


def _here(unix_s: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(unix_s).astimezone()
