"""A number with its unit and limits, declared before it has a value."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Measurement:
    """One number that a test judges. `at_least` and `at_most` are in `unit`; one is given."""

    name: str
    unit: str
    at_least: float | None
    at_most: float | None
    proves: str
    value: float | None = None

    @property
    def good(self) -> bool:
        """Whether it is set and within its limits; NaN is neither."""
        value = self.value
        return (
            value is not None
            and not math.isnan(value)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
        )

    @property
    def limits(self) -> str:
        """As people write them."""
        if self.at_least is None:
            return f"at most {self.at_most:g} {self.unit}"
        if self.at_most is None:
            return f"at least {self.at_least:g} {self.unit}"
        return f"{self.at_least:g} to {self.at_most:g} {self.unit}"

    @property
    def used(self) -> float:
        """How much of the way to its nearest limit is used up: 1 = at the limit, more = past it.

        From 0 to a single limit, from the middle to one of two; 0 where that means nothing.
        """
        low, high, value = self.at_least, self.at_most, self.value
        if value is None or math.isnan(value):
            return math.inf
        if low is not None and high is not None:
            half = (high - low) / 2
            return abs(value - (low + high) / 2) / half if half else 0.0
        if high is not None:
            return value / high if high > 0 else 0.0
        return low / value if low and value > 0 else 0.0

    @property
    def shown(self) -> str:
        """The value as people write it."""
        if self.value is None:
            return "not set"
        digits = ".0f" if 1_000 <= abs(self.value) < 1e9 else ".4g"
        return f"{self.value:{digits}} {self.unit}"

    def __str__(self) -> str:
        value = "was never set" if self.value is None else f"is {self.shown}"
        why = f"; {self.proves}" if self.proves else ""
        return f"{self.name} {value} (limit: {self.limits}{why})"
