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

    [[set.step]]                  # written steps, any number
    tilt_deg = 30                 # 0 = flat, positive = head down, negative = head up
    rate_deg_per_s = 2.5          # optional, 3
    hold_min = 3                  # or hold_s

    [[set]]
    [set.intermittent]            # or one of the modes (plans.definitions has their keys)
    tilt_deg = 30
    hold_s = 30
    rest_tilt_deg = 0
    rest_s = 15
    cycles = 8

Numbers may have decimals, down to a thousandth of a degree, a degree per second, a second.
docs/plans.md explains each key.
"""

import re
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal

from inversion_table.session import plan as plans
from itable import toml
from itable.plans import definitions, findings, modes
from itable.plans.fields import Table
from itable.plans.findings import Finding
from itable.plans.toml_lines import Path, key_lines

_PLACE_IN_MESSAGE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass
class SetForm:
    """A set as it is written: its mode (or "step"), its values, its steps; for people to read."""

    mode: str
    line: int
    times: int
    values: dict[str, int | None]
    steps: list[dict[str, int | None]]


@dataclass(frozen=True)
class Origin:
    """Where a compiled step comes from: its table, and key and line of each of its numbers.

    A tilt from between two written ones has none of its own.
    """

    table: str
    line: int
    tilt: tuple[str, int] | None
    rate: tuple[str, int]
    hold: tuple[str, int]


@dataclass
class PlanFile:
    """What a plan file says: the compiled plan (None when there is nothing to compile) and more.

    `origins` belongs to the compiled steps in their order, `written_sets` to the compiled sets: the
    number of the set in the file, from 0.
    """

    plan: plans.Plan | None = None
    found: list[Finding] = field(default_factory=list)
    source: str = ""
    notes: str = ""
    cautions: list[str] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)
    sets: list[SetForm] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    written_sets: list[int] = field(default_factory=list)

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
        document = toml.loads(text, parse_float=Decimal)
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
    version = top.read(definitions.TOP, ("return", "set"))["format"]
    if version is not None and version != plans.FORMAT:
        top.report(
            "format",
            findings.WRONG_FORMAT,
            f"format {version} is not known to this itable",
            f"format = {plans.FORMAT}",
        )
    name = top.text("name")
    if name is not None and not name.isprintable():
        hidden = next(char for char in name if not char.isprintable())
        top.report(
            "name",
            findings.NAME,
            f"name has the character U+{ord(hidden):04X}, which cannot be shown",
            'characters that are seen, as in name = "Monday"',
        )
    plan_file.source = top.text("source") or ""
    plan_file.notes = top.text("notes") or ""
    plan_file.cautions = top.texts("cautions")
    return_rate, rest_ms = _return(top)
    sets = []
    for number, table in enumerate(top.tables("set")):
        compiled = _set(plan_file, table)
        plan_file.written_sets += [number] * len(compiled)
        sets += compiled
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


def _return(top: Table) -> tuple[int, int]:
    """Return rate in mdeg/s and rest at horizontal in ms."""
    table = top.table("return")
    if table is None:
        return definitions.DEFAULT_RETURN_RATE_MDEG_PER_S, definitions.DEFAULT_REST_MS
    values = table.read(definitions.RETURN)
    return _known(values, "rate_deg_per_s"), _known(values, "rest")


def _set(plan_file: PlanFile, table: Table) -> list[plans.StepSet]:
    """The compiled sets of one written set: of its steps, or of its mode."""
    kinds = (definitions.STEPS, *definitions.MODES)
    values = table.read(definitions.SET, kinds)
    written = [kind for kind in kinds if table.has(kind)]
    for kind in written[1:]:
        table.report(
            kind,
            findings.TWO_MODES,
            f"{kind} and {written[0]} are both written in one set",
            "one of them in each [[set]]; begin another [[set]] for the other",
        )
    if written and written[0] != definitions.STEPS:
        return _mode(plan_file, table, written[0])
    times = _known(values, "times")
    form = SetForm(definitions.STEPS, table.line, times, {}, [])
    steps = [_step(plan_file, step, form) for step in table.tables(definitions.STEPS)]
    plan_file.sets.append(form)
    return [plans.StepSet(times, steps, table.line)]


def _mode(plan_file: PlanFile, set_table: Table, mode: str) -> list[plans.StepSet]:
    if set_table.has("times"):
        set_table.report(
            "times",
            findings.UNKNOWN_KEY,
            f"'times' repeats written steps; {mode} repeats nothing by it",
            "cycles where the mode has it, or another [[set]]",
        )
    table = set_table.table(mode)
    if table is None:
        return []
    definition = definitions.MODES[mode]
    values = table.read(definition)
    plan_file.sets.append(SetForm(mode, set_table.line, 1, values, []))
    _check_direction(table, mode, values)
    sets = []
    for block in modes.compiled(mode, values):
        steps = []
        for part in block.parts:
            origin = Origin(
                f"set.{mode}",
                table.line,
                None if part.tilt_key is None else _place(table, mode, part.tilt_key),
                _place(table, mode, part.rate_key),
                _place(table, mode, f"{part.hold_key}_s", f"{part.hold_key}_min"),
            )
            line = table.line if origin.tilt is None else origin.tilt[1]
            steps.append(plans.Step(part.tilt_mdeg, part.rate_mdeg_per_s, part.hold_ms, line))
            plan_file.origins.append(origin)
        sets.append(plans.StepSet(block.times, steps, set_table.line))
    return sets


def _check_direction(table: Table, mode: str, values: modes.Values) -> None:
    """A stair that goes the wrong way, or nowhere, is not what its name says."""
    first, last = values.get("from_tilt_deg"), values.get("to_tilt_deg")
    if first is None or last is None:
        return
    wanted, other = ("above", "regressive") if mode == "progressive" else ("below", "progressive")
    if (last > first) if mode == "progressive" else (last < first):
        return
    table.report(
        "to_tilt_deg",
        findings.DIRECTION,
        f"{mode} from {first / 1000:g} to {last / 1000:g} deg goes the wrong way",
        f"to_tilt_deg {wanted} from_tilt_deg"
        + (f", or [set.{other}]" if first != last else ", or [set.static]"),
    )


def _step(plan_file: PlanFile, table: Table, form: SetForm) -> plans.Step:
    """A step; what is missing or wrong is reported, and stands in as something harmless."""
    values = table.read(definitions.STEP)
    form.steps.append(values)
    plan_file.origins.append(
        Origin(
            "set.step",
            table.line,
            _place(table, definitions.STEPS, "tilt_deg"),
            _place(table, definitions.STEPS, "rate_deg_per_s"),
            _place(table, definitions.STEPS, "hold_s", "hold_min"),
        )
    )
    return plans.Step(
        _known(values, "tilt_deg"),
        _known(values, "rate_deg_per_s"),
        _known(values, "hold"),
        table.line,
    )


def _place(table: Table, kind: str, *keys: str) -> tuple[str, int]:
    """Name and line of the first of `keys` that is written, else of the table."""
    key = next((key for key in keys if table.has(key)), keys[0])
    return f"set.{kind}.{key}", table.line_of(*keys)


def _known(values: modes.Values, key: str) -> int:
    value = values[key]
    return 0 if value is None else value
