"""What the pages of a session say: the one shape that both decoders fill."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inversion_table.contract import records

Numbers = NDArray[np.int64]

NAMES = records.Sample._fields


def no_numbers() -> Numbers:
    """An empty column."""
    return np.zeros(0, np.int64)


@dataclass
class Columns:
    """The samples, one array a quantity; index i of each is one moment."""

    t_ms: Numbers = field(default_factory=no_numbers)
    tilt_mdeg: Numbers = field(default_factory=no_numbers)
    target_mdeg: Numbers = field(default_factory=no_numbers)
    rate_mdeg_per_s: Numbers = field(default_factory=no_numbers)
    current_ma: Numbers = field(default_factory=no_numbers)
    supply_mv: Numbers = field(default_factory=no_numbers)
    state: Numbers = field(default_factory=no_numbers)
    flags: Numbers = field(default_factory=no_numbers)

    def __len__(self) -> int:
        return len(self.t_ms)


@dataclass
class Content:
    """Samples, and everything else with the index of its page; `problems`: what ended a page."""

    columns: Columns = field(default_factory=Columns)
    events: list[tuple[int, records.Event]] = field(default_factory=list)
    headers: list[tuple[int, records.Header]] = field(default_factory=list)
    ends: list[tuple[int, records.End]] = field(default_factory=list)
    boxes: list[tuple[int, records.Box | records.BoxSample]] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
