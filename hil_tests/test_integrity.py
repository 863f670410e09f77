"""The controller watches itself: clocks, program, values in use, and why it started."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from inversion_table.contract import events, flags, messages
from inversion_table.contract.records import Event, Header
from inversion_table.safety import faults
from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.measurements import Measurements

PLAN = simple_plan((40, 100))


def seconds_to_homeward(operator: Operator, most_s: float) -> float:
    """Until the bed is 1 deg nearer to home, by truth; infinite: not within `most_s`."""
    table = operator.table
    from_ms, from_deg = table.now_ms, table.truth.tilt_deg
    turned = table.advance_until(lambda t: t.truth.tilt_deg < from_deg - 1, most_s * 1_000)
    return (table.now_ms - from_ms) / 1_000 if turned else math.inf


def come_home_and_refuse(operator: Operator, fault: str) -> None:
    """The bed comes home, and neither START nor JOG DOWN moves it any more."""
    table = operator.table
    assert operator.status()["fault"] == fault
    assert table.advance_until(lambda t: t.truth.at_home_switch, 200_000)
    operator.wait(3)
    assert (operator.status()["state"], operator.status()["fault"]) == ("FAULT", fault)
    for button in ("START", "JOG_DOWN"):
        operator.press(button, 500)
        operator.wait(2)
        assert table.truth.tilt_deg < -74
        assert not table.truth.relay_closed


# --- clocks ------------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-082")
@pytest.mark.parametrize("clock", ["ticks_ms", "ticks", "rtc"])
@pytest.mark.measures("homeward after", "s", at_most=26, proves="RQ-082")
@pytest.mark.parametrize("ppm", [30_000, -30_000])
@pytest.mark.leaves("CLOCKS_APART")
@pytest.mark.needs("minutes")
def test_a_clock_that_is_3_percent_off_leads_home(
    head_down: Operator, clock: str, ppm: int, measured: Measurements
) -> None:
    head_down.table.inject("clock_drift", clock=clock, ppm=ppm)
    # 25 s, and the first degree of the way.
    measured["homeward after"] = seconds_to_homeward(head_down, 60)
    come_home_and_refuse(head_down, "CLOCKS_APART")


@pytest.mark.requirement("RQ-082")
@pytest.mark.measures("homeward after", "s", at_most=6)
@pytest.mark.leaves("CLOCKS_APART")
@pytest.mark.needs("minutes")
def test_a_real_time_clock_that_stands_leads_home(
    head_down: Operator, measured: Measurements
) -> None:
    head_down.table.inject("clock_drift", clock="rtc", ppm=-1_000_000)
    measured["homeward after"] = seconds_to_homeward(head_down, 60)
    come_home_and_refuse(head_down, "CLOCKS_APART")


@pytest.mark.needs("minutes")
def test_one_percent_of_any_clock_goes_on(operator: Operator) -> None:
    operator.upload(simple_plan((-60, 400)))
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=500)
    for clock in ("ticks_ms", "ticks", "rtc"):
        for ppm in (10_000, -10_000):
            operator.table.inject("clock_drift", clock=clock, ppm=ppm)
            operator.wait(30)  # at 3 % it is found within 25 s
            assert operator.status()["state"] == "HOLDING", (clock, ppm)


@pytest.mark.requirement("RQ-082")
@pytest.mark.needs("power_cut", "minutes")
def test_a_clock_found_wrong_at_home_refuses_until_the_next_start(operator: Operator) -> None:
    operator.upload(PLAN)
    operator.table.inject("clock_drift", clock="ticks", ppm=-30_000)
    operator.wait(25)
    come_home_and_refuse(operator, "CLOCKS_APART")
    operator.table.clear_fault("clock_drift")
    operator.wait(60)
    assert operator.status()["fault"] == "CLOCKS_APART"
    operator.close()
    operator.table.power_cut()
    operator.table.power_on()
    operator.wait_for_state("HOME", 30_000)
    operator.press("START")
    assert operator.status()["state"] == "MOVING"


# --- program -----------------------------------------------------------------------------------


@pytest.mark.requirement("RQ-083")
@pytest.mark.measures("homeward after", "s", at_most=61, proves="RQ-083")
@pytest.mark.parametrize("file", ["__init__.py", "safety/kernel.py", "store/values.py"])
@pytest.mark.leaves("PROGRAM_CORRUPT")
@pytest.mark.needs("minutes")
def test_a_damaged_program_is_found_within_a_minute_and_leads_home(
    head_down: Operator, file: str, measured: Measurements
) -> None:
    head_down.table.inject("program_corrupt", file=file)
    measured["homeward after"] = seconds_to_homeward(head_down, 90)
    assert file in head_down.status()["program"]
    come_home_and_refuse(head_down, "PROGRAM_CORRUPT")


@pytest.mark.requirement("RQ-083")
@pytest.mark.needs("power_cut")
def test_a_program_damaged_before_the_start_never_starts_a_session(operator: Operator) -> None:
    table = operator.table
    operator.upload(PLAN)
    operator.close()
    table.power_cut()
    table.inject("program_corrupt", file="session/plan.py")
    table.power_on()
    for _ in range(30):  # never, not even for a moment
        table.press("START")
        table.advance(250)
        assert table.truth.tilt_deg < -74
        assert not table.truth.relay_closed
    come_home_and_refuse(operator, "PROGRAM_CORRUPT")
    operator.close()
    table.power_cut()
    table.clear_fault("program_corrupt")
    table.power_on()
    operator.wait_for_state("HOME", 30_000)
    assert operator.status()["program"] == ""
    operator.press("START")
    assert operator.status()["state"] == "MOVING"


@pytest.mark.requirement("RQ-083")
@pytest.mark.needs("power_cut")
def test_the_check_at_the_start_is_over_with_the_self_test(operator: Operator) -> None:
    table = operator.table
    operator.close()
    table.power_cut()
    table.power_on()
    began_ms = table.now_ms
    while operator.status()["program"]:
        table.advance(20)
    assert table.now_ms - began_ms < 3_000
    assert operator.status()["state"] == "SELF_TEST"


@pytest.mark.requirement("RQ-083")
@pytest.mark.leaves("PROGRAM_CORRUPT")
@pytest.mark.needs("provision")
def test_without_a_manifest_nothing_starts_and_the_status_says_what_to_do(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(with_manifest=False, used=False, ready=False)
    table = operator.table
    operator.wait_for_state("FAULT", 90_000)
    status = operator.status()
    assert status["fault"] == "PROGRAM_CORRUPT"
    assert "put the firmware on anew" in status["program"]
    table.press("JOG_DOWN", 500)
    table.advance(2_000)
    assert table.truth.tilt_deg < -74


# --- values in use -----------------------------------------------------------------------------

# A one-shot timer flips a bit in memory, as radiation or a wild write would, 60 s after the start.
FLIPPING = """\
import gc
gc.threshold(32_768)
import machine
from inversion_table import startup
from inversion_table.estimation.channel import TILT_OFFSET_MDEG

class Flip:
    def __init__(self, app):
        self.app = app
        self.here = self.flip  # ready beforehand: it runs without a heap

    def flip(self, timer):
        app = self.app
        {flip}

plain = startup.build

def build(*arguments):
    app = plain(*arguments)
    flip = Flip(app)
    machine.Timer(mode=machine.Timer.ONE_SHOT, period=60_000, callback=flip.here, hard=True)
    return app

startup.build = build
startup.run()
"""


@pytest.mark.requirement("RQ-084")
@pytest.mark.measures("homeward after", "s", at_most=22, proves="RQ-084")
@pytest.mark.parametrize(
    "flip",
    [
        "app.settings.head_down_max_ms ^= 1 << 18",
        "app._estimator.monitor.cells[TILT_OFFSET_MDEG] ^= 1 << 9",
        "app.program.hold_ms[0] ^= 1 << 16",
    ],
)
@pytest.mark.leaves("SETTINGS_CORRUPT")
@pytest.mark.needs("entry", "heap_lock", "minutes")
def test_a_bit_that_flips_in_a_value_in_use_leads_home(
    make_operator: Callable[..., Operator], flip: str, measured: Measurements
) -> None:
    operator = make_operator(entry=FLIPPING.format(flip=flip))
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=500)
    operator.wait(60 - operator.status()["uptime_ms"] / 1_000)
    measured["homeward after"] = seconds_to_homeward(operator, 60)
    come_home_and_refuse(operator, "SETTINGS_CORRUPT")
    assert operator.table.timer_failures == 0


# --- why it started ----------------------------------------------------------------------------

CRASHING = """\
import gc
gc.threshold(32_768)
from inversion_table import startup
from inversion_table.app import App
from inversion_table.safety import states

plain = App.background

def background(self):
    if self.decision.state == states.MOVING and self.estimate.tilt_mdeg > 10_000:
        raise ValueError("a defect")
    plain(self)

App.background = background
startup.run()
"""


def assert_started_by(operator: Operator, cause: str, *, at_home: bool = False) -> None:
    """Status and log say so; after a start at home the log begins with the first motion."""
    operator.wait_for_state("HOME", 200_000)
    assert operator.status()["last_start"] == cause
    if at_home:
        operator.press("JOG_DOWN", 1_500)
        operator.press("RETURN")
        operator.wait_for_state("HOME", 30_000)
    assert operator.start_in_log() == (cause, cause)


@pytest.mark.requirement("RQ-094", "RQ-040")
@pytest.mark.needs("boot_count", "entry", "console", "minutes")
def test_a_crash_head_down_returns_and_is_told_as_one(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(entry=CRASHING)
    operator.upload(PLAN)
    operator.press("START")
    operator.close()
    table = operator.table
    assert table.advance_until(lambda t: t.boots > 1, 60_000)
    assert table.truth.tilt_deg > 9
    assert "a defect" in table.console
    assert_started_by(operator, "crash of the program")
    assert table.boots == 2


FAILING_ONCE = """
from inversion_table import heap  # before everything large
from inversion_table import app, startup

plain = app.App

def failing(board, *rest):
    app.App = startup.App = plain
    try:
        open("/failed").close()
    except OSError:
        open("/failed", "w").close()
        raise MemoryError("no room")
    return plain(board, *rest)

if not {away} or __import__("machine").reset_cause() == 3:
    startup.App = failing
startup.run()
"""


@pytest.mark.requirement("RQ-110")
@pytest.mark.needs("boot_count", "entry", "console", "minutes")
def test_a_start_that_fails_away_from_home_is_tried_again(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(entry=FAILING_ONCE.replace("{away}", "True"))
    operator.upload(PLAN)
    operator.press("START")
    operator.wait_for_tilt(20)
    operator.close()
    table = operator.table
    table.inject("cpu_hangs")
    assert table.advance_until(lambda t: t.boots == 2, 10_000)
    table.clear_fault("cpu_hangs")
    assert table.advance_until(lambda t: t.boots == 3, 10_000)
    assert "no room" in table.console
    held_deg = table.truth.tilt_deg
    assert held_deg > 18
    assert_started_by(operator, "crash of the program")


@pytest.mark.requirement("RQ-110")
@pytest.mark.leaves("SERVICE")
@pytest.mark.needs("boot_count", "entry", "console")
def test_a_start_that_fails_at_home_alarms_and_leaves_the_repl_open(
    make_operator: Callable[..., Operator],
) -> None:
    table = make_operator(entry=FAILING_ONCE.replace("{away}", "False"), ready=False).table
    table.advance(5_000)
    assert "no room" in table.console
    assert table.boots == 1
    truth = table.truth
    assert (truth.led, truth.buzzer_hz) == ((1, 0, 0), 1_000)
    assert not table.truth.relay_closed


@pytest.mark.requirement("RQ-094")
@pytest.mark.needs("power_cut", "run_pin")
def test_power_and_reset_pin_are_told_apart(operator: Operator) -> None:
    assert_started_by(operator, "power-up or brown-out", at_home=True)
    operator.close()
    operator.table.press_run()
    assert_started_by(operator, "reset pin", at_home=True)
    operator.close()
    operator.table.power_cut()
    operator.table.power_on()
    assert_started_by(operator, "power-up or brown-out", at_home=True)


@pytest.mark.requirement("RQ-094", "RQ-032")
@pytest.mark.needs("run_pin", "minutes")
def test_the_reset_pin_head_down_holds_until_return(head_down: Operator) -> None:
    table = head_down.table
    head_down.close()
    table.press_run()
    head_down.wait_for_state("STOPPED", 30_000)
    assert head_down.status()["last_start"] == "reset pin"
    held_deg = table.truth.tilt_deg
    head_down.wait(10)
    assert abs(table.truth.tilt_deg - held_deg) < 0.2
    head_down.press("RETURN")
    assert_started_by(head_down, "reset pin")


@pytest.mark.requirement("RQ-094")
@pytest.mark.needs("soft_reset", "boot_count", "console")
def test_service_left_is_told(operator: Operator) -> None:
    table = operator.table
    table.hold("START")
    table.hold("PAUSE")
    operator.close()
    assert table.advance_until(lambda t: t.boots > 1 and t.program_ended, 20_000)
    table.release("START")
    table.release("PAUSE")
    table.soft_reset()
    assert_started_by(operator, "service left", at_home=True)


# --- time of day, and the log ------------------------------------------------------------------


@pytest.mark.requirement("RQ-093")
@pytest.mark.needs("minutes")
def test_a_session_carries_the_time_that_the_host_set(operator: Operator) -> None:
    table = operator.table
    noon_s = 1_789_000_000
    assert operator.status()["unix_s"] == 0
    operator.result("clock.set", unix_s=noon_s)
    set_ms = table.now_ms
    operator.wait(65)  # windows of the clocks' comparison begin anew: setting it is no leap
    assert operator.status()["state"] == "HOME"
    assert abs(operator.status()["unix_s"] - noon_s - (table.now_ms - set_ms) / 1_000) <= 1.1
    operator.upload(simple_plan((-60, 1)))
    operator.press("START")
    started_ms = table.now_ms
    operator.wait_for_state("MOVING")
    assert operator.ask("clock.set", unix_s=noon_s)["error"]["code"] == messages.BUSY
    operator.wait_for_state("HOME")
    header = next(record for record in operator.records() if isinstance(record, Header))
    assert abs(header.start_unix_s - noon_s - (started_ms - set_ms) / 1_000) <= 2


@pytest.mark.requirement("RQ-105")
@pytest.mark.needs("power_cut", "start_anywhere", "minutes")
def test_without_a_log_the_table_comes_home_and_starts_nothing(
    make_operator: Callable[..., Operator],
) -> None:
    # First start ever, away from home: laying out the log's flash would stall the controller.
    operator = make_operator(start_tilt_deg=20.0, used=False, ready=False)
    table = operator.table
    operator.wait_for_state("STOPPED", 30_000)
    operator.press("RETURN")
    assert table.advance_until(lambda t: t.truth.at_home_switch, 120_000)
    operator.wait(3)
    # What stopped it stays shown until every cause is gone; the lack of a log does not go.
    come_home_and_refuse(operator, "POWER_RESTORED")
    operator.close()
    table.power_cut()  # the next start is at home, and lays it out
    table.power_on()
    operator.wait_for_state("HOME", 60_000)


@pytest.mark.requirement("RQ-105")
@pytest.mark.leaves("SETTINGS_CORRUPT")
@pytest.mark.needs("entry")
def test_a_log_whose_flash_cannot_be_had_refuses_start(
    make_operator: Callable[..., Operator],
) -> None:
    entry = """\
import gc
gc.threshold(32_768)
from inversion_table import startup
from inversion_table.journal import reserve
def nothing(*arguments):
    raise reserve.ReserveError("worn out")
reserve.open_region = nothing
startup.run()
"""
    operator = make_operator(entry=entry, ready=False)
    operator.wait_for_state("FAULT", 30_000)
    operator.upload(PLAN)
    come_home_and_refuse(operator, "SETTINGS_CORRUPT")


WRONG_MAP = """\
from inversion_table.store.values import Store
store = Store("/data")
kept = store.load("journal_map")
if kept and not store.load("changed"):
    blocks = kept["blocks"]
    blocks[100], blocks[101] = blocks[101], blocks[100]
    store.save("journal_map", kept)
    store.save("changed", True)
from inversion_table import startup
startup.run()
"""


@pytest.mark.requirement("RQ-163")
@pytest.mark.needs("entry", "boot_count", "flash_log")
def test_nothing_is_written_where_a_wrong_map_says(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator(entry=WRONG_MAP, ready=False)
    table = operator.table
    # As soon as it proves wrong the table is without a log, and lays it out anew at home.
    assert table.advance_until(lambda t: t.boots == 2, 30_000)
    assert len(table.flash_log) < 64  # some small values; no page of the log, and no file of it
    operator.wait_for_state("HOME", 120_000)
    operator.wait(3)
    assert table.boots == 2
    operator.upload(simple_plan((-60, 1)))
    operator.press("START")
    operator.wait_for_state("MOVING")
    operator.wait_for_state("HOME")
    assert operator.records()


@pytest.mark.requirement("RQ-163")
@pytest.mark.needs("power_cut")
def test_what_happens_before_the_logs_place_is_proved_is_in_the_log(
    make_operator: Callable[..., Operator],
) -> None:
    operator = make_operator()
    table = operator.table
    operator.upload(simple_plan((-50, 30)))
    operator.press("START")
    operator.wait_for_state("HOLDING")
    operator.close()
    table.power_cut()
    table.power_on()
    operator.wait_for_state("STOPPED", 30_000)
    operator.press("RETURN")  # at once: the map of 192 files is hardly begun
    operator.wait_for_state("HOME", 60_000)
    told = [record for record in operator.records() if isinstance(record, Event)]
    codes = [(event.code, event.a) for event in told]
    assert (events.FAULT_RAISED, faults.POWER_RESTORED) in codes
    assert (events.BUTTON_PRESSED, flags.BUTTON_RETURN) in codes
    assert not [code for code, _ in codes if code == events.LOG_RECORDS_LOST]
