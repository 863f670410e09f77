"""Step 1: whole numbers with a name in capitals are put where the name stands."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable

from itable.compact.syntax import assignment, ours

_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}


class _Scope:
    """What a module's names stand for: other modules, and names of other modules."""

    def __init__(self, tree: ast.Module, modules: Iterable[str]) -> None:
        self.modules: dict[str, str] = {}
        self.names: dict[str, tuple[str, str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and ours(node.module):
                for alias in node.names:
                    known_as = alias.asname or alias.name
                    whole = f"{node.module}.{alias.name}"
                    if whole in modules:
                        self.modules[known_as] = whole
                    else:
                        self.names[known_as] = (node.module, alias.name)


def _assigned_once(tree: ast.Module) -> dict[str, ast.expr]:
    """Module-level `NAME = ...` in capitals, assigned there and nowhere else in the module."""
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        name, value = assignment(statement)
        if name is not None and value is not None and name.isupper():
            found[name] = value
    stores = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    ]
    stores += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    return {name: value for name, value in found.items() if stores.count(name) == 1}


class _Constants:
    """Works out what the names in capitals are, across modules."""

    def __init__(self, modules: dict[str, ast.Module]) -> None:
        self.scopes = {name: _Scope(tree, modules) for name, tree in modules.items()}
        self._assigned = {name: _assigned_once(tree) for name, tree in modules.items()}
        self._known: dict[tuple[str, str], int | None] = {}

    def of(self, module: str, name: str) -> int | None:
        """The number that `name` of `module` always is; None if it is none."""
        key = (module, name)
        if key not in self._known:
            self._known[key] = None  # while it is worked out: a name cannot depend on itself
            value = self._assigned.get(module, {}).get(name)
            if value is not None:
                self._known[key] = self.value(module, value)
            elif module in self.scopes and name in self.scopes[module].names:
                self._known[key] = self.of(*self.scopes[module].names[name])
        return self._known[key]

    def value(self, module: str, node: ast.expr) -> int | None:
        """The number that an expression in `module` always is."""
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) is int else None
        if isinstance(node, ast.Name):
            return self.of(module, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            other = self.scopes[module].modules.get(node.value.id)
            return self.of(other, node.attr) if other else None
        if isinstance(node, ast.UnaryOp):
            inner = self.value(module, node.operand)
            if inner is None or isinstance(node.op, ast.Not):
                return None
            return {ast.USub: -inner, ast.UAdd: inner, ast.Invert: ~inner}[type(node.op)]
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = self.value(module, node.left), self.value(module, node.right)
            if left is None or right is None:
                return None
            return _OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "const" and len(node.args) == 1:
                return self.value(module, node.args[0])
        return None


class _PutIn(ast.NodeTransformer):
    def __init__(self, module: str, constants: _Constants) -> None:
        self._module = module
        self._constants = constants

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            value = self._constants.value(self._module, node)
            if value is not None:
                return ast.copy_location(_number(value), node)
        return super().generic_visit(node)


def _number(value: int) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def put_in(modules: dict[str, ast.Module]) -> None:
    """In every module (name -> tree), whatever module the number has its name in."""
    constants = _Constants(modules)
    for name, tree in modules.items():
        _PutIn(name, constants).visit(tree)


def put_result(modules: dict[str, ast.Module], module: str, function: str) -> None:
    """A function of a module that imports nothing of the package gives its result at once.

    For what depends on the program's text alone, and takes tables that nothing else needs.
    """
    tree = modules.get(module)
    if tree is None:
        return
    scope: dict[str, object] = {}
    exec(compile(tree, module, "exec"), scope)  # noqa: S102 - the firmware's own source
    value = scope[function]()  # type: ignore[operator]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            node.body = [ast.copy_location(ast.Return(ast.Constant(value)), node)]
    ast.fix_missing_locations(tree)
