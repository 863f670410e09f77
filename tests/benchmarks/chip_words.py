"""Kernel, monitors and sequencer on the emulated chip, as the sources are and as they are built.

`python -m tests.benchmarks.chip_words`, with ITABLE_UF2 as docs/chip.md says. Prints what each
costs a tick in each state, what they leave of the heap, and whether what they keep is the same as
on CPython (the trace of tests/words).
"""

from __future__ import annotations

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from inversion_table.safety.states import STATE_NAMES
from itable.compact import compact
from itable.deploy.cells import without_offset
from itable.words import words
from tests.benchmarks import on_chip
from tests.benchmarks.on_chip import CYCLES_OF_US, MARK
from tests.micropython import run_on_cpython
from tests.words import test_words

PARTS = ("monitors", "sequencer", "kernel")
TRACED = (("play", 3, 250), ("scatter", 8, 250), ("watch", 4, 300))
"""Part of the trace, seed, ticks: each takes some 20 ms of the chip's time."""

Files = list[tuple[str, bytes]]

SESSION = """
class Level:
    pass

def program():
    made = Level()
    made.return_rate_mdeg_per_s = 3_000
    made.rest_ms = 300
    made.tilt_mdeg = [-60_000, -66_000]
    made.rate_mdeg_per_s = [3_000, 2_000]
    made.hold_ms = [300, 300]
    made.set_first = [0]
    made.set_count = [2]
    made.set_times = [1]
    return made

def main(free):
    decision, estimate, inputs, wish = Decision(), Estimate(), Inputs(), Wish()
    monitors, sequencer, kernel = Monitors(), Sequencer(), GuardedKernel()
    gc.collect()
    free.append(gc.mem_free())
    settings = limits.Settings()
    plan = program()
    inputs.estop_pressed = inputs.end_reached = False
    inputs.ankle_locked = inputs.home_switch = inputs.settled = True
    inputs.settings_ok = inputs.program_ok = inputs.clocks_ok = inputs.home_angle_ok = True
    inputs.plan_ready = inputs.started_up = True
    inputs.supply_mv = 24_000
    estimate.valid = estimate.settled = estimate.primary_ok = estimate.monitor_ok = True
    estimate.age_ms = 0
    now_ms = rate = relay_ms = 0
    udeg = limits.HOME_TILT_MDEG * 1_000
    for tick in range(2_500):
        now_ms += 10
        rate += (decision.duty_permille * 10 - rate) // 4
        udeg = max(-78_000_000, udeg + rate * 10)
        estimate.tilt_mdeg = udeg // 1_000
        estimate.rate_mdeg_per_s = rate
        relay_ms = relay_ms + 10 if decision.power else 0
        inputs.relay_closed = relay_ms > 60
        inputs.home_switch = estimate.tilt_mdeg <= -74_600
        inputs.current_ma = 300
        inputs.start_edge = tick == 260
        if tick > 300 and decision.state == states.HOME:
            break
        mark(decision.state << 2)
        monitors.update(decision, estimate, inputs, now_ms)
        mark(1)
        sequencer.step(plan, decision, estimate, inputs, settings, now_ms, wish)
        mark(2)
        kernel.step(wish, estimate, inputs, monitors, settings, now_ms, decision)
        mark(3)
    for number in free:
        mark(number)
    mark(0x7FFFFFFF)
"""
IMPORTS = """
import gc
from inversion_table.estimation.estimate import Estimate
from inversion_table.safety import limits, states
from inversion_table.safety.guarded import GuardedKernel
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import Decision, Inputs, Wish
from inversion_table.session.sequencer import Sequencer
"""
MEASURED = "inversion_table/startup.py"
"""In place of the firmware's own."""
SERVICE = "inversion_table/service.py"
START = "from inversion_table import startup\nstartup.main\n"


def marks_of(sources: Files, measured: str, built: bool) -> list[tuple[int, int, int]]:
    """What a module on the chip marks, beside the package: (number, cycle, cycles waited)."""
    sources = [
        *(
            (path, text)
            for path, text in without_offset(sources)
            if path not in (MEASURED, SERVICE)
        ),
        (MEASURED, measured.encode()),
    ]
    made = compact(words(sources) if built else sources, [START])
    return on_chip.marks_of(made, START)


def measure(sources: Files) -> None:
    """Print a row for each part in each state."""
    text = IMPORTS + "gc.collect()\nfree = [gc.mem_free()]\n" + MARK + SESSION
    cost: dict[tuple[int, int], list[list[float]]] = defaultdict(lambda: [[], []])
    heap = []
    for built in (False, True):
        seen = marks_of(sources, text + "\nmain(free)\n", built)
        heap.append([number for number, _, _ in seen[-2:]])
        for at in range(0, len(seen) - 2, 4):
            cycles = [cycle for _, cycle, _ in seen[at : at + 4]]
            for part in range(3):
                us = (cycles[part + 1] - cycles[part]) / CYCLES_OF_US
                cost[seen[at][0] >> 2, part][built].append(us)
    print("| us, each cycle once | | sources: mean, most | built: mean, most |\n|---|---|---|---|")
    for (state, part), both in sorted(cost.items()):
        cells = [f"{statistics.mean(us):.0f}, {max(us):.0f}" for us in both]
        print(f"| {STATE_NAMES[state]} | {PARTS[part]} | {' | '.join(cells)} |")
    for name, (loaded, made) in zip(("sources", "built"), heap, strict=True):
        print(
            f"{name}: {loaded} bytes of heap free when all is loaded; {loaded - made} for objects"
        )


def compare(sources: Files) -> None:
    """Print whether the built package on the chip keeps what the sources keep on CPython."""
    for part, seed, ticks in TRACED:
        call = f"main({part!r}, {seed}, {ticks})"
        text = f"from inversion_table.ticks_trace import main\ncrc = {call}\n"
        ends = "mark(crc & 0xFFFF)\nmark(crc >> 16)\nmark(0x7FFFFFFF)\n"
        (low, _, _), (high, _, _) = marks_of(sources, MARK + text + ends, True)
        here = crc_on_cpython(sources, part, seed, ticks)
        same = "the same" if low | high << 16 == here else "NOT THE SAME"
        print(f"{part}, {ticks} ticks: {same} on the chip and on CPython ({here})")


def crc_on_cpython(sources: Sequence[tuple[str, bytes]], part: str, seed: int, ticks: int) -> int:
    """What the same part of the trace ends with here."""
    with tempfile.TemporaryDirectory() as name:
        folder = test_words.written(Path(name), sources)
        script = folder / "crc.py"
        script.write_text(
            "from inversion_table.ticks_trace import main\n"
            f"print('crc', main({part!r}, {seed}, {ticks}))\n"
        )
        *_, last = run_on_cpython(script, first=folder)
        return int(last.split()[1])


if __name__ == "__main__":
    everything = list(test_words.sources())
    measure(everything)
    compare(everything)
