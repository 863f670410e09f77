"""Small pieces of viper's syntax."""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

_Node = TypeVar("_Node", bound=ast.AST)
_SIGN_BIT = 1 << 31
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
_HOLDS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_WORK: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}


def number(value: int) -> ast.expr:
    """A whole number."""
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(int(value))


def number_of(node: ast.expr) -> int | None:
    """The number that an expression always is; truth values are 0 and 1."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return int(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number_of(node.operand)
        return None if inner is None else -inner
    return None


def truth_of(node: ast.expr) -> bool | None:
    """The truth that an expression always has."""
    known = number_of(node)
    return None if known is None else known != 0


def constant(node: ast.BinOp) -> ast.expr:
    """A sum, product and so on, worked out if it can be."""
    left, right = number_of(node.left), number_of(node.right)
    work = _WORK.get(type(node.op))
    if left is None or right is None or work is None:
        return node
    return number(work(left, right))


def compare(values: list[ast.expr], signs: list[ast.cmpop]) -> ast.expr:
    """`a < b`, or `a < b < c`; worked out if it can be."""
    node = ast.Compare(values[0], signs, values[1:])
    known = [value for value in map(number_of, values) if value is not None]
    if len(known) < len(values):
        return node
    holds = (_HOLDS[type(sign)](*pair) for sign, pair in zip(signs, pairwise(known), strict=True))
    return number(int(all(holds)))


def negated(node: ast.expr) -> ast.expr:
    """`not node`, which viper has only where it can turn a comparison round."""
    known = truth_of(node)
    if known is not None:
        return number(int(not known))
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return ast.BoolOp(other, [negated(value) for value in node.values])
    if isinstance(node, ast.Compare):
        values = [node.left, *node.comparators]
        parts: list[ast.expr] = [
            ast.Compare(copied(left), [_OPPOSITE[type(sign)]()], [copied(right)])
            for (left, right), sign in zip(pairwise(values), node.ops, strict=True)
        ]
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), parts)
    return ast.Compare(node, [ast.Eq()], [ast.Constant(0)])


def tested(node: ast.expr) -> ast.expr:
    """`node` as an `if` asks it: `not` costs nothing there, `a ^ b` is shorter than `a != b`."""
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(node.op, [tested(value) for value in node.values])
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        sign, right = node.ops[0], node.comparators[0]
        if isinstance(sign, (ast.Eq, ast.NotEq)):
            differs = node.left
            if number_of(right) != 0:
                differs = ast.BinOp(node.left, ast.BitXor(), right)
            return ast.UnaryOp(ast.Not(), differs) if isinstance(sign, ast.Eq) else differs
    return node


def as_number(node: ast.expr) -> ast.expr:
    """A truth value as 0 or 1."""
    return call("int", node) if isinstance(node, (ast.Compare, ast.BoolOp)) else node


def load(word: ast.expr, bits: int) -> ast.expr:
    """A word of a record, with its sign; with 64 bits to a machine word viper reads it without."""
    if bits != 64:
        return word
    turned = ast.BinOp(word, ast.BitXor(), ast.Constant(_SIGN_BIT))
    return ast.BinOp(turned, ast.Sub(), ast.Constant(_SIGN_BIT))


def is_simple(node: ast.expr) -> bool:
    """Whether reading it twice costs little: a number, a name, a word of a record."""
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.BinOp):
        bit = number_of(node.right)
        return bit == _SIGN_BIT and is_simple(node.left.left)
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and number_of(node.slice) is not None
    return isinstance(node, ast.Name) or number_of(node) is not None


def call(name: str, argument: ast.expr) -> ast.expr:
    """`name(argument)`."""
    return ast.Call(ast.Name(name, ast.Load()), [argument], [])


def assign(name: str, value: ast.expr) -> ast.stmt:
    """`name = value`."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def copied(node: _Node) -> _Node:
    """A tree of its own."""
    return copy.deepcopy(node)


def name_of(node: ast.expr) -> str:
    """A name for what an expression is: its last word."""
    return node.attr.lstrip("_") if isinstance(node, ast.Attribute) else ast.unparse(node)
