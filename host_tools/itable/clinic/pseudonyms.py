"""What may stand for a patient: a short mark that says nothing about who it is."""

import re

from itable.errors import InputError

PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,15}")
_DATE_DIGITS = 6
"""So many digits in a row can be a birth date or the number of a record."""


def checked(text: str) -> str:
    """The pseudonym as it was given; raises InputError for what cannot be one."""
    if PATTERN.fullmatch(text):
        return text
    what = "this is no pseudonym"
    if "@" in text:
        what += ": it looks like an e-mail address"
    elif " " in text.strip() or "." in text:
        what += ": it looks like a name"
    raise InputError(
        what,
        where=text,
        next_step="give 2 to 16 letters, digits, - or _, beginning with a letter, as in P-017",
    )


def doubts(pseudonym: str) -> list[str]:
    """Why a pseudonym may say who it is; none for a good one."""
    found = []
    if not any(char.isdigit() for char in pseudonym):
        found.append("it has no digit and looks like a name")
    elif re.match(r"[A-Z]?[a-z]{3,}[-_]?[a-z]*\d{0,2}$", pseudonym) and len(pseudonym) > 5:
        found.append("it looks like a name with a number")
    if re.search(rf"\d{{{_DATE_DIGITS},}}", re.sub(r"[-_]", "", pseudonym)):
        found.append("its digits look like a birth date or the number of a record")
    return found
