"""Small changes to a source file, each a defect that a test should notice.

A mutant is told by its content: file, function, the statement before and after. A line number would
make every declaration stale with the next edit above it.
"""

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from tests.project.traceability import constants

MODULE_LEVEL = "-"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BODIES = ("body", "orelse", "finalbody", "handlers")

COMPARISONS: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
SIBLINGS = {
    "jog_up": "jog_down",
    "jog_down": "jog_up",
    "start_edge": "return_edge",
    "return_edge": "host_return",
    "host_return": "return_edge",
    "pause_edge": "start_edge",
    "primary_ok": "monitor_ok",
    "monitor_ok": "primary_ok",
}
"""Attributes that are easily taken for each other."""
CONSTANT_MODULES = ("limits", "faults", "states", "ports")
FAMILIES = ("REACT_", "WISH_", "MODE_", "BOOT_")
UNITS = ("_MDEG", "_MDEG_PER_S", "_MDEG_PER_S2", "_MS", "_MA", "_MV", "_PERMILLE")


@dataclass(frozen=True)
class Key:
    """What a mutant is, whatever its line: the key of results and declarations."""

    file: str
    function: str
    before: str
    after: str
    nth: int = 1
    """Which one, when the same change can be made to the same statement in several places."""

    def told(self) -> str:
        """For people."""
        nth = f" (no. {self.nth})" if self.nth > 1 else ""
        return f"{self.file} {self.function}{nth}\n    - {self.before}\n    + {self.after}"


@dataclass(frozen=True)
class Mutant:
    """One change, where it is, and how to make it."""

    key: Key
    line: int
    last_line: int
    """The statement's lines: a test that runs none of them cannot notice."""
    cold: bool
    """It changes what is executed on import, so the module must be imported anew."""
    make: Callable[[], ast.Module]
    """The whole changed module."""

    def code(self, filename: str) -> CodeType:
        """The changed module, compiled."""
        return compile(self.make(), filename, "exec")

    def function_code(self, filename: str) -> CodeType:
        """The changed function, compiled; not for a cold one."""
        found = _find_code(self.code(filename), self.key.function)
        if found is None:
            raise LookupError(self.key.function)
        return found


def _find_code(code: CodeType, qualified_name: str) -> CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == qualified_name:
                return constant
            found = _find_code(constant, qualified_name)
            if found is not None:
                return found
    return None


@dataclass(frozen=True)
class Place:
    """Where in the tree the walk is."""

    names: tuple[str, ...]
    in_function: bool
    statement: ast.stmt | None


class Source:
    """One file's tree, its constants' siblings, and the mutants made of it."""

    def __init__(self, root: Path, file: str) -> None:
        self.file = file
        self.text = (root / file).read_text("utf-8")
        # Module name, '' for this file: its constants and their values.
        own = constants(self.text)
        self.values = {"": {name: own[name] for name in own if "." not in name}}
        for name in CONSTANT_MODULES:
            path = root / Path(file).parent.parent / "safety" / f"{name}.py"
            if path.exists():
                theirs = constants(path.read_text("utf-8"))
                self.values[name] = {other: theirs[other] for other in theirs if "." not in other}

    def mutants(self) -> list[Mutant]:
        """All of them, in the order of the source."""
        made: list[Mutant] = []
        count: Counter[tuple[str, str, str]] = Counter()
        tree = ast.parse(self.text)
        start = Place((), False, None)
        for place, swap in list(self._walk(tree, start)):
            statement = place.statement
            assert statement is not None
            before = header(statement)
            swap.make()
            # A statement that is dropped is another node afterwards; its slot tells.
            after = header(swap.new) if isinstance(swap.new, ast.stmt) else header(statement)
            swap.undo()
            if before == after:
                continue
            before, after = _shortened(before, after)
            function = ".".join(place.names) if place.in_function else MODULE_LEVEL
            count[function, before, after] += 1
            nth = count[function, before, after]
            last = _last_header_line(statement)
            made.append(
                Mutant(
                    Key(self.file, function, before, after, nth),
                    statement.lineno,
                    last,
                    not place.in_function,
                    _maker(tree, swap),
                )
            )
        return made

    def _walk(self, node: ast.AST, place: Place) -> Iterator[tuple[Place, "Swap"]]:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_comment", "decorator_list", "ctx"):
                continue
            children = value if isinstance(value, list) else [value]
            for index, child in enumerate(children):
                if not isinstance(child, ast.AST) or _is_docstring(child):
                    continue
                inner = self._inner(node, name, child, place)
                if inner.statement is not None:
                    at = index if isinstance(value, list) else None
                    for new in self._changes(child, inner):
                        yield inner, Swap(node, name, at, child, new)
                yield from self._walk(child, inner)

    def _inner(self, node: ast.AST, name: str, child: ast.AST, place: Place) -> Place:
        statement = child if isinstance(child, ast.stmt) else place.statement
        # A function in a function belongs to the outer one; defaults belong to where `def` stands.
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and name == "body":
            if not place.in_function:
                inside = isinstance(node, FUNCTIONS)
                return Place((*place.names, node.name), inside, statement)
        return Place(place.names, place.in_function, statement)

    def _changes(self, node: ast.AST, place: Place) -> Iterator[ast.AST]:
        for new in self._raw_changes(node, place):
            if isinstance(node, (ast.expr, ast.stmt)):
                ast.copy_location(new, node)
            yield ast.fix_missing_locations(new)

    def _raw_changes(self, node: ast.AST, place: Place) -> Iterator[ast.AST]:
        if isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                for other in COMPARISONS[type(operator)]:
                    operators = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                    yield ast.Compare(node.left, operators, node.comparators)
        elif isinstance(node, ast.BoolOp):
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            for at in range(len(node.values)):
                rest = [*node.values[:at], *node.values[at + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            yield node.operand
        elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
            yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
        elif isinstance(node, ast.Constant):
            yield from _other_constants(node.value)
        elif isinstance(node, ast.IfExp):
            yield node.body
            yield node.orelse
        elif isinstance(node, (ast.If, ast.While)):
            for value in (True, False):
                if value is False or isinstance(node, ast.If):
                    yield type(node)(ast.Constant(value), node.body, node.orelse)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("min", "max"):
                other_name = "max" if node.func.id == "min" else "min"
                yield ast.Call(ast.Name(other_name, ast.Load()), node.args, node.keywords)
            elif node.func.id == "abs":
                yield node.args[0]
        elif isinstance(node, ast.Return) and place.in_function:
            if node.value is None:
                yield ast.Pass()
            elif not isinstance(node.value, ast.Constant):
                for number in (0, 1):
                    if number != self._value(node.value):
                        yield ast.Return(ast.Constant(number))
        elif isinstance(node, ast.AugAssign):
            if place.in_function:
                yield ast.Pass()
            if type(node.op) in ARITHMETIC:
                yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
        elif isinstance(node, ast.Assign) and place.in_function:
            yield ast.Pass()
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield ast.Pass()
        elif isinstance(node, (ast.Break, ast.Continue)):
            yield ast.Pass()
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Name) and node.value.id in self.values:
                other_name = self._sibling(node.value.id, node.attr)
                if other_name:
                    yield ast.Attribute(node.value, other_name, node.ctx)
            elif node.attr in SIBLINGS:
                yield ast.Attribute(node.value, SIBLINGS[node.attr], node.ctx)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            other_name = self._sibling("", node.id)
            if other_name:
                yield ast.Name(other_name, node.ctx)

    def _value(self, node: ast.expr) -> int | None:
        """What a named constant stands for."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self.values.get(node.value.id, {}).get(node.attr)
        return self.values[""].get(node.id) if isinstance(node, ast.Name) else None

    def _sibling(self, module: str, name: str) -> str:
        """The next constant of the same kind with another value, or ''."""
        values = self.values[module]
        if name not in values:
            return ""
        names = [
            other
            for other in values
            if other == name or (_kind(other) == _kind(name) and values[other] != values[name])
        ]
        return names[(names.index(name) + 1) % len(names)] if len(names) > 1 else ""


def _kind(name: str) -> str:
    for family in FAMILIES:
        if name.startswith(family):
            return family
    # The longest unit that fits: MDEG_PER_S2 is not MDEG.
    return max((unit for unit in UNITS if name.endswith(unit)), key=len, default="")


def _other_constants(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        others = dict.fromkeys((value + 1, value - 1, 0))
        for other in others:
            if other != value:
                yield ast.Constant(other)


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@dataclass(frozen=True)
class Swap:
    """One node of the tree in place of another."""

    parent: ast.AST
    field: str
    index: int | None
    old: ast.AST
    new: ast.AST

    def make(self) -> None:
        """Put the new one there."""
        self._put(self.new)

    def undo(self) -> None:
        """Put the old one back."""
        self._put(self.old)

    def _put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _maker(tree: ast.Module, swap: Swap) -> Callable[[], ast.Module]:
    def make() -> ast.Module:
        swap.make()
        try:
            return copy.deepcopy(tree)
        finally:
            swap.undo()

    return make


def header(statement: ast.stmt) -> str:
    """A statement on one line, without what is inside its block."""
    bodies = {name: getattr(statement, name) for name in BODIES if hasattr(statement, name)}
    if not bodies:
        return " ".join(ast.unparse(statement).split())
    alone = copy.copy(statement)
    for name in bodies:
        setattr(alone, name, [ast.Pass()] if name == "body" else [])
    text = ast.unparse(alone)
    return " ".join(text.removesuffix("pass").split())


LONG = 100
AROUND = 40


def _shortened(before: str, after: str) -> tuple[str, str]:
    """Of a long statement only where the two differ, and a little around it."""
    if len(before) <= LONG:
        return before, after
    start = _alike(before, after)
    most = min(len(before), len(after)) - start
    end = _alike(before[::-1][:most], after[::-1][:most])
    start = before.rfind(" ", 0, max(0, start - AROUND)) + 1
    stop = before.find(" ", len(before) - end + AROUND)
    keep = len(before) - stop if stop >= 0 else 0
    return (
        _window(before, start, len(before) - keep),
        _window(after, start, len(after) - keep),
    )


def _alike(one: str, other: str) -> int:
    """How many characters are the same from the start on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _window(text: str, start: int, stop: int) -> str:
    return ("… " if start else "") + text[start:stop] + (" …" if stop < len(text) else "")


def _last_header_line(statement: ast.stmt) -> int:
    body = getattr(statement, "body", None)
    if not body:
        return statement.end_lineno or statement.lineno
    return max(statement.lineno, body[0].lineno - 1)
