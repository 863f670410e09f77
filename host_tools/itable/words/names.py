"""Names in machine code: numbers are variables, a record's words are reached through a pointer."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from itable.words.errors import UndecidedError
from itable.words.frames import Frame, Made, PlainObject
from itable.words.kinds import Part, Scope
from itable.words.viper import name_of, negated, tested

if TYPE_CHECKING:
    from itable.words.machine import MachineCode


class Names:
    """What the parts of a function share: its variables, its pointers, what was put out so far."""

    def __init__(
        self, machine: MachineCode, made: Made, module: str, class_: ast.ClassDef | None
    ) -> None:
        self._machine = machine
        self._made = made
        self._module = module
        self._class = class_
        self._taken = set(machine.callable_names)
        self._pointers: dict[str, tuple[str, ast.expr]] = {}
        self._table_pointers: dict[bytes, str] = {}
        self._out: list[ast.stmt] = []

    def _scope(self, module: str, class_: ast.ClassDef | None, function: ast.FunctionDef) -> Scope:
        return Scope(self._machine.package, self._machine.records, module, class_, function)

    def _refuse(self, scope: Scope, node: ast.AST, what: str) -> None:
        raise UndecidedError(scope.module, node, f"no machine code of this: {what}")

    def _inside(self, make: Callable[[], object]) -> list[ast.stmt]:
        """What `make` puts out, apart from the rest."""
        outer, self._out = self._out, []
        make()
        made, self._out = self._out, outer
        return made

    def _emit_if(self, test: ast.expr, yes: list[ast.stmt], no: list[ast.stmt]) -> None:
        if not yes and not no:
            return
        if not yes:
            test, yes, no = negated(test), no, []
        self._out.append(ast.If(tested(test), yes, no))

    def _fresh(self, name: str) -> str:
        found, count = name, 1
        while found in self._taken:
            count += 1
            found = f"{name}{count}"
        self._taken.add(found)
        return found

    def _part(self, frame: Frame, part: Part) -> Part:
        """A record in the outermost function's terms."""
        if isinstance(part.base, ast.Name) and part.base.id in frame.names:
            meaning = frame.names[part.base.id]
            if isinstance(meaning, Part):
                return Part(part.layout, meaning.base, meaning.first + part.first)
            if isinstance(meaning, PlainObject):
                return Part(part.layout, meaning.node, part.first)
        if isinstance(part.base, ast.Attribute):
            holder = part.base.value
            owner = frame.names.get(holder.id) if isinstance(holder, ast.Name) else None
            if isinstance(owner, PlainObject):
                base = ast.Attribute(owner.node, part.base.attr, ast.Load())
                return Part(part.layout, base, part.first)
        self._refuse(frame.scope, part.base, f"which record is `{ast.unparse(part.base)}`?")
        raise AssertionError

    def _pointer(self, part: Part) -> str:
        key = ast.dump(part.base)
        if key not in self._pointers:
            self._pointers[key] = (self._fresh(name_of(part.base) + "_"), part.base)
        return self._pointers[key][0]

    def _word(self, frame: Frame, node: ast.Attribute) -> ast.expr | None:
        """The word of a record that an attribute is."""
        kind = frame.scope.kind(node.value)
        if not isinstance(kind, Part):
            return None
        part = self._part(frame, kind)
        layout = part.layout
        if node.attr not in layout.index:
            self._refuse(frame.scope, node, f"{layout.name} has no number `{node.attr}`")
        return ast.Subscript(
            value=ast.Name(self._pointer(part), ast.Load()),
            slice=ast.Constant(part.first + layout.index[node.attr]),
            ctx=ast.Load(),
        )
