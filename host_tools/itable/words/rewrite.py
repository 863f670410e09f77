"""Bytecode that reads and writes records: `x.attribute` becomes `x[number]`, everywhere."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from itable.words.errors import UndecidedError
from itable.words.kinds import Part, Scope
from itable.words.package import PACKAGE, Module, Package
from itable.words.records import Layout, Records
from itable.words.viper import assign, call, copied, load, name_of


def method_name(layout: Layout, method: str) -> str:
    """The function that a record's method becomes, in the module of its class."""
    return f"{layout.name}_{method}"


class Rewriter(ast.NodeTransformer):
    """Rewrites one module; `used` collects (module, function) that it calls instead of methods."""

    def __init__(
        self,
        package: Package,
        records: Records,
        module: Module,
        gone: Collection[tuple[str, str]],
        made: Collection[tuple[str, str]],
        bits: int,
    ) -> None:
        """gone, made: functions that are no longer there, or will be put there as machine code."""
        self._bits = bits
        self._pointers: dict[str, tuple[str, ast.expr]] | None = None
        self._gone = gone
        self._made = made
        self._package = package
        self._records = records
        self._module = module
        self._scope = Scope(package, records, module.name, None, None)
        self._tested = False
        self.used: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Rewrite the module's tree in place."""
        body: list[ast.stmt] = []
        for statement in self._module.tree.body:
            layout = None
            if isinstance(statement, ast.ClassDef):
                layout = self._records.at((self._module.name, statement.name))
            if layout is None:
                if (
                    not isinstance(statement, ast.FunctionDef)
                    or (self._module.name, statement.name) not in self._gone
                ):
                    body.append(self.visit(statement))
            else:
                body += self._functions_of(layout)
        self._module.tree.body = body
        self._import_used()
        ast.fix_missing_locations(self._module.tree)

    def _import_used(self) -> None:
        for module, name in sorted(self.used):
            add_import(self._module, f"{PACKAGE}.{module}", name)
        if any(layout.module == self._module.name for layout in self._records.of.values()):
            add_import(self._module, "array", "array")

    # --- a record's class: a function that makes the array, and one for each method --------------

    def _functions_of(self, layout: Layout) -> list[ast.stmt]:
        functions: list[ast.stmt] = []
        if self._records.first_of(layout):
            return functions  # part of another record, and its methods are machine code
        for item in layout.node.body:
            if not isinstance(item, ast.FunctionDef):
                continue
            key = (self._module.name, f"{layout.name}.{item.name}")
            if key in self._gone or key in self._made:
                continue
            if item.name == "__init__":
                functions.append(self._maker(layout, item))
                if _again(self._package, layout):
                    functions.append(self._init_again(layout, item))
                continue
            function = self._in(layout.node, item)
            function.name = method_name(layout, item.name)
            functions.append(function)
        return functions

    def _maker(self, layout: Layout, init: ast.FunctionDef) -> ast.FunctionDef:
        """`def Inputs(): return array("i", (...))`; what presets by calculation comes after it."""
        made = ast.parse(f"array('i', {tuple(layout.presets)!r})").body[0]
        assert isinstance(made, ast.Expr)
        function = ast.FunctionDef(
            name=layout.name,
            args=ast.arguments(
                posonlyargs=[],
                args=init.args.args[1:],
                kwonlyargs=[],
                kw_defaults=[],
                defaults=init.args.defaults,
            ),
            body=[ast.Return(made.value)],
            decorator_list=[],
        )
        if layout.rest:
            body: list[ast.stmt] = [ast.Assign([ast.Name("self", ast.Store())], made.value)]
            rest = ast.FunctionDef(
                name="__init__", args=init.args, body=layout.rest, decorator_list=[]
            )
            rewritten = self._in(layout.node, ast.fix_missing_locations(rest))
            body += rewritten.body
            body.append(ast.Return(ast.Name("self", ast.Load())))
            function.body = body
        without_annotations(function)
        return function

    def _init_again(self, layout: Layout, init: ast.FunctionDef) -> ast.FunctionDef:
        if layout.inner:
            raise UndecidedError(layout.module, init, f"{layout.name} is preset again, and larger")
        function = self._in(layout.node, init)
        function.name = method_name(layout, "__init__")
        return function

    def _in(self, class_: ast.ClassDef, function: ast.FunctionDef) -> ast.FunctionDef:
        outer = self._scope
        self._scope = Scope(self._package, self._records, self._module.name, class_, function)
        body = [self.visit(statement) for statement in function.body]
        self._scope = outer
        made = ast.FunctionDef(
            name=function.name, args=function.args, body=body, decorator_list=[], returns=None
        )
        without_annotations(made)
        return made

    # --- everything else -----------------------------------------------------------------------

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Inside a class `self` is one of it."""
        outer = self._scope
        self._scope = Scope(self._package, self._records, self._module.name, node, None)
        self.generic_visit(node)
        self._scope = outer
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Inside a function its variables are known."""
        outer = self._scope
        name = f"{outer.class_.name}.{node.name}" if outer.class_ else node.name
        if (self._module.name, name) in self._made:
            return node
        outer_pointers = self._pointers
        self._pointers = {} if is_viper(node) else None
        self._scope = Scope(self._package, self._records, self._module.name, outer.class_, node)
        node.body = [self.visit(statement) for statement in node.body]
        if self._pointers:
            node.body[:0] = [
                assign(pointer, call("ptr32", copied(array)))
                for pointer, array in self._pointers.values()
            ]
        self._scope, self._pointers = outer, outer_pointers
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """A record's attribute is a word of its array."""
        kind = self._scope.kind(node.value)
        if not isinstance(kind, Part):
            if kind is None and node.attr in self._records.attributes:
                what = f"is `{ast.unparse(node.value)}` a record? `.{node.attr}` is read from it"
                raise UndecidedError(self._module.name, node, what)
            node.value = self._plain(node.value)
            return node
        layout = kind.layout
        if node.attr not in layout.index:
            what = f"{layout.name} has no number `{node.attr}`"
            raise UndecidedError(self._module.name, node, what)
        at = ast.Constant(kind.first + layout.index[node.attr])
        if self._pointers is not None:
            return self._word(kind, at, node)
        word = ast.Subscript(value=self._plain(kind.base), slice=at, ctx=node.ctx)
        if node.attr in layout.truths and isinstance(node.ctx, ast.Load) and not self._tested:
            return ast.Compare(word, [ast.NotEq()], [ast.Constant(0)])
        return word

    def _word(self, part: Part, at: ast.expr, node: ast.Attribute) -> ast.expr:
        """In machine code that the sources have already: through a pointer, made at its top."""
        assert self._pointers is not None
        key = ast.dump(part.base)
        if key not in self._pointers:
            self._pointers[key] = (f"{name_of(part.base)}_words", copied(part.base))
        pointer = ast.Name(self._pointers[key][0], ast.Load())
        word = ast.Subscript(value=pointer, slice=at, ctx=node.ctx)
        if isinstance(node.ctx, ast.Load) and node.attr not in part.layout.truths:
            return load(word, self._bits)
        return word

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """In machine code nothing else would make a truth of what is kept as one: 0 or 1."""
        for target in node.targets:
            kind = self._scope.kind(target.value) if isinstance(target, ast.Attribute) else None
            if (
                self._pointers is not None
                and isinstance(target, ast.Attribute)
                and isinstance(kind, Part)
                and target.attr in kind.layout.truths
                and not self._scope.is_truth(node.value)
            ):
                what = (
                    f"`{target.attr}` is true or false, and `{ast.unparse(node.value)}` may not be"
                )
                raise UndecidedError(self._module.name, node, what)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A record's method is a function."""
        tested, self._tested = self._tested, False
        made = self._call(node)
        self._tested = tested
        return made

    def _call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute):
            kind = self._scope.kind(node.func.value)
            if isinstance(kind, Part):
                layout = kind.layout
                if layout.method(node.func.attr) is None or kind.first:
                    what = f"{layout.name} has no method `{node.func.attr}` that can be called here"
                    raise UndecidedError(self._module.name, node, what)
                name = method_name(layout, node.func.attr)
                if layout.module != self._module.name:
                    self.used.add((layout.module, name))
                base = self._plain(kind.base)
                rest = [self._plain(argument) for argument in node.args]
                return ast.Call(ast.Name(name, ast.Load()), [base, *rest], [])
        self.generic_visit(node)
        return node

    def _plain(self, node: ast.expr) -> ast.expr:
        """`node` where its value counts, not only its truth."""
        tested, self._tested = self._tested, False
        made: ast.expr = self.visit(node)
        self._tested = tested
        return made

    def _truth(self, node: ast.expr) -> ast.expr:
        tested, self._tested = self._tested, True
        made: ast.expr = self.visit(node)
        self._tested = tested
        return made

    def visit_If(self, node: ast.If) -> ast.AST:
        """Only the truth of what it asks counts."""
        node.test = self._truth(node.test)
        node.body = [self.visit(statement) for statement in node.body]
        node.orelse = [self.visit(statement) for statement in node.orelse]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Only the truth of what it asks counts."""
        node.test = self._truth(node.test)
        node.body = self.visit(node.body)
        node.orelse = self.visit(node.orelse)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """`not` asks for the truth alone."""
        inner = self._truth if isinstance(node.op, ast.Not) else self._plain
        node.operand = inner(node.operand)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Values count."""
        node.left, node.right = self._plain(node.left), self._plain(node.right)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Values count."""
        node.left = self._plain(node.left)
        node.comparators = [self._plain(other) for other in node.comparators]
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Values count."""
        node.value, node.slice = self._plain(node.value), self._plain(node.slice)
        return node


def _again(package: Package, layout: Layout) -> bool:
    """Whether somebody calls `record.__init__(...)`."""
    return any(
        isinstance(node, ast.Attribute) and node.attr == "__init__"
        for node in ast.walk(package.modules[layout.module].tree)
        if isinstance(node, ast.Attribute)
    )


def is_viper(function: ast.FunctionDef) -> bool:
    """Whether the sources make machine code of it themselves."""
    return any(
        isinstance(item, ast.Attribute) and item.attr == "viper" for item in function.decorator_list
    )


def without_annotations(function: ast.FunctionDef) -> None:
    """They cost nothing on the device, but name what is no longer there."""
    function.returns = None
    for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        argument.annotation = None


def add_import(module: Module, source: str, name: str, known_as: str | None = None) -> None:
    """`from source import name` at the module's top, unless it is there."""
    wanted = ast.ImportFrom(source, [ast.alias(name, known_as)], 0)
    if not any(ast.dump(wanted) == ast.dump(node) for node in module.tree.body):
        body = module.tree.body
        documented = bool(
            body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
        )
        body.insert(int(documented), wanted)


def names_of(trees: Iterable[ast.AST]) -> set[str]:
    """Every name in them."""
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
