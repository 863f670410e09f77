"""The firmware's sources made small for the chip: the same program in less memory.

A module that MicroPython loads lies in RAM: its code, and every name in it once. What the sources
owe to people and to the host costs there, so before they are compiled

1. whole numbers with a name in capitals are put where the name stands, in every module;
2. functions, classes and tables that nothing on the device mentions are left out;
3. names that are nobody else's business share a few short ones: arguments that no call names, and
   attributes that only their own object uses;
4. the other names of the package are shortened, each one everywhere to the same other name.

None of this knows what the program does. A name is left alone (RQ-154) when MicroPython or Python
has it too (`KEPT`), when it is the whole of some string (what `getattr` may be asked for), when it
belongs to a module, or when `entries`, the programs that start the package, mention it.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
import operator
import string
from collections.abc import Callable, Iterable, Iterator

PACKAGE = "inversion_table"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEPT = _words(
    """
    Event GREEN MAGIC Methods Pattern Server Store YELLOW _build _chunk _done _find _flags _get
    _loop _make _path _put _queue _stalled _start _state _status about accel active adc add
    address alarm argument back base before below better bits block blocks board both bound buffer
    build calibration candidate cause change changed channel char check clear close closed code
    complete config const content count current data date default describe device differs digest
    done duration_ms duty_u16 enable end entry error event feed fields file fill find first flags
    flush following found frame frequency_hz function gyro head headers high id idle index info
    init inputs ioctl item keep kept key keys kind known last left length level limit line lines
    list load lock locked log long many mark mask memory methods micropython missing mkfs mode
    module modules more most motion mount move name names native new_path next note number offset
    older open over pack package part passing path pattern pending phase ping pins poll port pos
    present previous problems program ptr16 ptr32 ptr8 pull pulled put queue rate read readblocks
    reader readfrom_mem readfrom_mem_into readinto readline reason record region register request
    reset reset_cause rest restart result returning returns right ring root rounds same save
    second seconds seek select self send sequence serial server session set shift short side since
    size sizes sleep_ms sleep_us slot sound source span start startup stat state status step stop
    store stored stream supply table take target temperature text tick ticks ticks_ms time timeout
    timeout_ms timer times total uint umount until unwrap update usual valid value values version
    viper wait waiting want what when wish wrap writable write writeblocks writer writeto_mem
    """
)
"""Names of the package that MicroPython's modules, or whoever they call, may have as well."""

_LONGER_THAN = 3
_OPERATORS: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_OF_PYTHON = frozenset(
    name
    for kind in (object, int, str, bytes, bytearray, list, dict, tuple, set, memoryview, Exception)
    for name in dir(kind)
) | frozenset((*dir(builtins), *keyword.kwlist, *keyword.softkwlist))
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def compact(
    sources: Iterable[tuple[str, bytes]], entries: Iterable[str]
) -> list[tuple[str, bytes]]:
    """The package's files (path, source), in their order, as small as they can be made here."""
    modules = {_module_name(path): ast.parse(source, path) for path, source in sources}
    paths = {_module_name(path): path for path, _ in sources}
    entry_names = set().union(*(_identifiers(ast.parse(entry)) for entry in entries), [""])
    for tree in modules.values():
        drop_texts(tree)
    put_constants_in(modules)
    _leave_out(modules, entry_names)
    _share_names(modules, entry_names)
    shorter = _short_names(modules, entry_names)
    for tree in modules.values():
        _Rename(shorter).visit(tree)
    return [
        (paths[name], ast.unparse(ast.fix_missing_locations(tree)).encode())
        for name, tree in modules.items()
    ]


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def drop_texts(tree: ast.Module) -> None:
    """Strings that stand alone: docstrings, of modules too."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *_Function)):
            node.body = [
                statement
                for statement in node.body
                if not (
                    isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                )
            ] or ([] if isinstance(node, ast.Module) else [ast.Pass()])


# --- 1. constants --------------------------------------------------------------------------------


class _Scope:
    """What a module's names stand for: other modules, and names of other modules."""

    def __init__(self, tree: ast.Module, modules: Iterable[str]) -> None:
        self.modules: dict[str, str] = {}
        self.names: dict[str, tuple[str, str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
                for alias in node.names:
                    known_as = alias.asname or alias.name
                    whole = f"{node.module}.{alias.name}"
                    if whole in modules:
                        self.modules[known_as] = whole
                    else:
                        self.names[known_as] = (node.module, alias.name)


def _ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(PACKAGE + ".")


def _assigned_once(tree: ast.Module) -> dict[str, ast.expr]:
    """Module-level `NAME = ...` in capitals, assigned there and nowhere else in the module."""
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        name, value = _assignment(statement)
        if name is not None and value is not None and name.isupper():
            found[name] = value
    stores = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    ]
    stores += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    return {name: value for name, value in found.items() if stores.count(name) == 1}


def _assignment(statement: ast.stmt) -> tuple[str | None, ast.expr | None]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target = statement.target
    else:
        return None, None
    return (target.id, statement.value) if isinstance(target, ast.Name) else (None, None)


class _Constants:
    """Works out what the names in capitals are, across modules."""

    def __init__(self, modules: dict[str, ast.Module]) -> None:
        self.scopes = {name: _Scope(tree, modules) for name, tree in modules.items()}
        self._assigned = {name: _assigned_once(tree) for name, tree in modules.items()}
        self._known: dict[tuple[str, str], int | None] = {}

    def of(self, module: str, name: str) -> int | None:
        """The number that `name` of `module` always is; None if it is none."""
        key = (module, name)
        if key not in self._known:
            self._known[key] = None  # while it is worked out: a name cannot depend on itself
            value = self._assigned.get(module, {}).get(name)
            if value is not None:
                self._known[key] = self.value(module, value)
            elif module in self.scopes and name in self.scopes[module].names:
                self._known[key] = self.of(*self.scopes[module].names[name])
        return self._known[key]

    def value(self, module: str, node: ast.expr) -> int | None:
        """The number that an expression in `module` always is."""
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) is int else None
        if isinstance(node, ast.Name):
            return self.of(module, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            other = self.scopes[module].modules.get(node.value.id)
            return self.of(other, node.attr) if other else None
        if isinstance(node, ast.UnaryOp):
            inner = self.value(module, node.operand)
            if inner is None or isinstance(node.op, ast.Not):
                return None
            return {ast.USub: -inner, ast.UAdd: inner, ast.Invert: ~inner}[type(node.op)]
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = self.value(module, node.left), self.value(module, node.right)
            if left is None or right is None:
                return None
            return _OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "const" and len(node.args) == 1:
                return self.value(module, node.args[0])
        return None


class _PutIn(ast.NodeTransformer):
    def __init__(self, module: str, constants: _Constants) -> None:
        self._module = module
        self._constants = constants

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            value = self._constants.value(self._module, node)
            if value is not None:
                return ast.copy_location(_number(value), node)
        return super().generic_visit(node)


def _number(value: int) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def put_constants_in(modules: dict[str, ast.Module]) -> None:
    constants = _Constants(modules)
    for name, tree in modules.items():
        _PutIn(name, constants).visit(tree)


# --- 2. what nothing mentions --------------------------------------------------------------------


def _leave_out(modules: dict[str, ast.Module], entry_names: set[str]) -> None:
    while True:
        before = sum(1 for tree in modules.values() for _ in ast.walk(tree))
        asked_for = _asked_for(modules)
        for name, tree in modules.items():
            _drop_unused_imports(tree, {what for of, what in asked_for if of == name})
        _drop_unreached(modules, entry_names)
        mentioned = set(entry_names) | KEPT
        for tree in modules.values():
            mentioned |= _mentioned(tree)
        for tree in modules.values():
            _drop_unmentioned(tree, mentioned)
        if before == sum(1 for tree in modules.values() for _ in ast.walk(tree)):
            return


def _mentioned(tree: ast.Module) -> set[str]:
    """Names that are read, called, imported, or the whole of a string."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.update(node.name.split("."))
        elif isinstance(node, ast.keyword) and node.arg:
            names.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names


def _drop_unmentioned(tree: ast.Module, mentioned: set[str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            node.body = [
                statement
                for statement in node.body
                if not _can_go(statement, mentioned, isinstance(node, ast.Module))
            ] or ([] if isinstance(node, ast.Module) else [ast.Pass()])


def _can_go(statement: ast.stmt, mentioned: set[str], of_module: bool) -> bool:
    if isinstance(statement, (ast.ClassDef, *_Function)):
        name = statement.name
        return name not in mentioned and not (name.startswith("__") and name.endswith("__"))
    name_or_none, value = _assignment(statement)
    return (
        of_module
        and name_or_none is not None
        and value is not None
        and name_or_none not in mentioned
        and not (name_or_none.startswith("__") and name_or_none != "__all__")
        and _without_effect(value)
    )


def _without_effect(node: ast.expr) -> bool:
    """Whether working it out does nothing else; calls of builtins and of `const` are harmless."""
    return all(
        not isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr))
        and (
            not isinstance(inner, ast.Call)
            or (
                isinstance(inner.func, ast.Name)
                and inner.func.id in ("const", "bytes", "tuple", "dict", "namedtuple", "bytearray")
            )
            or (isinstance(inner.func, ast.Attribute) and inner.func.attr == "calcsize")
        )
        for inner in ast.walk(node)
    )


def _asked_for(modules: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """(module, name) of everything that is imported from one of the package's modules."""
    return {
        (node.module or "", alias.name)
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _drop_unused_imports(tree: ast.Module, handed_on: set[str]) -> None:
    used = handed_on | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        if not isinstance(body, list):
            continue
        for statement in list(body):
            if isinstance(statement, ast.ImportFrom) and _ours(statement.module or ""):
                statement.names = [
                    alias
                    for alias in statement.names
                    if (alias.asname or alias.name) in used or alias.name in _FOR_EFFECT
                ]
                if not statement.names:
                    body.remove(statement)
        if not body and not isinstance(parent, ast.Module):
            body.append(ast.Pass())


_FOR_EFFECT = frozenset(("heap",))
"""Modules that are imported for what they do."""


def _drop_unreached(modules: dict[str, ast.Module], entry_names: set[str]) -> None:
    """Modules that no import leads to, from those that an entry mentions."""
    reached: set[str] = set()
    waiting = [PACKAGE]
    waiting += [name for name in modules if name.rpartition(".")[2] in entry_names]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in modules:
            continue
        reached.add(name)
        waiting.append(name.rpartition(".")[0])
        for node in ast.walk(modules[name]):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting.append(node.module)
                waiting += [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    for name in list(modules):
        if name not in reached:
            del modules[name]


# --- 3. names that are nobody else's -------------------------------------------------------------


def _share_names(modules: dict[str, ast.Module], entry_names: set[str]) -> None:
    used = set().union(*(_identifiers(tree) for tree in modules.values()))
    left_alone = _left_alone(modules, entry_names)
    pool = [
        name for name in itertools.islice(_new_names(), _POOL_MOST) if name not in used | left_alone
    ]
    named_in_calls = {
        node.arg
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg
    }
    attributes = _own_attributes(modules, left_alone)
    for module, tree in modules.items():
        _Share(module, attributes, pool, named_in_calls | left_alone).visit(tree)


_POOL_MOST = 1500


def _own_attributes(
    modules: dict[str, ast.Module], left_alone: set[str]
) -> dict[tuple[str, str], dict[str, int]]:
    """(module, class) -> its private names that only `self` uses -> their numbers.

    Classes that inherit from each other share one numbering; so do all of the same name.
    """
    open_names: set[str] = set()
    family: dict[str, str] = {}

    def eldest(name: str) -> str:
        while family.setdefault(name, name) != name:
            name = family[name]
        return name

    private: dict[str, set[str]] = {}
    classes: list[tuple[str, ast.ClassDef]] = []
    for module, tree in modules.items():
        inside: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes.append((module, node))
                for base in node.bases:
                    last = base.attr if isinstance(base, ast.Attribute) else ast.unparse(base)
                    family[eldest(node.name)] = eldest(last)
                inside.update(id(inner) for inner in ast.walk(node))
        for node in ast.walk(tree):
            of_self = (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "self"
                and id(node) in inside
            )
            if isinstance(node, ast.Attribute) and not of_self:
                open_names.add(node.attr)
    for _, node in classes:
        names = private.setdefault(eldest(node.name), set())
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute):
                names.add(inner.attr)
        names.update(item.name for item in node.body if isinstance(item, _Function))
    numbered = {
        elder: {
            name: number
            for number, name in enumerate(
                sorted(
                    name
                    for name in names - open_names - left_alone
                    if name.startswith("_") and not name.startswith("__")
                )
            )
        }
        for elder, names in private.items()
    }
    return {(module, node.name): numbered[eldest(node.name)] for module, node in classes}


class _Share(ast.NodeTransformer):
    """Gives arguments and own attributes names out of `pool`."""

    def __init__(
        self,
        module: str,
        attributes: dict[tuple[str, str], dict[str, int]],
        pool: list[str],
        not_arguments: set[str],
    ) -> None:
        self._module = module
        self._attributes = attributes
        self._pool = pool
        self._not_arguments = not_arguments
        self._own: dict[str, int] = {}
        self._arguments: list[dict[str, str]] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        outer, self._own = self._own, self._attributes[self._module, node.name]
        for item in node.body:
            if isinstance(item, _Function) and item.name in self._own:
                item.name = self._pool[self._own[item.name]]
        self.generic_visit(node)
        self._own = outer
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr in self._own:
            node.attr = self._pool[self._own[node.attr]]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(item) for item in node.decorator_list]
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.Lambda) -> ast.AST:
        arguments = node.args
        arguments.defaults = [self.visit(item) for item in arguments.defaults]
        arguments.kw_defaults = [
            None if item is None else self.visit(item) for item in arguments.kw_defaults
        ]
        taken = sum(len(outer) for outer in self._arguments)
        mine = [*arguments.posonlyargs, *arguments.args]
        inner = {
            argument.arg: self._pool[taken + number]
            for number, argument in enumerate(
                item for item in mine if item.arg not in self._not_arguments
            )
        }
        self._arguments.append(inner)
        for argument in mine:
            argument.arg = inner.get(argument.arg, argument.arg)
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            node.body = [self.visit(item) for item in node.body]
        self._arguments.pop()
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        for inner in reversed(self._arguments):
            if node.id in inner:
                node.id = inner[node.id]
                break
        return node


# --- 4. names ------------------------------------------------------------------------------------


def _identifiers(tree: ast.AST) -> set[str]:
    """Every identifier in a program."""
    names: set[str] = set()
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                names.update(value.split("."))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            names.update(node.names)
    return names


def _defined(tree: ast.Module) -> set[str]:
    """Names that the module itself gives: to functions, classes, arguments, attributes, globals."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, *_Function)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    for node in itertools.chain([tree], ast.walk(tree)):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            for statement in node.body:
                names.update(
                    target.id
                    for target in ast.walk(statement)
                    if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
                )
    return names


def _left_alone(modules: dict[str, ast.Module], entry_names: set[str]) -> set[str]:
    """Names that somebody else may mean as well."""
    strings: set[str] = set()
    outside: set[str] = set()
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.add(node.value)
            elif isinstance(node, ast.Import):
                outside.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not _ours(node.module or ""):
                outside.update((node.module or "", *(alias.name for alias in node.names)))
    places = {part for name in modules for part in name.split(".")}
    return set(KEPT | _OF_PYTHON | strings | outside | places | entry_names)


def _short_names(modules: dict[str, ast.Module], entry_names: set[str]) -> dict[str, str]:
    used = set().union(*(_identifiers(tree) for tree in modules.values()))
    defined = set().union(*(_defined(tree) for tree in modules.values()))
    left_alone = _left_alone(modules, entry_names)
    renamed = sorted(
        name
        for name in defined - left_alone
        if len(name) > _LONGER_THAN and not name.startswith("__")
    )
    fresh = (name for name in _new_names() if name not in used | left_alone)
    return dict(zip(renamed, fresh, strict=False))


def _new_names() -> Iterator[str]:
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_letters, repeat=length):
            yield "".join(letters)


class _Rename(ast.NodeTransformer):
    """Every occurrence of a name, whatever it stands for there."""

    def __init__(self, shorter: dict[str, str]) -> None:
        self._shorter = shorter

    def visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                setattr(node, field, self._shorter.get(value, value))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self._shorter.get(name, name) for name in node.names]
        return super().generic_visit(node)
