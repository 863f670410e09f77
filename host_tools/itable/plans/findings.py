"""One thing wrong with a plan file: where, what, why, what is allowed."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """A problem in a plan file.

    `line` counts from 1 (0: the file as a whole), `column` too (0: not known); `key` names the
    place in the plan, `kind` is a word that scripts may rely on.
    """

    line: int
    key: str
    kind: str
    text: str
    allowed: str = ""
    column: int = 0

    def to_dict(self) -> dict[str, object]:
        """The finding as `--json` prints it."""
        return asdict(self)


# The kinds that a file's form can have; limits add those of LIMIT_KINDS.
SYNTAX = "syntax"
UNKNOWN_KEY = "unknown-key"
MISSING_KEY = "missing-key"
WRONG_TYPE = "wrong-type"
TWO_UNITS = "two-units"
TOO_FINE = "too-fine"
OUT_OF_RANGE = "out-of-range"
WRONG_FORMAT = "wrong-format"
