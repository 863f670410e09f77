"""Measurements: declared with name, unit, limits and requirement before they have a value.

`@pytest.mark.measures("overshoot", "deg", at_most=0.5, proves="RQ-018")`, then in the test
`measured["overshoot"] = 0.3`. One that is never set fails, as does one out of its limits.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from table_bench.reporting.measurement import Measurement

MARK = "measures"


class Measurements:
    """The measurements of one test, by name."""

    def __init__(self, declared: list[Measurement]) -> None:
        self._by_name = {one.name: one for one in declared}

    def __setitem__(self, name: str, value: float) -> None:
        """Set a declared measurement, once."""
        if name not in self._by_name:
            raise KeyError(f"no measurement {name!r}; declared: {', '.join(self._by_name)}")
        if self._by_name[name].value is not None:
            raise ValueError(f"measurement {name!r} is set already; give the worst value once")
        self._by_name[name].value = float(value)

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self._by_name.values())

    def problems(self) -> list[str]:
        """A line for each that is not set or not within its limits."""
        return [str(one) for one in self if not one.good]


def declared(item: pytest.Item) -> Measurements:
    """What the marks of a test declare; raises pytest.UsageError where that makes no sense."""
    proven = {name for mark in item.iter_markers("requirement") for name in mark.args}
    found: list[Measurement] = []
    # Marks are iterated from the one nearest to the function; people read from the top.
    for mark in reversed(list(item.iter_markers(MARK))):
        try:
            one = _measurement(*mark.args, **mark.kwargs)
        except TypeError as error:
            raise pytest.UsageError(f"{item.nodeid}: {MARK}: {error}") from None
        if one.at_least is None and one.at_most is None:
            raise pytest.UsageError(f"{item.nodeid}: measurement {one.name!r} has no limit")
        if one.proves and one.proves not in proven:
            raise pytest.UsageError(
                f"{item.nodeid}: measurement {one.name!r} proves {one.proves},"
                " which the test has no requirement mark for"
            )
        if one.name in {other.name for other in found}:
            raise pytest.UsageError(f"{item.nodeid}: measurement {one.name!r} is declared twice")
        found.append(one)
    return Measurements(found)


def _measurement(
    name: str,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    proves: str = "",
) -> Measurement:
    return Measurement(name, unit, at_least, at_most, proves)
