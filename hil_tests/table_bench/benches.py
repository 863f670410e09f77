"""The benches by name; each is imported only when it is asked for, for what it needs itself."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from table_bench.bench import Bench, BenchUnavailable

BENCHES: Mapping[str, tuple[str, str, str]] = {
    "virtual": ("table_bench.virtual", "VirtualTable", "bench"),
    "chip": ("table_bench.chip", "ChipTable", "chip"),
    "rig": ("table_bench.rig", "RigTable", "bench"),
}
"""Name -> module, class, and the extra of the project that installs what it needs."""


def bench_class(name: str, options: Mapping[str, Any] = MappingProxyType({})) -> type[Bench]:
    """The class of the bench `name` with these options; raises BenchUnavailable."""
    if name not in BENCHES:
        raise BenchUnavailable(f"no bench {name!r}; known: {', '.join(BENCHES)}")
    module, class_name, extra = BENCHES[name]
    try:
        found: type[Bench] = getattr(importlib.import_module(module), class_name)
    except ModuleNotFoundError as error:
        if error.name == module:
            raise BenchUnavailable(f"bench {name} is not in this version of table_bench") from None
        raise BenchUnavailable(
            f"bench {name} needs the package {error.name}:"
            f" pip install 'inversion-table-controller[{extra}]'"
        ) from None
    return found.variant(options)


def open_bench(name: str, **arguments: Any) -> Bench:
    """A table on the bench `name`, switched on; `arguments` are those of its class.

    Raises BenchUnavailable with one line that says what to do.
    """
    return bench_class(name)(**arguments)
