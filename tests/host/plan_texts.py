"""Plan files of every mode, inside the hard limits or around them, as hypothesis draws them."""

from decimal import Decimal

from hypothesis import strategies as st

from itable.plans import definitions
from itable.plans.definitions import Key, TableDefinition


def number(value: int, unit: int) -> str:
    """A value in thousandths, or ms, as a file has it; without an exponent."""
    text = f"{Decimal(value) / unit:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@st.composite
def _pair(draw, key: Key, highest: int) -> str:
    if key.kind == definitions.WHOLE:
        return f"{key.name} = {draw(st.integers(key.lowest, min(key.highest, highest)))}"
    value = draw(st.integers(key.lowest, min(key.highest, highest)))
    if key.kind == definitions.THOUSANDTHS:
        return f"{key.name} = {number(value, 1_000)}"
    if draw(st.booleans()):
        return f"{key.name}_s = {number(value, 1_000)}"
    return f"{key.name}_min = {number(value // 60 * 60, 60_000)}"


@st.composite
def table(draw, definition: TableDefinition, hold_max_ms: int = 60_000) -> list[str]:
    """The lines of a table: its header, every key that must be there, some that may."""
    lines = [definition.header]
    both = draw(st.booleans())
    for key in definition.keys:
        wanted = both if key.name in definition.together else key.required or draw(st.booleans())
        if wanted:
            highest = hold_max_ms if key.kind == definitions.DURATION else key.highest
            highest = min(highest, 12) if key.name in ("cycles", "levels") else highest
            lines.append(draw(_pair(key, highest)))
    return lines


@st.composite
def _set(draw) -> list[str]:
    mode = draw(st.sampled_from([definitions.STEPS, *definitions.MODES]))
    if mode != definitions.STEPS:
        return ["[[set]]", *draw(table(definitions.MODES[mode]))]
    lines = ["[[set]]"]
    if draw(st.booleans()):
        lines.append(f"times = {draw(st.integers(1, 4))}")
    for _ in range(draw(st.integers(1, 3))):
        lines += draw(table(definitions.STEP))
    return lines


@st.composite
def plans(draw) -> str:
    """The text of a plan whose single values are inside the hard limits."""
    lines = ["format = 1", 'name = "Drawn"']
    if draw(st.booleans()):
        lines += draw(table(definitions.RETURN))
    for _ in range(draw(st.integers(1, 3))):
        lines += draw(_set())
    return "\n".join(lines) + "\n"
