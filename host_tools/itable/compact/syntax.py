"""What the steps ask of a syntax tree."""

from __future__ import annotations

import ast
import itertools

PACKAGE = "inversion_table"
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def module_name(path: str) -> str:
    """How the module in the file at `path` (as in a manifest) is imported."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def ours(module: str) -> bool:
    """Whether a module of that name belongs to the package."""
    return module == PACKAGE or module.startswith(PACKAGE + ".")


def assignment(statement: ast.stmt) -> tuple[str | None, ast.expr | None]:
    """(name, value) of `name = value`; (None, None) for any other statement."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target = statement.target
    else:
        return None, None
    return (target.id, statement.value) if isinstance(target, ast.Name) else (None, None)


def asked_for(program: ast.AST) -> set[str]:
    """The names that a program takes from the package: of its modules, and what it asks of them."""
    names: set[str] = set()
    known_as: set[str] = set()
    for node in ast.walk(program):
        if isinstance(node, ast.ImportFrom) and ours(node.module or ""):
            names.update((node.module or "").split("."))
            names.update(alias.name for alias in node.names)
            known_as.update(alias.asname or alias.name for alias in node.names)
    for node in ast.walk(program):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in known_as
        ):
            names.add(node.attr)
    return names


def identifiers(tree: ast.AST) -> set[str]:
    """Every identifier in a program."""
    names: set[str] = set()
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                names.update(value.split("."))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            names.update(node.names)
    return names


def defined(tree: ast.Module) -> set[str]:
    """Names that the module itself gives: to functions, classes, arguments, attributes, globals."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, *Function)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    for node in itertools.chain([tree], ast.walk(tree)):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            for statement in node.body:
                names.update(
                    target.id
                    for target in ast.walk(statement)
                    if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
                )
    return names
