"""Tables of constants: a column of one that machine code reads becomes bytes."""

from __future__ import annotations

import ast

from itable.words.errors import UndecidedError
from itable.words.package import Package
from itable.words.viper import number_of


class Tables:
    """Tuples of tuples at the top level of the package's modules."""

    def __init__(self, package: Package) -> None:
        self._package = package

    def column(self, module: str, node: ast.Subscript) -> tuple[bytes, ast.expr] | None:
        """(the column, the index) of `TABLE[index][number]`."""
        if not isinstance(node.value, ast.Subscript):
            return None
        rows = self._rows(module, node.value.value)
        at = number_of(node.slice)
        if rows is None or at is None:
            return None
        values = [number_of(row.elts[at]) if isinstance(row, ast.Tuple) else None for row in rows]
        numbers = [value for value in values if value is not None and 0 <= value < 256]
        if len(numbers) != len(rows):
            raise UndecidedError(module, node, "not every row has a small number there")
        return bytes(numbers), node.value.slice

    def length(self, module: str, node: ast.expr) -> int | None:
        """How many rows the table has that a name means."""
        rows = self._rows(module, node)
        return None if rows is None else len(rows)

    def _rows(self, module: str, node: ast.expr) -> list[ast.expr] | None:
        origin = self._package.origin(module, node)
        value = self._package.value(*origin) if origin is not None else None
        return value.elts if isinstance(value, ast.Tuple) else None
