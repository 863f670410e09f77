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

from itable.words import declared
from itable.words.calls import Calls
from itable.words.frames import Frame, Meaning, PlainObject, as_load, mentions_return, returns
from itable.words.kinds import Part
from itable.words.viper import as_number, assign, call, copied, truth_of


class Body(Calls):
    """Makes one function."""

    def whole(self, function: ast.FunctionDef, name: str) -> ast.FunctionDef:
        """The outermost function, in viper."""
        scope = self._scope(self._module, self._class, function)
        names: dict[str, Meaning] = {}
        arguments = [copy.copy(argument) for argument in function.args.args]
        for argument in arguments:
            self._taken.add(argument.arg)
            node = ast.Name(argument.arg, ast.Load())
            kind = scope.kind(node)
            if isinstance(kind, Part):
                first = self._machine.records.first_of(kind.layout)
                names[argument.arg] = Part(kind.layout, node, first)
            elif argument.arg == "self" or argument.arg in declared.OBJECTS:
                names[argument.arg] = PlainObject(node)
            elif self._is_number(argument):
                names[argument.arg] = node
                argument.annotation = ast.Name("int", ast.Load())
                continue
            else:
                self._refuse(scope, argument, f"what is the argument {argument.arg}?")
            argument.annotation = None
        frame = Frame(scope, names, None)
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

    def _is_number(self, argument: ast.arg) -> bool:
        if isinstance(argument.annotation, ast.Name):
            return argument.annotation.id in ("int", "bool")
        return argument.annotation is None and argument.arg.endswith(("_ms", "_mdeg"))

    def _statements(self, frame: Frame, statements: list[ast.stmt]) -> None:
        """Make `statements`; what follows an `if` that returns goes into its other branch."""
        for number_, statement in enumerate(statements):
            rest = statements[number_ + 1 :]
            nested = frame.result is not None and not frame.in_loop
            if nested and isinstance(statement, ast.If) and mentions_return(statement):
                self._if_with_return(frame, statement, rest)
                return
            self._statement(frame, statement)
            if isinstance(statement, ast.Return):
                return

    def _if_with_return(self, frame: Frame, node: ast.If, rest: list[ast.stmt]) -> None:
        if returns(node.body):
            self._branch(frame, node, node.body, node.orelse + rest)
        elif returns(node.orelse):
            self._branch(frame, node, node.body + rest, node.orelse)
        else:
            self._branch(frame, node, node.body, node.orelse)

    def _branch(
        self, frame: Frame, node: ast.If, body: list[ast.stmt], orelse: list[ast.stmt]
    ) -> None:
        test = self._value(frame, node.test)
        known = truth_of(test)
        if known is not None:
            self._statements(frame, body if known else orelse)
            return
        yes = self._inside(lambda: self._statements(frame, body))
        no = self._inside(lambda: self._statements(frame, orelse))
        self._emit_if(test, yes, no)

    def _statement(self, frame: Frame, node: ast.stmt) -> None:
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
            value = ast.BinOp(as_load(node.target), node.op, node.value)
            self._assign(frame, node.target, ast.copy_location(value, node))
            return
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._assign(frame, node.targets[0], node.value)
            return
        self._refuse(frame.scope, node, ast.unparse(node).split("\n")[0])

    def _return(self, frame: Frame, node: ast.Return) -> None:
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

    def _into(self, frame: Frame, target: str, node: ast.expr) -> None:
        """target = node, each branch of a conditional expression by itself."""
        if isinstance(node, ast.IfExp):
            test = self._value(frame, node.test)
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

    def _assign(self, frame: Frame, target: ast.expr, node: ast.expr) -> None:
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

    def _store(self, frame: Frame, word: ast.Subscript, node: ast.expr) -> None:
        if isinstance(node, ast.IfExp):
            temporary = self._fresh("chosen")
            self._into(frame, temporary, node)
            value: ast.expr = ast.Name(temporary, ast.Load())
        else:
            value = self._value(frame, node)
        target = copied(word)
        target.ctx = ast.Store()
        self._out.append(ast.Assign([target], as_number(value)))
