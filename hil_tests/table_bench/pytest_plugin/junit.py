"""JUnit XML is pytest's own; here it gets its place, and what the run was made with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from table_bench.pytest_plugin.measurements import Measurements


def write_into(config: pytest.Config, folder: Path) -> None:
    """Let pytest write junit.xml there, unless it was told to write it elsewhere."""
    if not config.option.xmlpath:
        config.option.xmlpath = str(folder / "junit.xml")


def add_run(config: pytest.Config, info: Mapping[str, str]) -> None:
    """Properties of the whole run."""
    for plugin in config.pluginmanager.get_plugins():
        add = getattr(plugin, "add_global_property", None)
        if add is not None:
            for name, value in info.items():
                add(name, value)


def add_test(item: pytest.Item, measured: Measurements) -> None:
    """Properties of one test: what it proves and what was measured."""
    for mark in item.iter_markers("requirement"):
        item.user_properties += [("requirement", name) for name in mark.args]
    item.user_properties += [(f"measurement {one.name}", str(one)) for one in measured]
