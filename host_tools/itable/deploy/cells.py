"""Cells without their offset, for a processor whose machine words have 32 bits.

Compiled code of the firmware (inversion_table/estimation/cells.py) keeps numbers in the 32-bit
cells of an array, each plus ZERO, so that it is not negative: a machine word of 64 bits would read
2^32 - 1 for -1. A machine word of 32 bits reads -1. There ZERO can be 0, and `- ZERO`, a third of
the compiled code, need not be there at all. The numbers are the same (RQ-160).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

OFFSETS = frozenset({"ZERO", "_ZERO"})
"""What the offset is called in the firmware's modules."""


def without_offset(sources: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The package's files (path, source), in their order; those without cells as they were."""
    return [(path, _of_module(path, source)) for path, source in sources]


def _of_module(path: str, source: bytes) -> bytes:
    tree = ast.parse(source, path)
    if not any(isinstance(node, ast.Name) and node.id in OFFSETS for node in ast.walk(tree)):
        return source
    return ast.unparse(ast.fix_missing_locations(_Without().visit(tree))).encode()


class _Without(ast.NodeTransformer):
    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id in OFFSETS:
            zero = ast.Constant(0)
            if isinstance(node.value, ast.Call):  # const(...)
                node.value.args = [zero]
            else:
                node.value = zero
            return node
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        added = isinstance(node.op, (ast.Add, ast.Sub))
        if added and isinstance(node.right, ast.Name) and node.right.id in OFFSETS:
            return node.left
        return node
