"""What an expression is: a record, surely none, or unknown."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from itable.words.declared import ONLY_IN, OTHERS, RECORDS
from itable.words.errors import UndecidedError
from itable.words.package import Package
from itable.words.records import Layout, Records


@dataclass(frozen=True)
class Part:
    """A record that lies in an array from word `first` on; `base` is what the array is."""

    layout: Layout
    base: ast.expr
    first: int

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Part)
            and self.layout is other.layout
            and self.first == other.first
            and ast.dump(self.base) == ast.dump(other.base)
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Nothing:
    """No record. module, class_: which of the package's other classes it is of, if known."""

    module: str = ""
    class_: ast.ClassDef | None = None


NOTHING = Nothing()
Kind = Part | Nothing | None


class Scope:
    """The inside of one function (or of a module, with no function)."""

    def __init__(
        self,
        package: Package,
        records: Records,
        module: str,
        class_: ast.ClassDef | None,
        function: ast.FunctionDef | ast.Lambda | None,
    ) -> None:
        self.package = package
        self.records = records
        self.module = module
        self.class_ = class_
        self.own_record = self._record_of_class()
        self.function = function
        self._known_as = {
            name: records.of[record]
            for record, (_, names) in RECORDS.items()
            if record in records.of
            for name in names
            if module.startswith(ONLY_IN.get(name, ""))
        }
        self._local: dict[str, list[ast.expr]] = {}
        self._arguments: dict[str, ast.expr | None] = {}
        if function is not None:
            arguments = function.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                self._arguments[argument.arg] = argument.annotation
            for node in ast.walk(function):
                if isinstance(node, ast.Assign):
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            self._local.setdefault(target.id, []).append(node.value)
        self._asked: set[str] = set()

    def _record_of_class(self) -> Layout | None:
        if self.class_ is None:
            return None
        return self.records.at((self.module, self.class_.name))

    def kind(self, node: ast.expr) -> Kind:
        """What `node` is. Raises UndecidedError if two of its assignments contradict each other."""
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        return self._made(self.module, node, node)

    def is_truth(self, node: ast.expr) -> bool:
        """Whether it is certainly true or false, as it stands or as a variable was assigned."""
        if isinstance(node, ast.Name):
            values = self._local.get(node.id, [])
            if values and node.id not in self._asked:
                self._asked.add(node.id)
                found = all(self.is_truth(value) for value in values)
                self._asked.discard(node.id)
                return found
            annotation = self._arguments.get(node.id)
            return isinstance(annotation, ast.Name) and annotation.id == "bool"
        if isinstance(node, ast.BoolOp):
            return all(self.is_truth(value) for value in node.values)
        if isinstance(node, ast.Constant):
            return isinstance(node.value, bool)
        if isinstance(node, ast.Attribute):
            kind = self.kind(node.value)
            return isinstance(kind, Part) and node.attr in kind.layout.truths
        return isinstance(node, ast.Compare) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        )

    def _made(self, module: str, value: ast.expr, node: ast.expr) -> Kind:
        """What `node` is, which was assigned `value` in `module`."""
        record = self.records.made_by(module, value)
        if record is not None:
            return Part(record, node, 0)
        if isinstance(value, ast.Call):
            origin = self.package.origin(module, value.func)
            class_ = self.package.class_(*origin) if origin is not None else None
            if class_ is not None and origin is not None:
                return Nothing(origin[0], class_)
        return None

    def _name(self, node: ast.Name) -> Kind:
        name = node.id
        if name == "self":
            if self.own_record is not None:
                return Part(self.own_record, node, 0)
            return Nothing(self.module, self.class_)
        if name in self._local and name not in self._asked:
            self._asked.add(name)
            kinds = [self.kind(value) for value in self._local[name]]
            self._asked.discard(name)
            parts = [kind for kind in kinds if isinstance(kind, Part)]
            if parts:
                same = all(
                    isinstance(kind, Part) and kind.layout is parts[0].layout for kind in kinds
                )
                if not same or (len(parts) > 1 and parts[0] != parts[1]):
                    raise UndecidedError(self.module, node, f"{name} is now this, now that")
                if name in self._known_as and self._known_as[name] is not parts[0].layout:
                    raise UndecidedError(self.module, node, f"{name} is no {name} here")
                return Part(parts[0].layout, node, 0) if parts[0].first == 0 else parts[0]
            if name in self._known_as:
                raise UndecidedError(self.module, node, f"{name} is assigned something unknown")
            if kinds and isinstance(kinds[0], Nothing) and kinds.count(kinds[0]) == len(kinds):
                return kinds[0]
        annotation = self._arguments.get(name)
        if annotation is not None:
            record = self.records.at(self.package.origin(self.module, annotation))
            if record is not None:
                return Part(record, node, 0)
        if name in self._known_as:
            return Part(self._known_as[name], node, 0)
        module = self.package.modules[self.module]
        if name in OTHERS or (name in module.own and name not in self._arguments):
            return NOTHING
        return None

    def _attribute(self, node: ast.Attribute) -> Kind:
        base = self.kind(node.value)
        if isinstance(base, Part):
            if node.attr in base.layout.inner:
                layout, first = base.layout.inner[node.attr]
                return Part(layout, base.base, base.first + first)
            return NOTHING
        if isinstance(base, Nothing) and base.class_ is not None:
            found = self._attribute_of_class(base.module, base.class_, node)
            if found is not None:
                return found
        plain = node.attr.lstrip("_")
        if plain in self._known_as:
            return Part(self._known_as[plain], node, 0)
        return NOTHING if plain in OTHERS else None

    def _attribute_of_class(self, module: str, class_: ast.ClassDef, node: ast.Attribute) -> Kind:
        """What the class itself assigns to the attribute, if it makes it there."""
        for value in self.package.assigned(class_).get(node.attr, ()):
            found = self._made(module, value, node)
            if found is not None:
                return found
        return None
