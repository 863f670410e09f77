"""What each name in a module stands for: a global of the module, a class's own, or a local one.

As Python and MicroPython have it: a function's names are those that it binds anywhere, a class's
names are seen in its body alone, a comprehension has its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from itable.compact.syntax import Function

_Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Inner = (*Function, ast.Lambda, ast.ClassDef, *_Comprehension)
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.expr

GLOBAL, OF_CLASS, LOCAL = "global", "class", "local"


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Every node that belongs to the scope itself; of scopes inside it, only their first node."""
    waiting = list(_body_of(scope))
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting += outside_of(node) if isinstance(node, Inner) else ast.iter_child_nodes(node)


def _body_of(scope: ast.AST) -> Iterable[ast.AST]:
    if isinstance(scope, ast.Lambda):
        return [scope.body]
    if isinstance(scope, _Comprehension):
        return ast.iter_child_nodes(scope)
    return scope.body  # type: ignore[attr-defined]


def outside_of(node: ast.AST) -> list[ast.AST]:
    """The parts of a scope's first node that are worked out in the scope around it."""
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    if isinstance(node, (*Function, ast.Lambda)):
        defaults = [item for item in (*node.args.defaults, *node.args.kw_defaults) if item]
        return [*getattr(node, "decorator_list", ()), *defaults]
    return []


def arguments_of(scope: ast.AST) -> list[ast.arg]:
    """All of a function's arguments."""
    if not isinstance(scope, (*Function, ast.Lambda)):
        return []
    args = scope.args
    more = [item for item in (args.vararg, args.kwarg) if item]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *more]


def bound(scope: ast.AST) -> set[str]:
    """The names that a scope binds."""
    names = {argument.arg for argument in arguments_of(scope)}
    elsewhere: set[str] = set()
    for node in own_nodes(scope):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, (*Function, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
    return names - elsewhere


class ScopedTransformer(ast.NodeTransformer):
    """Visits a module and knows at each name what it stands for: `standing_of`."""

    def __init__(self) -> None:
        self.scopes: list[tuple[ast.AST, set[str]]] = []

    def standing_of(self, name: str) -> str:
        """GLOBAL (or a builtin's), OF_CLASS or LOCAL, for a name where the visit is now."""
        for depth, (scope, names) in enumerate(reversed(self.scopes)):
            if name in names and not isinstance(scope, ast.Module):
                if not isinstance(scope, ast.ClassDef):
                    return LOCAL
                if depth == 0:
                    return OF_CLASS
        return GLOBAL

    def inside(self, scope: ast.AST, names: set[str]) -> None:
        """Visit what belongs to `scope`, in which `names` are bound."""
        self.scopes.append((scope, names))
        if isinstance(scope, ast.Lambda):
            scope.body = self.visit(scope.body)  # type: ignore[assignment]
        elif isinstance(scope, _Comprehension):
            self.generic_visit(scope)
        else:
            scope.body = self._statements(scope.body)  # type: ignore[attr-defined]
        self.scopes.pop()

    def _statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        visited: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            if isinstance(result, list):
                visited += result
            elif result is not None:
                visited.append(result)  # type: ignore[arg-type]
        return visited

    def visit(self, node: ast.AST) -> ast.AST:
        """Visit a node, and a scope with its names."""
        if isinstance(node, ast.Module):
            self.inside(node, bound(node))
            return node
        if isinstance(node, Inner):
            return self.visit_scope(node)
        return super().visit(node)

    def visit_scope(self, node: ast.AST) -> ast.AST:
        """Visit a function, class, lambda or comprehension."""
        if isinstance(node, ast.ClassDef):
            node.decorator_list = [self.visit(item) for item in node.decorator_list]  # type: ignore[misc]
            node.bases = [self.visit(item) for item in node.bases]  # type: ignore[misc]
            node.keywords = [self.visit(item) for item in node.keywords]  # type: ignore[misc]
        elif not isinstance(node, _Comprehension):
            if isinstance(node, Function):
                node.decorator_list = [self.visit(item) for item in node.decorator_list]  # type: ignore[misc]
            node.args.defaults = [self.visit(item) for item in node.args.defaults]  # type: ignore[attr-defined]
            node.args.kw_defaults = [  # type: ignore[attr-defined]
                None if item is None else self.visit(item)
                for item in node.args.kw_defaults  # type: ignore[attr-defined]
            ]
        self.inside(node, bound(node))
        return node
