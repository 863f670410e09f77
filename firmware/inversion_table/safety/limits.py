"""Every limit of the machine, in one place: hard constants, and device settings inside them.

The plan must lie inside the device's settings, the settings inside the constants. Each bound
names the hazard that it answers (docs/hazards.md).
"""

TICK_MS = 10

# --- geometry -------------------------------------------------------------------------------
HOME_TILT_MDEG = -75_000
"""Head-up rest where the home switch closes."""
HOME_TOLERANCE_MDEG = 4_000
"""The home switch is believed only this near to home (HZ-12)."""
TILT_MAX_MDEG = 90_000
"""Head-down, whatever the settings say (HZ-02)."""
UNCALIBRATED_TILT_MAX_MDEG = 30_000
"""Head-down while the IMUs were never calibrated, whatever the settings say (HZ-10)."""
HOME_FIT_MDEG = 1_000
"""A calibration is kept only if the present rest at home is home by it (HZ-10)."""
HOME_DRIFT_MAX_MDEG = 2_000
"""An IMU further off than this at home has moved on its mount, or the switch has (HZ-10)."""
HEAD_DOWN_TILT_MDEG = 2_000
"""Above this the head-down clock runs (HZ-03)."""

# --- motion ---------------------------------------------------------------------------------
RATE_MAX_MDEG_PER_S = 6_000  # HZ-04
RATE_SETTING_MAX_MDEG_PER_S = 5_000
"""The limit is the bed's: where the load changes sides it falls through the gear's play, and with a
heavy rider that adds more than lies between the limit and the trip (HZ-04, RQ-147)."""
RATE_MIN_MDEG_PER_S = 200
ACCELERATION_MAX_MDEG_PER_S2 = 5_000  # HZ-05
ACCELERATION_SETTING_MAX_MDEG_PER_S2 = 3_000
"""The limit is the bed's, and its fall through the gear's play adds to what is set (HZ-05)."""
OVERSPEED_MDEG_PER_S = 8_000  # HZ-04
OVERTRAVEL_MDEG = 1_500
"""Tilt past the commanded limit before the trip (HZ-02)."""
RETURN_BLIND_DUTY_PERMILLE = 220
"""About 2 deg/s: slow enough to meet the end stop without knowing the tilt (HZ-01)."""
BLIND_CURRENT_TRIP_MA = 3_500
BLIND_CURRENT_MS = 300
RETURN_BLIND_MAX_MS = 150_000
"""A blind return from 90 deg at half its nominal rate takes 165 deg / 1.1 deg/s (HZ-01)."""
BACK_OFF_MDEG = 2_000
"""Homeward, away from what was met on the way out: more than the gear's play of 0.3 deg and enough
to free a limb, little enough not to meet something else (HZ-08)."""
BACK_OFF_REST_MS = 500
"""The relay has opened and the bed stands before it backs off (HZ-08)."""
BACK_OFF_MAX_MS = 2_500
"""2 deg at the duty of a blind return take 1.1 s, the relay and the play 0.3 s (HZ-08)."""

WIND_DOWN_ACCELERATION_MDEG_PER_S2 = 2_000
"""Coming to rest for PAUSE or RETURN is at least this brisk, whatever the settings (HZ-01)."""
WIND_DOWN_MAX_MS = 4_000
"""The sequencer may take this long to come to rest: 6 deg/s at 2 deg/s2 takes 3 s (HZ-05)."""
ARRIVED_MDEG = 3_000
"""Past home by this much, a return has arrived whatever the switch says (HZ-12). More than an IMU
never calibrated may be wrong by; an end stop before it ends the return too, by its stall."""

# --- time -----------------------------------------------------------------------------------
HEAD_DOWN_MAX_MS = 900_000  # HZ-03
SESSION_MAX_MS = 2_400_000  # HZ-03
HEAD_UP_RESETS_MS = 10_000
"""Only this long at or above horizontal ends a head-down stretch (HZ-03)."""
HOLD_MAX_MS = 900_000
REST_MAX_MS = 300_000
FAULT_REST_MS = 5_000
"""Pause at horizontal when a fault sends the person home (HZ-06)."""

RETURN_MAX_MS = 345_000 + REST_MAX_MS
"""From 90 deg to home at the lowest return rate, 0.5 deg/s, and the longest rest (HZ-01)."""
RETURN_PAUSES = 2
"""A return may be halted so often: a bad contact must trap nobody (HZ-01)."""
RETURN_IDLE_MS = 3_000
"""A return that stands still head-down for so long is taken from the sequencer (HZ-01)."""
CLEAR_MS = 1_000
"""A cause must be gone this long before a fault is forgotten, and only at home (HZ-09)."""

# --- sensing --------------------------------------------------------------------------------
DISAGREEMENT_MDEG = 4_000  # HZ-10
DISAGREEMENT_MS = 200
RATE_DISAGREEMENT_MDEG_PER_S = 1_500
"""One IMU that no longer moves with the bed is told by its rate long before its tilt (HZ-10)."""
RATE_DISAGREEMENT_MS = 250
"""Longer than the bed takes to fall through the gear's play, which the two filter differently."""
RATE_DOUBT_MDEG_PER_S = 1_000
"""Rates that differ by more prove nothing about the motor."""
ESTIMATE_AGE_MAX_MS = 100  # HZ-10
IMU_LOST_MS = 500
"""One IMU may be gone for so long while the other measures: time to clock its bus free (HZ-10)."""
OVERSPEED_MS = 50
"""Longer than a bed at full rate takes to fall through the gear's play (HZ-04)."""
ANKLE_MS = 100  # HZ-11
HOME_SWITCH_MS = 500
HOME_OVERSHOOT_MDEG = 3_000
"""Past home by this much with the switch open: the switch, or its wire, is broken (HZ-12)."""
TICK_LATE_MS = 450
"""A tick this late while powered (HZ-09). A 4 KB erase stalls interrupts for 400 ms at worst,
but none is made away from home."""

# --- electrical -----------------------------------------------------------------------------
CURRENT_TRIP_MA = 9_000
"""Continuous stall protection of the reference motor and of whatever is in the way (HZ-08)."""
CURRENT_TRIP_MS = 150
SUPPLY_LOW_MV = 19_000
"""Below this the table goes home while there is power to (HZ-07)."""
SUPPLY_LOW_MS = 500
SUPPLY_DEAD_MV = 14_000
"""Below this nothing can be driven: stop and hold (HZ-07)."""
RELAY_CLOSE_MAX_MS = 400
RELAY_OPEN_MAX_MS = 400
CURRENT_DEAD_MA = 100
"""A motor that turns draws 270 mA at least: its own friction of 0.02 Nm at 0.0764 Nm/A, whichever
way and whoever lies on it, for the self-locking gear takes no help from a load (calculated for 20
to 150 kg, centre of mass 8 cm either way, duty 12 % to 62 %). An amplifier's offset is below."""
CURRENT_DEAD_MS = 1_000
DUTY_MAX_PERMILLE = 1_000
DUTY_STEP_PERMILLE = 5
"""Most that the duty may grow in a tick: 10 deg/s at full duty make it 5 deg/s2 (HZ-05)."""

# --- plausibility of motion -----------------------------------------------------------------
DRIVEN_DUTY_PERMILLE = 120
"""A duty of at least this must move the bed."""
STALL_MS = 1_200
STALL_RATE_MDEG_PER_S = 150
UNDRIVEN_RATE_MDEG_PER_S = 1_500
UNDRIVEN_MS = 300
MDEG_PER_S_PER_PERMILLE = 10
"""What the reference drive gives: 10 deg/s at full duty."""
BACKWARD_RATE_MDEG_PER_S = 700
BACKWARD_MS = 300
RETURN_OUTWARD_MDEG = 800
"""In a return, the gear's play of 0.3 deg and half a degree more (HZ-02)."""
RETURN_OUTWARD_RATE_MDEG_PER_S = 4_000
"""Nobody drives outward, and a fall through the play is slower; a shorted bridge gives 10 deg/s."""
RETURN_OUTWARD_MS = 30
RETURN_RISE_MDEG = 2_500
"""A return that raised the bed by so much is not tried again: a shorted bridge makes 2.9 deg of
each, until the relay is open (HZ-02)."""
CREEP_MDEG = 2_000
"""A drift at rest: gear or brake slips. More than the play, and than a restless person makes."""
CREEP_MS = 500
CREEP_SETTLE_MS = 1_000

# --- people ---------------------------------------------------------------------------------
STUCK_BUTTON_MS = 20_000
BUTTON_OPEN_MS = 500
"""START, PAUSE and JOG DOWN count when pressed after so long a steady opening: no bouncing contact
presses twice (HZ-13)."""
CHATTER_CHANGES = 40
"""More changes of level in a window than fingers make: ten presses a second (HZ-13)."""
CHATTER_WINDOW_MS = 2_000
CHATTER_QUIET_MS = 5_000
"""After so long without any change a contact that chattered is believed again (HZ-13)."""
SERVICE_GESTURE_MS = 5_000
SELF_TEST_MS = 2_000
"""Sensors may take this long after a start to become valid."""
SETTLE_MAX_MS = 10_000
"""A contact that bounces for so long after a start is broken (HZ-13)."""
ASSESS_MS = 3_000
"""Alarm before the table moves by itself after a watchdog reset (HZ-09)."""
MAX_STEPS = 64
MAX_REPEATS = 200
MAX_SETS = 16

# Settings: name -> (lowest, highest, default, hazard). Units are in the names.
SETTINGS = {
    "tilt_max_mdeg": (0, TILT_MAX_MDEG, 60_000, "HZ-02"),
    "rate_max_mdeg_per_s": (RATE_MIN_MDEG_PER_S, RATE_SETTING_MAX_MDEG_PER_S, 3_000, "HZ-04"),
    "acceleration_mdeg_per_s2": (500, ACCELERATION_SETTING_MAX_MDEG_PER_S2, 2_000, "HZ-05"),
    "head_down_max_ms": (10_000, HEAD_DOWN_MAX_MS, 360_000, "HZ-03"),
    "session_max_ms": (60_000, SESSION_MAX_MS, 1_800_000, "HZ-03"),
    "return_rate_mdeg_per_s": (500, RATE_SETTING_MAX_MDEG_PER_S, 2_000, "HZ-06"),
    "rest_ms": (0, REST_MAX_MS, 60_000, "HZ-06"),
    "jog_rate_mdeg_per_s": (RATE_MIN_MDEG_PER_S, RATE_SETTING_MAX_MDEG_PER_S, 2_000, "HZ-04"),
}


class SettingsError(ValueError):
    """A setting is unknown, missing, not a whole number, or outside its bounds."""


class Settings:
    """The device's settings: one whole number for each name in `SETTINGS` (RQ-021, RQ-070)."""

    def __init__(self) -> None:
        self.tilt_max_mdeg = SETTINGS["tilt_max_mdeg"][2]
        self.rate_max_mdeg_per_s = SETTINGS["rate_max_mdeg_per_s"][2]
        self.acceleration_mdeg_per_s2 = SETTINGS["acceleration_mdeg_per_s2"][2]
        self.head_down_max_ms = SETTINGS["head_down_max_ms"][2]
        self.session_max_ms = SETTINGS["session_max_ms"][2]
        self.return_rate_mdeg_per_s = SETTINGS["return_rate_mdeg_per_s"][2]
        self.rest_ms = SETTINGS["rest_ms"][2]
        self.jog_rate_mdeg_per_s = SETTINGS["jog_rate_mdeg_per_s"][2]

    @staticmethod
    def from_dict(values: dict) -> "Settings":
        """Settings from a mapping of every name; raises SettingsError."""
        settings = Settings()
        for name in values:
            if name not in SETTINGS:
                raise SettingsError("there is no setting '%s'" % name)
        for name in SETTINGS:
            if name not in values:
                raise SettingsError("setting '%s' is missing" % name)
            lowest, highest, _, hazard = SETTINGS[name]
            value = values[name]
            if type(value) is not int or not lowest <= value <= highest:
                raise SettingsError(
                    "setting '%s' must be a whole number from %d to %d (%s), not %r"
                    % (name, lowest, highest, hazard, value)
                )
            setattr(settings, name, value)
        return settings

    def to_dict(self) -> dict:
        """Every setting by name."""
        return {name: getattr(self, name) for name in SETTINGS}
