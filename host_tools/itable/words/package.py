"""The package's modules as syntax trees, and where a name in one of them comes from."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

PACKAGE = "inversion_table"
Function = ast.FunctionDef


@dataclass
class Module:
    """One module. name: without the package's own ("safety.kernel")."""

    name: str
    path: str
    tree: ast.Module
    modules: dict[str, str] = field(default_factory=dict)
    """Local name -> one of the package's modules."""
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Local name -> (module, name) that it was imported from."""
    own: set[str] = field(default_factory=set)
    """Every name at the module's top level."""


def read(path: str, source: bytes) -> Module:
    """A module out of its file; SyntaxError."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Module(name.removeprefix(PACKAGE).removeprefix("."), path, ast.parse(source, path))


class Package:
    """All modules by name."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules = {module.name: module for module in modules}
        self._assigned: dict[ast.ClassDef, dict[str, list[ast.expr]]] = {}
        for module in self.modules.values():
            self._look_around(module)

    def _look_around(self, module: Module) -> None:
        for node in ast.walk(module.tree):
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            for alias in node.names:
                known_as = alias.asname or alias.name.split(".")[0]
                module.own.add(known_as)
                if isinstance(node, ast.ImportFrom) and _ours(node.module):
                    parent = (node.module or "").removeprefix(PACKAGE).removeprefix(".")
                    whole = f"{parent}.{alias.name}".removeprefix(".")
                    if whole in self.modules:
                        module.modules[known_as] = whole
                    else:
                        module.names[known_as] = (parent, alias.name)
        for statement in module.tree.body:
            if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
                module.own.add(statement.name)
            elif isinstance(statement, ast.Assign):
                module.own.update(t.id for t in statement.targets if isinstance(t, ast.Name))
            elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                module.own.add(statement.target.id)

    def origin(self, module: str, node: ast.expr) -> tuple[str, str] | None:
        """(module, name) that `name` or `module.name` in `module` means at its top level."""
        here = self.modules[module]
        if isinstance(node, ast.Name):
            if node.id in here.names:
                return self._followed(*here.names[node.id])
            return (module, node.id) if node.id in here.own else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            other = here.modules.get(node.value.id)
            return (other, node.attr) if other is not None else None
        return None

    def _followed(self, module: str, name: str) -> tuple[str, str]:
        while module in self.modules and name in self.modules[module].names:
            module, name = self.modules[module].names[name]
        return module, name

    def function(self, module: str, name: str) -> Function | None:
        """A function at the top level, or "Class.method"."""
        if module not in self.modules:
            return None
        body = self.modules[module].tree.body
        *holder, last = name.split(".")
        for part in holder:
            inner = [s for s in body if isinstance(s, ast.ClassDef) and s.name == part]
            if not inner:
                return None
            body = inner[0].body
        found = [s for s in body if isinstance(s, ast.FunctionDef) and s.name == last]
        return found[0] if found else None

    def class_(self, module: str, name: str) -> ast.ClassDef | None:
        """A class at the top level."""
        if module not in self.modules:
            return None
        for statement in self.modules[module].tree.body:
            if isinstance(statement, ast.ClassDef) and statement.name == name:
                return statement
        return None

    def assigned(self, class_: ast.ClassDef) -> dict[str, list[ast.expr]]:
        """Attribute -> what is assigned to it, anywhere in the class."""
        if class_ not in self._assigned:
            found = self._assigned[class_] = {}
            for node in ast.walk(class_):
                if isinstance(node, ast.Assign) and len(node.targets) == 1:
                    target = node.targets[0]
                    if isinstance(target, ast.Attribute):
                        found.setdefault(target.attr, []).append(node.value)
        return self._assigned[class_]

    def value(self, module: str, name: str) -> ast.expr | None:
        """What a name at the top level is assigned."""
        for statement in self.modules[module].tree.body:
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name) and target.id == name:
                        return statement.value
        return None


def _ours(module: str | None) -> bool:
    return module == PACKAGE or (module or "").startswith(PACKAGE + ".")
