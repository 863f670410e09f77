"""Calls in machine code: of what is put in their place, and of what is left as a function."""

from __future__ import annotations

import ast
from abc import abstractmethod

from itable.words import declared
from itable.words.frames import (
    Called,
    Frame,
    Meaning,
    PlainObject,
    assigned,
    is_text,
    nests,
    uses,
)
from itable.words.kinds import Part
from itable.words.records import Layout
from itable.words.rewrite import method_name
from itable.words.values import Values
from itable.words.viper import as_number, assign, call, copied, number_of


class Calls(Values):
    """Calls of the package's functions, and of `min`, `max`, `abs` and `len`."""

    @abstractmethod
    def _statements(self, frame: Frame, statements: list[ast.stmt]) -> None:
        """Make `statements`."""

    def _call_value(self, frame: Frame, node: ast.Call, target: str | None = None) -> ast.expr:
        """A call's value; it may be left in `target`, which nobody reads meanwhile but the call."""
        if isinstance(node.func, ast.Name) and not node.keywords:
            if node.func.id in ("min", "max") and len(node.args) == 2:
                return self._least(frame, node.func.id == "min", node.args, target)
            if node.func.id == "abs" and len(node.args) == 1:
                return self._absolute(frame, node.args[0], target)
            if node.func.id == "len" and len(node.args) == 1:
                return self._length(frame, node.args[0])
        result = self._call(frame, node, True, target)
        assert result is not None
        return result

    def _called(self, frame: Frame, node: ast.Call) -> Called:
        package = self._machine.package
        key = self._machine.key_of(frame.scope, node.func)
        function = package.function(*key) if key is not None else None
        if key is None or function is None or node.keywords:
            self._refuse(frame.scope, node, f"a call of `{ast.unparse(node.func)}`")
            raise AssertionError
        part = None
        if isinstance(node.func, ast.Attribute):
            kind = frame.scope.kind(node.func.value)
            if isinstance(kind, Part):
                part = self._part(frame, kind)
        return Called(*key, function, part)

    def _call(
        self, frame: Frame, node: ast.Call, valued: bool, target: str | None
    ) -> ast.expr | None:
        """A call; its value, if it is wanted."""
        called = self._called(frame, node)
        if (called.module, called.name) not in declared.BYTECODE:
            self._machine.visited.add((called.module, called.name))
        if self._machine.in_place(called):
            return self._put_in_place(frame, node, called, valued, target)
        return self._real_call(frame, node, called, valued, target)

    def _put_in_place(
        self, frame: Frame, node: ast.Call, called: Called, valued: bool, target: str | None
    ) -> ast.expr | None:
        class_name = called.name.rpartition(".")[0]
        package = self._machine.package
        class_ = package.class_(called.module, class_name) if class_name else None
        scope = self._scope(called.module, class_, called.function)
        names: dict[str, Meaning] = {}
        arguments = called.function.args.args
        if called.part is not None:
            names["self"] = called.part
            arguments = arguments[1:]
        if len(arguments) != len(node.args) or called.function.args.kwonlyargs:
            self._refuse(frame.scope, node, "a call with presets")
        changed = assigned(called.function)
        numbers: list[tuple[str, ast.expr]] = []
        for argument, given in zip(arguments, node.args, strict=True):
            meaning = self._passed(frame, given)
            if meaning is None:
                numbers.append((argument.arg, given))
            else:
                names[argument.arg] = meaning
        values = self._in_order(frame, [given for _, given in numbers])
        body = [s for s in called.function.body if not is_text(s)]
        only_return = len(body) == 1 and isinstance(body[0], ast.Return)
        for (name, _), value in zip(numbers, values, strict=True):
            fixed = number_of(value) is not None or isinstance(value, ast.Name)
            if (fixed or (only_return and uses(called.function, name) == 1)) and (
                name not in changed
            ):
                names[name] = value
            else:
                names[name] = ast.Name(self._fresh(name), ast.Load())
                self._out.append(assign(names[name].id, as_number(value)))  # type: ignore[union-attr]
        inner = Frame(scope, names, None)
        if valued and only_return and isinstance(body[0], ast.Return) and body[0].value:
            return self._value(inner, body[0].value)
        inner.result = (target or self._fresh("result")) if valued else ""
        inner.in_loop = not nests(body)
        if inner.in_loop:
            loop = self._inside(lambda: self._statements(inner, body))
            self._out.append(ast.While(ast.Constant(True), [*loop, ast.Break()], []))
        else:
            self._statements(inner, body)
        return ast.Name(inner.result, ast.Load()) if valued else None

    def _passed(self, frame: Frame, node: ast.expr) -> Part | PlainObject | None:
        """A record or an object that is handed on."""
        kind = frame.scope.kind(node)
        if isinstance(kind, Part):
            return self._part(frame, kind)
        if isinstance(node, ast.Name):
            meaning = frame.names.get(node.id)
            if isinstance(meaning, PlainObject):
                return meaning
        return None

    def _real_call(
        self, frame: Frame, node: ast.Call, called: Called, valued: bool, target: str | None
    ) -> ast.expr | None:
        name = called.function.name
        if called.part is not None:
            name = method_name(called.part.layout, name)
        if (called.module, called.name) not in declared.BYTECODE:
            name = self._machine.function(called.module, called.name).name
        if called.module != self._module:
            self._made.imports.add((called.module, name))
        arguments: list[ast.expr] = []
        if called.part is not None:
            if called.part.first and not self._inside_of(called.part.layout):
                self._refuse(frame.scope, node, "a call with a record inside another one")
            arguments.append(copied(called.part.base))
        plain = [given for given in node.args if self._passed(frame, given) is None]
        values = iter(self._in_order(frame, plain))
        for given in node.args:
            meaning = self._passed(frame, given)
            if isinstance(meaning, Part):
                if meaning.first:
                    self._refuse(frame.scope, given, "a record inside another one is handed on")
                arguments.append(copied(meaning.base))
            elif meaning is not None:
                arguments.append(copied(meaning.node))
            else:
                arguments.append(as_number(next(values)))
        made = ast.Call(ast.Name(name, ast.Load()), arguments, [])
        if not valued:
            self._out.append(ast.Expr(made))
            return None
        kept = target or self._fresh("result")
        self._out.append(assign(kept, call("int", made)))
        return ast.Name(kept, ast.Load())

    def _inside_of(self, layout: Layout) -> bool:
        return self._machine.records.first_of(layout) > 0
