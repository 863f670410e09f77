"""The catalogue of faults that the bench can inject, with their parameters and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SENSORS = ("primary", "monitor")


@dataclass(frozen=True)
class Fault:
    """What is wrong in plain words, and the parameters that `inject` accepts.

    `on_device` faults are in the controller itself, the others in what is wired to it.
    """

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    on_device: bool = False


class UnknownFault(ValueError):
    """The fault or one of its parameters does not exist."""


_SENSOR_FAULTS = {
    "nack": Fault("sensor does not acknowledge its address"),
    "bus_stuck": Fault(
        "sensor holds SDA low; nine clock pulses free it if `freed_by_clocking`",
        {"freed_by_clocking": True},
    ),
    "reset": Fault("sensor forgot its configuration, once, at the moment of injection"),
    "frozen": Fault("output registers no longer change"),
    "bias": Fault("offset jumped", {"accel_g": 0.05, "gyro_dps": 2.0}),
    "drifting": Fault("gyroscope offset grows", {"dps_per_s": 0.05}),
    "noisy": Fault("noise is `gain` times the usual", {"gain": 60.0}),
    "saturated": Fault("all axes read full scale"),
    "detached": Fault("sensor came off the bed and hangs still"),
    "upside_down": Fault("sensor is mounted turned half round about its x axis"),
}

FAULTS: dict[str, Fault] = {
    **{
        f"imu_{sensor}_{name}": Fault(f"{sensor}: {fault.text}", fault.parameters)
        for sensor in SENSORS
        for name, fault in _SENSOR_FAULTS.items()
    },
    "motor_stalled": Fault("rotor is blocked"),
    "motor_disconnected": Fault("a motor wire is broken"),
    "motor_reversed": Fault("motor wires are swapped"),
    "bridge_shorted": Fault(
        "bridge gives full voltage whatever its inputs say; `direction` +1 = outward",
        {"direction": 1},
    ),
    "gear_slips": Fault("motor turns, the bed does not follow"),
    "bed_creeps": Fault("bed moves without the motor", {"deg_per_s": 0.5}),
    "relay_welded": Fault("relay contact never opens"),
    "relay_dead": Fault("relay never closes"),
    "relay_mirror_broken": Fault("wire of the mirror contact is broken"),
    "current_sensor_dead": Fault("current reads 0"),
    "supply_sense_dead": Fault("supply voltage reads 0"),
    "home_switch_stuck_open": Fault("home switch never closes"),
    "home_switch_stuck_closed": Fault("home switch always reads home"),
    "end_switch_stuck_open": Fault("outward end switch always reads at the end"),
    "end_switch_stuck_closed": Fault("outward end switch never opens"),
    "button_stuck": Fault("a button's contact stays closed", {"button": "START"}),
    "button_bouncing": Fault("a button's contact opens and closes", {"button": "START"}),
    "button_dead": Fault("a button's contact never closes", {"button": "START"}),
    "ankle_lock_opens": Fault("ankle lock's contact opens"),
    "estop_wire_broken": Fault("E-stop's contact is open"),
    "supply_sag": Fault("supply voltage is lower by `volts`", {"volts": 8.0}),
    "clock_drift": Fault(
        "a clock of the controller is fast by `ppm`: `ticks_ms`, `ticks` (the timer's period),"
        " `rtc` (-1_000_000: it stands), or `all`, which is what they are made from",
        {"ppm": 20_000, "clock": "all"},
        on_device=True,
    ),
    "program_corrupt": Fault(
        "bits `mask` of the byte at `offset` of a firmware file read inverted (default: a letter of"
        " a comment, so that the program still runs)",
        {"file": "safety/limits.py", "offset": 20, "mask": 0x20},
        on_device=True,
    ),
    "tick_stops": Fault("timers no longer fire; the background runs on", on_device=True),
    "background_hangs": Fault("background never runs again; ticks go on", on_device=True),
    "cpu_hangs": Fault("nothing runs any more; pins stay as they are", on_device=True),
    "flash_cut": Fault(
        "power fails in mid flash operation number `after` from now, `done` of it carried out",
        {"after": 1, "done": 0.5},
        on_device=True,
    ),
    "usb_unplugged": Fault("host's cable is out", on_device=True),
}


def parameters_of(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of fault `name`: those given and the defaults of the others."""
    fault = FAULTS.get(name)
    if fault is None:
        raise UnknownFault(f"no fault {name!r}; known: {', '.join(sorted(FAULTS))}")
    unknown = set(given) - set(fault.parameters)
    if unknown:
        known = ", ".join(sorted(fault.parameters)) or "none"
        raise UnknownFault(f"fault {name!r} has no parameter {sorted(unknown)[0]!r} (has: {known})")
    return {**fault.parameters, **given}
