"""Values in machine code: an expression, and what must be done before it."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod

from itable.words.frames import Frame, PlainObject
from itable.words.kinds import Part
from itable.words.names import Names
from itable.words.rewrite import names_of
from itable.words.viper import (
    as_number,
    assign,
    call,
    compare,
    constant,
    copied,
    is_simple,
    load,
    negated,
    number,
    number_of,
    truth_of,
)


class Values(Names, ABC):
    """Expressions: numbers and truth values in words, `and` and `or` in their order."""

    @abstractmethod
    def _into(self, frame: Frame, target: str, node: ast.expr) -> None:
        """target = node."""

    @abstractmethod
    def _call_value(self, frame: Frame, node: ast.Call, target: str | None = None) -> ast.expr:
        """A call's value; it may be left in `target`, which nobody reads meanwhile but the call."""

    def _value(self, frame: Frame, node: ast.expr) -> ast.expr:
        """An expression in viper; what must be done before it has been put out."""
        known = number_of(node)
        if known is not None:
            return number(known)
        if isinstance(node, ast.Name):
            meaning = frame.names.get(node.id)
            if isinstance(meaning, ast.expr):
                return copied(meaning)
        elif isinstance(node, ast.Attribute):
            return self._attribute(frame, node)
        elif isinstance(node, ast.BinOp):
            left, right = self._in_order(frame, [node.left, node.right])
            return constant(ast.BinOp(as_number(left), node.op, as_number(right)))
        elif isinstance(node, ast.UnaryOp):
            return self._unary(frame, node)
        elif isinstance(node, ast.Compare):
            return self._compare(frame, node)
        elif isinstance(node, ast.BoolOp):
            return self._and_or(frame, node)
        elif isinstance(node, ast.IfExp):
            temporary = self._fresh("chosen")
            self._into(frame, temporary, node)
            return ast.Name(temporary, ast.Load())
        elif isinstance(node, ast.Subscript):
            return self._item(frame, node)
        elif isinstance(node, ast.Call):
            return self._call_value(frame, node)
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _in_order(self, frame: Frame, nodes: list[ast.expr]) -> list[ast.expr]:
        """Several values; those that a later one's doing could change are kept before it."""
        values: list[ast.expr] = []
        for node in nodes:
            before, value = self._apart(frame, node)
            if before:
                values = [
                    value if number_of(value) is not None else self._kept(value) for value in values
                ]
            self._out += before
            values.append(value)
        return values

    def _apart(self, frame: Frame, node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """What must be done before an expression, and the expression."""
        outer, self._out = self._out, []
        value = self._value(frame, node)
        before, self._out = self._out, outer
        return before, value

    def _kept(self, value: ast.expr) -> ast.expr:
        temporary = self._fresh("kept")
        self._out.append(assign(temporary, as_number(value)))
        return ast.Name(temporary, ast.Load())

    def _attribute(self, frame: Frame, node: ast.Attribute) -> ast.expr:
        word = self._word(frame, node)
        if word is not None:
            kind = frame.scope.kind(node.value)
            assert isinstance(kind, Part)
            signed = node.attr not in kind.layout.truths
            return load(word, self._machine.bits if signed else 0)
        if isinstance(node.value, ast.Name):
            meaning = frame.names.get(node.value.id)
            if isinstance(meaning, PlainObject):
                return call("int", ast.Attribute(meaning.node, node.attr, ast.Load()))
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _item(self, frame: Frame, node: ast.Subscript) -> ast.expr:
        column = self._machine.tables.column(frame.scope.module, node)
        if column is not None:
            content, index = column
            (at,) = self._in_order(frame, [index])
            known = number_of(at)
            if known is not None:
                return number(content[known])
            if content not in self._table_pointers:
                self._table_pointers[content] = self._fresh("table")
            pointer = ast.Name(self._table_pointers[content], ast.Load())
            return ast.Subscript(pointer, as_number(at), ast.Load())
        if isinstance(node.value, ast.Attribute) and isinstance(node.value.value, ast.Name):
            meaning = frame.names.get(node.value.value.id)
            if isinstance(meaning, PlainObject):
                (at,) = self._in_order(frame, [node.slice])
                items = ast.Attribute(meaning.node, node.value.attr, ast.Load())
                return call("int", ast.Subscript(items, as_number(at), ast.Load()))
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _unary(self, frame: Frame, node: ast.UnaryOp) -> ast.expr:
        (value,) = self._in_order(frame, [node.operand])
        if isinstance(node.op, ast.Not):
            return negated(value)
        if isinstance(node.op, ast.USub):
            return constant(ast.BinOp(ast.Constant(0), ast.Sub(), as_number(value)))
        if isinstance(node.op, ast.Invert):
            return constant(ast.BinOp(as_number(value), ast.BitXor(), number(-1)))
        return value

    def _compare(self, frame: Frame, node: ast.Compare) -> ast.expr:
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            return self._is_none(frame, node)
        values = self._in_order(frame, [node.left, *node.comparators])
        return compare([as_number(value) for value in values], node.ops)

    def _is_none(self, frame: Frame, node: ast.Compare) -> ast.expr:
        """An object that is no number is true, so that its truth tells it from None."""
        other = node.comparators[0]
        if isinstance(node.left, ast.Name) and isinstance(other, ast.Constant):
            meaning = frame.names.get(node.left.id)
            if isinstance(meaning, PlainObject) and other.value is None:
                there = call("int", call("bool", copied(meaning.node)))
                return negated(there) if isinstance(node.ops[0], ast.Is) else there
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _and_or(self, frame: Frame, node: ast.BoolOp) -> ast.expr:
        """A chain in one expression, as far as nothing must be done between; then step by step."""
        is_and = isinstance(node.op, ast.And)
        parts: list[ast.expr] = []
        for index, item in enumerate(node.values):
            before, value = self._apart(frame, item)
            if before and parts:
                return self._stepwise(frame, node, parts, node.values[index:])
            self._out += before
            known = truth_of(value)
            if known is None:
                parts.append(value)
            elif known is not is_and:  # decides it, if it comes to it
                parts.append(number(int(known)))
                break
        if not parts:
            return number(int(is_and))
        return parts[0] if len(parts) == 1 else ast.BoolOp(node.op, parts)

    def _stepwise(
        self, frame: Frame, node: ast.BoolOp, parts: list[ast.expr], rest: list[ast.expr]
    ) -> ast.expr:
        is_and = isinstance(node.op, ast.And)
        result = self._fresh("holds")
        begin = parts[0] if len(parts) == 1 else ast.BoolOp(node.op, parts)
        self._out.append(assign(result, number(int(not is_and))))
        test = begin if is_and else negated(begin)

        def go_on() -> None:
            remaining = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            value = self._value(frame, remaining)
            decided = [assign(result, number(int(is_and)))]
            self._emit_if(value if is_and else negated(value), decided, [])

        self._emit_if(test, self._inside(go_on), [])
        return ast.Name(result, ast.Load())

    def _least(
        self, frame: Frame, least: bool, nodes: list[ast.expr], target: str | None
    ) -> ast.expr:
        values = [as_number(value) for value in self._in_order(frame, nodes)]
        known = [number_of(value) for value in values]
        if None not in known:
            numbers = [value for value in known if value is not None]
            return number(min(numbers) if least else max(numbers))
        first, second = values
        if not is_simple(second) and is_simple(first):
            first, second = second, first
        if not is_simple(second):
            second = self._kept(second)
        if target is not None and target in names_of([second]):
            first, second = second, first
        if target is None or target in names_of([second]) or not is_simple(second):
            target = self._fresh("least" if least else "most")
        result = ast.Name(target, ast.Load())
        if not (isinstance(first, ast.Name) and first.id == target):
            self._out.append(assign(target, first))
        sign = ast.Lt() if least else ast.Gt()
        test = compare([copied(second), result], [sign])
        self._out.append(ast.If(test, [assign(target, copied(second))], []))
        return result

    def _absolute(self, frame: Frame, node: ast.expr, target: str | None) -> ast.expr:
        (value,) = self._in_order(frame, [node])
        target = target or self._fresh("size")
        result = ast.Name(target, ast.Load())
        if not (isinstance(value, ast.Name) and value.id == target):
            self._out.append(assign(target, as_number(value)))
        turned = ast.BinOp(ast.Constant(0), ast.Sub(), result)
        self._out.append(
            ast.If(compare([result, ast.Constant(0)], [ast.Lt()]), [assign(target, turned)], [])
        )
        return result

    def _length(self, frame: Frame, node: ast.expr) -> ast.expr:
        length = self._machine.tables.length(frame.scope.module, node)
        if length is not None:
            return number(length)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            meaning = frame.names.get(node.value.id)
            if isinstance(meaning, PlainObject):
                items = ast.Attribute(meaning.node, node.attr, ast.Load())
                return call("int", call("len", items))
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError
