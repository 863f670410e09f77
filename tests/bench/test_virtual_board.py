"""The stand-ins for the chip's modules, seen from a real MicroPython and from the bench."""

import ast
from pathlib import Path

import pytest

from table_bench.simulated.settings import DEFAULT_ENTRY
from table_bench.virtual import BenchError, VirtualTable, device


def ask(table, question: bytes) -> bytes:
    with table.stepped_serial() as serial:
        serial.write(question)
        return serial.readline()


def test_ticks_come_every_ten_milliseconds_of_virtual_time(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(1000)
        before = table.ticks
        table.advance(5000)
        assert table.ticks - before == 500


def test_the_tick_reads_both_sensors_and_the_motor_current(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(2000)
        raw = bytes.fromhex(ask(table, b"raw\n").decode())
        errors = table.imu_errors
        x_g = int.from_bytes(raw[8:10], "little", signed=True) * 0.061e-3
        tilt = table.truth.tilt_deg
        assert x_g == pytest.approx(0.967, abs=0.06)  # -sin(-75.3 deg)
        assert int.from_bytes(raw[14:16], "big", signed=True) / 16384 < -0.85  # turned half round
        assert errors["primary"].mount[0][0] > 0.99
        assert tilt == pytest.approx(-75.3, abs=0.01)
        table.press("START")
        table.advance(3000)
        amps = int(ask(table, b"state\n").split()[2]) / 65535 * 3.3 / 0.2
        assert amps == pytest.approx(table.truth.current_a, abs=0.15)
        assert amps > 1.0


def test_start_drives_outward_and_pause_stops(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        assert table.truth.relay_closed
        table.press("START")
        table.advance(4000)
        moving = table.truth
        assert moving.motor_drive == pytest.approx(20000 / 65535, abs=1e-3)
        assert moving.rate_deg_per_s > 1.0
        table.press("PAUSE")
        table.advance(500)
        assert not table.truth.motor_enabled
        assert table.truth.rate_deg_per_s == 0.0
        assert table.trace["tilt_deg"].max() == pytest.approx(table.truth.tilt_deg, abs=0.4)


def test_estop_cuts_power_whatever_the_firmware_does(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        table.hold("START")
        table.advance(2000)
        table.set_estop(True)
        table.advance(30)
        assert not table.truth.relay_closed
        table.advance(200)
        assert table.truth.rate_deg_per_s == 0.0
        assert table.truth.motor_drive > 0.0


@pytest.mark.parametrize(
    ("fault", "errno"), [("imu_primary_nack", 5), ("imu_primary_bus_stuck", 110)]
)
def test_a_broken_bus_raises_in_the_tick_and_heals(runner, fault, errno):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        assert ask(table, b"state\n").split()[1] == b"0"
        table.inject(fault)
        table.advance(100)
        before = table.ticks
        table.advance(1000)
        assert table.ticks - before == 100
        assert ask(table, b"state\n").split()[1] == b"%d" % errno
        table.clear_fault(fault)
        frozen = ask(table, b"raw\n")
        table.advance(100)
        assert ask(table, b"raw\n") != frozen


def test_a_write_makes_foreseen_reads_void(board):
    program = (
        board
        + """
value = bytearray(1)
wrong = 0
bus0.writeto_mem(0x6A, 0x10, b"\\x40")
for i in range(200):
    bus0.readfrom_mem_into(0x6A, 0x10, value)
    time.sleep_ms(10)
    wanted = bytes((0x40 | (i % 4) << 2,))
    bus0.writeto_mem(0x6A, 0x10, wanted)
    bus0.readfrom_mem_into(0x6A, 0x10, value)
    wrong += value != wanted
print("wrong", wrong)
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(3000)
        assert table.console == "wrong 0\n"


def test_the_bus_takes_time(board):
    program = (
        board
        + """
buffer = bytearray(14)
def cost():
    begun = time.ticks_us()
    bus0.readfrom_mem_into(0x6A, 0x20, buffer)
    return time.ticks_diff(time.ticks_us(), begun)
asked = cost()
time.sleep_ms(10)
print(asked, cost())
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(1000)
        # 17 bytes of 9 bits at 400 kHz = 382 us, 20 us for the driver, 2 us for the clock.
        assert table.console == "404 404\n"


def test_clocking_by_hand_frees_a_held_bus(board):
    program = (
        board
        + """
time.sleep_ms(100)
def attempt():
    begun = time.ticks_us()
    try:
        return bus0.readfrom_mem(0x6A, 0x0F, 1)
    except OSError as error:
        return error.errno, time.ticks_diff(time.ticks_us(), begun) // 1000
print("first", attempt())
scl = Pin(5, Pin.OPEN_DRAIN, value=1)
sda = Pin(4, Pin.IN)
pulses = 0
while not sda.value():
    scl.value(0)
    scl.value(1)
    pulses += 1
bus0 = I2C(0, scl=Pin(5), sda=Pin(4), freq=400000, timeout=2000)
print("pulses", pulses, attempt())
"""
    )
    with VirtualTable(entry=program) as table:
        table.inject("imu_primary_bus_stuck")
        table.advance(1000)
        assert table.console == "first (110, 2)\npulses 9 b'l'\n"


def test_an_exception_in_the_tick_ends_the_timer_for_good(board):
    program = (
        board
        + """
calls = bytearray(1)
def tick(timer):
    calls[0] += 1
    if calls[0] == 5:
        raise ValueError
Timer(period=10, callback=tick, hard=True)
while True:
    machine.idle()
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(2000)
        assert table.ticks == 5
        assert table.timer_failures == 1
        assert "uncaught exception" in table.console
        assert "ValueError" in table.console
        assert not table.program_ended


def test_the_tick_must_not_allocate(board):
    program = (
        board
        + """
def tick(timer):
    tick.kept = [1, 2, 3]
Timer(period=10, callback=tick, hard=True)
while True:
    machine.idle()
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(500)
        assert table.ticks == 1
        assert "MemoryError" in table.console


def test_a_starved_watchdog_resets_with_outputs_off_and_says_so(board):
    program = (
        board
        + """
print("cause", machine.reset_cause())
wdt = WDT(timeout=500)
enable.value(1)
outward.duty_u16(30000)
while machine.reset_cause() != 1:
    wdt.feed()
    machine.idle()
while True:
    machine.idle()
"""
    )
    with VirtualTable(entry=program) as table:
        assert table.advance_until(lambda t: t.truth.motor_enabled, 1000, step_ms=10)
        table.advance(480)
        before = table.truth
        table.advance(40)  # past the reset, before the program's first line
        after = table.truth
        assert (before.motor_enabled, after.motor_enabled) == (True, False)
        table.advance(3000)
        assert table.console == "cause 1\ncause 3\n"
        assert table.boots == 2
        assert table.reset_cause == 3


def test_machine_reset_counts_as_the_watchdogs(board):
    program = (
        board
        + """
print("cause", machine.reset_cause())
if machine.reset_cause() == 1:
    machine.reset()
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(500)
        assert table.console == "cause 1\ncause 3\n"
        assert table.program_ended


COUNT_BOOTS = """
try:
    with open("/boots") as file:
        boots = int(file.read())
except OSError:
    boots = 0
with open("/boots", "w") as file:
    file.write(str(boots + 1))
print("boots", boots)
while True:
    machine.idle()
"""


def test_files_survive_power_cuts_and_a_new_table_on_the_same_state(board, tmp_path):
    with VirtualTable(entry=board + COUNT_BOOTS, state_dir=tmp_path) as table:
        table.advance(1000)
        table.power_cut()
        assert not table.powered
        table.advance(100)
        table.power_on()
        table.advance(1000)
        assert table.console == "boots 0\nboots 1\n"
    with VirtualTable(entry=board + COUNT_BOOTS, state_dir=tmp_path) as table:
        table.advance(1000)
        assert table.console == "boots 2\n"


def test_power_may_fail_in_the_middle_of_a_flash_operation(board):
    program = (
        board
        + """
import rp2
flash = rp2.Flash(start=1024 * 1024, len=8192)
page = bytearray(256)
flash.readblocks(0, page)
print(sum(b != 0xFF for b in page))
flash.writeblocks(0, bytes(256), 0)
print("written")
"""
    )
    with VirtualTable(entry=program) as table:
        table.power_cut()
        table.inject("flash_cut", after=3, done=0.25)
        table.power_on()
        table.advance(5000)
        during_first_boot = table.powered
        table.power_on()
        table.advance(5000)
        assert (during_first_boot, table.powered) == (False, True)
        assert table.console.endswith("0\nwritten\n")


def test_flash_is_nor_and_stalls_the_timers(board):
    program = (
        board
        + """
import rp2
flash = rp2.Flash(start=1024 * 1024, len=8192)
times = [0] * 64
count = bytearray(1)
def tick(timer):
    if count[0] < 64:
        times[count[0]] = time.ticks_ms()
        count[0] += 1
page = bytearray(256)
flash.ioctl(6, 0)
flash.writeblocks(0, b"\\xf0" * 256, 0)
flash.writeblocks(0, b"\\x3c" * 256, 0)
flash.readblocks(0, page)
print(page == b"\\x30" * 256, flash.ioctl(4, 0), flash.ioctl(5, 0))
Timer(period=10, callback=tick, hard=True)
time.sleep_ms(15)
begun = time.ticks_ms()
flash.ioctl(6, 0)
print("took", time.ticks_diff(time.ticks_ms(), begun))
gaps = [times[i + 1] - times[i] for i in range(count[0] - 1)]
print("gaps", gaps[0] > 40, gaps[1:])
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(1000)
        assert table.console == "True 2 4096\ntook 45\ngaps True [0, 0, 0, 0]\n"


def test_provisioned_files_appear_once(board, tmp_path):
    program = (
        board
        + """
import os
print(open("/factory/unit.json").read(), os.listdir("/factory"))
with open("/factory/unit.json", "w") as file:
    file.write("changed")
"""
    )
    settings = {
        "entry": program,
        "state_dir": tmp_path,
        "provision": {"/factory/unit.json": b"made"},
    }
    with VirtualTable(**settings) as table:
        table.advance(1000)
        assert table.console == "made ['unit.json']\n"
    with VirtualTable(**settings) as table:
        table.advance(1000)
        assert table.console == "changed ['unit.json']\n"


def test_clock_functions(board):
    program = (
        board
        + """
print(time.ticks_diff(time.ticks_add(5, -10), 5), time.ticks_diff(3, (1 << 30) - 2))
begun = time.ticks_ms()
time.sleep_ms(250)
print(time.ticks_diff(time.ticks_ms(), begun), time.localtime()[:3])
machine.RTC().datetime((2030, 5, 17, 4, 10, 20, 30, 0))
time.sleep(2)
print(machine.RTC().datetime(), time.time())
begun = time.ticks_us()
while time.ticks_diff(time.ticks_us(), begun) < 1000:
    pass
print("polled")
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(5000)
        assert table.console.splitlines() == [
            "-10 5",
            "250 (2021, 1, 1)",
            "(2030, 5, 17, 4, 10, 20, 32, 0) 1905243632",
            "polled",
        ]


def test_an_open_contact_without_pull_up_reads_low(board):
    program = (
        board
        + """
print(start.value(), Pin(19, Pin.IN, None).value(), Pin(19, Pin.IN, Pin.PULL_UP).value())
"""
    )
    with VirtualTable(entry=program) as table:
        table.advance(200)
        assert table.console == "1 0 1\n"


def test_an_uncaught_exception_ends_the_program_with_its_traceback_in_the_console():
    with VirtualTable(entry="import nowhere") as table:
        table.advance(200)
        assert table.program_ended
        assert "ImportError: no module named 'nowhere'" in table.console


def test_background_hangs_but_ticks_go_on(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        table.inject("background_hangs")
        before = table.ticks
        with table.stepped_serial(timeout=0.5) as serial:
            serial.write(b"state\n")
            assert serial.readline() == b""
            assert table.ticks - before == pytest.approx(50, abs=1)
            table.clear_fault("background_hangs")
            assert serial.readline().endswith(b" 1\n")


def test_ticks_stop_but_the_background_goes_on(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        table.inject("tick_stops")
        before = table.ticks
        table.advance(500)
        assert ask(table, b"hello\n") == b"hello\n"
        assert table.ticks == before
        assert not table.truth.relay_closed
        table.clear_fault("tick_stops")
        table.advance(500)
        assert table.ticks > before


def test_a_hung_cpu_leaves_its_outputs_and_loses_the_relay(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        table.press("START")
        table.advance(1000)
        table.inject("cpu_hangs")
        table.advance(300)
        assert table.truth.motor_drive > 0.0
        assert not table.truth.relay_closed
        table.clear_fault("cpu_hangs")
        table.advance(200)
        assert table.truth.relay_closed


def test_a_fast_clock_ticks_more_often(runner):
    with VirtualTable(entry=runner) as table:
        table.advance(500)
        table.inject("clock_drift", ppm=100_000)
        before = table.ticks
        table.advance(10_000)
        assert table.ticks - before == pytest.approx(1100, abs=1)


THREE_CLOCKS = """
import machine, sys, time
from machine import RTC, Timer

class Count:
    def __init__(self):
        self.ticks = 0

    def tick(self, timer):
        self.ticks += 1

count = Count()
Timer(period=10, mode=Timer.PERIODIC, callback=count.tick, hard=True)
while True:
    machine.idle()
    if count.ticks % 100 == 0:
        print(count.ticks * 10, time.ticks_ms(), time.time() * 1000)
"""


@pytest.mark.parametrize(
    ("clock", "gained"),
    [("ticks", (1, 0, 0)), ("ticks_ms", (0, 1, 0)), ("rtc", (0, 0, 1)), ("all", (1, 1, 1))],
)
@pytest.mark.parametrize("ppm", [100_000, -50_000])
def test_each_clock_can_be_wrong_alone_and_is_right_again(clock, gained, ppm):
    def read(table):
        table.advance(30_000)
        lines = table.console.splitlines()
        return [int(number) for number in lines[-1].split()], table.now_ms

    with VirtualTable(entry=THREE_CLOCKS) as table:
        before, _ = read(table)
        table.inject("clock_drift", ppm=ppm, clock=clock)
        table.advance(100_000)
        table.clear_fault("clock_drift")
        after, _ = read(table)
        steps = [b - a for a, b in zip(before, after, strict=True)]
        least = min(steps) if ppm > 0 else max(steps)
        if clock == "all":
            assert max(steps) - min(steps) <= 1_000
            assert steps[0] == pytest.approx(130_000 + ppm / 10, abs=10_050)
        else:
            expected = [ppm // 10 * share for share in gained]
            assert [step - least for step in steps] == pytest.approx(expected, abs=2_001)


def test_a_clock_of_the_controller_that_does_not_exist_is_refused(runner):
    with VirtualTable(entry=runner) as table, pytest.raises(ValueError, match="no clock 'sun'"):
        table.inject("clock_drift", clock="sun")


def test_unknown_faults_and_parameters_are_refused(runner):
    with VirtualTable(entry=runner) as table:
        with pytest.raises(ValueError, match="no fault 'nonsense'"):
            table.inject("nonsense")
        with pytest.raises(ValueError, match="has no parameter 'amount'"):
            table.inject("supply_sag", amount=3)
        with pytest.raises(ValueError, match="no button"):
            table.press("STOP")


def test_an_endless_loop_is_reported_instead_of_waited_for(monkeypatch):
    monkeypatch.setattr(device, "_SILENCE_LIMIT_S", 1.0)
    with (
        pytest.raises(BenchError, match="did not give control back for 1 s"),
        VirtualTable(entry="while True: pass") as table,
    ):
        table.advance(1000)


def test_a_process_that_dies_is_reported_with_its_last_words():
    program = "import sys, os\nsys.stderr.write('goodbye\\n')\nos.system('kill -9 $PPID')"
    with (
        pytest.raises(BenchError, match=r"(?s)ended by itself.*goodbye"),
        VirtualTable(entry=program) as table,
    ):
        table.advance(1000)


def test_the_bench_runs_what_main_py_runs():
    main = Path(__file__).resolve().parents[2] / "firmware" / "main.py"
    assert ast.dump(ast.parse(DEFAULT_ENTRY)) == ast.dump(
        ast.Module(ast.parse(main.read_text()).body[1:], [])  # all but the docstring
    )


def test_the_modules_leave_the_heap_in_large_pieces():
    before, after = DEFAULT_ENTRY.rsplit("start.run()", 1)
    program = "import gc\n" + before + "gc.collect()\nprint(len(bytearray(100_000)))\n" + after
    with VirtualTable(entry=program) as table:
        table.advance(2_000)
        assert table.console == "100000\n"
