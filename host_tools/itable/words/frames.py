"""A function on its way into machine code: what its names stand for, and its statements' form."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from itable.words.kinds import Part, Scope
from itable.words.viper import copied


@dataclass
class Made:
    """A function in viper, and what its module must import for it."""

    module: str
    name: str
    holder: str
    """The class that it is a method of; none for a record's, which is a function by itself."""
    function: ast.FunctionDef
    imports: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Called:
    """A function of the package as a call finds it. part: the record whose method it is."""

    module: str
    name: str
    function: ast.FunctionDef
    part: Part | None


@dataclass(frozen=True)
class PlainObject:
    """A Python object that machine code reads."""

    node: ast.expr


Meaning = ast.expr | Part | PlainObject
"""A number, a record in the outermost function's terms, or an object."""


class Frame:
    """One function as it is put into another: what its names mean, and where a result goes."""

    def __init__(self, scope: Scope, names: dict[str, Meaning], result: str | None) -> None:
        self.scope = scope
        self.names = names
        self.result = result
        """None in the outermost function: it returns by itself; "": nobody wants it."""
        self.in_loop = False
        """It lies in a loop that is gone round once, and a return leaves it."""


def functions_of(tree: ast.Module) -> list[tuple[ast.ClassDef | None, ast.FunctionDef]]:
    """(class or None, function) of every function and method of a module."""
    found: list[tuple[ast.ClassDef | None, ast.FunctionDef]] = []
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            found.append((None, statement))
        elif isinstance(statement, ast.ClassDef):
            found += [(statement, s) for s in statement.body if isinstance(s, ast.FunctionDef)]
    return found


def as_load(node: ast.expr) -> ast.expr:
    """What is assigned, as it is read."""
    made = copied(node)
    for inner in ast.walk(made):
        if hasattr(inner, "ctx"):
            inner.ctx = ast.Load()
    return made


def is_text(statement: ast.stmt) -> bool:
    """Whether it is a text that stands alone."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def mentions_return(node: ast.stmt) -> bool:
    """Whether some way through it ends with a return."""
    return any(isinstance(inner, ast.Return) for inner in ast.walk(node))


def returns(statements: list[ast.stmt]) -> bool:
    """Whether every way through them ends with a return."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.Return):
        return True
    return isinstance(last, ast.If) and returns(last.body) and returns(last.orelse)


def nests(statements: list[ast.stmt]) -> bool:
    """Whether what follows an `if` with a return can go into its other branch."""
    for index, statement in enumerate(statements):
        if isinstance(statement, ast.If) and mentions_return(statement):
            rest = statements[index + 1 :]
            if returns(statement.body):
                return nests(statement.body) and nests(statement.orelse + rest)
            if returns(statement.orelse):
                return nests(statement.body + rest) and nests(statement.orelse)
            return not rest and nests(statement.body) and nests(statement.orelse)
    return True


def assigned(function: ast.FunctionDef) -> set[str]:
    """Variables that the function gives a value."""
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def uses(function: ast.FunctionDef, name: str) -> int:
    """How often the function mentions a variable."""
    return sum(1 for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name)
