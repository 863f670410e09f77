"""Step 3: modules that are loaded together become one, in which each name is a global.

A module by itself costs the chip some hundred bytes besides its code: an object, a table of its
names, a table of the names it imports, its own path as text. `inversion_table.startup` and all that
its import leads to become one module of that name. What only an import inside a function leads to
stays a file of its own, so that it can be loaded when it is called and let go of afterwards.

Every global gets the name of its module before its own; the next step shortens them. What cannot be
decided here is an error with its place, never a guess.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from itable.compact.scopes import GLOBAL, ScopedTransformer, bound
from itable.compact.syntax import PACKAGE, Function, ours
from itable.errors import InputError

# ruff: noqa: N802 - the visitors' names are those of Python's syntax

MAIN = f"{PACKAGE}.startup"
APART = (PACKAGE,)
"""Never put together with others."""
GLOBALS_MOST = 110
"""In one module (RQ-157). The chip keeps eight bits of each name's hash: with several hundred names
in one table it would look through a row of them for each, and the tick would take twice its time.
"""
PART = "part_"
"""What the names of files begin with that the start loads, but for MAIN's; a number follows."""
_COMPILERS = f"{PACKAGE}.estimation.portable"
"""What it defines MicroPython's compiler knows by itself."""


@dataclass
class _Unit:
    """One module of the result: which of the sources it is made of, in the order of loading."""

    name: str
    parts: list[str] = field(default_factory=list)
    body: list[ast.stmt] = field(default_factory=list)
    imported: dict[str, str] = field(default_factory=dict)
    """What stands at its top: the text of an import -> the name that it binds."""


Meaning = tuple[str, str]
"""What a name stands for: ("module", its name), ("global", unit:flat name) or ("import", text)."""


class _Bundle:
    def __init__(
        self, modules: dict[str, ast.Module], entries: list[str], asked_for: set[str]
    ) -> None:
        self.modules = modules
        self.asked_for = asked_for
        self.units: dict[str, _Unit] = {}
        self.owner: dict[str, str] = {}
        self.loaded: set[str] = set()
        """Units that are in memory from the start on."""
        self._entries = {MAIN, *entries}
        self._starts = set(self._entries)
        self._take(MAIN)
        self._divide()
        self._starts |= self._asked_for_later()
        for start in sorted(self._starts):
            self._take(start)
        files = [self.file_of(start) for start in self.units]
        if len(set(files)) != len(files):
            raise _undecided(MAIN, modules[MAIN], f"two files of one name: {sorted(files)}")
        self._known: dict[tuple[str, str], Meaning | None] = {}
        self._bound = {name: bound(tree) for name, tree in modules.items()}

    def _take(self, start: str) -> None:
        """A unit of `start` and all that its import leads to and no unit has yet."""
        if start not in self.modules or start in self.owner:
            return
        unit = self.units[start] = _Unit(start)

        def load(name: str) -> None:
            if name in APART or name in self.owner or name not in self.modules:
                return
            if name in self._starts and name != start:
                return  # a file of its own
            self.owner[name] = start
            parent = name.rpartition(".")[0]
            if parent:
                load(parent)
            for statement in self.modules[name].body:
                if isinstance(statement, ast.ImportFrom) and ours(statement.module or ""):
                    load(statement.module or "")
                    for alias in statement.names:
                        load(f"{statement.module}.{alias.name}")
            unit.parts.append(name)

        load(start)

    def _divide(self) -> None:
        """What the start loads becomes several units, each of few enough globals.

        Cut where the order of loading is: a unit imports of those before it alone.
        """
        whole = self.units.pop(MAIN)
        runs: list[list[str]] = [[]]
        names: set[str] = set()
        for part in whole.parts:
            more = _global_names(part, self.modules[part])
            if len(names | more) > GLOBALS_MOST and runs[-1]:
                runs.append([])
                names = set()
            runs[-1].append(part)
            names |= more
        for number, run in enumerate(runs, 1):
            name = MAIN if run is runs[-1] else f"{PACKAGE}.{PART}{number}"
            self.units[name] = _Unit(name, run)
            self.loaded.add(name)
            self.owner.update(dict.fromkeys(run, name))

    def _asked_for_later(self) -> set[str]:
        """Modules that an import inside a function asks for, and the start does not load."""
        found: set[str] = set()
        for tree in self.modules.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node not in tree.body:
                    places = {f"{node.module}.{alias.name}" for alias in node.names}
                    found |= places & set(self.modules) or {node.module or ""}
        found &= set(self.modules)
        return {
            name
            for name in found
            if name not in self.owner and name not in APART and not self._is_package(name)
        }

    def _is_package(self, name: str) -> bool:
        return any(other.startswith(name + ".") for other in self.modules)

    def file_of(self, unit: str) -> str:
        """How a unit is imported; all lie in one folder."""
        return f"{PACKAGE}.{unit.rpartition('.')[2]}"

    def meaning(self, module: str, name: str) -> Meaning | None:
        """What a global name of `module` stands for; None for one that it does not bind."""
        key = (module, name)
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._work_out(module, name)
        return self._known[key]

    def _work_out(self, module: str, name: str) -> Meaning | None:
        for statement in self.modules[module].body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                for alias in statement.names:
                    if (alias.asname or alias.name.split(".")[0]) == name:
                        return self.imported(statement, alias)
        if name not in self._bound[module]:
            return None
        if module == _COMPILERS:
            return ("compiler's", name)
        owner = self.owner[module]
        if module in self._entries and name in self.asked_for:
            return ("global", f"{owner}:{name}")
        flat = f"{module.removeprefix(PACKAGE + '.').replace('.', '_')}__{name}"
        return ("global", f"{owner}:{flat}")

    def imported(self, statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> Meaning:
        """What an import binds."""
        if isinstance(statement, ast.Import):
            bind = f" as {alias.asname}" if alias.asname else ""
            return ("import", f"import {alias.name}{bind}")
        place = statement.module or ""
        whole = f"{place}.{alias.name}"
        if whole in self.modules and whole not in APART:
            return ("module", whole)
        if place in self.modules and place not in APART:
            found = self.meaning(place, alias.name)
            if found is None:
                raise _undecided(place, statement, f"{place} has no '{alias.name}'")
            return found
        return ("import", f"from {place} import {alias.name}")


def _global_names(module: str, tree: ast.Module) -> set[str]:
    """What a module adds to the globals of a unit: its own, and those that it imports."""
    imported: set[str] = set()
    own = bound(tree)
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            place = getattr(statement, "module", None)
            imported |= {f"{place}.{alias.name}" for alias in statement.names}
            own -= {alias.asname or alias.name.split(".")[0] for alias in statement.names}
    return {f"{module}.{name}" for name in own} | imported


def _undecided(module: str, node: ast.AST, what: str) -> InputError:
    return InputError(
        f"the firmware's modules cannot be put together: {what}",
        where=f"{module.replace('.', '/')}.py, line {getattr(node, 'lineno', '?')}",
        next_step="write it in another way: itable.compact.bundle says what it understands",
    )


class _Flatten(ScopedTransformer):
    """Rewrites one module so that it can stand behind others in its unit."""

    def __init__(self, bundle: _Bundle, module: str, unit: _Unit) -> None:
        super().__init__()
        self._bundle = bundle
        self._module = module
        self._unit = unit
        self._here: list[dict[str, Meaning]] = []

    # --- imports ---------------------------------------------------------------------------------

    def visit_scope(self, node: ast.AST) -> ast.AST:
        """As above; what a function imports of this very program needs no import any more."""
        known: dict[str, Meaning] = {}
        if isinstance(node, Function):
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom) and ours(inner.module or ""):
                    for alias in inner.names:
                        meaning = self._bundle.imported(inner, alias)
                        if self._is_loaded(meaning):
                            known[alias.asname or alias.name] = meaning
        self._here.append(known)
        result = super().visit_scope(node)
        self._here.pop()
        return result

    def inside(self, scope: ast.AST, names: set[str]) -> None:
        """As above."""
        if self._here:
            names = names - set(self._here[-1])
        super().inside(scope, names)

    def _is_loaded(self, meaning: Meaning) -> bool:
        """Whether what is meant lies in this unit, or in the one that is loaded with the start."""
        kind, what = meaning
        if kind == "module":
            return self._bundle.owner[what] in {*self._bundle.loaded, self._unit.name}
        if kind == "compiler's":
            return True
        return kind == "global" and what.split(":")[0] in {*self._bundle.loaded, self._unit.name}

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        return None if len(self.scopes) == 1 and node in self._top() else self._rebound(node)

    def _top(self) -> list[ast.stmt]:
        return self._bundle.modules[self._module].body

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.AST] | None:
        if len(self.scopes) == 1 and node in self._top():
            return None  # found by its meaning wherever its names are used
        place = node.module or ""
        if not ours(place):
            return self._rebound(node)
        kept: list[ast.AST] = []
        for alias in node.names:
            kind, what = self._bundle.imported(node, alias)
            if kind == "import":
                kept.append(self._rebound(ast.ImportFrom(place, [alias], 0)))
                continue
            if self._is_loaded((kind, what)):
                continue
            if kind != "global":
                raise _undecided(
                    self._module, node, f"import names of '{alias.name}', not the module"
                )
            unit, flat = what.split(":")
            file = self._bundle.file_of(unit)
            kept.append(ast.ImportFrom(file, [ast.alias(flat, alias.asname or alias.name)], 0))
        return kept or ast.Pass()

    def _rebound(self, node: ast.Import | ast.ImportFrom) -> ast.AST:
        """An import inside `if` or `try` binds the global by its new name."""
        if len(self.scopes) == 1:
            for alias in node.names:
                name = alias.asname or alias.name
                meaning = self._bundle.meaning(self._module, name)
                if meaning is not None and meaning[0] == "global":
                    alias.asname = meaning[1].split(":")[1]
        return node

    # --- names -----------------------------------------------------------------------------------

    def _meaning(self, name: str) -> Meaning | None:
        if self.standing_of(name) != GLOBAL:
            return None
        for known in reversed(self._here):
            if name in known:
                return known[name]
        return self._bundle.meaning(self._module, name)

    def _named(self, node: ast.AST, meaning: Meaning) -> str:
        """The name, in this unit, of what is meant."""
        kind, what = meaning
        if kind == "compiler's":
            return what
        if kind == "module":
            last = what.rpartition(".")[2]
            if what not in self._bundle.units or last not in self._bundle.asked_for:
                raise _undecided(self._module, node, f"'{what}' stands where no name follows")
            what = f"from {PACKAGE} import {last}"
        elif kind == "global":
            unit, flat = what.split(":")
            if unit == self._unit.name:
                return flat
            what = f"from {self._bundle.file_of(unit)} import {flat}"
        name = what.rpartition(" ")[2]
        others = [text for text, bound_as in self._unit.imported.items() if bound_as == name]
        if self.standing_of(name) != GLOBAL or others not in ([], [what]):
            raise _undecided(self._module, node, f"'{name}' means something else here, too")
        self._unit.imported[what] = name
        return name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        meaning = self._meaning(node.id)
        if meaning is not None and meaning != ("module", _COMPILERS):
            node.id = self._named(node, meaning)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name):
            meaning = self._meaning(node.value.id)
            if meaning == ("module", _COMPILERS):
                return node
            if meaning is not None and meaning[0] == "module":
                inner = self._bundle.meaning(meaning[1], node.attr)
                whole = f"{meaning[1]}.{node.attr}"
                if inner is None and whole in self._bundle.modules:
                    inner = ("module", whole)
                if inner is None:
                    raise _undecided(self._module, node, f"{meaning[1]} has no '{node.attr}'")
                return ast.copy_location(ast.Name(self._named(node, inner), node.ctx), node)
        return self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        found = [self._bundle.meaning(self._module, name) for name in node.names]
        node.names = [
            self._named(node, meaning) if meaning else name
            for name, meaning in zip(node.names, found, strict=True)
        ]
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.name and len(self.scopes) == 1:
            raise _undecided(self._module, node, "'except ... as name' outside a function")
        return self.generic_visit(node)


def _named_at_the_top(tree: ast.Module, bundle: _Bundle, module: str) -> None:
    """Functions and classes at a module's top level get their new names."""

    def rename(body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, (*Function, ast.ClassDef)):
                meaning = bundle.meaning(module, statement.name)
                assert meaning is not None
                statement.name = meaning[1].split(":")[1]
            for part in ("body", "orelse", "finalbody", "handlers"):
                inner = getattr(statement, part, None)
                if isinstance(inner, list) and not isinstance(statement, (*Function, ast.ClassDef)):
                    rename(inner)

    rename(tree.body)


def _imports(texts: Iterable[str]) -> list[ast.stmt]:
    """The imports, one statement for each file; the program's own files first, in their order."""
    names: dict[str, list[str]] = {}
    plain = []
    for text in texts:
        if text.startswith("from "):
            place, name = text.removeprefix("from ").split(" import ")
            names.setdefault(place, []).append(name)
        else:
            plain.append(text)
    places = sorted(names, key=lambda place: (not ours(place), place))
    lines = [f"from {place} import {', '.join(sorted(names[place]))}" for place in places]
    return ast.parse("\n".join([*lines, *plain])).body


def bundled(
    modules: dict[str, ast.Module], entries: list[str], asked_for: set[str]
) -> dict[str, ast.Module]:
    """The modules, put together; `entries` (names of modules) stay files that can be imported.

    asked_for: names in a file's own module that somebody else asks for. Raises InputError for what
    it does not understand.
    """
    bundle = _Bundle(modules, entries, asked_for)
    result = {name: modules[name] for name in APART if name in modules}
    for unit in bundle.units.values():
        for part in unit.parts:
            for name in bundle._bound[part]:
                bundle.meaning(part, name)
    for unit in bundle.units.values():
        for part in unit.parts:
            if part == _COMPILERS:
                continue
            tree = modules[part]
            _Flatten(bundle, part, unit).visit(tree)
        for part in unit.parts:
            if part != _COMPILERS:
                _named_at_the_top(modules[part], bundle, part)
                unit.body += modules[part].body
        head = _imports(unit.imported)
        result[bundle.file_of(unit.name)] = ast.Module([*head, *unit.body], [])
    return result
