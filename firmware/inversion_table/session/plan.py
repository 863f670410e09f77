"""A plan as a value: sets of steps in integers, its canonical bytes, its id, its bounds.

The same code runs on the host, before an upload, and on the device, which checks again.
"""

import binascii
import hashlib
import struct

from inversion_table.safety import limits
from inversion_table.session import profile

FORMAT = 1
NAME_MAX_BYTES = 48
ID_DIGITS = 16
_INT32_MAX = 0x7FFFFFFF

# What can be wrong, as numbers that scripts may rely on.
BAD_FORM = 1
BAD_TILT = 2
BAD_RATE = 3
BAD_HOLD = 4
BAD_REPEAT = 5
TOO_MANY_STEPS = 6
TOO_LONG = 7
TOO_LONG_HEAD_DOWN = 8
BAD_RETURN = 9
BAD_NAME = 10
NO_STEPS = 11


class Problem:
    """One thing wrong with a plan: `line` of its source file (0 = the whole), code, text."""

    def __init__(self, line: int, code: int, text: str) -> None:
        self.line = line
        self.code = code
        self.text = text

    def to_dict(self) -> dict:
        """The problem as JSON can say it."""
        return {"line": self.line, "code": self.code, "text": self.text}


class PlanError(ValueError):
    """The plan cannot be used; `problems` lists every reason found."""

    def __init__(self, problems: list) -> None:
        super().__init__("; ".join([problem.text for problem in problems]))
        self.problems = problems


class Step:
    """Go to `tilt_mdeg` at `rate_mdeg_per_s`, stay for `hold_ms`; written in `line` of a file."""

    def __init__(self, tilt_mdeg: int, rate_mdeg_per_s: int, hold_ms: int, line: int = 0) -> None:
        self.tilt_mdeg = tilt_mdeg
        self.rate_mdeg_per_s = rate_mdeg_per_s
        self.hold_ms = hold_ms
        self.line = line


class StepSet:
    """Steps that are gone through `times` times over."""

    def __init__(self, times: int, steps: list, line: int = 0) -> None:
        self.times = times
        self.steps = steps
        self.line = line


class Plan:
    """A whole prescription: sets of steps, then home with a rest at horizontal."""

    def __init__(self, name: str, sets: list, return_rate_mdeg_per_s: int, rest_ms: int) -> None:
        self.name = name
        self.sets = sets
        self.return_rate_mdeg_per_s = return_rate_mdeg_per_s
        self.rest_ms = rest_ms

    def canonical(self) -> bytes:
        """The bytes that the id is a hash of: little-endian, no source lines.

        format u8, name length u8, name UTF-8, return rate i32, rest i32, number of sets u16,
        then for each set: times u16, number of steps u16, and three i32 for each step.
        """
        name = self.name.encode()
        out = bytearray()
        out += struct.pack("<BB", FORMAT, len(name))
        out += name
        out += struct.pack("<iiH", self.return_rate_mdeg_per_s, self.rest_ms, len(self.sets))
        for step_set in self.sets:
            out += struct.pack("<HH", step_set.times, len(step_set.steps))
            for step in step_set.steps:
                out += struct.pack("<iii", step.tilt_mdeg, step.rate_mdeg_per_s, step.hold_ms)
        return bytes(out)

    def plan_id(self) -> str:
        """First 16 hex digits of the SHA-256 of the canonical bytes."""
        digest = hashlib.sha256(self.canonical()).digest()
        return binascii.hexlify(digest).decode()[:ID_DIGITS]

    def to_wire(self) -> dict:
        """The plan as JSON can say it; `from_wire` reads it back."""
        return {
            "format": FORMAT,
            "name": self.name,
            "return_rate_mdeg_per_s": self.return_rate_mdeg_per_s,
            "rest_ms": self.rest_ms,
            "sets": [
                {
                    "times": step_set.times,
                    "line": step_set.line,
                    "steps": [
                        [step.tilt_mdeg, step.rate_mdeg_per_s, step.hold_ms, step.line]
                        for step in step_set.steps
                    ],
                }
                for step_set in self.sets
            ],
        }


def _whole(value: object, highest: int = _INT32_MAX) -> bool:
    """True for an integer that fits (True and False are not integers here)."""
    return type(value) is int and -highest <= value <= highest


def _natural(value: object, highest: int = _INT32_MAX) -> bool:
    return _whole(value, highest) and value >= 0  # type: ignore[operator]


def _writable(name: str) -> bool:
    """A text that UTF-8 can hold: one half of a surrogate pair alone is none."""
    if len(name) > 255:
        return False
    for char in name:
        if 0xD800 <= ord(char) <= 0xDFFF:
            return False
    return len(name.encode()) <= 255


def _form(text: str, line: int = 0) -> PlanError:
    return PlanError([Problem(line, BAD_FORM, text)])


def from_wire(value: object) -> Plan:
    """The plan in a wire value; raises PlanError when it has not the form of a plan.

    Only the form is checked here, so that nothing later can meet a wrong type or a number that
    the canonical bytes cannot hold; `check` compares it with the limits.
    """
    if not isinstance(value, dict):
        raise _form("a plan is an object")
    if type(value.get("format")) is not int or value["format"] != FORMAT:
        raise _form("plan format must be %d" % FORMAT)
    name = value.get("name")
    if not isinstance(name, str) or not _writable(name):
        raise _form("a plan needs a name, a text of at most 255 bytes of UTF-8")
    for key in ("return_rate_mdeg_per_s", "rest_ms"):
        if not _whole(value.get(key)):
            raise _form("'%s' must be a whole number" % key)
    wire_sets = value.get("sets")
    if not isinstance(wire_sets, list) or len(wire_sets) > limits.MAX_SETS:
        raise _form("'sets' must be a list of at most %d sets" % limits.MAX_SETS)
    step_total = 0
    sets = []
    for wire_set in wire_sets:
        sets.append(_set_from_wire(wire_set))
        step_total += len(sets[-1].steps)
        if step_total > limits.MAX_STEPS:
            raise PlanError(
                [
                    Problem(
                        sets[-1].line,
                        TOO_MANY_STEPS,
                        "more than %d steps written" % limits.MAX_STEPS,
                    )
                ]
            )
    return Plan(name, sets, value["return_rate_mdeg_per_s"], value["rest_ms"])


def _set_from_wire(wire_set: object) -> StepSet:
    if not isinstance(wire_set, dict):
        raise _form("a set is an object")
    line = wire_set.get("line", 0)
    if not _natural(line):
        raise _form("'line' must be a whole number")
    times = wire_set.get("times")
    if not isinstance(times, int) or not _natural(times, 0xFFFF):
        raise _form("'times' must be a whole number", line)
    wire_steps = wire_set.get("steps")
    if not isinstance(wire_steps, list) or len(wire_steps) > limits.MAX_STEPS:
        raise _form("'steps' must be a list of at most %d steps" % limits.MAX_STEPS, line)
    steps = []
    for wire_step in wire_steps:
        if not isinstance(wire_step, list) or len(wire_step) != 4:
            raise _form("a step is [tilt_mdeg, rate_mdeg_per_s, hold_ms, line]", line)
        for number in wire_step:
            if not _whole(number):
                raise _form("a step's entries are whole numbers", line)
        if wire_step[3] < 0:
            raise _form("'line' must be a whole number from 0", line)
        steps.append(Step(wire_step[0], wire_step[1], wire_step[2], wire_step[3]))
    return StepSet(times, steps, line)


def of_program(program) -> Plan:
    """The plan that `program` (session.program.Program) was laid out from."""
    sets = []
    for index in range(len(program.set_first)):
        first = program.set_first[index]
        steps = [
            Step(
                program.tilt_mdeg[at],
                program.rate_mdeg_per_s[at],
                program.hold_ms[at],
                program.step_line[at],
            )
            for at in range(first, first + program.set_count[index])
        ]
        sets.append(StepSet(program.set_times[index], steps, program.set_line[index]))
    return Plan(program.name, sets, program.return_rate_mdeg_per_s, program.rest_ms)


def check(plan: Plan, settings: limits.Settings) -> list:
    """Every way in which `plan` lies outside `settings` or the constants: Problems (RQ-068)."""
    problems = []
    name_bytes = len(plan.name.encode())
    if not 0 < name_bytes <= NAME_MAX_BYTES:
        problems.append(
            Problem(
                0,
                BAD_NAME,
                "the name must have 1 to %d bytes, it has %d" % (NAME_MAX_BYTES, name_bytes),
            )
        )
    if not limits.RATE_MIN_MDEG_PER_S <= plan.return_rate_mdeg_per_s <= rate_limit(settings):
        problems.append(
            Problem(
                0,
                BAD_RETURN,
                "return rate %s is outside %s to %s"
                % (
                    _rate_text(plan.return_rate_mdeg_per_s),
                    _rate_text(limits.RATE_MIN_MDEG_PER_S),
                    _rate_text(rate_limit(settings)),
                ),
            )
        )
    if not 0 <= plan.rest_ms <= limits.REST_MAX_MS:  # RQ-027
        problems.append(
            Problem(
                0,
                BAD_RETURN,
                "rest at horizontal %s s is outside 0 to %d s"
                % (_thousandths_text(plan.rest_ms), limits.REST_MAX_MS // 1000),
            )
        )
    step_total = 0
    for step_set in plan.sets:
        step_total += len(step_set.steps)
        if not 1 <= step_set.times <= limits.MAX_REPEATS:
            problems.append(
                Problem(
                    step_set.line,
                    BAD_REPEAT,
                    "times %d is outside 1 to %d" % (step_set.times, limits.MAX_REPEATS),
                )
            )
        if not step_set.steps:
            problems.append(Problem(step_set.line, NO_STEPS, "the set has no steps"))
        for step in step_set.steps:
            _check_step(step, settings, problems)
    if not plan.sets:
        problems.append(Problem(0, NO_STEPS, "the plan has no sets"))
    if step_total > limits.MAX_STEPS:
        problems.append(
            Problem(
                0,
                TOO_MANY_STEPS,
                "%d steps are written; at most %d fit" % (step_total, limits.MAX_STEPS),
            )
        )
    if not problems:  # times make sense only for steps that do
        _check_times(plan, settings, problems)
    return problems


def tilt_limit(settings: limits.Settings) -> int:
    """The most head-down tilt that device and constants allow, in mdeg."""
    return min(settings.tilt_max_mdeg, limits.TILT_MAX_MDEG)


def rate_limit(settings: limits.Settings) -> int:
    """The highest rate that device and constants allow, in mdeg/s."""
    return min(settings.rate_max_mdeg_per_s, limits.RATE_MAX_MDEG_PER_S)


def _check_step(step: Step, settings: limits.Settings, problems: list) -> None:
    if not limits.HOME_TILT_MDEG <= step.tilt_mdeg <= tilt_limit(settings):  # RQ-011
        problems.append(
            Problem(
                step.line,
                BAD_TILT,
                "tilt %s is outside %s to %s (this device's limit)"
                % (
                    _degrees_text(step.tilt_mdeg),
                    _degrees_text(limits.HOME_TILT_MDEG),
                    _degrees_text(tilt_limit(settings)),
                ),
            )
        )
    if not limits.RATE_MIN_MDEG_PER_S <= step.rate_mdeg_per_s <= rate_limit(settings):  # RQ-019
        problems.append(
            Problem(
                step.line,
                BAD_RATE,
                "rate %s is outside %s to %s (this device's limit)"
                % (
                    _rate_text(step.rate_mdeg_per_s),
                    _rate_text(limits.RATE_MIN_MDEG_PER_S),
                    _rate_text(rate_limit(settings)),
                ),
            )
        )
    if not 0 <= step.hold_ms <= limits.HOLD_MAX_MS:
        problems.append(
            Problem(
                step.line,
                BAD_HOLD,
                "hold %s s is outside 0 to %d s"
                % (_thousandths_text(step.hold_ms), limits.HOLD_MAX_MS // 1000),
            )
        )


def _check_times(plan: Plan, settings: limits.Settings, problems: list) -> None:
    head_down_max_ms = min(settings.head_down_max_ms, limits.HEAD_DOWN_MAX_MS)
    session_max_ms = min(settings.session_max_ms, limits.SESSION_MAX_MS)
    totals = profile.Totals()
    for segment in profile.segments(plan, settings.acceleration_mdeg_per_s2):
        totals.add(segment)
        if totals.total_ms > limits.SESSION_MAX_MS:
            break  # no need to walk 200 repeats of 15 minutes
    if totals.head_down_stretch_ms > head_down_max_ms:  # RQ-017
        problems.append(
            Problem(
                totals.head_down_line,
                TOO_LONG_HEAD_DOWN,
                "head-down for %d s at a stretch, with the ways there and back; the limit is"
                " %d s (a rest of %d s at or above horizontal ends a stretch)"
                % (
                    -(-totals.head_down_stretch_ms // 1000),
                    head_down_max_ms // 1000,
                    limits.HEAD_UP_RESETS_MS // 1000,
                ),
            )
        )
    if totals.total_ms > session_max_ms:
        problems.append(
            Problem(
                0,
                TOO_LONG,
                "the session takes %s%d s; the limit is %d s"
                % (
                    "more than " if totals.total_ms > limits.SESSION_MAX_MS else "",
                    -(-min(totals.total_ms, limits.SESSION_MAX_MS) // 1000),
                    session_max_ms // 1000,
                ),
            )
        )


def _thousandths_text(value: int) -> str:
    """1500 as "1.5", 2000 as "2"; a value just past a bound must not look as if it were inside."""
    text = "%s%d.%03d" % ("-" if value < 0 else "", abs(value) // 1000, abs(value) % 1000)
    return text.rstrip("0").rstrip(".")


def _degrees_text(tilt_mdeg: int) -> str:
    text = _thousandths_text(tilt_mdeg)
    return text + (" deg" if "." in text else ".0 deg")


def _rate_text(rate_mdeg_per_s: int) -> str:
    return _degrees_text(rate_mdeg_per_s) + "/s"
