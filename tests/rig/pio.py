"""A PIO state machine, cycle by cycle, as far as the rig's programs use one.

The assembler's words are functions here that note an instruction each; then the notes are run
against levels that the test gives. RP2040 datasheet, 3.4: every instruction takes one cycle and its
delay; a `wait` that does not hold stalls; x and y have 32 bits.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MASK = 0xFFFF_FFFF
PROGRAMS = Path(__file__).resolve().parents[2] / "hil_tests/rig/table_rig/programs.py"


class Instruction:
    """Its word and arguments; `[n]` behind it is a delay, as in the assembler."""

    def __init__(self, word: str, arguments: tuple[Any, ...]) -> None:
        self.word = word
        self.arguments = arguments
        self.delay = 0

    def __getitem__(self, delay: int) -> Instruction:
        self.delay = delay
        return self


class Assembled:
    """What a program's text says."""

    def __init__(self, program: Callable[[], None]) -> None:
        self.code: list[Instruction] = []
        self.labels: dict[str, int] = {}
        self.wrap_target, self.wrap = 0, -1
        names: dict[str, Any] = {
            word: self._word(word) for word in ("pull", "push", "mov", "wait", "set", "jmp")
        }
        names |= {
            name: name
            for name in ("x", "y", "osr", "isr", "null", "pin", "x_dec", "y_dec", "pindirs")
        }
        names |= {
            "noblock": "noblock",
            "invert": lambda source: ("invert", source),
            "label": lambda name: self.labels.__setitem__(name, len(self.code)),
            "wrap_target": lambda: setattr(self, "wrap_target", len(self.code)),
            "wrap": lambda: setattr(self, "wrap", len(self.code) - 1),
        }
        types.FunctionType(program.__code__, names)()
        if self.wrap < 0:
            self.wrap = len(self.code) - 1

    def _word(self, word: str) -> Callable[..., Instruction]:
        def note(*arguments: Any) -> Instruction:
            instruction = Instruction(word, arguments)
            self.code.append(instruction)
            return instruction

        return note


def programs() -> dict[str, Callable[[], None]]:
    """The rig's programs, unassembled."""
    stand_in = types.ModuleType("rp2")
    stand_in.PIO = types.SimpleNamespace(OUT_LOW=2)  # type: ignore[attr-defined]
    stand_in.asm_pio = lambda **settings: lambda program: program  # type: ignore[attr-defined]
    names: dict[str, Any] = {}
    before = sys.modules.get("rp2")
    sys.modules["rp2"] = stand_in
    try:
        exec(compile(PROGRAMS.read_text("utf-8"), str(PROGRAMS), "exec"), names)  # noqa: S102
    finally:
        if before is None:
            del sys.modules["rp2"]
        else:
            sys.modules["rp2"] = before
    return {name: thing for name, thing in names.items() if isinstance(thing, types.FunctionType)}


class StateMachine:
    """Runs one; `pin(cycle)` is the level that it looks at."""

    def __init__(self, program: Callable[[], None], given: int, pin: Callable[[int], int]) -> None:
        self._program = Assembled(program)
        self._pin = pin
        self._given = [given]
        self._registers = {"x": 0, "y": 0, "osr": 0, "isr": 0, "null": 0}
        self._at = 0
        self.cycle = 0
        self.pushed: list[int] = []
        self.holds = True
        """Its pin is an output, and low."""

    def run(self, cycles: int) -> None:
        """Let so many cycles pass."""
        program = self._program
        end = self.cycle + cycles
        while self.cycle < end:
            instruction = program.code[self._at]
            target = self._do(instruction.word, instruction.arguments)
            self.cycle += 1 + instruction.delay
            if target is not None:
                self._at = target
            elif self._at == program.wrap:
                self._at = program.wrap_target
            else:
                self._at += 1

    def _do(self, word: str, arguments: tuple[Any, ...]) -> int | None:
        registers = self._registers
        if word == "pull":
            registers["osr"] = self._given.pop(0)
        elif word == "push":
            self.pushed.append(registers["isr"])
        elif word == "mov":
            target, source = arguments
            value = registers[source[1]] ^ _MASK if isinstance(source, tuple) else registers[source]
            registers[target] = value
        elif word == "wait":
            return None if self._pin(self.cycle) == arguments[0] else self._at
        elif word == "set":
            self.holds = bool(arguments[1])
        elif self._jumps(arguments[:-1]):
            return self._program.labels[arguments[-1]]
        return None

    def _jumps(self, condition: tuple[Any, ...]) -> bool:
        if not condition:
            return True
        if condition[0] == "pin":
            return bool(self._pin(self.cycle))
        register = condition[0][0]
        before = self._registers[register]
        self._registers[register] = before - 1 & _MASK
        return before != 0
