"""Which functions of the tick become machine code, and which of them are put in place of a call."""

from __future__ import annotations

import ast

from itable.words import declared
from itable.words.errors import UndecidedError
from itable.words.frames import Called, Made, functions_of
from itable.words.kinds import Part, Scope
from itable.words.package import Package
from itable.words.records import Records
from itable.words.statements import Body
from itable.words.tables import Tables


class MachineCode:
    """Makes the declared functions, and those that they call, into viper."""

    def __init__(self, package: Package, records: Records, bits: int) -> None:
        self.package = package
        self.records = records
        self.bits = bits
        self.tables = Tables(package)
        self.made: dict[tuple[str, str], Made] = {}
        self.visited: set[tuple[str, str]] = set()
        self.callable_names = {
            name
            for module in package.modules.values()
            for class_, function in functions_of(module.tree)
            for name in (function.name, f"{class_.name}_{function.name}" if class_ else "")
        } | {"int", "bool", "len", "ptr8", "ptr32", "self"}
        """No variable may be called so: a call would find the variable."""
        self._sizes: dict[tuple[str, str], int] = {}
        self._callers = self._count_callers()

    def make(self) -> list[Made]:
        """Every function of `declared.MACHINE_CODE` that the package has, and what they call."""
        for module, name in declared.MACHINE_CODE:
            if module in self.package.modules:
                function = self.package.function(module, name)
                if function is None:
                    tree = self.package.modules[module].tree
                    raise UndecidedError(module, tree, f"{name} is not in it any more")
                self.function(module, name)
        return list(self.made.values())

    def function(self, module: str, name: str) -> Made:
        """The viper form of a function or "Class.method"."""
        key = (module, name)
        if key not in self.made:
            function = self.package.function(module, name)
            assert function is not None
            holder = name.rpartition(".")[0]
            layout = self.records.at((module, holder)) if holder else None
            called = name.replace(".", "_", 1) if layout else name.rpartition(".")[2]
            made = Made(module, called, "" if layout else holder, function)
            self.made[key] = made
            class_ = self.package.class_(module, holder) if holder else None
            made.function = Body(self, made, module, class_).whole(function, called)
        return self.made[key]

    def only_in_place(self) -> set[tuple[str, str]]:
        """Functions that are nowhere needed any more, since they are part of others."""
        gone = {key for key in self.visited if key not in self.made}
        while True:
            needed = self._mentioned_outside(gone | set(self.made)) & gone
            if not needed:
                return gone
            gone -= needed

    def _mentioned_outside(self, inside: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """What code that stays bytecode mentions."""
        found: set[tuple[str, str]] = set()
        for module in self.package.modules.values():
            for class_, function in functions_of(module.tree):
                name = f"{class_.name}.{function.name}" if class_ else function.name
                if (module.name, name) in inside:
                    continue
                scope = Scope(self.package, self.records, module.name, class_, function)
                for node in ast.walk(function):
                    if isinstance(node, (ast.Name, ast.Attribute)):
                        key = self.key_of(scope, node)
                        if key is not None:
                            found.add(key)
        return found

    def in_place(self, called: Called) -> bool:
        """Whether a call is replaced by what the function does."""
        if (called.module, called.name) in declared.BYTECODE:
            return False
        key = (called.module, called.name)
        return self._callers.get(key, 0) <= 1 or self._size(*key) <= declared.SMALL

    def _size(self, module: str, name: str) -> int:
        """Nodes of syntax of a function with all that is put in place in it."""
        key = (module, name)
        if key in self._sizes:
            return self._sizes[key]
        self._sizes[key] = declared.SMALL  # while it is counted: a function that calls itself
        function = self.package.function(module, name)
        if function is None:
            return 0
        holder = name.rpartition(".")[0]
        class_ = self.package.class_(module, holder) if holder else None
        scope = Scope(self.package, self.records, module, class_, function)
        size = sum(1 for statement in function.body for _ in ast.walk(statement))
        for node in ast.walk(function):
            inner = self.key_of(scope, node.func) if isinstance(node, ast.Call) else None
            if inner is not None and inner not in declared.BYTECODE:
                inner_size = self._size(*inner)
                if self._callers.get(inner, 0) <= 1 or inner_size <= declared.SMALL:
                    size += inner_size
        self._sizes[key] = size
        return size

    def _count_callers(self) -> dict[tuple[str, str], int]:
        """How often each function is called, anywhere in a function."""
        count: dict[tuple[str, str], int] = {}
        for module in self.package.modules.values():
            for class_, function in functions_of(module.tree):
                scope = Scope(self.package, self.records, module.name, class_, function)
                for node in ast.walk(function):
                    if isinstance(node, ast.Call):
                        key = self.key_of(scope, node.func)
                        if key is not None:
                            count[key] = count.get(key, 0) + 1
        return count

    def key_of(self, scope: Scope, node: ast.expr) -> tuple[str, str] | None:
        """(module, name) of the package's function that `node` is."""
        if isinstance(node, ast.Attribute):
            kind = scope.kind(node.value)
            if isinstance(kind, Part):
                return kind.layout.module, f"{kind.layout.name}.{node.attr}"
        return self.package.origin(scope.module, node)
