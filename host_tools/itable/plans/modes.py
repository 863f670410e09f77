"""The modes of traction units, compiled to plain steps: all that the device knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from itable.plans import definitions

Values = Mapping[str, int | None]
"""What is written below a mode's header, by key: mdeg, mdeg/s, ms, counts."""


@dataclass(frozen=True)
class Part:
    """A plain step, and the keys that its numbers come from (None: from between two of them)."""

    tilt_mdeg: int
    rate_mdeg_per_s: int
    hold_ms: int
    tilt_key: str | None = "tilt_deg"
    rate_key: str = "rate_deg_per_s"
    hold_key: str = "hold"


@dataclass(frozen=True)
class Block:
    """Steps that are gone through `times` times over."""

    times: int
    parts: tuple[Part, ...]


def compiled(mode: str, values: Values) -> list[Block]:
    """The plain steps of a mode; what is missing stands in as something harmless."""
    return _COMPILERS[mode](values)


def _number(values: Values, key: str, otherwise: int = 0) -> int:
    value = values.get(key)
    return otherwise if value is None else value


def _rate(values: Values, key: str = "rate_deg_per_s") -> int:
    return _number(values, key, definitions.DEFAULT_STEP_RATE_MDEG_PER_S)


def _hold(values: Values) -> Part:
    return Part(_number(values, "tilt_deg"), _rate(values), _number(values, "hold"))


def _rest(values: Values, rate_key: str = "rate_deg_per_s") -> Part:
    return Part(
        _number(values, "rest_tilt_deg"),
        _rate(values, rate_key),
        _number(values, "rest"),
        "rest_tilt_deg",
        rate_key,
        "rest",
    )


def _cycles(values: Values) -> int:
    return min(max(_number(values, "cycles", 1), 1), definitions.CYCLES_MAX)


def _static(values: Values) -> list[Block]:
    return [Block(1, (_hold(values),))]


def _intermittent(values: Values) -> list[Block]:
    """Holds with rests between them, so no rest after the last."""
    hold, cycles = _hold(values), _cycles(values)
    if cycles == 1:
        return [Block(1, (hold,))]
    return [Block(cycles - 1, (hold, _rest(values))), Block(1, (hold,))]


def _cyclic(values: Values) -> list[Block]:
    return [Block(_cycles(values), (_hold(values), _rest(values, "rest_rate_deg_per_s")))]


def _stair(values: Values) -> list[Block]:
    """Levels of equal height, to the nearest thousandth of a degree; the ends exactly."""
    first, last = _number(values, "from_tilt_deg"), _number(values, "to_tilt_deg")
    levels = min(max(_number(values, "levels", 2), 2), definitions.LEVELS_MAX)
    gaps = levels - 1
    parts = []
    for level in range(levels):
        tilt_mdeg = first + (2 * (last - first) * level + gaps) // (2 * gaps)
        key = {0: "from_tilt_deg", gaps: "to_tilt_deg"}.get(level)
        parts.append(Part(tilt_mdeg, _rate(values), _number(values, "hold"), key))
        if level < gaps and values.get("rest_tilt_deg") is not None:
            parts.append(_rest(values))
    return [Block(1, tuple(parts))]


_COMPILERS: dict[str, Callable[[Values], list[Block]]] = {
    "static": _static,
    "intermittent": _intermittent,
    "cyclic": _cyclic,
    "progressive": _stair,
    "regressive": _stair,
}
