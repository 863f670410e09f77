"""Step 2: texts for people, and what nothing on the device mentions, are left out."""

from __future__ import annotations

import ast

from itable.compact.kept import KEPT
from itable.compact.scopes import arguments_of
from itable.compact.syntax import PACKAGE, Function, assignment, ours


def drop_texts(tree: ast.Module) -> None:
    """Strings that stand alone: docstrings, of modules too."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *Function)):
            node.body = [
                statement
                for statement in node.body
                if not (
                    isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                )
            ] or ([] if isinstance(node, ast.Module) else [ast.Pass()])


def drop_types(tree: ast.Module) -> None:
    """What is said of types, but for machine code (`viper`): there it says what words hold."""
    for node in ast.walk(tree):
        if isinstance(node, Function) and not _is_machine_code(node):
            node.returns = None
            for argument in arguments_of(node):
                argument.annotation = None
    _Untyped().visit(tree)


def _is_machine_code(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", ())
    return any(isinstance(item, ast.Attribute) and item.attr == "viper" for item in decorators)


class _Untyped(ast.NodeTransformer):
    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def leave_out(modules: dict[str, ast.Module], entry_names: set[str]) -> None:
    """Drop imports, modules, functions, classes and tables until nothing more can go."""
    while True:
        before = sum(1 for tree in modules.values() for _ in ast.walk(tree))
        asked_for = _asked_for(modules)
        for name, tree in modules.items():
            _drop_unused_imports(tree, {what for of, what in asked_for if of == name})
        _drop_unreached(modules, entry_names)
        mentioned = set(entry_names) | KEPT
        for tree in modules.values():
            mentioned |= _mentioned(tree)
        for tree in modules.values():
            _drop_unmentioned(tree, mentioned)
        if before == sum(1 for tree in modules.values() for _ in ast.walk(tree)):
            return


def _mentioned(tree: ast.Module) -> set[str]:
    """Names that are read, called, imported, or the whole of a string."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.update(node.name.split("."))
        elif isinstance(node, ast.keyword) and node.arg:
            names.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names


def _drop_unmentioned(tree: ast.Module, mentioned: set[str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            node.body = [
                statement
                for statement in node.body
                if not _can_go(statement, mentioned, isinstance(node, ast.Module))
            ] or ([] if isinstance(node, ast.Module) else [ast.Pass()])


def _can_go(statement: ast.stmt, mentioned: set[str], of_module: bool) -> bool:
    if isinstance(statement, (ast.ClassDef, *Function)):
        name = statement.name
        return name not in mentioned and not (name.startswith("__") and name.endswith("__"))
    name_or_none, value = assignment(statement)
    return (
        of_module
        and name_or_none is not None
        and value is not None
        and name_or_none not in mentioned
        and not (name_or_none.startswith("__") and name_or_none != "__all__")
        and _without_effect(value)
    )


def _without_effect(node: ast.expr) -> bool:
    """Whether working it out does nothing else; calls of builtins and of `const` are harmless."""
    return all(
        not isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr))
        and (
            not isinstance(inner, ast.Call)
            or (
                isinstance(inner.func, ast.Name)
                and inner.func.id in ("const", "bytes", "tuple", "dict", "namedtuple", "bytearray")
            )
            or (isinstance(inner.func, ast.Attribute) and inner.func.attr == "calcsize")
        )
        for inner in ast.walk(node)
    )


def _asked_for(modules: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """(module, name) of everything that is imported from one of the package's modules."""
    return {
        (node.module or "", alias.name)
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _drop_unused_imports(tree: ast.Module, handed_on: set[str]) -> None:
    used = handed_on | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        if not isinstance(body, list):
            continue
        for statement in list(body):
            if isinstance(statement, ast.ImportFrom) and ours(statement.module or ""):
                statement.names = [
                    alias
                    for alias in statement.names
                    if (alias.asname or alias.name) in used or alias.name in _FOR_EFFECT
                ]
                if not statement.names:
                    body.remove(statement)
        if not body and not isinstance(parent, ast.Module):
            body.append(ast.Pass())


_FOR_EFFECT = frozenset(("heap",))
"""Modules that are imported for what they do."""


def _drop_unreached(modules: dict[str, ast.Module], entry_names: set[str]) -> None:
    """Modules that no import leads to, from those that an entry mentions."""
    reached: set[str] = set()
    waiting = [PACKAGE]
    waiting += [name for name in modules if name.rpartition(".")[2] in entry_names]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in modules:
            continue
        reached.add(name)
        waiting.append(name.rpartition(".")[0])
        for node in ast.walk(modules[name]):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting.append(node.module)
                waiting += [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    for name in list(modules):
        if name not in reached:
            del modules[name]
