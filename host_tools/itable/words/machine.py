"""Functions of the tick as machine code: Python's syntax in, MicroPython's viper out.

In viper every number is a machine word and a record's words are reached through a pointer; there
are no objects and no calls but those that were left on purpose. What a function does stays the
same: calls of small functions, and of those with one caller, are replaced by what they do; `min`,
`max` and `abs` by comparisons; truth values are 0 and 1. Numbers stay as they are: the tick's never
leave +-2^30, since as bytecode they would have to be allocated then.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass, field

from itable.words import declared
from itable.words.errors import UndecidedError
from itable.words.kinds import Part, Scope
from itable.words.package import Package
from itable.words.records import Layout, Records
from itable.words.rewrite import method_name, names_of
from itable.words.tables import Tables
from itable.words.viper import (
    as_number,
    assign,
    call,
    compare,
    constant,
    copied,
    is_simple,
    load,
    name_of,
    negated,
    number,
    number_of,
    tested,
    truth_of,
)


@dataclass
class Made:
    """A function in viper, and what its module must import for it."""

    module: str
    name: str
    holder: str
    """The class that it is a method of; none for a record's, which is a function by itself."""
    function: ast.FunctionDef
    imports: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class _Called:
    """A function of the package as a call finds it. part: the record whose method it is."""

    module: str
    name: str
    function: ast.FunctionDef
    part: Part | None


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
            for class_, function in _functions(module.tree)
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
            made.function = _Body(self, made, module, class_).whole(function, called)
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
            for class_, function in _functions(module.tree):
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

    def in_place(self, called: _Called) -> bool:
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
            for class_, function in _functions(module.tree):
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


def _functions(tree: ast.Module) -> list[tuple[ast.ClassDef | None, ast.FunctionDef]]:
    found: list[tuple[ast.ClassDef | None, ast.FunctionDef]] = []
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            found.append((None, statement))
        elif isinstance(statement, ast.ClassDef):
            found += [(statement, s) for s in statement.body if isinstance(s, ast.FunctionDef)]
    return found


# What a name inside a function stands for: a number, a record (its Part, in the outer function's
# terms), or a Python object.
@dataclass(frozen=True)
class _Object:
    node: ast.expr


_Meaning = ast.expr | Part | _Object


class _Frame:
    """One function as it is put into another: what its names mean, and where a result goes."""

    def __init__(self, scope: Scope, names: dict[str, _Meaning], result: str | None) -> None:
        self.scope = scope
        self.names = names
        self.result = result
        """None in the outermost function: it returns by itself; "": nobody wants it."""
        self.in_loop = False
        """It lies in a loop that is gone round once, and a return leaves it."""


class _Body:
    """Makes one function."""

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

    # --- the outermost function ------------------------------------------------------------------

    def whole(self, function: ast.FunctionDef, name: str) -> ast.FunctionDef:
        scope = self._scope(self._module, self._class, function)
        names: dict[str, _Meaning] = {}
        arguments = [copy.copy(argument) for argument in function.args.args]
        for argument in arguments:
            self._taken.add(argument.arg)
            node = ast.Name(argument.arg, ast.Load())
            kind = scope.kind(node)
            if isinstance(kind, Part):
                first = self._machine.records.first_of(kind.layout)
                names[argument.arg] = Part(kind.layout, node, first)
            elif argument.arg == "self" or argument.arg in declared.OBJECTS:
                names[argument.arg] = _Object(node)
            elif self._is_number(argument):
                names[argument.arg] = node
                argument.annotation = ast.Name("int", ast.Load())
                continue
            else:
                self._refuse(scope, argument, f"what is the argument {argument.arg}?")
            argument.annotation = None
        frame = _Frame(scope, names, None)
        self._statements(frame, function.body)
        begin: list[ast.stmt] = []
        for pointer, array in self._pointers.values():
            begin.append(assign(pointer, call("ptr32", copied(array))))
        for content, pointer in self._table_pointers.items():
            begin.append(assign(pointer, call("ptr8", ast.Constant(content))))
        returns = function.returns
        no_value = returns is None or (isinstance(returns, ast.Constant) and returns.value is None)
        return ast.FunctionDef(
            name=name,
            args=ast.arguments(
                posonlyargs=[],
                args=arguments,
                kwonlyargs=[],
                kw_defaults=[],
                defaults=function.args.defaults,
            ),
            body=begin + (self._out or [ast.Pass()]),
            decorator_list=[
                ast.Attribute(ast.Name("micropython", ast.Load()), "viper", ast.Load())
            ],
            returns=None if no_value else ast.Name("int", ast.Load()),
        )

    def _scope(self, module: str, class_: ast.ClassDef | None, function: ast.FunctionDef) -> Scope:
        return Scope(self._machine.package, self._machine.records, module, class_, function)

    def _is_number(self, argument: ast.arg) -> bool:
        if isinstance(argument.annotation, ast.Name):
            return argument.annotation.id in ("int", "bool")
        return argument.annotation is None and argument.arg.endswith(("_ms", "_mdeg"))

    def _refuse(self, scope: Scope, node: ast.AST, what: str) -> None:
        raise UndecidedError(scope.module, node, f"no machine code of this: {what}")

    # --- statements ------------------------------------------------------------------------------

    def _statements(self, frame: _Frame, statements: list[ast.stmt]) -> None:
        """Make `statements`; what follows an `if` that returns goes into its other branch."""
        for number_, statement in enumerate(statements):
            rest = statements[number_ + 1 :]
            nested = frame.result is not None and not frame.in_loop
            if nested and isinstance(statement, ast.If) and _mentions_return(statement):
                self._if_with_return(frame, statement, rest)
                return
            self._statement(frame, statement)
            if isinstance(statement, ast.Return):
                return

    def _if_with_return(self, frame: _Frame, node: ast.If, rest: list[ast.stmt]) -> None:
        if _returns(node.body):
            self._branch(frame, node, node.body, node.orelse + rest)
        elif _returns(node.orelse):
            self._branch(frame, node, node.body + rest, node.orelse)
        else:
            self._branch(frame, node, node.body, node.orelse)

    def _branch(
        self, frame: _Frame, node: ast.If, body: list[ast.stmt], orelse: list[ast.stmt]
    ) -> None:
        test = self._condition(frame, node.test)
        known = truth_of(test)
        if known is not None:
            self._statements(frame, body if known else orelse)
            return
        yes = self._inside(lambda: self._statements(frame, body))
        no = self._inside(lambda: self._statements(frame, orelse))
        self._emit_if(test, yes, no)

    def _emit_if(self, test: ast.expr, yes: list[ast.stmt], no: list[ast.stmt]) -> None:
        if not yes and not no:
            return
        if not yes:
            test, yes, no = negated(test), no, []
        self._out.append(ast.If(tested(test), yes, no))

    def _inside(self, make: Callable[[], object]) -> list[ast.stmt]:
        """What `make` puts out, apart from the rest."""
        outer, self._out = self._out, []
        make()
        made, self._out = self._out, outer
        return made

    def _statement(self, frame: _Frame, node: ast.stmt) -> None:
        if isinstance(node, ast.Pass):
            return
        if isinstance(node, ast.Expr):
            if isinstance(node.value, ast.Call):
                self._call(frame, node.value, False, None)
                return
            if isinstance(node.value, ast.Constant):
                return
        elif isinstance(node, ast.If):
            self._branch(frame, node, node.body, node.orelse)
            return
        elif isinstance(node, ast.Return):
            self._return(frame, node)
            return
        elif isinstance(node, ast.AugAssign):
            value = ast.BinOp(_as_load(node.target), node.op, node.value)
            self._assign(frame, node.target, ast.copy_location(value, node))
            return
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._assign(frame, node.targets[0], node.value)
            return
        self._refuse(frame.scope, node, ast.unparse(node).split("\n")[0])

    def _return(self, frame: _Frame, node: ast.Return) -> None:
        if frame.result is None:
            value = None if node.value is None else as_number(self._value(frame, node.value))
            self._out.append(ast.Return(value))
            return
        if node.value is not None and frame.result:
            self._into(frame, frame.result, node.value)
        elif isinstance(node.value, ast.Call):
            self._call(frame, node.value, False, None)
        elif node.value is not None and any(isinstance(n, ast.Call) for n in ast.walk(node.value)):
            self._refuse(frame.scope, node, "a call in a result that nobody wants")
        if frame.in_loop:
            self._out.append(ast.Break())

    def _into(self, frame: _Frame, target: str, node: ast.expr) -> None:
        """target = node, each branch of a conditional expression by itself."""
        if isinstance(node, ast.IfExp):
            test = self._condition(frame, node.test)
            known = truth_of(test)
            if known is not None:
                self._into(frame, target, node.body if known else node.orelse)
                return
            yes = self._inside(lambda: self._into(frame, target, node.body))
            no = self._inside(lambda: self._into(frame, target, node.orelse))
            self._emit_if(test, yes, no)
            return
        if isinstance(node, ast.Call):
            value = self._call_value(frame, node, target)
        else:
            value = as_number(self._value(frame, node))
        if not (isinstance(value, ast.Name) and value.id == target):
            self._out.append(assign(target, as_number(value)))

    def _assign(self, frame: _Frame, target: ast.expr, node: ast.expr) -> None:
        if isinstance(target, ast.Name):
            kind = frame.scope.kind(node)
            if isinstance(kind, Part):
                frame.names[target.id] = self._part(frame, kind)
                return
            if target.id not in frame.names or not isinstance(frame.names[target.id], ast.Name):
                frame.names[target.id] = ast.Name(self._fresh(target.id), ast.Load())
            meaning = frame.names[target.id]
            assert isinstance(meaning, ast.Name)
            self._into(frame, meaning.id, node)
            return
        if isinstance(target, ast.Attribute):
            word = self._word(frame, target)
            if isinstance(word, ast.Subscript):
                self._store(frame, word, node)
                return
        self._refuse(frame.scope, target, f"`{ast.unparse(target)}` is assigned")

    def _store(self, frame: _Frame, word: ast.Subscript, node: ast.expr) -> None:
        if isinstance(node, ast.IfExp):
            temporary = self._fresh("chosen")
            self._into(frame, temporary, node)
            value: ast.expr = ast.Name(temporary, ast.Load())
        else:
            value = self._value(frame, node)
        target = copied(word)
        target.ctx = ast.Store()
        self._out.append(ast.Assign([target], as_number(value)))

    # --- names -----------------------------------------------------------------------------------

    def _fresh(self, name: str) -> str:
        found, count = name, 1
        while found in self._taken:
            count += 1
            found = f"{name}{count}"
        self._taken.add(found)
        return found

    def _part(self, frame: _Frame, part: Part) -> Part:
        """A record in the outermost function's terms."""
        if isinstance(part.base, ast.Name) and part.base.id in frame.names:
            meaning = frame.names[part.base.id]
            if isinstance(meaning, Part):
                return Part(part.layout, meaning.base, meaning.first + part.first)
            if isinstance(meaning, _Object):
                return Part(part.layout, meaning.node, part.first)
        if isinstance(part.base, ast.Attribute):
            holder = part.base.value
            owner = frame.names.get(holder.id) if isinstance(holder, ast.Name) else None
            if isinstance(owner, _Object):
                base = ast.Attribute(owner.node, part.base.attr, ast.Load())
                return Part(part.layout, base, part.first)
        self._refuse(frame.scope, part.base, f"which record is `{ast.unparse(part.base)}`?")
        raise AssertionError

    def _pointer(self, part: Part) -> str:
        key = ast.dump(part.base)
        if key not in self._pointers:
            self._pointers[key] = (self._fresh(name_of(part.base) + "_"), part.base)
        return self._pointers[key][0]

    def _word(self, frame: _Frame, node: ast.Attribute) -> ast.expr | None:
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

    # --- values ----------------------------------------------------------------------------------

    def _value(self, frame: _Frame, node: ast.expr) -> ast.expr:
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

    def _condition(self, frame: _Frame, node: ast.expr) -> ast.expr:
        return self._value(frame, node)

    def _in_order(self, frame: _Frame, nodes: list[ast.expr]) -> list[ast.expr]:
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

    def _apart(self, frame: _Frame, node: ast.expr) -> tuple[list[ast.stmt], ast.expr]:
        """What must be done before an expression, and the expression."""
        outer, self._out = self._out, []
        value = self._value(frame, node)
        before, self._out = self._out, outer
        return before, value

    def _kept(self, value: ast.expr) -> ast.expr:
        temporary = self._fresh("kept")
        self._out.append(assign(temporary, as_number(value)))
        return ast.Name(temporary, ast.Load())

    def _attribute(self, frame: _Frame, node: ast.Attribute) -> ast.expr:
        word = self._word(frame, node)
        if word is not None:
            kind = frame.scope.kind(node.value)
            assert isinstance(kind, Part)
            signed = node.attr not in kind.layout.truths
            return load(word, self._machine.bits if signed else 0)
        if isinstance(node.value, ast.Name):
            meaning = frame.names.get(node.value.id)
            if isinstance(meaning, _Object):
                return call("int", ast.Attribute(meaning.node, node.attr, ast.Load()))
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _item(self, frame: _Frame, node: ast.Subscript) -> ast.expr:
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
            if isinstance(meaning, _Object):
                (at,) = self._in_order(frame, [node.slice])
                items = ast.Attribute(meaning.node, node.value.attr, ast.Load())
                return call("int", ast.Subscript(items, as_number(at), ast.Load()))
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _unary(self, frame: _Frame, node: ast.UnaryOp) -> ast.expr:
        (value,) = self._in_order(frame, [node.operand])
        if isinstance(node.op, ast.Not):
            return negated(value)
        if isinstance(node.op, ast.USub):
            return constant(ast.BinOp(ast.Constant(0), ast.Sub(), as_number(value)))
        if isinstance(node.op, ast.Invert):
            return constant(ast.BinOp(as_number(value), ast.BitXor(), number(-1)))
        return value

    def _compare(self, frame: _Frame, node: ast.Compare) -> ast.expr:
        if isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            return self._is_none(frame, node)
        values = self._in_order(frame, [node.left, *node.comparators])
        return compare([as_number(value) for value in values], node.ops)

    def _is_none(self, frame: _Frame, node: ast.Compare) -> ast.expr:
        """An object that is no number is true, so that its truth tells it from None."""
        other = node.comparators[0]
        if isinstance(node.left, ast.Name) and isinstance(other, ast.Constant):
            meaning = frame.names.get(node.left.id)
            if isinstance(meaning, _Object) and other.value is None:
                there = call("int", call("bool", copied(meaning.node)))
                return negated(there) if isinstance(node.ops[0], ast.Is) else there
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _and_or(self, frame: _Frame, node: ast.BoolOp) -> ast.expr:
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
        self, frame: _Frame, node: ast.BoolOp, parts: list[ast.expr], rest: list[ast.expr]
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

    # --- calls -----------------------------------------------------------------------------------

    def _call_value(self, frame: _Frame, node: ast.Call, target: str | None = None) -> ast.expr:
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

    def _least(
        self, frame: _Frame, least: bool, nodes: list[ast.expr], target: str | None
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

    def _absolute(self, frame: _Frame, node: ast.expr, target: str | None) -> ast.expr:
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

    def _length(self, frame: _Frame, node: ast.expr) -> ast.expr:
        length = self._machine.tables.length(frame.scope.module, node)
        if length is not None:
            return number(length)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            meaning = frame.names.get(node.value.id)
            if isinstance(meaning, _Object):
                items = ast.Attribute(meaning.node, node.attr, ast.Load())
                return call("int", call("len", items))
        self._refuse(frame.scope, node, ast.unparse(node))
        raise AssertionError

    def _called(self, frame: _Frame, node: ast.Call) -> _Called:
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
        return _Called(*key, function, part)

    def _call(
        self, frame: _Frame, node: ast.Call, valued: bool, target: str | None
    ) -> ast.expr | None:
        """A call; its value, if it is wanted."""
        called = self._called(frame, node)
        if (called.module, called.name) not in declared.BYTECODE:
            self._machine.visited.add((called.module, called.name))
        if self._machine.in_place(called):
            return self._put_in_place(frame, node, called, valued, target)
        return self._real_call(frame, node, called, valued, target)

    def _put_in_place(
        self, frame: _Frame, node: ast.Call, called: _Called, valued: bool, target: str | None
    ) -> ast.expr | None:
        class_name = called.name.rpartition(".")[0]
        package = self._machine.package
        class_ = package.class_(called.module, class_name) if class_name else None
        scope = self._scope(called.module, class_, called.function)
        names: dict[str, _Meaning] = {}
        arguments = called.function.args.args
        if called.part is not None:
            names["self"] = called.part
            arguments = arguments[1:]
        if len(arguments) != len(node.args) or called.function.args.kwonlyargs:
            self._refuse(frame.scope, node, "a call with presets")
        changed = _assigned(called.function)
        numbers: list[tuple[str, ast.expr]] = []
        for argument, given in zip(arguments, node.args, strict=True):
            meaning = self._passed(frame, given)
            if meaning is None:
                numbers.append((argument.arg, given))
            else:
                names[argument.arg] = meaning
        values = self._in_order(frame, [given for _, given in numbers])
        body = [s for s in called.function.body if not _is_text(s)]
        only_return = len(body) == 1 and isinstance(body[0], ast.Return)
        for (name, _), value in zip(numbers, values, strict=True):
            fixed = number_of(value) is not None or isinstance(value, ast.Name)
            if (fixed or (only_return and _uses(called.function, name) == 1)) and (
                name not in changed
            ):
                names[name] = value
            else:
                names[name] = ast.Name(self._fresh(name), ast.Load())
                self._out.append(assign(names[name].id, as_number(value)))  # type: ignore[union-attr]
        inner = _Frame(scope, names, None)
        if valued and only_return and isinstance(body[0], ast.Return) and body[0].value:
            return self._value(inner, body[0].value)
        inner.result = (target or self._fresh("result")) if valued else ""
        inner.in_loop = not _nests(body)
        if inner.in_loop:
            loop = self._inside(lambda: self._statements(inner, body))
            self._out.append(ast.While(ast.Constant(True), [*loop, ast.Break()], []))
        else:
            self._statements(inner, body)
        return ast.Name(inner.result, ast.Load()) if valued else None

    def _passed(self, frame: _Frame, node: ast.expr) -> Part | _Object | None:
        """A record or an object that is handed on."""
        kind = frame.scope.kind(node)
        if isinstance(kind, Part):
            return self._part(frame, kind)
        if isinstance(node, ast.Name):
            meaning = frame.names.get(node.id)
            if isinstance(meaning, _Object):
                return meaning
        return None

    def _real_call(
        self, frame: _Frame, node: ast.Call, called: _Called, valued: bool, target: str | None
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


def _as_load(node: ast.expr) -> ast.expr:
    made = copied(node)
    for inner in ast.walk(made):
        if hasattr(inner, "ctx"):
            inner.ctx = ast.Load()
    return made


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _mentions_return(node: ast.stmt) -> bool:
    return any(isinstance(inner, ast.Return) for inner in ast.walk(node))


def _returns(statements: list[ast.stmt]) -> bool:
    """Whether every way through them ends with a return."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.Return):
        return True
    return isinstance(last, ast.If) and _returns(last.body) and _returns(last.orelse)


def _nests(statements: list[ast.stmt]) -> bool:
    """Whether what follows an `if` with a return can go into its other branch."""
    for index, statement in enumerate(statements):
        if isinstance(statement, ast.If) and _mentions_return(statement):
            rest = statements[index + 1 :]
            if _returns(statement.body):
                return _nests(statement.body) and _nests(statement.orelse + rest)
            if _returns(statement.orelse):
                return _nests(statement.body + rest) and _nests(statement.orelse)
            return not rest and _nests(statement.body) and _nests(statement.orelse)
    return True


def _assigned(function: ast.FunctionDef) -> set[str]:
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _uses(function: ast.FunctionDef, name: str) -> int:
    return sum(1 for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name)
