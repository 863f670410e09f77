"""Step 5: names are shortened, and as few different ones are used as can be.

Each name costs the chip its text and a place in the table of all names, once, whatever it names and
however often. So globals, arguments and attributes take theirs from the same row of short names:

- a global of a module: one that no other global of it and no argument has;
- an argument: by its place, so that all functions share them; one that a call names keeps its own;
- an attribute: one that no other attribute of a class (and of those it inherits from, or that
  inherit from it) has. Whatever stands before the dot, it is then of one of its classes, or it was
  an error before.

Local variables have no names on the chip and are left as they are.
"""

from __future__ import annotations

import ast
import itertools
import string
from collections import defaultdict
from collections.abc import Iterator

from itable.compact.kept import KEPT, OF_PYTHON
from itable.compact.scopes import GLOBAL, OF_CLASS, ScopedTransformer, arguments_of, bound
from itable.compact.syntax import PACKAGE, Function, identifiers, ours

# ruff: noqa: D102, N802 - the visitors' names are those of Python's syntax

_ARGUMENTS_MOST = 24
_LONGER_THAN = 3
"""Shorter attributes are left alone: nothing is gained, and many others have them."""


def left_alone(modules: dict[str, ast.Module], entry_names: set[str]) -> set[str]:
    """Names that somebody else may mean as well."""
    strings: set[str] = set()
    outside: set[str] = set()
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.add(node.value)
            elif isinstance(node, ast.Import):
                outside.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not ours(node.module or ""):
                outside.update((node.module or "", *(alias.name for alias in node.names)))
    places = {part for name in modules for part in name.split(".")}
    return set(KEPT | OF_PYTHON | strings | outside | places | entry_names)


class NameMap:
    """How names are changed. globals: module -> old -> new; attributes: old -> new.

    functions: module -> what its functions and methods were called.
    """

    def __init__(self, modules: dict[str, ast.Module], entry_names: set[str]) -> None:
        alone = left_alone(modules, entry_names)
        used = set(alone)
        for tree in modules.values():
            used |= identifiers(tree)
        fresh = (name for name in _new_names() if name not in used)
        row = [next(fresh) for _ in range(4_000)]
        self.by_place = row[:_ARGUMENTS_MOST]
        self.not_by_place = _named_in_calls(modules) | alone
        self.globals: dict[str, dict[str, str]] = {}
        for module, tree in modules.items():
            ours_ = sorted(_own_globals(tree) - entry_names - _dunders(tree))
            self.globals[module] = dict(zip(ours_, row[_ARGUMENTS_MOST:], strict=False))
        self.attributes = _colored(modules, alone, row)
        self.functions = {
            module: {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            for module, tree in modules.items()
        }


def _dunders(tree: ast.Module) -> set[str]:
    return {name for name in bound(tree) if name.startswith("__") and name.endswith("__")}


def _own_globals(tree: ast.Module) -> set[str]:
    """The globals that the module itself names, not those that an import names."""
    names = bound(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not (
            isinstance(node, ast.ImportFrom) and ours(node.module or "")
        ):
            names -= {alias.name.split(".")[0] for alias in node.names if not alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            names -= {alias.name for alias in node.names if not alias.asname}
    return names


def _named_in_calls(modules: dict[str, ast.Module]) -> set[str]:
    return {
        node.arg
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg
    }


def _new_names() -> Iterator[str]:
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_letters, repeat=length):
            yield "".join(letters)


# --- attributes ----------------------------------------------------------------------------------


def _families(modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Eldest class -> every attribute that it or its heirs name as their own."""
    family: dict[str, str] = {}

    def eldest(name: str) -> str:
        while family.setdefault(name, name) != name:
            name = family[name]
        return name

    own: dict[str, set[str]] = defaultdict(set)
    for tree in modules.values():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for base in node.bases:
                last = base.attr if isinstance(base, ast.Attribute) else ast.unparse(base)
                family[eldest(node.name)] = eldest(last)
            own[node.name] |= bound(node)
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and _of_self(inner):
                    own[node.name].add(inner.attr)
    found: dict[str, set[str]] = defaultdict(set)
    for name, names in own.items():
        found[eldest(name)] |= names
    return found


def _of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _colored(modules: dict[str, ast.Module], alone: set[str], row: list[str]) -> dict[str, str]:
    families = _families(modules)
    of: dict[str, set[str]] = defaultdict(set)
    for family, names in families.items():
        for name in names:
            of[name].add(family)
    stored = {
        node.attr
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and not isinstance(node.ctx, ast.Load)
        and not _of_self(node)
    }
    for name in stored:
        if name not in of:
            of[name] = set(families)  # of whom is not known: nobody else may have its new name
    taken: dict[str, set[str]] = defaultdict(set)
    result: dict[str, str] = {}
    renamed = [
        name
        for name in of
        if len(name) > _LONGER_THAN and name not in alone and not name.startswith("__")
    ]
    for name in sorted(renamed, key=lambda name: (-len(of[name]), name)):
        new = next(short for short in row if not any(short in taken[f] for f in of[name]))
        for family in of[name]:
            taken[family].add(new)
        result[name] = new
    return result


# --- writing them in -----------------------------------------------------------------------------


class Rename(ScopedTransformer):
    """Gives one module its new names."""

    def __init__(self, module: str, names: NameMap) -> None:
        super().__init__()
        self._names = names
        self._globals = names.globals[module]
        self._arguments: list[dict[str, str]] = []

    def visit_scope(self, node: ast.AST) -> ast.AST:
        """As above; arguments are renamed by their places."""
        if isinstance(node, (*Function, ast.ClassDef)):
            standing = self.standing_of(node.name)
            if standing == GLOBAL:
                node.name = self._globals.get(node.name, node.name)
            elif standing == OF_CLASS:
                node.name = self._names.attributes.get(node.name, node.name)
        by_place = itertools.islice(
            (name for name in self._names.by_place),
            sum(len(outer) for outer in self._arguments),
            None,
        )
        new: dict[str, str] = {}
        for argument in arguments_of(node):
            if argument.arg not in self._names.not_by_place:
                new[argument.arg] = next(by_place)
        self._arguments.append(new)
        result = super().visit_scope(node)
        for argument in arguments_of(node):
            argument.arg = new.get(argument.arg, argument.arg)
        self._arguments.pop()
        return result

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._new(node.id)
        return node

    def _new(self, name: str) -> str:
        standing = self.standing_of(name)
        if standing == GLOBAL:
            return self._globals.get(name, name)
        if standing == OF_CLASS:
            return self._names.attributes.get(name, name)
        depth = len(self.scopes)
        # Only the scopes that are open have arguments; a class between them has none.
        for (_, names), new in zip(
            reversed(self.scopes[1:depth]), reversed(self._arguments), strict=True
        ):
            if name in new:
                return new[name]
            if name in names:
                return name
        return name

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._globals.get(name, name) for name in node.names]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._names.attributes.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> ast.AST:
        if node.asname:
            node.asname = self._new(node.asname)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        theirs = self._names.globals.get(node.module or "", {})
        for alias in node.names:
            bound_as = self._new(alias.asname or alias.name)
            alias.name = theirs.get(alias.name, alias.name)
            alias.asname = bound_as if bound_as != alias.name else None
        return node
