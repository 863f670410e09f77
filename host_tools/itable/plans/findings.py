"""One thing wrong with a plan file: where, what, why, what is allowed."""

from dataclasses import dataclass


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

    @property
    def why(self) -> str:
        """Why that is a problem, in a sentence."""
        return WHY[self.kind]

    def to_dict(self) -> dict[str, object]:
        """The finding as `--json` prints it."""
        return {
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "kind": self.kind,
            "text": self.text,
            "allowed": self.allowed,
            "why": self.why,
        }


# The kinds that a file's form can have.
SYNTAX = "syntax"
UNKNOWN_KEY = "unknown-key"
MISSING_KEY = "missing-key"
WRONG_TYPE = "wrong-type"
TWO_UNITS = "two-units"
TOO_FINE = "too-fine"
OUT_OF_RANGE = "out-of-range"
WRONG_FORMAT = "wrong-format"
TWO_MODES = "two-modes"
DIRECTION = "direction"

# The kinds that come from limits (plans.judge gives each code of the shared check one of these).
FORM = "form"
TILT = "tilt"
RATE = "rate"
HOLD = "hold"
TIMES = "times"
RETURN = "return"
NAME = "name"
NO_STEPS = "no-steps"
TOO_MANY_STEPS = "too-many-steps"
TOO_MANY_SETS = "too-many-sets"
TOO_LONG = "session-too-long"
TOO_LONG_HEAD_DOWN = "head-down-too-long"

WHY = {
    SYNTAX: "nothing of a file that is not TOML can be relied on",
    UNKNOWN_KEY: "a key that nothing reads may be a typing error, and the prescription another one",
    MISSING_KEY: "itable guesses no part of a prescription",
    WRONG_TYPE: "what stands there cannot be read as what the key means",
    TWO_UNITS: "two times for one thing may contradict each other",
    TOO_FINE: "nothing is rounded silently",
    OUT_OF_RANGE: "such a plan has no meaning or does not fit",
    WRONG_FORMAT: "another format may mean something else by the same words",
    TWO_MODES: "which of them comes first would be a guess",
    DIRECTION: "a progressive set goes further head down, a regressive set back",
    FORM: "the table would not understand it",
    TILT: "nobody is tilted further than the table is set for (HZ-02)",
    RATE: "nobody is moved faster than the table is set for (HZ-04); slower than this, it stalls",
    HOLD: "a hold may not be longer than the longest head-down time there is (HZ-03)",
    TIMES: "a set is gone through at least once, and not without end",
    RETURN: "the way home is neither too fast nor endless (HZ-01, HZ-06)",
    NAME: "status and log know the plan by it",
    NO_STEPS: "there is nothing to do",
    TOO_MANY_STEPS: "the table has no room for more",
    TOO_MANY_SETS: "the table has no room for more",
    TOO_LONG: "the table sends the person home when the session reaches this limit (HZ-03)",
    TOO_LONG_HEAD_DOWN: "the table sends the person home when head-down time reaches this limit"
    " (HZ-03)",
}
