"""Contacts, converters and faults as the controller's pins see them."""

import pytest

from table_bench import wiring
from table_bench.faults import FAULTS, parameters_of
from table_bench.plant import Plant, PlantSettings

DRIVE_OUTWARD = 1 << wiring.MOTOR_OUTWARD | 1 << wiring.MOTOR_ENABLE
DRIVE_HOMEWARD = 1 << wiring.MOTOR_HOMEWARD | 1 << wiring.MOTOR_ENABLE
ALL_OUTPUTS = DRIVE_OUTWARD | DRIVE_HOMEWARD | 1 << wiring.HEARTBEAT
NO_PWM = (0,) * 6


def level(plant, pin):
    return plant.input_levels() >> pin & 1


def run(plant, ms, outputs=0):
    heartbeat = 1 << wiring.HEARTBEAT
    for _ in range(ms // 10):
        beat = heartbeat if plant.now_us // 10_000 & 1 else 0
        plant.set_outputs(outputs | beat, ALL_OUTPUTS, NO_PWM)
        plant.advance_to(plant.now_us + 10_000)


def drive_until(plant, outputs, pin, wanted):
    """Tilt at which the pin reads as wanted."""
    for _ in range(500):
        run(plant, 10, outputs)
        if level(plant, pin) == wanted:
            return plant.tilt_deg
    raise AssertionError(f"pin {pin} never read {wanted}; tilt {plant.tilt_deg}")


def inject(plant, name, **parameters):
    plant.inject(name, parameters_of(name, parameters))


def test_at_rest_at_home_every_contact_reads_as_wired():
    plant = Plant(PlantSettings())
    low = {
        wiring.RELAY_MIRROR,
        wiring.ESTOP,
        wiring.OUTWARD_END,
        wiring.ANKLE_LOCK,
        wiring.HOME_SWITCH,
    }
    for pin in range(30):
        assert level(plant, pin) == (pin not in low), pin


@pytest.mark.parametrize("button", sorted(wiring.BUTTONS))
def test_a_pressed_button_reads_low_and_no_other_changes(button):
    plant = Plant(PlantSettings())
    before = plant.input_levels()
    plant.contacts.press(button, True)
    assert plant.input_levels() == before & ~(1 << wiring.BUTTONS[button])
    plant.contacts.press(button, False)
    assert plant.input_levels() == before


def test_home_switch_opens_on_the_way_out_and_closes_again_with_hysteresis():
    plant = Plant(PlantSettings())
    run(plant, 100)
    assert drive_until(plant, DRIVE_OUTWARD, wiring.HOME_SWITCH, 1) == pytest.approx(
        -74.7, abs=0.15
    )
    assert drive_until(plant, DRIVE_HOMEWARD, wiring.HOME_SWITCH, 0) == pytest.approx(-75, abs=0.15)


def test_end_switch_opens_before_the_end_stop():
    plant = Plant(PlantSettings(start_tilt_deg=86.0))
    run(plant, 100)
    assert not level(plant, wiring.OUTWARD_END)
    assert 88.0 <= drive_until(plant, DRIVE_OUTWARD, wiring.OUTWARD_END, 1) < 88.2


def test_converters():
    plant = Plant(PlantSettings())
    run(plant, 100)
    assert plant.converter_counts()[1] * 36.3 / 4095 == pytest.approx(24.28, abs=0.06)
    run(plant, 1000, DRIVE_OUTWARD)
    current, supply = plant.converter_counts()
    assert current / 4095 * 3.3 / 0.2 == pytest.approx(plant.drivetrain.current_a, abs=0.1)
    assert supply * 36.3 / 4095 < 24.2
    inject(plant, "current_sensor_dead")
    inject(plant, "supply_sense_dead")
    assert plant.converter_counts() == (0, 0)


@pytest.mark.parametrize(
    ("fault", "pin", "stuck_at"),
    [
        ("home_switch_stuck_open", wiring.HOME_SWITCH, 1),
        ("home_switch_stuck_closed", wiring.HOME_SWITCH, 0),
        ("end_switch_stuck_open", wiring.OUTWARD_END, 1),
        ("end_switch_stuck_closed", wiring.OUTWARD_END, 0),
        ("button_stuck", wiring.START, 0),
        ("button_dead", wiring.START, 1),
        ("ankle_lock_opens", wiring.ANKLE_LOCK, 1),
        ("estop_wire_broken", wiring.ESTOP, 1),
        ("relay_mirror_broken", wiring.RELAY_MIRROR, 1),
        ("imu_primary_bus_stuck", wiring.PRIMARY_SDA, 0),
        ("imu_monitor_bus_stuck", wiring.MONITOR_SDA, 0),
    ],
)
@pytest.mark.parametrize("tilt_deg", [-75.3, 0.0, 91.0])
def test_stuck_contacts(fault, pin, stuck_at, tilt_deg):
    plant = Plant(PlantSettings(start_tilt_deg=tilt_deg))
    sound = level(plant, pin)
    inject(plant, fault)
    plant.contacts.press("START", True)
    assert level(plant, pin) == stuck_at
    plant.contacts.press("START", False)
    plant.clear_fault(fault)
    assert level(plant, pin) == sound


def test_a_bouncing_button_reads_both_ways():
    plant = Plant(PlantSettings())
    inject(plant, "button_bouncing", button="RETURN")
    assert {level(plant, wiring.RETURN) for _ in range(50)} == {0, 1}


def test_reading_the_truth_changes_nothing():
    def levels(look):
        plant = Plant(PlantSettings())
        inject(plant, "button_bouncing")
        seen = []
        for _ in range(50):
            run(plant, 10)
            seen.append(plant.input_levels())
            if look:
                plant.truth()
        return seen

    assert levels(look=True) == levels(look=False)


def test_sag_pulls_the_supply_down():
    plant = Plant(PlantSettings())
    inject(plant, "supply_sag", volts=10.0)
    run(plant, 50)
    assert plant.truth().supply_v == pytest.approx(14.28, abs=0.05)


def test_pwm_slots_drive_motor_lamp_and_buzzer():
    plant = Plant(PlantSettings())

    def slot(pin, duty, freq_hz):
        return freq_hz << 24 | pin << 16 | duty

    pwm = (
        slot(wiring.MOTOR_OUTWARD, 16384, 20_000),
        slot(wiring.LED_GREEN, 65535, 1000),
        slot(wiring.BUZZER, 32768, 2500),
        0,
        0,
        0,
    )
    driven = ALL_OUTPUTS | 1 << wiring.LED_GREEN | 1 << wiring.LED_RED | 1 << wiring.BUZZER
    plant.set_outputs(1 << wiring.MOTOR_ENABLE | 1 << wiring.LED_RED, driven, pwm)
    truth = plant.truth()
    assert truth.motor_drive == pytest.approx(0.25, abs=1e-3)
    assert truth.led == (1.0, 1.0, 0.0)
    assert truth.buzzer_hz == 2500
    plant.release_outputs()
    assert plant.truth().motor_drive == 0.0
    assert plant.truth().led == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", sorted(n for n, f in FAULTS.items() if not f.on_device))
def test_every_fault_of_the_plant_can_come_and_go(name):
    def fingerprint(plant):
        sensors = (plant.primary, plant.monitor)
        return (
            repr(plant.drivetrain.faults),
            [repr(sensor.faults) for sensor in sensors],
            [bytes(sensor.registers) for sensor in sensors],
            [(bus.sda_low, sorted(bus.silent)) for bus in plant.buses.values()],
            plant.relay.welded,
            plant.relay.dead,
            plant.contacts.estop_open,
            [plant.input_levels() for _ in range(20)],
            [min(1, count) for count in plant.converter_counts()],
        )

    plant = Plant(PlantSettings(start_tilt_deg=-70.0))
    for sensor in (plant.primary, plant.monitor):
        sensor.write(0x10, b"\x50")
    plant.contacts.press("START", name == "button_dead")
    if name in ("home_switch_stuck_open", "end_switch_stuck_closed"):
        plant = Plant(PlantSettings(start_tilt_deg=-75.3 if name[0] == "h" else 91.0))
    before = fingerprint(plant)
    inject(plant, name)
    assert fingerprint(plant) != before
    plant.clear_fault(name)
    if not name.endswith("_reset"):  # what was forgotten stays forgotten
        assert fingerprint(plant) == before


def test_every_fault_says_what_it_is():
    assert len({fault.text for fault in FAULTS.values()}) == len(FAULTS)
