"""The project's rules about its own source hold, and each rule finds what breaks it."""

from pathlib import Path

import pytest

from tests.project import rules

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = "firmware/inversion_table/"


@pytest.fixture(scope="session")
def sources():
    return rules.read_sources(ROOT)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule, sources):
    findings = rule(sources)
    assert not findings, "\n" + "\n".join(findings)


def test_the_rules_look_at_the_project(sources):
    # A wrong path would make every rule above pass over nothing.
    modules = {source.module for source in sources}
    assert {"inversion_table.safety.limits", "tests.project.rules"} <= modules
    folders = {source.path.split("/")[0] for source in sources}
    assert folders == set(rules.FOLDERS)


# Each rule with sources that break it, and the line of each that it must name.
BROKEN = [
    (rules.safety_imports_only_itself, "safety/a.py", "\nimport time", 2),
    (rules.safety_imports_only_itself, "safety/a.py", "def f():\n    import json", 2),
    (rules.safety_imports_only_itself, "safety/a.py", "from inversion_table import clock", 1),
    (rules.safety_imports_only_itself, "safety/a.py", "from ..session import plan", 1),
    (rules.pure_packages_stay_pure, "session/a.py", "import machine", 1),
    (rules.pure_packages_stay_pure, "estimation/a.py", "from time import ticks_ms", 1),
    (rules.pure_packages_stay_pure, "contract/a.py", "import binascii, os", 1),
    (rules.pure_packages_stay_pure, "safety/a.py", "if 1:\n    import sys as s", 2),
    (rules.session_never_imports_actuation, "session/a.py", "import inversion_table.actuation", 1),
    (rules.session_never_imports_actuation, "session/a.py", "from ..actuation import motor", 1),
    (
        rules.session_never_imports_actuation,
        "link/a.py",
        "from inversion_table import actuation",
        1,
    ),
    (
        rules.session_never_imports_actuation,
        "journal/__init__.py",
        "from inversion_table.actuation.motor import Motor",
        1,
    ),
    (
        rules.host_takes_only_what_is_shared,
        "host_tools/itable/a.py",
        "import inversion_table.app",
        1,
    ),
    (
        rules.host_takes_only_what_is_shared,
        "host_tools/itable/a.py",
        "from inversion_table.safety import kernel",
        1,
    ),
    (
        rules.host_takes_only_what_is_shared,
        "host_tools/itable/a.py",
        "def f():\n    from inversion_table import board",
        2,
    ),
    (
        rules.host_takes_only_what_is_shared,
        "host_tools/itable/a.py",
        "from inversion_table.session import plan, sequencer",
        1,
    ),
    (rules.firmware_uses_only_what_the_chip_has, "link/a.py", "import dataclasses", 1),
    (rules.firmware_uses_only_what_the_chip_has, "link/a.py", "from typing import Any", 1),
    (rules.firmware_uses_only_what_the_chip_has, "firmware/main.py", "import _thread", 1),
    (rules.firmware_uses_only_what_the_chip_has, "app.py", "t = __import__('threading')", 1),
    (rules.firmware_counts_in_integers, "estimation/a.py", "X = 3\nY = 0.5", 2),
    (rules.firmware_counts_in_integers, "estimation/a.py", "X = 1e3", 1),
    (rules.firmware_counts_in_integers, "safety/a.py", "def f(a, b):\n    return a / b", 2),
    (rules.firmware_counts_in_integers, "safety/a.py", "a = 4\na /= 2", 2),
    (rules.firmware_counts_in_integers, "session/a.py", "x = float(3)", 1),
    (rules.firmware_counts_in_integers, "session/a.py", "from math import sin", 1),
    (
        rules.only_the_board_knows_pin_numbers,
        "sensing/a.py",
        "import machine\np = machine.Pin(3)",
        2,
    ),
    (
        rules.only_the_board_knows_pin_numbers,
        "app.py",
        "from machine import Pin as P\np = P('GP10', P.OUT)",
        2,
    ),
    (
        rules.only_the_board_knows_pin_numbers,
        "actuation/a.py",
        "from machine import Pin\nENABLE = 12\np = Pin(ENABLE, Pin.OUT)",
        3,
    ),
    (
        rules.only_the_board_knows_pin_numbers,
        "sensing/a.py",
        "from machine import I2C, Pin\ndef f(scl):\n    return I2C(sda=4, scl=scl)",
        3,
    ),
    (
        rules.only_the_board_knows_pin_numbers,
        "firmware/main.py",
        "import machine as m\na = m.ADC(26)",
        2,
    ),
    (
        rules.only_actuation_holds_motor_and_relay,
        "session/a.py",
        "from machine import PWM\ndef f(board):\n    return PWM(board.motor_outward)",
        3,
    ),
    (
        rules.only_actuation_holds_motor_and_relay,
        "app.py",
        "def f(board):\n    board.motor_enable.value(1)",
        2,
    ),
    (
        rules.only_actuation_holds_motor_and_relay,
        "link/a.py",
        "def f(board):\n    board.HEARTBEAT.toggle()",
        2,
    ),
    (rules.kernel_is_small, "safety/kernel.py", "x = 1\n" * 401, 401),
    (
        rules.machine_code_changes_no_variable_by_looking_at_it,
        "sensing/a.py",
        "@micropython.viper\ndef f(x: int) -> int:\n    y = 5 & ~x\n    return x",
        3,
    ),
    (
        rules.machine_code_changes_no_variable_by_looking_at_it,
        "estimation/a.py",
        "@micropython.viper\ndef f(x: int) -> int:\n    y = -x\n    return x",
        3,
    ),
    (rules.nothing_depends_on_wall_time, "journal/a.py", "import time\nt = time.time()", 2),
    (
        rules.nothing_depends_on_wall_time,
        "board.py",
        "import time\ndef unix_time_s():\n    return time.time()\ndef f():\n    return time.time()",
        5,
    ),
    (
        rules.nothing_depends_on_wall_time,
        "app.py",
        "import time\ndef unix_time_s():\n    return time.time()",
        3,
    ),
    (rules.nothing_depends_on_wall_time, "board.py", "import machine\nr = machine.RTC()", 2),
    (
        rules.nothing_depends_on_wall_time,
        "hil_tests/test_a.py",
        "from datetime import datetime\nt = datetime.now()",
        2,
    ),
    (rules.randomness_is_seeded, "tests/test_a.py", "import random\nx = random.randint(1, 2)", 2),
    (rules.randomness_is_seeded, "tests/test_a.py", "from random import random\nx = random()", 2),
    (rules.randomness_is_seeded, "tests/test_a.py", "import random as r\nx = r.Random()", 2),
    (rules.randomness_is_seeded, "tests/test_a.py", "import random\nrandom.seed()", 2),
    (
        rules.randomness_is_seeded,
        "hil_tests/table_bench/a.py",
        "import numpy as np\nx = np.random.normal()",
        2,
    ),
    (
        rules.randomness_is_seeded,
        "hil_tests/table_bench/a.py",
        "import numpy as np\nx = np.random.default_rng(None)",
        2,
    ),
    (
        rules.randomness_is_seeded,
        "hil_tests/table_bench/a.py",
        "import numpy as np\nx = np.random.Generator(np.random.PCG64())",
        2,
    ),
    (rules.a_package_says_in_a_sentence_what_belongs_there, "link/__init__.py", "", 1),
    (
        rules.a_package_says_in_a_sentence_what_belongs_there,
        "host_tools/itable/__init__.py",
        '"""The host tool."""',
        1,
    ),
]

KEPT = [
    (rules.safety_imports_only_itself, "safety/a.py", "from inversion_table.safety import limits"),
    (
        rules.safety_imports_only_itself,
        "safety/a.py",
        "from . import limits\nfrom .faults import X",
    ),
    (rules.safety_imports_only_itself, "session/a.py", "import json"),
    (rules.pure_packages_stay_pure, "session/a.py", "import binascii\nimport hashlib\nimport json"),
    (rules.pure_packages_stay_pure, "link/a.py", "import sys\nimport time"),
    (
        rules.session_never_imports_actuation,
        "app.py",
        "from inversion_table.actuation import motor",
    ),
    (rules.session_never_imports_actuation, "actuation/a.py", "from . import b"),
    (
        rules.host_takes_only_what_is_shared,
        "host_tools/itable/a.py",
        "from inversion_table import VERSION\n"
        "from inversion_table.contract import frame\n"
        "from inversion_table.session import plan\n"
        "from inversion_table.session.plan import Plan\n"
        "from inversion_table.safety import limits\n"
        "import inversion_table.safety.limits",
    ),
    (
        rules.host_takes_only_what_is_shared,
        "hil_tests/table_bench/a.py",
        "import inversion_table.app",
    ),
    (
        rules.firmware_uses_only_what_the_chip_has,
        "link/a.py",
        "import json\nimport select\nimport sys",
    ),
    (
        rules.firmware_uses_only_what_the_chip_has,
        "hil_tests/table_bench/a.py",
        "import dataclasses",
    ),
    (rules.firmware_counts_in_integers, "safety/a.py", "x = 7 // 2\ns = 'a/b 0.5'"),
    (rules.firmware_counts_in_integers, "hil_tests/table_bench/a.py", "import math\nx = 0.5 / 3"),
    (
        rules.only_the_board_knows_pin_numbers,
        "board.py",
        "from machine import Pin\nMOTOR = 10\np = Pin(MOTOR)\nq = Pin(3)",
    ),
    (
        rules.only_the_board_knows_pin_numbers,
        "sensing/a.py",
        "from machine import ADC, Pin\ndef f(pin):\n    return ADC(pin), Pin(pin, Pin.IN)",
    ),
    (
        rules.only_actuation_holds_motor_and_relay,
        "actuation/a.py",
        "def f(board):\n    board.motor_enable.value(1)",
    ),
    (
        rules.only_actuation_holds_motor_and_relay,
        "sensing/a.py",
        "def f(board):\n    return board.relay_mirror.value(), board.motor_current.read_u16()",
    ),
    (rules.kernel_is_small, "safety/kernel.py", "x = 1\n" * 400),
    (
        rules.machine_code_changes_no_variable_by_looking_at_it,
        "sensing/a.py",
        "def g(x):\n    return -x\n@micropython.viper\ndef f(x: int) -> int:\n    x = -x\n"
        "    return x & ~_MASK | x + -1 | 0 - x | ~ptr32(x)[0]",
    ),
    (rules.nothing_depends_on_wall_time, "app.py", "import time\nt = time.ticks_ms()"),
    (
        rules.nothing_depends_on_wall_time,
        "board.py",
        "import time\ndef unix_time_s():\n    return time.time()",
    ),
    (rules.nothing_depends_on_wall_time, "tests/test_a.py", "import time\nt = time.monotonic()"),
    (rules.nothing_depends_on_wall_time, "tests/test_a.py", "def f(time):\n    return time.time"),
    (
        rules.randomness_is_seeded,
        "tests/test_a.py",
        "import random\nimport numpy as np\n"
        "random.seed(3)\nx = random.Random(3).random()\ny = np.random.default_rng(seed=4)\n"
        "z = np.random.Generator(np.random.PCG64(5))\n"
        "def f(random):\n    return x",
    ),
    (
        rules.a_package_says_in_a_sentence_what_belongs_there,
        "link/__init__.py",
        '"""Bytes to messages and back, over USB serial."""',
    ),
]


def planted(path: str, text: str) -> rules.Source:
    if not path.startswith(("firmware/", "host_tools/", "hil_tests/", "tests/")):
        path = FIRMWARE + path
    return rules.read_source(path, text)


# The planted files stand among a few others, as in the project.
AROUND = [
    planted("__init__.py", '"""The firmware."""\n\nVERSION = "1"\n'),
    planted("app.py", "import machine\n"),
    planted("board.py", "import machine\n"),
    planted("clock.py", "TICKS_MASK = 7\n"),
    planted("safety/__init__.py", ""),
    planted("safety/kernel.py", ""),
    planted("safety/limits.py", ""),
    planted("session/plan.py", ""),
    planted("session/sequencer.py", ""),
    planted("contract/frame.py", ""),
    planted("actuation/motor.py", "import machine\n"),
]


def among_others(source: rules.Source) -> list[rules.Source]:
    return [source, *(other for other in AROUND if other.path != source.path)]


@pytest.mark.parametrize(("rule", "path", "text", "line"), BROKEN)
def test_the_rule_finds_what_breaks_it(rule, path, text, line):
    source = planted(path, text)
    findings = [found for found in rule(among_others(source)) if found.startswith(source.path)]
    assert [found.split(":")[1] for found in findings] == [str(line)]


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_the_rule_lets_the_right_thing_pass(rule, path, text):
    source = planted(path, text)
    assert [found for found in rule(among_others(source)) if found.startswith(source.path)] == []


def test_every_rule_is_shown_to_find_and_to_pass():
    assert {rule for rule, *_ in BROKEN} == {rule for rule, *_ in KEPT} == set(rules.RULES)


def test_purity_is_followed_over_several_imports():
    files = [
        planted("estimation/tilt.py", "from inversion_table.sensing.imu import Sample"),
        planted("sensing/__init__.py", ""),
        planted("sensing/imu.py", "from inversion_table.sensing import bus"),
        planted("sensing/bus.py", "X = 1\nimport machine"),
    ]
    (finding,) = rules.pure_packages_stay_pure(files)
    assert finding.startswith(FIRMWARE + "sensing/bus.py:2:")
    assert (
        "estimation.tilt -> inversion_table.sensing.imu -> inversion_table.sensing.bus" in finding
    )


def test_importing_a_module_also_runs_its_package():
    files = [
        planted("session/a.py", "from inversion_table.sensing.names import X"),
        planted("sensing/__init__.py", "import machine"),
        planted("sensing/names.py", "X = 1"),
    ]
    (finding,) = rules.pure_packages_stay_pure(files)
    assert finding.startswith(FIRMWARE + "sensing/__init__.py:1:")
