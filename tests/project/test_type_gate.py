"""The type gate sees what it is for: firmware by MicroPython's stubs, the rest by CPython's."""

import re
import shutil

import pytest

from tests.project import gates

# One fault a line; each must be reported, with a word of what is wrong.
FIRMWARE_FAULTS = [
    ("pin = machine.Pin(3, machine.Pin.OUTPUT)", "OUTPUT"),
    ("pin2 = machine.Pin(3, machine.Pin.OUT, vlaue=1)", "vlaue"),
    ('pin3 = machine.Pin(3, mode="out")', "mode"),
    ("now = time.ticks_ms(5)", "ticks_ms"),
    ("then = time.monotonic()", "monotonic"),
    ("bus = machine.I2C(0, speed=5)", "I2C"),
    ("bus2 = machine.I2C(0, sda=4.5, scl=machine.Pin(5))", "I2C"),
    ('machine.WDT(timeout="1 s")', "WDT"),
    ("machine.set_pin(3)", "set_pin"),
    ("import subprocess", "subprocess"),
    ("text: str = limits.TICK_MS", "str"),
    ("limits.NO_SUCH_LIMIT", "NO_SUCH_LIMIT"),
]

SOUND_FIRMWARE = '''"""What the firmware does with the hardware, as the chip's port has it."""

import sys
import time

import machine
import micropython
import rp2

from inversion_table.safety import limits


class Parts:
    """Some of each."""

    def __init__(self) -> None:
        self.pin = machine.Pin(3, machine.Pin.OUT, value=0)
        self.button = machine.Pin(4, machine.Pin.IN, pull=machine.Pin.PULL_UP)
        self.motor = machine.PWM(self.pin, freq=20000, duty_u16=0)
        self.bus = machine.I2C(0, sda=machine.Pin(4), scl=machine.Pin(5), freq=400000, timeout=500)
        self.current = machine.ADC(machine.Pin(26))
        self.flash = rp2.Flash(start=0, len=4096)
        self.page = bytearray(256)
        self.timer = machine.Timer(
            -1, mode=machine.Timer.PERIODIC, period=limits.TICK_MS, callback=self.tick, hard=True
        )

    def tick(self, timer: machine.Timer) -> None:
        """Read something."""
        self.bus.readfrom_mem_into(0x68, 0x3B, self.page)
        self.motor.duty_u16(self.current.read_u16())
        self.pin.value(1 - self.button.value())

    def age_ms(self, then_ms: int) -> int:
        """Since `then_ms`."""
        micropython.kbd_intr(-1)
        self.flash.readblocks(0, self.page, 0)
        sys.stdout.buffer.write(self.page)
        machine.WDT(timeout=1000).feed()
        return time.ticks_diff(time.ticks_ms(), then_ms)
'''


@pytest.fixture(scope="module")
def broken_firmware(tmp_path_factory):
    """A copy of the firmware with files planted into it, and what the gate says to it."""
    folder = gates.make_project(tmp_path_factory.mktemp("firmware"))
    shutil.rmtree(folder / "firmware")
    shutil.copytree(gates.ROOT / "firmware", folder / "firmware")
    package = folder / "firmware/inversion_table"
    head = (
        '"""Planted."""\nimport time\nimport machine\nfrom inversion_table.safety import limits\n'
    )
    (package / "planted_faults.py").write_text(
        head + "\n".join(fault for fault, _ in FIRMWARE_FAULTS) + "\n", "utf-8"
    )
    (package / "planted_sound.py").write_text(SOUND_FIRMWARE, "utf-8")
    return folder, gates.make(folder, "types-firmware")


def test_a_broken_firmware_fails_the_gate(broken_firmware):
    _, result = broken_firmware
    assert result.returncode == 2


@pytest.mark.parametrize(
    ("fault", "word"), FIRMWARE_FAULTS, ids=[word for _, word in FIRMWARE_FAULTS]
)
def test_each_fault_in_the_firmware_is_reported(broken_firmware, fault, word):
    folder, result = broken_firmware
    lines = (folder / "firmware/inversion_table/planted_faults.py").read_text("utf-8").splitlines()
    line = lines.index(fault.splitlines()[0]) + 1
    reports = re.findall(rf"planted_faults\.py:{line}: error: (.*)", result.stdout)
    assert any(word in report for report in reports), result.stdout


def test_right_calls_to_the_hardware_pass(broken_firmware):
    _, result = broken_firmware
    assert "planted_sound.py" not in result.stdout
    assert "planted_faults.py" in result.stdout


def test_a_sound_project_passes(tmp_path):
    result = gates.make(gates.make_project(tmp_path), "types")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("path", "text", "word"),
    [
        ("host_tools/itable/a.py", "def f(x):\n    return x\n", "annotation"),
        ("host_tools/itable/a.py", "import time\n\ntime.ticks_ms()\n", "ticks_ms"),
        ("hil_tests/table_bench/a.py", 'X: int = "a"\n', "Incompatible types"),
        (
            "host_tools/itable/a.py",
            "from inversion_table import VERSION\n\nX: int = VERSION\n",
            "Incompatible types",
        ),
        ("tests/test_a.py", "import pathlib\n\n\ndef test_a():\n    pathlib.Pat()\n", "Pat"),
    ],
)
def test_a_broken_host_fails_the_gate(tmp_path, path, text, word):
    result = gates.make(gates.make_project(tmp_path, {path: text}), "types-host")
    assert result.returncode == 2
    assert re.search(rf"{path}:\d+: error: .*{word}", result.stdout), result.stdout
