"""Layout of the records: which word of the array each attribute is, and what it begins with."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from itable.words.declared import RECORDS
from itable.words.errors import UndecidedError
from itable.words.package import Package


@dataclass
class Layout:
    """A record's words, in order; a record in it has its words there as well."""

    name: str
    module: str
    node: ast.ClassDef
    index: dict[str, int] = field(default_factory=dict)
    truths: set[str] = field(default_factory=set)
    presets: list[int] = field(default_factory=list)
    inner: dict[str, tuple[Layout, int]] = field(default_factory=dict)
    """Attribute -> layout of the record that it is, and its first word."""
    rest: list[ast.stmt] = field(default_factory=list)
    """What else `__init__` does: presets that hang on its arguments, calls."""

    def method(self, name: str) -> ast.FunctionDef | None:
        """The method of that name."""
        for item in self.node.body:
            if isinstance(item, ast.FunctionDef) and item.name == name:
                return item
        return None

    def has(self, name: str) -> bool:
        """Whether it has such an attribute or method."""
        return name in self.index or name in self.inner or self.method(name) is not None


class Records:
    """The layouts of all declared records that the package has."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self.of: dict[str, Layout] = {}
        for name, (module, _) in RECORDS.items():
            node = package.class_(module, name)
            if node is not None:
                self.of[name] = Layout(name, module, node)
        for layout in self.of.values():
            if not layout.index:
                self._lay_out(layout)
        self.attributes = {
            name for layout in self.of.values() for name in (*layout.index, *layout.inner)
        }

    def inside(self) -> list[Layout]:
        """Records that are a part of another one."""
        return [inner for outer in self.of.values() for inner, _ in outer.inner.values()]

    def first_of(self, layout: Layout) -> int:
        """The first word of a record where it lies: in another one, or by itself."""
        for outer in self.of.values():
            for inner, first in outer.inner.values():
                if inner is layout:
                    return first
        return 0

    def made_by(self, module: str, node: ast.expr) -> Layout | None:
        """The record that a call makes."""
        if not isinstance(node, ast.Call):
            return None
        origin = self._package.origin(module, node.func)
        return self.at(origin)

    def at(self, origin: tuple[str, str] | None) -> Layout | None:
        """The record whose class is at (module, name)."""
        if origin is None or origin[1] not in self.of:
            return None
        layout = self.of[origin[1]]
        return layout if layout.module == origin[0] else None

    def _lay_out(self, layout: Layout) -> None:
        init = layout.method("__init__")
        if init is None:
            raise UndecidedError(layout.module, layout.node, f"{layout.name} presets nothing")
        for statement in init.body:
            target, value = _of_self(statement)
            if target is None or value is None:
                layout.rest.append(statement)
                continue
            record = self.made_by(layout.module, value)
            if record is not None:
                if not record.index:
                    self._lay_out(record)
                layout.inner[target] = (record, len(layout.presets))
                layout.presets += record.presets
                continue
            number = _number(value)
            if number is None:
                layout.rest.append(statement)
            self._add(layout, target, value, number or 0)
        for item in layout.node.body:
            if isinstance(item, ast.FunctionDef):
                for node in ast.walk(item):
                    target, value = _of_self(node)
                    if target is not None and not layout.has(target) and value is not None:
                        self._add(layout, target, value, 0)

    def _add(self, layout: Layout, target: str, value: ast.expr, preset: int) -> None:
        if target in layout.index:
            return
        layout.index[target] = len(layout.presets)
        layout.presets.append(preset)
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            layout.truths.add(target)


def _of_self(node: ast.AST) -> tuple[str | None, ast.expr | None]:
    """(attribute, value) of `self.attribute = value`."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
        value: ast.expr | None = node.value
    elif isinstance(node, ast.AnnAssign):
        target, value = node.target, node.value
    else:
        return None, None
    if (
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
    ):
        return target.attr, value
    return None, None


def _number(node: ast.expr) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return int(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    return None
