"""The control tick's records as arrays of machine words, and its functions as machine code.

The sources keep plain objects with named attributes: those are what people read, and what tests,
coverage, exploring and mutation work on. MicroPython pays 1.2 us for each attribute and 5 to 10 us
for each call, some thousands a tick. `words` rewrites the package for the chip, before it is made
small (itable.compact), so that

1. a record (declared.RECORDS) is an `array("i")`, and `x.attribute` is `x[number]` everywhere;
2. the functions of the tick that work on records (declared.MACHINE_CODE) are viper.

The program does the same with the same numbers (RQ-158); docs/decisions/0037 says how that is
shown.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from itable import compact
from itable.words.machine import MachineCode, Made
from itable.words.package import PACKAGE, Module, Package, read
from itable.words.records import Records
from itable.words.rewrite import Rewriter, add_import

CHIP_BITS = 32


def words(sources: Sequence[tuple[str, bytes]], bits: int = CHIP_BITS) -> list[tuple[str, bytes]]:
    """The package's files (path, source), in their order, with records as words.

    bits: of a machine word where it is to run: 32 on the chip, 64 on a PC. Raises InputError
    (errors.UndecidedError) with file and line for what cannot be decided.
    """
    original, package = (Package(with_constants(sources)) for _ in range(2))
    machine = MachineCode(original, Records(original), bits)
    made = machine.make()
    gone = machine.only_in_place()
    records = Records(package)
    for module in package.modules.values():
        Rewriter(package, records, module, gone, machine.made, bits).run()
    gone |= {(layout.module, layout.name) for layout in records.inside()}
    for module in package.modules.values():
        _drop_imports(module, gone)
    for function in made:
        _put(package.modules[function.module], function)
    return [
        (module.path, ast.unparse(ast.fix_missing_locations(module.tree)).encode())
        for module in package.modules.values()
    ]


def with_constants(sources: Iterable[tuple[str, bytes]]) -> list[Module]:
    """The modules without texts, and with numbers in place of their names."""
    modules = [read(path, source) for path, source in sources]
    trees = {
        f"{PACKAGE}.{module.name}" if module.name else PACKAGE: module.tree for module in modules
    }
    for tree in trees.values():
        compact.drop_texts(tree)
    compact.put_constants_in(trees)
    return modules


def _drop_imports(module: Module, gone: set[tuple[str, str]]) -> None:
    """Imports of what is no longer there."""
    for statement in list(module.tree.body):
        if isinstance(statement, ast.ImportFrom):
            statement.names = [
                alias
                for alias in statement.names
                if module.names.get(alias.asname or alias.name) not in gone
            ]
            if not statement.names:
                module.tree.body.remove(statement)


def _put(module: Module, made: Made) -> None:
    """The function in viper in place of the one in bytecode."""
    body = module.tree.body
    if made.holder:
        (class_,) = (s for s in body if isinstance(s, ast.ClassDef) and s.name == made.holder)
        body = class_.body
    names = [s.name if isinstance(s, ast.FunctionDef) else "" for s in body]
    if made.name in names:
        body[names.index(made.name)] = made.function
    else:
        body.append(made.function)
    for source, name in sorted(made.imports):
        add_import(module, f"{PACKAGE}.{source}", name)
