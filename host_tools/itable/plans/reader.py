"""From the text of a plan file to a compiled plan, with every problem of the file at once.

A plan file is TOML:

    format = 1                    # always 1
    name = "Three short sets"     # 1 to 48 bytes; the table shows it and the log carries it
    source = "who published it"   # optional, like notes and cautions: for people
    cautions = ["not after a meal"]

    [return]                      # optional: the way home after the last step
    rate_deg_per_s = 2            # optional, 2
    rest_s = 60                   # optional (or rest_min): the rest at horizontal, 60 s

    [[set]]                       # at least one; gone through in order
    times = 3                     # optional, 1

    [[set.step]]                  # at least one in a set
    tilt_deg = 30                 # 0 = flat, positive = head down, negative = head up
    rate_deg_per_s = 2.5          # optional, 3
    hold_min = 3                  # or hold_s

Numbers may have decimals, down to a thousandth of a degree, a degree per second, a second.
docs/plans.md explains each key.
"""

import re
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from itable.plans import findings
from itable.plans.fields import Table
from itable.plans.findings import Finding
from itable.plans.toml_lines import Path, key_lines

DEFAULT_STEP_RATE_MDEG_PER_S = limits.SETTINGS["rate_max_mdeg_per_s"][2]
DEFAULT_RETURN_RATE_MDEG_PER_S = limits.SETTINGS["return_rate_mdeg_per_s"][2]
DEFAULT_REST_MS = limits.SETTINGS["rest_ms"][2]

_TOP_KEYS = ("format", "name", "source", "notes", "cautions", "return", "set")
_RETURN_KEYS = ("rate_deg_per_s", "rest_s", "rest_min")
_SET_KEYS = ("times", "step")
_STEP_KEYS = ("tilt_deg", "rate_deg_per_s", "hold_s", "hold_min")

_IN_RETURN = dict.fromkeys(("rest_s", "rest_min"), "it belongs below a line [return]")
_IN_STEP = dict.fromkeys(_STEP_KEYS, "it belongs below a line [[set.step]]")
_IN_SET = {"times": "it belongs below a line [[set]]", "step": "steps are written [[set.step]]"}
_MISPLACED_AT_TOP = {**_IN_STEP, **_IN_SET, **_IN_RETURN}

_PLACE_IN_MESSAGE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass
class PlanFile:
    """What a plan file says: the compiled plan (None when there is nothing to compile) and more."""

    plan: plans.Plan | None = None
    found: list[Finding] = field(default_factory=list)
    source: str = ""
    notes: str = ""
    cautions: list[str] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """The line of a key, or of the nearest thing around it that has a line."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0


def read(content: bytes) -> PlanFile:
    """The plan in a file's bytes; its form is judged here, its limits in `plans.judge`."""
    plan_file = PlanFile()
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        document = tomllib.loads(text, parse_float=Decimal)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        plan_file.found.append(
            Finding(
                line,
                "",
                findings.SYNTAX,
                f"byte {content[error.start]:#04x} is not UTF-8",
                "a text file in UTF-8",
            )
        )
        return plan_file
    except tomllib.TOMLDecodeError as error:
        plan_file.found.append(_syntax_finding(str(error), text))
        return plan_file
    plan_file.lines = key_lines(text)
    top = Table(document, (), plan_file.lines, plan_file.found)
    top.refuse_unknown(_TOP_KEYS, _MISPLACED_AT_TOP)
    _check_format(top)
    top.require("name")
    name = top.text("name")
    plan_file.source = top.text("source") or ""
    plan_file.notes = top.text("notes") or ""
    plan_file.cautions = top.texts("cautions")
    return_rate, rest_ms = _return(top)
    sets = [_set(table) for table in top.tables("set")]
    # A plan without a name still has limits to be compared with.
    plan_file.plan = plans.Plan("unnamed" if name is None else name, sets, return_rate, rest_ms)
    return plan_file


def _syntax_finding(message: str, text: str) -> Finding:
    place = _PLACE_IN_MESSAGE.search(message)
    line, column = text.count("\n") + 1, 0
    if place is not None:
        message = message[: place.start()]
        if place[1]:
            line, column = int(place[1]), int(place[2])
    return Finding(
        line,
        "",
        findings.SYNTAX,
        f"not TOML: {message[:1].lower()}{message[1:]}",
        "key = value lines, [table] and [[list]] headers, texts in quotes",
        column,
    )


def _check_format(top: Table) -> None:
    top.require("format")
    version = top.whole("format")
    if version is not None and version != plans.FORMAT:
        top.report(
            "format",
            findings.WRONG_FORMAT,
            f"format {version} is not known to this itable",
            f"format = {plans.FORMAT}",
        )


def _return(top: Table) -> tuple[int, int]:
    """Return rate in mdeg/s and rest at horizontal in ms."""
    table = top.table("return")
    if table is None:
        return DEFAULT_RETURN_RATE_MDEG_PER_S, DEFAULT_REST_MS
    table.refuse_unknown(_RETURN_KEYS, {})
    rate = table.scaled("rate_deg_per_s", 1000)
    rest_ms = table.duration_ms("rest")
    return (
        DEFAULT_RETURN_RATE_MDEG_PER_S if rate is None else rate,
        DEFAULT_REST_MS if rest_ms is None else rest_ms,
    )


def _set(table: Table) -> plans.StepSet:
    table.refuse_unknown(_SET_KEYS, _IN_STEP)
    times = table.whole("times")
    steps = [_step(step) for step in table.tables("step")]
    return plans.StepSet(1 if times is None else times, steps, table.line)


def _step(table: Table) -> plans.Step:
    """A step; what is missing or wrong is reported, and stands in as something harmless."""
    table.refuse_unknown(_STEP_KEYS, {})
    table.require("tilt_deg")
    table.require("hold_s", "hold_min")
    tilt_mdeg = table.scaled("tilt_deg", 1000)
    rate = table.scaled("rate_deg_per_s", 1000)
    hold_ms = table.duration_ms("hold")
    return plans.Step(
        0 if tilt_mdeg is None else tilt_mdeg,
        DEFAULT_STEP_RATE_MDEG_PER_S if rate is None else rate,
        0 if hold_ms is None else hold_ms,
        table.line,
    )
