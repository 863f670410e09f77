"""The wiring in docs/hardware.md is the wiring that the bench states on its own."""

import re

import pytest

from table_bench import wiring
from tests.project import gates

PAGE = (gates.ROOT / "docs/hardware.md").read_text("utf-8")
PINS = PAGE.partition("## Pins")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| ([\d, ]+) \| [^|]+ \| ([^|]+) \|", PINS, re.MULTILINE))
NAMED = {name: int(pin) for pin, name in ROWS.items() if re.fullmatch("[A-Z_]+", name)}


def test_every_pin_of_the_controller_has_its_row():
    assert set(NAMED) == {
        *("BUZZER", "MOTOR_OUTWARD", "MOTOR_HOMEWARD", "MOTOR_ENABLE", "HEARTBEAT"),
        *("RELAY_MIRROR", "ESTOP", "OUTWARD_END", "ANKLE_LOCK", "HOME_SWITCH"),
        *("START", "PAUSE", "RETURN", "JOG_UP", "JOG_DOWN"),
    }


@pytest.mark.parametrize("name", NAMED)
def test_the_page_and_the_bench_agree_on(name):
    assert NAMED[name] == getattr(wiring, name)


def test_the_page_and_the_bench_agree_on_buses_and_lights():
    assert ROWS["2, 3"] == "I2C1 SDA, SCL"
    assert (wiring.MONITOR_BUS, wiring.MONITOR_SDA, wiring.MONITOR_SCL) == (1, 2, 3)
    assert ROWS["4, 5"] == "I2C0 SDA, SCL"
    assert (wiring.PRIMARY_BUS, wiring.PRIMARY_SDA, wiring.PRIMARY_SCL) == (0, 4, 5)
    assert ROWS["6, 7, 8"] == "LED red, green, blue"
    assert (wiring.LED_RED, wiring.LED_GREEN, wiring.LED_BLUE) == (6, 7, 8)


def test_the_page_and_the_bench_agree_on_scales():
    full_scale_ma = round(wiring.ADC_REFERENCE_V / wiring.CURRENT_SENSE_V_PER_A * 1000)
    assert f"{full_scale_ma:,} mA".replace(",", " ") in PAGE
    assert f"{round(wiring.SUPPLY_FULL_SCALE_V * 1000):,} mV".replace(",", " ") in PAGE
