"""Step 6: the names that a module uses most come first in its table of names.

Bytecode tells a name by its place there, in one byte for the first 128 places and in two for all
others. mpy-cross gives places in the order in which it meets names, so what it meets first, in a
branch that is never taken, names the most used ones. The branch is gone once the module has loaded.
"""

from __future__ import annotations

import ast
from collections import Counter

from itable.compact.scopes import GLOBAL, ScopedTransformer, arguments_of
from itable.compact.syntax import Function

# ruff: noqa: N802 - the visitors' names are those of Python's syntax

_FIRST = 120
_TEXT_IS_NAME_UP_TO = 10
"""Characters of a text that mpy-cross keeps as a name."""


class _Count(ScopedTransformer):
    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()
        self.texts: Counter[str] = Counter()

    def visit_scope(self, node: ast.AST) -> ast.AST:
        if isinstance(node, Function):
            self.names[node.name] += 1
            self.names.update(argument.arg for argument in arguments_of(node))
        return super().visit_scope(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if len(self.scopes) > 1 and self.standing_of(node.id) == GLOBAL:
            self.names[node.id] += 1
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.names[node.attr] += 1
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if len(self.scopes) > 1 and isinstance(node.value, str):
            if 0 < len(node.value) <= _TEXT_IS_NAME_UP_TO:
                self.texts[node.value] += 1
        return node


def most_used_first(tree: ast.Module) -> None:
    """Put the branch before everything else in the module."""
    count = _Count()
    count.visit(tree)
    both = Counter(count.names)
    both.update(count.texts)
    first = sorted(both, key=lambda name: (-both[name], name))[:_FIRST]
    if len(both) <= _FIRST:
        return  # all have one byte anyway
    lines = [
        f"    __name__.{name}" if name in count.names else f"    __name__[{name!r}]"
        for name in first
    ]
    tree.body[:0] = ast.parse("if not __name__:\n" + "\n".join(lines)).body
