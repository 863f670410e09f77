"""Writes the part of the trace that names every attribute of every record, from the sources."""

from __future__ import annotations

from collections.abc import Iterator

from itable.words.records import Layout

ARGUMENTS = ("inputs", "estimate", "wish", "decision", "monitors", "sequencer", "k", "complement")
CLASSES = ("Inputs", "Estimate", "Wish", "Decision", "Monitors", "Sequencer", "KernelState",
           "Complement")  # fmt: skip
SCRAMBLED = {
    "inputs": "Inputs",
    "estimate": "Estimate",
    "monitors": "Monitors",
    "k": "KernelState",
    "complement": "Complement",
}

_OF_NAME = {
    "state": "dice.roll(10)",
    "mode": "dice.roll(3)",
    "boot": "dice.roll(2)",
    "fault": "dice.roll(37)",
    "excused": "dice.choose((0, 0, 0, 1, 15, 16, 27))",
    "active": "dice.roll(36)",
    "refused": "dice.roll(36)",
    "refusals": "dice.choose((0, 1, 65_535))",
    "wind_down": "dice.choose((-1, 4, 5))",
    "return_pauses": "dice.roll(4)",
    "duty_permille": "dice.choose((0, 0, 5, -5, 120, -220, 999, 1_000, -1_000))",
    "phase": "dice.roll(3)",
    "return_phase": "dice.roll(4)",
    "step_number": "dice.roll(3)",
    "current_ma": "dice.choose((0, 99, 100, 300, 300, 300, 3_500, 3_501, 9_000, 9_001))",
    "supply_mv": "dice.choose((13_999, 14_000, 18_999, 19_000, 24_000, 24_000, 24_000, 24_000))",
    "load_mdeg_ms": "dice.between(-760_000, 760_000)",
    "start_ms": "dice.roll(761)",
    "age_ms": "dice.choose((0, 0, 0, 0, 99, 100, 101, 2_000, 10_000))",
    "disagreement_mdeg": "dice.choose((0, 0, 0, 0, 3_999, 4_000, 4_001))",
    "rate_disagreement_mdeg_per_s": "dice.choose((0, 0, 0, 999, 1_000, 1_001, 1_500, 1_501))",
    "outward_udeg": "dice.choose((0, 799_999, 800_000))",
}
_MOSTLY_TRUE = ("valid", "primary_ok", "monitor_ok", "settled", "tilt_trusted", "relay_closed")
_MOSTLY_FALSE = ("estop_pressed", "end_reached", "host_stop", "button_stuck", "home_stuck")
_OF_UNIT = (
    ("_ms", "near(dice, TIMES_MS)"),
    ("_udeg_per_s", "dice.choose((0, 1, -1, 390_000, -390_000, 3_000_000, -6_000_000))"),
    ("_udeg", "dice.between(-80_000, 95_000) * 1_000 + dice.roll(1_000)"),
    ("_mdeg_per_s", "near(dice, RATES)"),
    ("_mdeg", "near(dice, TILTS)"),
)


def text(layouts: dict[str, Layout], numbers: tuple[int, ...]) -> str:
    """The module's text. numbers: every limit there is, in ms, as values to be near of."""
    return "\n".join(_lines(layouts, numbers)) + "\n"


def _lines(layouts: dict[str, Layout], numbers: tuple[int, ...]) -> Iterator[str]:
    yield '"""Made by tests/words/rows.py."""'
    yield "from inversion_table.safety.memory import Complement, KernelState"
    yield f"TIMES_MS = {(0, 0, 0, *numbers)!r}"
    yield "RATES = (0, 0, 150, -150, 700, -700, 1_000, 1_500, 3_000, -3_000, 4_000, 8_000, -8_000)"
    yield "TILTS = (-78_000, -75_000, -71_000, 0, 500, 2_000, 30_000, 60_000, 90_000, 91_500)"
    yield "def near(dice, row):"
    yield "    return dice.choose(row) + dice.choose((-1, 0, 0, 1))"
    yield f"def row_of({', '.join(_typed(name) for name in ARGUMENTS)}):"
    words = [
        f"int({argument}.{path})"
        for argument, class_ in zip(ARGUMENTS, CLASSES, strict=True)
        for path, _ in _paths(layouts[class_])
    ]
    yield f"    return repr(({', '.join(words)}))"
    for argument, class_ in SCRAMBLED.items():
        yield f"def scramble_{argument}({_typed(argument)}, dice, odds):"
        yield from _scrambled(argument, layouts[class_], class_ == "Complement")
    yield "def scramble_sequencer(sequencer, dice, odds, program):"
    yield from _scrambled("sequencer", layouts["Sequencer"], False)
    yield "    sequencer.set_index = dice.roll(len(program.set_first))"
    yield "    sequencer.step_index = dice.roll(program.set_count[sequencer.set_index])"
    yield "    sequencer.pass_index = dice.roll(program.set_times[sequencer.set_index])"


def _typed(argument: str) -> str:
    return {"k": "k: KernelState", "complement": "complement: Complement"}.get(argument, argument)


def _paths(layout: Layout) -> Iterator[tuple[str, bool]]:
    for name in layout.index:
        yield name, name in layout.truths
    for name, (inner, _) in layout.inner.items():
        for path, is_truth in _paths(inner):
            yield f"{name}.{path}", is_truth


def _scrambled(argument: str, layout: Layout, is_complement: bool) -> Iterator[str]:
    for path, is_truth in _paths(layout):
        name = path.rpartition(".")[2]
        yield "    if dice.roll(odds) == 0:"
        if is_complement:
            yield f"        {argument}.{path} = {argument}.{path} ^ (1 << dice.roll(30))"
        elif is_truth:
            odds = 8 if name in _MOSTLY_TRUE or name in _MOSTLY_FALSE else 2
            sign = "==" if name in _MOSTLY_FALSE else "!="
            yield f"        {argument}.{path} = dice.roll({odds}) {sign} 0"
        else:
            value = _OF_NAME.get(name)
            if value is None:
                value = next((text for unit, text in _OF_UNIT if name.endswith(unit)), "0")
            yield f"        {argument}.{path} = {value}"
