"""Every key of a plan file, once: the reader checks by it, the JSON Schema is made of it.

Bounds are the hard constants of `safety/limits.py`; what a table allows below them is judged later.
"""

from dataclasses import dataclass

from inversion_table.safety import limits
from inversion_table.session import plan as plans

TEXT = "text"
TEXTS = "texts"
WHOLE = "whole"
THOUSANDTHS = "thousandths"
DURATION = "duration"

CYCLES_MAX = limits.MAX_REPEATS
LEVELS_MAX = limits.MAX_STEPS // 2
"""With a rest after each level but the last, these fit into the steps of a plan."""


@dataclass(frozen=True)
class Key:
    """One key: `kind` says what may stand there.

    Bounds and default are whole: thousandths of a degree or degree per second for THOUSANDTHS, ms
    for DURATION (which is written as `<name>_s` or `<name>_min`), and what is written for WHOLE.
    `bounded_here`: the reader itself refuses what is outside. Without it, `plans.check` does, by
    the code that the device has too.
    """

    name: str
    kind: str
    help: str
    lowest: int = 0
    highest: int = 0
    default: int | None = None
    required: bool = False
    bounded_here: bool = False

    @property
    def written(self) -> tuple[str, ...]:
        """The names that may stand in a file."""
        if self.kind == DURATION:
            return (self.name + "_s", self.name + "_min")
        return (self.name,)


@dataclass(frozen=True)
class TableDefinition:
    """The keys below one header; `together`: keys that are written all or none."""

    header: str
    help: str
    keys: tuple[Key, ...]
    together: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """Every name that may stand below the header."""
        return tuple(name for key in self.keys for name in key.written)


DEFAULT_STEP_RATE_MDEG_PER_S = limits.SETTINGS["rate_max_mdeg_per_s"][2]
DEFAULT_RETURN_RATE_MDEG_PER_S = limits.SETTINGS["return_rate_mdeg_per_s"][2]
DEFAULT_REST_MS = limits.SETTINGS["rest_ms"][2]


def _tilt(name: str, help_text: str) -> Key:
    return Key(
        name,
        THOUSANDTHS,
        help_text + " Degrees: 0 is flat, positive is head down, negative is head up.",
        limits.HOME_TILT_MDEG,
        limits.TILT_MAX_MDEG,
        required=True,
    )


def _rate(name: str, help_text: str, default: int = DEFAULT_STEP_RATE_MDEG_PER_S) -> Key:
    return Key(
        name,
        THOUSANDTHS,
        help_text + " Degrees per second.",
        limits.RATE_MIN_MDEG_PER_S,
        limits.RATE_SETTING_MAX_MDEG_PER_S,
        default,
    )


def _hold(name: str, help_text: str, *, required: bool = True, default: int | None = None) -> Key:
    return Key(name, DURATION, help_text, 0, limits.HOLD_MAX_MS, default, required)


def _count(name: str, help_text: str, lowest: int, highest: int) -> Key:
    return Key(name, WHOLE, help_text, lowest, highest, required=True, bounded_here=True)


TOP = TableDefinition(
    "",
    "A plan: a prescription for one session on the inversion table.",
    (
        Key(
            "format",
            WHOLE,
            "The format of this file.",
            plans.FORMAT,
            plans.FORMAT,
            required=True,
        ),
        Key(
            "name",
            TEXT,
            "Status, log and pictures show it; 1 to 48 bytes of UTF-8.",
            1,
            plans.NAME_MAX_BYTES,
            required=True,
        ),
        Key("source", TEXT, "Who published the protocol."),
        Key("notes", TEXT, "What else a reader should know."),
        Key("cautions", TEXTS, "What to heed before use; the preview prints them."),
    ),
)
RETURN = TableDefinition(
    "[return]",
    "The way home after the last step.",
    (
        _rate("rate_deg_per_s", "Rate of the way home.", DEFAULT_RETURN_RATE_MDEG_PER_S),
        Key(
            "rest",
            DURATION,
            "Rest at horizontal before head-up; pressing RETURN again skips it.",
            0,
            limits.REST_MAX_MS,
            DEFAULT_REST_MS,
        ),
    ),
)
SET = TableDefinition(
    "[[set]]",
    "One part of the session: written steps, or one of the modes. Sets are gone through in order.",
    (
        Key(
            "times",
            WHOLE,
            "How often the written steps are gone through.",
            1,
            limits.MAX_REPEATS,
            1,
        ),
    ),
)
STEP = TableDefinition(
    "[[set.step]]",
    "Go to a tilt at a rate, and stay there.",
    (
        _tilt("tilt_deg", "Where the bed goes."),
        _rate("rate_deg_per_s", "How fast it goes there."),
        _hold("hold", "How long it stays there."),
    ),
)

STATIC = TableDefinition(
    "[set.static]",
    "One tilt, held.",
    (
        _tilt("tilt_deg", "The tilt that is held."),
        _rate("rate_deg_per_s", "How fast the bed goes there."),
        _hold("hold", "How long it is held."),
    ),
)
INTERMITTENT = TableDefinition(
    "[set.intermittent]",
    "Holds at one tilt with rests at another between them; the last hold has no rest after it.",
    (
        _tilt("tilt_deg", "The tilt of the holds."),
        _hold("hold", "How long each hold lasts."),
        _tilt("rest_tilt_deg", "The tilt of the rests."),
        _hold("rest", "How long each rest lasts."),
        _count("cycles", "How many holds there are.", 2, CYCLES_MAX),
        _rate("rate_deg_per_s", "How fast the bed goes, both ways."),
    ),
)
CYCLIC = TableDefinition(
    "[set.cyclic]",
    "Up and down between two tilts by ramps; it stays nowhere unless hold or rest are written.",
    (
        _tilt("tilt_deg", "The tilt that each cycle goes to first."),
        _tilt("rest_tilt_deg", "The tilt that each cycle goes back to."),
        _count("cycles", "How often it goes there and back.", 1, CYCLES_MAX),
        _rate("rate_deg_per_s", "How fast it goes there."),
        _rate("rest_rate_deg_per_s", "How fast it goes back."),
        _hold("hold", "How long it stays there.", required=False, default=0),
        _hold("rest", "How long it stays back.", required=False, default=0),
    ),
)


def _stair(header: str, help_text: str) -> TableDefinition:
    return TableDefinition(
        header,
        help_text,
        (
            _tilt("from_tilt_deg", "The tilt of the first level."),
            _tilt("to_tilt_deg", "The tilt of the last level."),
            _count("levels", "How many levels, the first and the last included.", 2, LEVELS_MAX),
            _hold("hold", "How long each level is held."),
            _rate("rate_deg_per_s", "How fast the bed goes from one to the next."),
            Key(
                "rest_tilt_deg",
                THOUSANDTHS,
                "With a rest between levels: its tilt in degrees.",
                limits.HOME_TILT_MDEG,
                limits.TILT_MAX_MDEG,
            ),
            _hold("rest", "With a rest between levels: how long.", required=False),
        ),
        together=("rest_tilt_deg", "rest"),
    )


PROGRESSIVE = _stair("[set.progressive]", "In equal levels further head down, each held.")
REGRESSIVE = _stair("[set.regressive]", "In equal levels less head down, each held.")

MODES = {
    "static": STATIC,
    "intermittent": INTERMITTENT,
    "cyclic": CYCLIC,
    "progressive": PROGRESSIVE,
    "regressive": REGRESSIVE,
}
STEPS = "step"
"""The name of the array of written steps, beside the modes."""

TABLES = (RETURN, SET, STEP, *MODES.values())


def places(*, but: TableDefinition) -> dict[str, str]:
    """For keys that have no place in `but`: where they belong, in words."""
    found: dict[str, list[str]] = {}
    for table in TABLES:
        for name in table.written:
            found.setdefault(name, []).append(table.header)
    words = {}
    for name, headers in found.items():
        # What a step has, most modes have too: a step is what a lost key was meant for.
        at = [STEP.header] if STEP.header in headers else headers
        if RETURN.header in headers and but is TOP:
            at = [RETURN.header]
        words[name] = "it belongs below a line " + " or ".join(at)
    words[STEPS] = f"steps are written {STEP.header}"
    for mode, table in MODES.items():
        words[mode] = f"it is written {table.header}, below a line {SET.header}"
    return {name: text for name, text in words.items() if name not in but.written}
