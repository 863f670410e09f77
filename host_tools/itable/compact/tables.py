"""Step 4: columns of a table that nothing on the device asks for are emptied.

A table is a name in capitals for a row of rows, or a dict of rows, all of one length and written
out where it is assigned, once. What is asked of it is told by how it is used: `TABLE[key][2]` asks
for column 2, `first, _, third = TABLE[key]` for all but the second; `key in TABLE`, `len(TABLE)`,
and going through a dict's keys ask for none. Any other use asks for all, and nothing is changed. An
emptied place holds None, so that the others stay where they were.
"""

from __future__ import annotations

import ast

from itable.compact.syntax import assignment

_OF_NO_COLUMN = ("len", "sorted", "list", "tuple", "set")


def empty_columns(modules: dict[str, ast.Module]) -> None:
    """Do so in all modules (name -> tree); a table may be used in others than its own."""
    parents = {
        name: {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for name, tree in modules.items()
    }
    for module, tree in modules.items():
        for name, value, length in _tables(tree):
            asked: set[int] = set()
            for other, known_as in _readers(modules, module, name):
                asked |= _asked_of(modules[other], known_as, value, length, parents[other])
            for row in _rows(value):
                row.elts = [
                    item if column in asked else ast.Constant(None)
                    for column, item in enumerate(row.elts)
                ]


def _tables(tree: ast.Module) -> list[tuple[str, ast.expr, int]]:
    """(name, value, length of its rows) of each table of a module."""
    stores = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    ]
    found = []
    for statement in tree.body:
        name, value = assignment(statement)
        if name is not None and name.rpartition("__")[2].isupper() and value is not None:
            length = _length_of_rows(value)
            if length and stores.count(name) == 1:
                found.append((name, value, length))
    return found


def _readers(modules: dict[str, ast.Module], module: str, name: str) -> list[tuple[str, str]]:
    """(module, the name it has there) wherever a table can be seen."""
    found = [(module, name)]
    for other, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == module:
                found += [
                    (other, alias.asname or alias.name)
                    for alias in node.names
                    if alias.name == name
                ]
    return found


def _rows(value: ast.expr) -> list[ast.Tuple]:
    found = value.elts if isinstance(value, ast.Tuple) else getattr(value, "values", [])
    return [row for row in found if isinstance(row, ast.Tuple)]


def _length_of_rows(value: ast.expr) -> int:
    """Of a table's rows; 0 for what is no table."""
    if not isinstance(value, (ast.Tuple, ast.Dict)):
        return 0
    rows = _rows(value)
    whole = len(value.elts) if isinstance(value, ast.Tuple) else len(value.values)
    lengths = {len(row.elts) for row in rows}
    if len(rows) != whole or len(lengths) != 1:
        return 0
    return lengths.pop()


def _asked_of(
    tree: ast.Module,
    name: str,
    value: ast.expr,
    length: int,
    parents: dict[ast.AST, ast.AST],
) -> set[int]:
    """The columns that a module asks for of the table that it knows as `name`."""
    asked: set[int] = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
            continue
        found = _columns(node, isinstance(value, ast.Dict), parents)
        if found is None:
            return set(range(length))
        asked |= {column % length for column in found}
    return asked


def _columns(node: ast.Name, is_dict: bool, parents: dict[ast.AST, ast.AST]) -> set[int] | None:
    """The columns that one use asks for; None for whatever this does not understand."""
    use = parents[node]
    if isinstance(use, ast.Compare) and node in use.comparators and is_dict:
        return set() if all(isinstance(op, (ast.In, ast.NotIn)) for op in use.ops) else None
    if isinstance(use, ast.Call) and isinstance(use.func, ast.Name) and node in use.args:
        if use.func.id == "len" or (is_dict and use.func.id in _OF_NO_COLUMN):
            return set()
        return None
    if isinstance(use, (ast.For, ast.comprehension)) and use.iter is node and is_dict:
        return set()
    if not (isinstance(use, ast.Subscript) and use.value is node):
        return None
    row = parents[use]
    if isinstance(row, ast.Subscript) and row.value is use and isinstance(row.slice, ast.Constant):
        return {row.slice.value} if isinstance(row.slice.value, int) else None
    if isinstance(row, ast.Assign) and row.value is use and len(row.targets) == 1:
        target = row.targets[0]
        if isinstance(target, ast.Tuple) and not any(
            isinstance(item, ast.Starred) for item in target.elts
        ):
            return {
                column
                for column, item in enumerate(target.elts)
                if not (isinstance(item, ast.Name) and item.id == "_")
            }
    return None
