"""The rig's two analog lines: gain and offset from what the controller's converter measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from table_bench.simulated.errors import BenchError

MILLIVOLTS = (300, 1_000, 1_800, 2_600)
GAIN_Q10 = 20_336
"""Of a perfect line: duty per mV, 2^10 times."""
_GAIN_MOST = 0.05
_OFFSET_MOST_MV = 60.0
_LINES = ("CURRENT_SENSE", "SUPPLY_SENSE")


def fit(measured: Mapping[str, Sequence[float]]) -> dict[str, list[int]]:
    """gain_q10 and offset_mv that make the lines true; BenchError if they are past repair.

    `measured`: line -> mV at each of MILLIVOLTS, with the gain and offset of a perfect line.
    """
    gains, offsets = [], []
    for name in _LINES:
        seen = measured[name]
        count = len(MILLIVOLTS)
        mean_x = sum(MILLIVOLTS) / count
        mean_y = sum(seen) / count
        slope = sum(
            (x - mean_x) * (y - mean_y) for x, y in zip(MILLIVOLTS, seen, strict=True)
        ) / sum((x - mean_x) ** 2 for x in MILLIVOLTS)
        offset = mean_y - slope * mean_x
        if abs(slope - 1.0) > _GAIN_MOST or abs(offset) > _OFFSET_MOST_MV:
            raise BenchError(
                f"{name}: gain {slope:.3f}, offset {offset:.0f} mV: that is no tolerance but a"
                " wrong part or wire; see the wiring table for what belongs there"
            )
        gains.append(round(GAIN_Q10 / slope))
        offsets.append(-round(offset))
    return {"gain_q10": gains, "offset_mv": offsets}


def read(path: Path) -> dict[str, list[int]]:
    """What `calibrate` wrote; BenchError if the file is not that."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return {key: [int(value) for value in content[key]] for key in ("gain_q10", "offset_mv")}
    except (ValueError, KeyError, TypeError) as error:
        raise BenchError(
            f"{path} is not what `python -m table_bench.rig calibrate` writes: {error}"
        ) from None
