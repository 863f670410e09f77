"""Hazards, requirements, code and tests: every link in both ways, and the table that shows them.

`problems` returns what is wrong with a project; `table` is docs/traceability.md. As a script
(`python -m tests.project.traceability`, or `make trace`) it writes the table and says the rest.
"""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HAZARDS = "docs/hazards.md"
REQUIREMENTS = "docs/requirements.md"
TABLE = "docs/traceability.md"
LIMITS = "firmware/inversion_table/safety/limits.py"
FIRMWARE = "firmware/inversion_table/"
CODE = ("firmware/", "host_tools/")
TESTS = ("tests/", "hil_tests/")
UNMET_SECTION = "not met yet"
SEVERITIES = ("S1", "S2", "S3", "S4")

ID = re.compile(r"\b(?:RQ|HZ)-\w+")
WELL_FORMED = re.compile(r"RQ-\d{3}|HZ-\d{2}")
NUMBER = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?) (\S+) \(`([^`]+)`[);]")
NAME = re.compile(r"`((?:[a-z_0-9]+(?:/[a-z_0-9]+)*\.)?(?:SETTINGS\.\w+|[A-Z][A-Z_0-9]+))`")
# How a sentence writes a unit -> (how a constant's name ends, how many of its units that is).
UNITS = {
    "deg": ("_MDEG", 1000),
    "deg/s": ("_MDEG_PER_S", 1000),
    "deg/s2": ("_MDEG_PER_S2", 1000),
    "min": ("_MS", 60_000),
    "s": ("_MS", 1000),
    "ms": ("_MS", 1),
    "A": ("_MA", 1000),
    "V": ("_MV", 1000),
    "%": ("_PERMILLE", 10),
    "°C": ("_MDEGC", 1000),
    "deg/°C": ("_MDEG_PER_C", 1000),
}
SUFFIXES = tuple({suffix for suffix, _ in UNITS.values()})

Files = Mapping[str, str]


@dataclass
class Hazard:
    """A row of the hazards' table."""

    id: str
    text: str
    severity: str
    answers: list[str]


@dataclass
class Requirement:
    """A row of the requirements' tables; `met`: it stands in a section other than the last."""

    id: str
    text: str
    hazards: list[str]
    met: bool
    reason: str = ""


@dataclass
class Links:
    """All that is linked: rows of the documents, and who cites an id, in order."""

    hazards: list[Hazard]
    requirements: list[Requirement]
    code: dict[str, list[str]] = field(default_factory=dict)
    tests: dict[str, list[str]] = field(default_factory=dict)

    def met(self) -> list[Requirement]:
        """The requirements that must have code and tests."""
        return [requirement for requirement in self.requirements if requirement.met]

    def unmet(self) -> list[Requirement]:
        """The others."""
        return [requirement for requirement in self.requirements if not requirement.met]

    def unanswered(self) -> list[Hazard]:
        """Hazards that no requirement answers that is met."""
        answered = {hazard for requirement in self.met() for hazard in requirement.hazards}
        return [hazard for hazard in self.hazards if hazard.id not in answered]


def read_files(root: Path) -> dict[str, str]:
    """Every document, source and test, by its path from `root`."""
    paths = [root / "README.md", *sorted(root.glob("docs/**/*.md"))]
    for folder in (*CODE, *TESTS):
        paths += sorted(root.glob(folder + "**/*.py"))
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }


def _rows(text: str, prefix: str) -> Iterator[tuple[str, list[str]]]:
    """(section, cells) of every row of a table whose first cell begins with `prefix`."""
    section = ""
    for line in text.splitlines():
        if line.startswith("#"):
            section = line.lstrip("#").strip().lower()
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[0].startswith(prefix):
                yield section, cells


def _cell(cells: list[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def read_links(files: Files) -> Links:
    """The documents' rows, and what code and tests cite."""
    links = Links([], [])
    for _, cells in _rows(files.get(HAZARDS, ""), "HZ-"):
        answers = ID.findall(_cell(cells, 4))
        links.hazards.append(Hazard(cells[0], _cell(cells, 1), _cell(cells, 3), answers))
    for section, cells in _rows(files.get(REQUIREMENTS, ""), "RQ-"):
        hazards = ID.findall(_cell(cells, 2))
        met = section != UNMET_SECTION
        links.requirements.append(
            Requirement(cells[0], _cell(cells, 1), hazards, met, _cell(cells, 3))
        )
    code: defaultdict[str, list[str]] = defaultdict(list)
    tests: defaultdict[str, list[str]] = defaultdict(list)
    for path, text in files.items():
        if path.startswith(CODE):
            for id_ in sorted(set(ID.findall(text))):
                code[id_].append(path)
        elif path.startswith(TESTS):
            for id_, test in marks(path, text)[0]:
                if f"{path}::{test}" not in tests[id_]:
                    tests[id_].append(f"{path}::{test}")
    links.code, links.tests = dict(code), dict(tests)
    return links


# --- marks of the tests ----------------------------------------------------------------------


@lru_cache(maxsize=2048)
def marks(path: str, text: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """((id, test) of every mark), and what is wrong with the marks of this file."""
    if "mark.requirement" not in text:
        return (), ()
    tree = ast.parse(text)
    found: list[tuple[str, str]] = []
    wrong: list[str] = []
    used: set[int] = set()
    may_have_tests = Path(path).name.startswith("test_")

    def take(node: ast.AST, name: str, has_tests: bool) -> None:
        for call in _mark_calls(node):
            used.add(id(call))
            ids = [
                argument.value
                for argument in call.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ]
            if not ids or len(ids) != len(call.args) or call.keywords:
                wrong.append(f"{path}:{call.lineno}: a mark names its requirements as plain texts")
            if not (may_have_tests and has_tests):
                wrong.append(f"{path}:{call.lineno}: this mark is on no test that runs")
                continue
            found.extend((id_, name) for id_ in ids)

    module_tests = [node for node in _functions(tree.body) if _runs(node)]
    for node in tree.body:
        if isinstance(node, ast.Assign) and _is_name(node.targets[0], "pytestmark"):
            for test in module_tests:
                take(node.value, test.name, True)
            if not module_tests:
                take(node.value, "", False)
        elif isinstance(node, ast.ClassDef):
            inner = [test for test in _functions(node.body) if _runs(test)]
            for decorator in node.decorator_list:
                take(decorator, node.name, bool(inner) and node.name.startswith("Test"))
            for test in _functions(node.body):
                for decorator in test.decorator_list:
                    take(decorator, f"{node.name}::{test.name}", _runs(test))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                take(decorator, node.name, _runs(node))
    for call in _mark_calls(tree):
        if id(call) not in used:
            wrong.append(f"{path}:{call.lineno}: this mark is on no test that runs")
    return tuple(found), tuple(wrong)


def _functions(body: list[ast.stmt]) -> list[ast.FunctionDef]:
    return [node for node in body if isinstance(node, ast.FunctionDef)]


def _runs(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A test that pytest collects, and that is not switched off."""
    off = {"skip", "xfail"}
    for decorator in test.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and target.attr in off:
            return False
    return test.name.startswith("test_")


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _mark_calls(node: ast.AST) -> list[ast.Call]:
    """Every `pytest.mark.requirement(...)` in a piece of a syntax tree."""
    return [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.requirement"
    ]


# --- numbers ---------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def constants(text: str) -> Mapping[str, int]:
    """The whole numbers that a module names, and `SETTINGS.<name>`: the settings' defaults."""
    values: dict[str, int] = {}

    def value_of(node: ast.expr) -> int | None:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "const":
            node = node.args[0]
        if isinstance(node, ast.Constant) and type(node.value) is int:
            return node.value
        if isinstance(node, ast.Name):
            return values.get(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            operand = value_of(node.operand)
            return None if operand is None else -operand
        if isinstance(node, ast.BinOp):
            left, right = value_of(node.left), value_of(node.right)
            if left is not None and right is not None:
                if isinstance(node.op, ast.Add):
                    return left + right
                if isinstance(node.op, ast.Sub):
                    return left - right
                if isinstance(node.op, ast.Mult):
                    return left * right
        return None

    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name = node.targets[0].id
        value = value_of(node.value)
        if value is not None:
            values[name] = value
        if name == "SETTINGS" and isinstance(node.value, ast.Dict):
            for key, row in zip(node.value.keys, node.value.values, strict=True):
                if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                    continue
                if isinstance(row, ast.Tuple):
                    default = value_of(row.elts[2])
                    if default is not None:
                        values[f"SETTINGS.{key.value}"] = default
    return values


def _constant(files: Files, name: str) -> int | None:
    """The constant that a sentence names, or None."""
    module, _, last = name.rpartition(".")
    if module in ("", "SETTINGS"):
        return constants(files.get(LIMITS, "")).get(name)
    return constants(files.get(f"{FIRMWARE}{module}.py", "")).get(last)


def _number_problem(files: Files, number: str, unit: str, name: str) -> str:
    """What is wrong with "`number` `unit` (`name`)", or nothing."""
    actual = _constant(files, name)
    if actual is None:
        return f"there is no constant {name}"
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if _ends(name, s)), "")
    expected_suffix, factor = UNITS.get(unit, ("", 1))
    if suffix != expected_suffix:
        return f"{name} is not in {unit}"
    whole, _, part = number.lstrip("-").partition(".")
    scaled = int(whole + part) * factor
    sign = -1 if number.startswith("-") else 1
    if sign * scaled != actual * 10 ** len(part):
        return f"it says {number} {unit}, but {name} is {actual}"
    return ""


def number_problems(files: Files, text: str) -> Iterator[str]:
    """Each number of a text that is not its named constant's, each constant without a number."""
    checked = NUMBER.findall(text)
    for number, unit, name in checked:
        problem = _number_problem(files, number, unit, name)
        if problem:
            yield problem
    names = Counter(NAME.findall(text))
    for name in sorted((names - Counter(name for _, _, name in checked)).keys()):
        yield f"{name} stands behind no number with a unit"


def _ends(name: str, suffix: str) -> bool:
    return name.upper().endswith(suffix)


# --- the check -------------------------------------------------------------------------------


def problems(files: Files) -> list[str]:
    """Everything that is wrong with a project's links; empty when all is well."""
    links = read_links(files)
    wrong = [
        *_numbering("HZ", 2, [hazard.id for hazard in links.hazards], HAZARDS),
        *_numbering("RQ", 3, [requirement.id for requirement in links.requirements], REQUIREMENTS),
        *_dangling(files, links),
        *_hazard_problems(links),
        *_requirement_problems(files, links),
    ]
    for path, text in files.items():
        if path.startswith(TESTS):
            wrong += marks(path, text)[1]
    if not wrong and files.get(TABLE) != table(links):
        wrong.append(f"{TABLE} is out of date: run `make trace`")
    return wrong


def _numbering(prefix: str, digits: int, ids: list[str], where: str) -> Iterator[str]:
    if not ids:
        yield f"{where}: there is no {prefix}-... at all"
    for id_, count in Counter(ids).items():
        if not WELL_FORMED.fullmatch(id_):
            yield f"{where}: {id_} is not {prefix}- and {digits} digits"
        if count > 1:
            yield f"{where}: {id_} stands there {count} times"
    expected = {f"{prefix}-{number:0{digits}d}" for number in range(1, len(set(ids)) + 1)}
    for id_ in sorted(expected - set(ids)):
        yield f"{where}: {id_} is missing"


def _dangling(files: Files, links: Links) -> Iterator[str]:
    """Ids that are cited somewhere and defined nowhere."""
    defined = {hazard.id for hazard in links.hazards}
    defined |= {requirement.id for requirement in links.requirements}
    for path, text in files.items():
        if path == TABLE:
            continue
        if path.startswith(TESTS):
            cited = [id_ for id_, _ in marks(path, text)[0]]
        else:
            cited = ID.findall(text)
        for id_ in sorted(set(cited) - defined):
            yield f"{path}: {id_} is defined nowhere"


def _hazard_problems(links: Links) -> Iterator[str]:
    citing = defaultdict(set)
    for requirement in links.requirements:
        for id_ in requirement.hazards:
            citing[id_].add(requirement.id)
    for hazard in links.hazards:
        if not citing[hazard.id]:
            yield f"{HAZARDS}: {hazard.id} has no requirement"
        if hazard.severity not in SEVERITIES:
            yield f"{HAZARDS}: {hazard.id} has no severity of {', '.join(SEVERITIES)}"
        for id_ in sorted(set(hazard.answers) - citing[hazard.id]):
            yield f"{HAZARDS}: {hazard.id} names {id_}, which does not name it back"
        for id_ in sorted(citing[hazard.id] - set(hazard.answers)):
            yield f"{HAZARDS}: {hazard.id} does not name {id_}, which answers it"


def _requirement_problems(files: Files, links: Links) -> Iterator[str]:
    for requirement in links.requirements:
        id_ = requirement.id
        cited, tested = links.code.get(id_), links.tests.get(id_)
        if not requirement.hazards:
            yield f"{REQUIREMENTS}: {id_} has no hazard"
        if not requirement.text.endswith("."):
            yield f"{REQUIREMENTS}: {id_} is not a sentence"
        if requirement.met:
            if not cited:
                yield f"{REQUIREMENTS}: {id_} is cited by no code"
            if not tested:
                yield f"{REQUIREMENTS}: {id_} has no test"
        else:
            if not requirement.reason:
                yield f"{REQUIREMENTS}: {id_} is not met, and there is no reason"
            if cited and tested:
                yield f"{REQUIREMENTS}: {id_} has code and a test: move it up to what is met"
        for problem in number_problems(files, requirement.text):
            yield f"{REQUIREMENTS}: {id_}: {problem}"


# --- the table -------------------------------------------------------------------------------


def summary(links: Links) -> str:
    """How much is linked, and how much is not met."""
    met, unmet = links.met(), links.unmet()
    text = (
        f"{len(links.hazards)} hazards; {len(links.requirements)} requirements: {len(met)} met,"
        f" with {sum(len(links.code.get(r.id, [])) for r in met)} links to code and"
        f" {sum(len(links.tests.get(r.id, [])) for r in met)} to tests; {len(unmet)} not met yet"
    )
    if unmet:
        text += f" ({', '.join(requirement.id for requirement in unmet)})"
    if links.unanswered():
        names = ", ".join(f"{hazard.id} {hazard.text}" for hazard in links.unanswered())
        text += f"; hazards that nothing met answers: {names}"
    return text + "."


def table(links: Links) -> str:
    """docs/traceability.md: hazard -> requirement -> code -> tests."""
    lines = [
        "# Traceability",
        "",
        "Written by `make trace`; do not edit. From hazard ([hazards.md](hazards.md)) to",
        "requirement ([requirements.md](requirements.md)), to the code that answers, to the tests",
        "that prove.",
        "",
        summary(links),
        "",
        "| hazard | requirement | code | tests |",
        "|---|---|---|---|",
    ]
    for hazard in links.hazards:
        name = f"{hazard.id} {hazard.text} ({hazard.severity})"
        for requirement in links.requirements:
            if hazard.id not in requirement.hazards:
                continue
            code = "<br>".join(
                path.removeprefix("firmware/inversion_table/")
                for path in links.code.get(requirement.id, [])
            )
            tests = "<br>".join(links.tests.get(requirement.id, []))
            if not requirement.met:
                code, tests = code or "**not met yet**", tests or "**not met yet**"
            lines.append(f"| {name} | {requirement.id} | {code} | {tests} |")
    return "\n".join(lines) + "\n"


def main(root: Path = ROOT) -> int:
    """Write the table; say what is wrong and how much there is."""
    files = read_files(root)
    links = read_links(files)
    files[TABLE] = table(links)
    (root / TABLE).write_text(files[TABLE], "utf-8")
    wrong = problems(files)
    for problem in wrong:
        print(problem, file=sys.stderr)
    print(f"{TABLE}: {summary(links)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
