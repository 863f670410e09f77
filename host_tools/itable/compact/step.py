"""The firmware's sources made small for the chip: the same program in less memory.

A module that MicroPython loads lies in RAM: its code, its tables, and every name in it once. What
the sources owe to people and to the host costs there, so before they are compiled

1. `constants`: whole numbers with a name in capitals are put where the name stands;
2. `unused`: texts for people, and what nothing on the device mentions, are left out;
3. `bundle`: modules that are loaded together become one;
4. `tables`: columns of tables that nothing asks for are emptied;
5. `names`: names are shortened, and shared where they cannot be mistaken for each other;
6. `order`: the most used ones are put where they cost one byte.

None of this knows what the program does. A name is left alone (RQ-154) when MicroPython or Python
has it too (`kept`), when it is the whole of some string (what `getattr` may be asked for), when it
belongs to a module, or when `entries`, the programs that start the package, mention it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from itable.compact import constants, tables, unused
from itable.compact.bundle import bundled
from itable.compact.constants import put_in as put_constants_in
from itable.compact.names import NameMap, Rename
from itable.compact.order import most_used_first
from itable.compact.syntax import PACKAGE, asked_for, module_name
from itable.compact.unused import drop_texts

KNOWN_BEFOREHAND = ((f"{PACKAGE}.contract.messages", "contract_hash"),)
"""(module, function): what it gives is put in, since it is always the same."""
SERVICE = f"{PACKAGE}.service"
"""What a host asks for by name in SERVICE: a file of its own."""


def compact(
    sources: Iterable[tuple[str, bytes]], entries: Iterable[str]
) -> list[tuple[str, bytes]]:
    """The package's files (path, source), in their order, as small as they can be made here."""
    return with_names(sources, entries)[0]


def with_names(
    sources: Iterable[tuple[str, bytes]], entries: Iterable[str]
) -> tuple[list[tuple[str, bytes]], NameMap]:
    """As `compact`, and what each name was before."""
    modules = {module_name(path): ast.parse(source, path) for path, source in sources}
    entry_names = set().union(*(asked_for(ast.parse(entry)) for entry in entries), {""})
    entry_names |= _asked_by_name(modules)
    for tree in modules.values():
        drop_texts(tree)
        unused.drop_types(tree)
    for module, function in KNOWN_BEFOREHAND:
        constants.put_result(modules, module, function)
    put_constants_in(modules)
    unused.leave_out(modules, entry_names)
    modules = bundled(modules, [SERVICE] if SERVICE in modules else [], entry_names)
    unused.leave_out(modules, entry_names)
    tables.empty_columns(modules)
    unused.leave_out(modules, entry_names)
    names = NameMap(modules, entry_names)
    for name, tree in modules.items():
        Rename(name, names).visit(tree)
        most_used_first(tree)
    files = [
        (_path_of(name), ast.unparse(ast.fix_missing_locations(tree)).encode())
        for name, tree in sorted(modules.items())
    ]
    return files, names


def readable(text: str, names: NameMap) -> str:
    """A traceback from the chip, with what each function was called in the sources (RQ-155).

    A function of a file has one name; a method may be that of any of several classes.
    """

    def known(match: re.Match[str]) -> str:
        module = module_name(match["path"].removesuffix(".mpy").removesuffix(".py") + ".py")
        before = [old for old, new in names.globals.get(module, {}).items() if new == match["name"]]
        here = names.functions.get(module, ())
        before += sorted(old for old in here if names.attributes.get(old) == match["name"])
        told = " or ".join(before)
        return f"{match[0]} ({told})" if told else match[0]

    return re.sub(r'File "(?P<path>[^"]+)", line \d+, in (?P<name>\w+)', known, text)


def _asked_by_name(modules: dict[str, ast.Module]) -> set[str]:
    """The names of `SERVICE` that a host may ask for."""
    tree = modules.get(SERVICE)
    if tree is None:
        return set()
    return {"service"} | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _path_of(module: str) -> str:
    return f"{PACKAGE}/__init__.py" if module == PACKAGE else module.replace(".", "/") + ".py"
