"""Seeded sessions through monitors, sequencer and kernel; the same lines on any Python.

Runs unchanged on CPython and on MicroPython, with firmware/ and tests/safety/ on the path;
test_parity.py compares. With "locked" as argument each tick runs under a locked heap (MicroPython
only), and the lines say how often each state was met.
"""

import binascii
import sys

from table import STUCK_CLOSED, STUCK_OPEN, WORKING, Table, simple_program

from inversion_table.safety import states
from inversion_table.safety.ports import BOOT_POWER_ON, BOOT_WATCHDOG

CALM_WALKS = 12
WALKS = 14
"""In the last ones bits of the kernel's memory flip."""
BLOCKS = 40
BLOCK_TICKS = 100

# What can be broken, and how; the first value is the sound one.
BREAKABLE = (
    ("home_switch", WORKING, STUCK_OPEN, STUCK_CLOSED),
    ("end_switch", WORKING, STUCK_OPEN),
    ("relay", WORKING, STUCK_OPEN, STUCK_CLOSED),
    ("mirror", WORKING, STUCK_OPEN, STUCK_CLOSED),
    ("tilt_lost", False, True),
    ("primary_lost", False, True),
    ("monitor_lost", False, True),
    ("blocked", False, True),
    ("reversed", False, True),
    ("sequencer_dead", False, True),
    ("ankle_locked", True, False),
    ("disagreement_mdeg", 0, 9_000),
    ("creep_mdeg_per_s", 0, 2_500, -9_000),
    ("current_stuck_ma", -1, 16_500, 4_000),
    ("supply_stuck_mv", -1, 0),
    ("supply_mv", 24_000, 16_000, 5_000),
    ("settled", True, False),
    ("button_stuck", False, True),
    ("settings_ok", True, False),
)
# What the kernel remembers, in which a bit may flip.
REMEMBERED = ("state", "fault", "then_ms", "head_down_ms", "duty_permille", "blind", "refusals")
NUMBERS = (
    "state", "mode", "duty_permille", "fault", "excused", "refused", "refusals", "session_ms",
    "head_down_ms",
)  # fmt: skip
FLAGS = ("power", "ready", "winding_down", "at_home")


class Lcg:
    """A linear congruential generator that stays in 31-bit integers."""

    def __init__(self, seed):
        self.state = seed & 0xFFFF

    def below(self, limit):
        """0 .. limit - 1, for limit up to 2^15."""
        self.state = (self.state * 4_093 + 12_345) & 0xFFFF
        return (self.state >> 1) * limit >> 15


def new_table(lcg):
    """A table somewhere, that starts for some reason, with the ticks about to wrap."""
    boot = BOOT_WATCHDOG if lcg.below(3) == 0 else BOOT_POWER_ON
    tilt_mdeg = (-75_100, -75_100, -40_000, 45_000)[lcg.below(4)]
    program = simple_program(5_000 + 1_000 * lcg.below(55), 4_000, 2_000, 6_000, 2)
    table = Table(program, boot, tilt_mdeg, (1 << 30) - 30_000 + lcg.below(20_000))
    table.settings.rate_max_mdeg_per_s = 6_000
    table.settings.head_down_max_ms = 15_000
    return table


def touch(table, lcg):
    """Hands and the laptop."""
    table.start = lcg.below(150) == 0
    table.pause = lcg.below(400) == 0
    table.return_home = lcg.below(400) == 0
    table.host_return = lcg.below(900) == 0
    table.host_stop = lcg.below(900) == 0
    if lcg.below(200) == 0:
        table.jog_down = lcg.below(2) == 0
    if lcg.below(200) == 0:
        table.jog_up = lcg.below(3) == 0
    if table.estop_pressed:
        table.estop_pressed = lcg.below(200) != 0
    elif lcg.below(2_000) == 0:
        table.estop_pressed = True
    table.tick_ms = 10 if lcg.below(300) else (10, 20, 480)[lcg.below(3)]


def spoil(table, lcg):
    """All is repaired, then perhaps something breaks."""
    for row in BREAKABLE:
        setattr(table, row[0], row[1])
    if lcg.below(3):
        row = BREAKABLE[lcg.below(len(BREAKABLE))]
        setattr(table, row[0], row[2 + lcg.below(len(row) - 2)])


def flip(table, lcg):
    """One bit of what the kernel remembers."""
    name = REMEMBERED[lcg.below(len(REMEMBERED))]
    setattr(table.kernel, name, getattr(table.kernel, name) ^ (1 << lcg.below(30)))


def line_of(table):
    """Everything decided in this tick, and what the sequencer and the monitors hold."""
    decision, wish, monitors = table.decision, table.wish, table.monitors
    values = [getattr(decision, name) for name in NUMBERS]
    values += [int(getattr(decision, name)) for name in FLAGS]
    values += [wish.request, wish.duty_permille, wish.limit_mdeg, wish.target_mdeg]
    values += [wish.rate_mdeg_per_s, table.sequencer.step_number, monitors.active]
    values += [int(monitors.tilt_trusted), table.tilt_udeg, table.kernel.state_ms]
    return " ".join([str(value) for value in values])


def compare():
    """One line for each block: a CRC over all of its ticks, and its last tick."""
    for walk in range(WALKS):
        lcg = Lcg(walk * 977 + 5)
        table = new_table(lcg)
        for block in range(BLOCKS):
            if walk % 3 and lcg.below(4) == 0:
                spoil(table, lcg)
            check = 0
            for _ in range(BLOCK_TICKS):
                touch(table, lcg)
                if walk >= CALM_WALKS and lcg.below(500) == 0:
                    flip(table, lcg)
                table.tick()
                check = binascii.crc32(line_of(table).encode(), check)
            print(walk, block, "%08x" % (check & 0xFFFFFFFF), line_of(table))


def locked():
    """Ticks under a locked heap, over all states: an allocation ends this with a MemoryError."""
    from micropython import heap_lock, heap_unlock

    met = [0] * len(states.STATE_NAMES)
    for walk in range(WALKS + 1):
        lcg = Lcg(walk * 977 + 5)
        table = new_table(lcg) if walk < WALKS else Table()
        for block in range(BLOCKS):
            if walk % 3 and lcg.below(4) == 0:
                spoil(table, lcg)
            for _ in range(BLOCK_TICKS):
                if walk < WALKS:
                    touch(table, lcg)
                    if walk >= CALM_WALKS and lcg.below(500) == 0:
                        flip(table, lcg)
                else:  # at home, untouched: the way to SERVICE
                    table.inputs.service_gesture = block > 10
                heap_lock()
                table.tick()
                heap_unlock()
                met[table.decision.state] += 1
    for state, count in enumerate(met):
        print(states.STATE_NAMES[state], count)


if len(sys.argv) > 1 and sys.argv[1] == "locked":
    locked()
else:
    compare()
