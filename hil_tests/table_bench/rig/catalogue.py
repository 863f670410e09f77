"""The catalogue's faults as the rig takes them: whole numbers, in its own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from table_bench.faults import FAULTS, Fault, parameters_of

RIG_FAULTS: Mapping[str, Fault] = {
    name: fault for name, fault in FAULTS.items() if not fault.on_device
}
"""All but those inside the controller: no wire reaches its clocks, its program or its flash."""

_SCALED = {
    "accel_g": ("accel_ug", 1e6),
    "gyro_dps": ("gyro_udps", 1e6),
    "dps_per_s": ("udps_per_s", 1e6),
    "gain": ("gain", 1.0),
    "deg_per_s": ("mdeg_per_s", 1e3),
    "volts": ("mv", 1e3),
    "direction": ("direction", 1.0),
    "freed_by_clocking": ("freed_by_clocking", 1.0),
}
"""The catalogue's parameter -> the rig's, and how many of those are one of it."""


def for_rig(name: str, given: Mapping[str, Any]) -> dict[str, int | str]:
    """All parameters of a fault in the rig's words; raises faults.UnknownFault."""
    found: dict[str, int | str] = {}
    for parameter, value in parameters_of(name, given).items():
        if parameter in _SCALED:
            theirs, scale = _SCALED[parameter]
            found[theirs] = round(value * scale)
        else:
            found[parameter] = value
    return found
