"""Every fault that the campaign tries, and what is owed under it: how it may end, and how soon.

The verdict guesses nothing: that a table may stay where it is, that a session may go on, or that
the relay cannot open, is declared here for each fault, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inversion_table.safety import limits
from table_bench.faults import FAULTS
from table_bench.wiring import BUTTONS

# What the bench does by hand; everything else is one of the bench's FAULTS.
ESTOP = "estop_pressed"
POWER_CUT = "power_cut"
NOBODY = "nobody_there"
HANDS = (ESTOP, POWER_CUT, NOBODY)

# When a passing fault is over.
NEVER = ""
AT_RESET = "at_reset"
BEFORE_RETURN = "before_return"
AT_HOME = "at_home"

POWER_OFF_S = 3.0
"""Mains that fails comes back after this long."""


@dataclass(frozen=True)
class Case:
    """A fault with its parameters, and what is owed under it.

    `passes`: when the bench takes the fault away. `reacts_s`: power removed or homeward motion
    begun at most so long after injection, from a phase that is not on its way home already; None
    needs `goes_on`, the reason why a session may go on. `may_hold`: why the table may stay where
    it is until it is repaired. `relay_stays`: why the relay may stay closed at the end.
    `ends_near`: why home may be up to 4 deg before the switch.
    """

    fault: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    passes: str = NEVER
    reacts_s: float | None = None
    goes_on: str = ""
    may_hold: str = ""
    relay_stays: str = ""
    ends_near: str = ""
    drifts_deg: float = 0.0
    """The bed may move homeward by itself so far, and no way home has begun."""


_UNSEEN_AT_REST = "nothing of it shows before the table moves, or comes home"
_ONLY_BACKUP = "what it takes away is not needed for this session"

_DEAD_DRIVE = "the motor cannot move the bed; the gear holds it until the drive is mended"

_TURNS_S = 2.0
"""A bed that goes outward at up to 5 deg/s has come to rest and turned back after this."""
_IMU_S = 0.5 + _TURNS_S
"""limits.IMU_LOST_MS, while the other sensor measures."""
_TURNED_S = 2.0 + _TURNS_S
"""The filter takes a turned sensor's readings over within 2 s; then the sensors are 4 deg apart."""
_SUPPLY_S = 0.5 + _TURNS_S
"""limits.SUPPLY_LOW_MS."""
_SWITCH_S = 0.5 + _TURNS_S
"""limits.HOME_SWITCH_MS."""

_CLOCKS_S = 25.0 + _TURNS_S
"""A window that the fault began in, and the whole one after it (integrity/clocks.py)."""
_PROGRAM_S = 60.0 + _TURNS_S
"""A round of the program's check."""
_ONE_CRYSTAL = "all clocks divide one crystal: nothing on the board shows it; bounds change by 2 %"

_IMU = {
    "nack": Case("nack", reacts_s=_IMU_S),
    "bus_stuck": Case("bus_stuck", goes_on="the bus is clocked free and the session goes on"),
    "bus_stuck_hard": Case("bus_stuck", {"freed_by_clocking": False}, reacts_s=_IMU_S),
    "reset": Case("reset", goes_on="the sensor is set up anew within limits.IMU_LOST_MS"),
    "frozen": Case("frozen", reacts_s=_IMU_S),
    "bias": Case("bias", goes_on="0.05 g is 2.9 deg: less than the sensors may disagree by"),
    "bias_large": Case(
        "bias",
        {"accel_g": 0.2, "gyro_dps": 0.0},
        goes_on="the filter takes the offset over slowly; seen once 4 deg apart",
    ),
    "drifting": Case("drifting", goes_on="a drift shows only once the sensors are 4 deg apart"),
    "noisy": Case("noisy", reacts_s=0.5 + _IMU_S),
    "saturated": Case("saturated", reacts_s=_IMU_S),
    "detached": Case("detached", goes_on=_UNSEEN_AT_REST),
    "upside_down": Case("upside_down", reacts_s=_TURNED_S),
}

_BUTTON_REASONS = {
    "stuck": "a contact that stays closed is one press at most",
    "bouncing": "contacts are debounced",
    "dead": "the laptop, the head-down limit and the end of the session remain",
}

CASES: dict[str, Case] = {
    **{
        f"imu_{sensor}_{name}": Case(
            f"imu_{sensor}_{case.fault}",
            case.parameters,
            reacts_s=case.reacts_s,
            goes_on=case.goes_on,
        )
        for sensor in ("primary", "monitor")
        for name, case in _IMU.items()
    },
    "motor_stalled": Case("motor_stalled", goes_on=_UNSEEN_AT_REST, may_hold=_DEAD_DRIVE),
    "motor_stalled_passing": Case("motor_stalled", passes=BEFORE_RETURN, goes_on=_UNSEEN_AT_REST),
    "motor_disconnected": Case("motor_disconnected", goes_on=_UNSEEN_AT_REST, may_hold=_DEAD_DRIVE),
    "motor_reversed": Case(
        "motor_reversed",
        goes_on=_UNSEEN_AT_REST,
        may_hold="homeward drive turns outward; it must stay off until the wires are right",
    ),
    "bridge_shorted_outward": Case(
        "bridge_shorted",
        {"direction": 1},
        reacts_s=1.0,
        may_hold="any power drives it outward; it must stay off until the bridge is changed",
    ),
    "bridge_shorted_homeward": Case(
        "bridge_shorted",
        {"direction": -1},
        reacts_s=1.0,
        may_hold="the bridge cannot be steered; power stays off until it is changed",
    ),
    "gear_slips": Case("gear_slips", goes_on=_UNSEEN_AT_REST, may_hold=_DEAD_DRIVE),
    "bed_creeps_outward": Case(
        "bed_creeps",
        {"deg_per_s": 0.5},
        goes_on=f"seen once it has moved a bed at rest by {limits.CREEP_MDEG // 1000} deg",
    ),
    "bed_creeps_homeward": Case(
        "bed_creeps",
        {"deg_per_s": -0.5},
        goes_on=f"seen once it has moved a bed at rest by {limits.CREEP_MDEG // 1000} deg",
        drifts_deg=limits.CREEP_MDEG / 1000 + 0.5,
    ),
    "relay_welded": Case(
        "relay_welded",
        goes_on="shows when the relay is next to open; the bridge alone stops the motor until then",
        relay_stays="its contact cannot open; the bridge is off",
    ),
    "relay_dead": Case(
        "relay_dead", reacts_s=1.0, may_hold="without the relay the motor has no power"
    ),
    "relay_mirror_broken": Case("relay_mirror_broken", goes_on="shows when the relay is to open"),
    "current_sensor_dead": Case("current_sensor_dead", goes_on=_ONLY_BACKUP),
    "supply_sense_dead": Case(
        "supply_sense_dead",
        reacts_s=_SUPPLY_S,
        may_hold="a supply that reads 0 V is one that cannot drive",
    ),
    "home_switch_stuck_open": Case("home_switch_stuck_open", goes_on=_UNSEEN_AT_REST),
    "home_switch_stuck_closed": Case(
        "home_switch_stuck_closed",
        reacts_s=_SWITCH_S,
        ends_near="the switch says home as soon as the tilt lets it be believed",
    ),
    "end_switch_stuck_open": Case("end_switch_stuck_open", reacts_s=_SWITCH_S),
    "end_switch_stuck_closed": Case("end_switch_stuck_closed", goes_on=_ONLY_BACKUP),
    **{
        f"button_{kind}_{button}": Case(f"button_{kind}", {"button": button}, goes_on=reason)
        for kind, reason in _BUTTON_REASONS.items()
        for button in BUTTONS
    },
    "ankle_lock_opens": Case("ankle_lock_opens", reacts_s=1.0),
    "estop_wire_broken": Case(
        "estop_wire_broken",
        reacts_s=0.2,
        may_hold="the contact cuts the relay's coil: no power until the wire is mended",
    ),
    "supply_sag_low": Case("supply_sag", {"volts": 7.0}, reacts_s=_SUPPLY_S),
    "supply_sag_dead": Case(
        "supply_sag",
        {"volts": 14.0},
        reacts_s=_SUPPLY_S,
        may_hold="10 V cannot be relied on to drive; held until the supply is back",
    ),
    "supply_sag_passing": Case(
        "supply_sag", {"volts": 14.0}, passes=BEFORE_RETURN, reacts_s=_SUPPLY_S
    ),
    "clock_fast": Case("clock_drift", {"ppm": 20_000}, goes_on=_ONE_CRYSTAL),
    "clock_slow": Case("clock_drift", {"ppm": -20_000}, goes_on=_ONE_CRYSTAL),
    **{
        f"clock_{clock}_{name}": Case(
            "clock_drift", {"ppm": ppm, "clock": clock}, reacts_s=_CLOCKS_S
        )
        for clock in ("ticks_ms", "ticks", "rtc")
        for name, ppm in (("fast", 30_000), ("slow", -30_000))
    },
    "clock_rtc_stands": Case(
        "clock_drift", {"ppm": -1_000_000, "clock": "rtc"}, reacts_s=5.0 + _TURNS_S
    ),
    "program_corrupt": Case("program_corrupt", reacts_s=_PROGRAM_S),
    "tick_stops": Case("tick_stops", passes=AT_RESET, reacts_s=0.5),
    "background_hangs": Case("background_hangs", passes=AT_RESET, reacts_s=5.0),
    "cpu_hangs": Case("cpu_hangs", passes=AT_RESET, reacts_s=0.5),
    "flash_cut": Case(
        "flash_cut", goes_on="power fails at the next write to flash, if there is one"
    ),
    "usb_unplugged": Case("usb_unplugged", goes_on="no session needs a computer"),
    ESTOP: Case(ESTOP, passes=BEFORE_RETURN, reacts_s=0.1),
    POWER_CUT: Case(POWER_CUT, reacts_s=0.2),
    NOBODY: Case(NOBODY, goes_on="a session goes on by itself; a pause ends with a limit"),
}


def untried() -> list[str]:
    """Faults of the bench that no case of the campaign injects: there must be none."""
    return sorted(set(FAULTS) - {case.fault for case in CASES.values()})
