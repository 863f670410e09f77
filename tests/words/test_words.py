"""Records as words: the same program, shown by running both; and what the step refuses."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable
from pathlib import Path

import pytest

from inversion_table.safety import limits
from inversion_table.session import motion
from itable import words as words_module
from itable.firmware import package_files, package_folder
from itable.words import words
from itable.words.errors import UndecidedError
from itable.words.package import Package
from itable.words.records import Records
from tests.micropython import run_on_cpython, run_on_micropython
from tests.words import rows

HERE = Path(__file__).parent
PC_BITS = 64
TRACE = "inversion_table/ticks_trace.py"
PARTS = {"play": ("3", "20000", 200), "watch": ("4", "15000", 300), "scatter": ("8", "12000", 600)}
"""What is run: seed, ticks, and how many lines it prints at least."""

Files = list[tuple[str, bytes]]


@functools.cache
def sources() -> tuple[tuple[str, bytes], ...]:
    """The package, with the trace as one of its modules."""
    folder = package_folder()
    assert folder is not None
    package = package_files(folder)
    layouts = Records(Package(words_module.with_constants(package))).of
    text = rows.text(layouts, times_ms((limits, motion)))
    return (
        *package,
        ("inversion_table/dice.py", (HERE.parent / "dice.py").read_bytes()),
        ("inversion_table/rows.py", text.encode()),
        (TRACE, (HERE / "device" / "ticks_trace.py").read_bytes()),
    )


def times_ms(modules: Iterable[types.ModuleType]) -> tuple[int, ...]:
    """Every limit in ms, and the longest that a clock shows but one."""
    found = {
        value
        for module in modules
        for name, value in vars(module).items()
        if name.endswith("_MS") and isinstance(value, int)
    }
    return (*sorted(found), (1 << 29) - 2)


@functools.cache
def made() -> tuple[tuple[str, bytes], ...]:
    return tuple(words(sources(), PC_BITS))


def written(folder: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    for path, content in files:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def trace_of(folder: Path, files: Iterable[tuple[str, bytes]], part: str) -> list[str]:
    seed, ticks, _ = PARTS[part]
    written(folder, files)
    return run_on_micropython(folder / TRACE, part, seed, ticks, first=folder)


@pytest.fixture(scope="module")
def right_traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("right")
    return {part: trace_of(folder, made(), part) for part in ("watch", "scatter")}


@pytest.mark.requirement("RQ-158")
@pytest.mark.parametrize("part", PARTS)
def test_kernel_monitors_and_sequencer_do_the_same_to_the_bit(part: str, tmp_path: Path) -> None:
    seed, ticks, least = PARTS[part]
    plain_folder = written(tmp_path / "plain", sources())
    plain = run_on_cpython(plain_folder / TRACE, part, seed, ticks, first=plain_folder)
    with_words = trace_of(tmp_path / "words", made(), part)
    assert len(plain) >= least
    for number, (mine, theirs) in enumerate(zip(plain, with_words, strict=True)):
        assert mine == theirs, f"line {number}"


def test_the_trace_sees_every_state_but_service(tmp_path: Path) -> None:
    *_, last = trace_of(tmp_path, made(), "play")
    assert last.endswith("states 255")


@pytest.mark.parametrize(
    ("part", "file", "right", "wrong"),
    [
        ("scatter", "safety/guarded.py", ">= 10000", ">= 10010"),
        ("watch", "safety/monitors.py", ">= 1200", ">= 1210"),
        ("scatter", "session/sequencer.py", "> 500", "> 510"),
        ("scatter", "safety/memory.py", "self_[9] = -1 - k_[9]", "self_[9] = -1 - k_[8]"),
    ],
)
def test_the_trace_notices_one_wrong_number(
    part: str, file: str, right: str, wrong: str, right_traces: dict[str, list[str]], tmp_path: Path
) -> None:
    damaged = [
        (path, text.replace(right.encode(), wrong.encode()) if path.endswith(file) else text)
        for path, text in made()
    ]
    assert damaged != list(made())
    assert trace_of(tmp_path, damaged, part) != right_traces[part]


# --- what the step does with other code -------------------------------------------------------

PORTS = """
class Decision:
    def __init__(self):
        self.duty_permille = 0
        self.at_home = False
        self.limit_mdeg = -75_000
"""


def step(**modules: str) -> dict[str, str]:
    """The modules as they come out of the step, without the package's path."""
    files: Files = [("inversion_table/safety/ports.py", PORTS.encode())]
    files += [(f"inversion_table/{name}.py", text.encode()) for name, text in modules.items()]
    found = words(files)
    return {
        path.removeprefix("inversion_table/").removesuffix(".py"): text.decode()
        for path, text in found
    }


def test_a_record_is_an_array_with_its_presets() -> None:
    made_ports = step()["safety/ports"]
    space: dict[str, object] = {}
    exec(made_ports, space)  # noqa: S102 - text that this test made
    assert list(space["Decision"]()) == [0, 0, -75_000]  # type: ignore[operator]


def test_attributes_become_numbers_whatever_leads_to_the_record() -> None:
    text = step(
        app="class App:\n    def tick(self, decision):\n"
        "        decision.duty_permille += 1\n"
        "        last = self._app.decision\n        return last.limit_mdeg\n"
    )["app"]
    assert "decision[0] += 1" in text
    assert "last[2]" in text


def test_a_truth_stays_a_truth_for_its_readers() -> None:
    text = step(
        methods="def status(app):\n    if app.decision.at_home:\n        pass\n"
        "    return {'home': app.decision.at_home}\n"
    )["methods"]
    assert "'home': app.decision[1] != 0" in text
    assert "if app.decision[1]:" in text


def test_machine_code_of_the_sources_reads_words_through_a_pointer() -> None:
    text = step(
        box="from x import portable as micropython\n@micropython.viper\n"
        "def take(decision):\n    return int(decision.limit_mdeg)\n"
    )["box"]
    assert "decision_words = ptr32(decision)" in text
    assert "int(decision_words[2])" in text


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("def f(thing):\n    return 1 + thing.at_home\n", "is `thing` a record?", 2),
        ("def f(decision):\n    return decision.colour\n", "no number `colour`", 2),
        ("def f(decision):\n    decision = g()\n    return decision.at_home\n", "unknown", 3),
        ("def f(decision):\n    decision.reset()\n", "no method `reset`", 2),
        (
            "@micropython.viper\ndef f(decision, bits: int):\n    decision.at_home = bits & 4\n",
            "may not be",
            3,
        ),
    ],
)
@pytest.mark.requirement("RQ-158")
def test_what_cannot_be_decided_is_refused_with_its_place(text: str, what: str, line: int) -> None:
    with pytest.raises(UndecidedError) as caught:
        step(module=text)
    assert what in str(caught.value)
    assert caught.value.where == f"inversion_table/module.py, line {line}"
