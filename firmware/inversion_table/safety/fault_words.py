"""What each fault is called in words, for the patient and for the engineer (RQ-080).

In a file of its own, since the device needs them only while there is something to tell.
"""

# number of the fault -> (words for the person on the table, words for the engineer)
WORDS = (
    # NO_FAULT
    (
        "All is well.",
        "no fault",
    ),
    # ESTOP_PRESSED
    (
        "The emergency stop is pressed. Release it, then press RETURN.",
        "E-stop contact open: pressed, or its wire is broken",
    ),
    # TILT_LOST
    (
        "The table cannot feel its tilt and is going home slowly.",
        "no IMU gives a valid tilt; homeward at fixed duty until the home switch",
    ),
    # IMU_DISAGREE
    (
        "The two tilt sensors disagree. The table is going home slowly.",
        "primary and monitor tilt differ by more than the bound for longer than allowed",
    ),
    # IMU_PRIMARY_LOST
    (
        "A tilt sensor failed. The table is going home on the other one.",
        "primary IMU (LSM6DSOX) lost; the monitor measures",
    ),
    # IMU_MONITOR_LOST
    (
        "The second tilt sensor failed. The table is going home.",
        "monitor IMU (MPU-6050) lost; nothing left to compare with",
    ),
    # OVER_TILT
    (
        "The table went past its limit and is going home.",
        "tilt past the commanded limit by more than the over-travel bound",
    ),
    # OVERSPEED
    (
        "The table moved too fast and has stopped. Press RETURN.",
        "measured rate above the over-speed trip",
    ),
    # HEAD_DOWN_TIMEOUT
    (
        "Time head-down is over. The table is going home.",
        "head-down time at a stretch reached the device's limit",
    ),
    # SESSION_TIMEOUT
    (
        "The session's time is over. The table is going home.",
        "session time reached the device's limit",
    ),
    # OVERCURRENT
    (
        "Something blocks the table. Clear it, then press RETURN.",
        "motor current above the trip for longer than allowed",
    ),
    # STALLED
    (
        "The table does not move. Press RETURN; if it stays, lower it by hand.",
        "motor driven but the bed does not move",
    ),
    # MOVED_UNDRIVEN
    (
        "The table moved by itself and has stopped. Press RETURN.",
        "bed moves although the motor is not driven",
    ),
    # MOVED_BACKWARD
    (
        "The table moved the wrong way. Press RETURN; if it does so again, lower it by hand.",
        "bed moves against the drive, or outward in a return: wires swapped or bridge shorted",
    ),
    # RELAY_WELDED
    (
        "A safety check failed. The table will not start.",
        "relay mirror contact says closed although the heartbeat has stopped",
    ),
    # RELAY_DEAD
    (
        "The motor has no power. Press RETURN; if it stays, lower it by hand.",
        "relay mirror contact says open although the heartbeat runs",
    ),
    # ANKLE_LOCK_OPEN
    (
        "The ankle lock is open. Close it, then press RETURN.",
        "ankle-lock interlock open, or its wire is broken",
    ),
    # OUTWARD_END
    (
        "The table reached its end and is going home.",
        "outward end switch open: reached, or its wire is broken",
    ),
    # SUPPLY_LOW
    (
        "Power is low. The table is going home.",
        "motor supply below its low bound",
    ),
    # SUPPLY_DEAD
    (
        "Power is gone. The table holds; press RETURN when power is back.",
        "motor supply too low to drive",
    ),
    # HOME_SWITCH_STUCK
    (
        "The home switch does not work right. The table will not start.",
        "home switch and measured tilt contradict each other",
    ),
    # BUTTON_STUCK
    (
        "A button is stuck. The table will not start until it is free.",
        "a button has read pressed for longer than anyone presses",
    ),
    # WATCHDOG_RESET
    (
        "The controller restarted. The table is going home.",
        "watchdog reset away from home",
    ),
    # POWER_RESTORED
    (
        "Power is back. Press RETURN to go home.",
        "powered up away from home",
    ),
    # TICK_LATE
    (
        "The controller was too slow. The table is going home.",
        "time between control ticks above its bound while the motor may run",
    ),
    # RETURN_TIMEOUT
    (
        "The table could not get home. Press RETURN, or lower it by hand.",
        "return took longer than its bound",
    ),
    # SETTINGS_CORRUPT
    (
        "The table's settings are damaged. It is going home and will not start.",
        "settings, calibration or plan failed CRC or bounds, or the log has no flash",
    ),
    # HOST_STOP
    (
        "Stopped from the computer. Press RETURN to go home.",
        "session.stop received",
    ),
    # INTERNAL
    (
        "The controller found an error in itself. Press RETURN.",
        "kernel state is not one of its states",
    ),
    # NO_PLAN
    (
        "No plan is loaded. Upload one, or use the jog buttons.",
        "START pressed without a stored plan",
    ),
    # CLOCKS_APART
    (
        "The table's clocks disagree. It is going home and will not start.",
        "count of ticks, ticks_ms and real-time clock differ by 2 %; until the next start",
    ),
    # PROGRAM_CORRUPT
    (
        "The table's program is damaged. It is going home and will not start.",
        "a program file differs from its manifest, or there is none: put the firmware on anew",
    ),
    # CURRENT_SENSOR_DEAD
    (
        "A motor sensor failed. The table is going home and will not start.",
        "motor driven and turning, but no current read; until the next restart",
    ),
    # BED_CREEPS
    (
        "The table slips slowly and is going home.",
        "tilt drifted at rest with no duty: gear or brake slips",
    ),
    # HOME_DRIFT
    (
        "A tilt sensor or the home switch has moved. Have the table calibrated again.",
        "an IMU is off at home: its mount is loose, or the switch moved; fix it, calibrate again",
    ),
    # NOT_READY
    (
        "The table is still getting ready. Wait a moment, then press again.",
        "pressed before the relay opened, the log's place or a new firmware was proved",
    ),
    # NOT_AT_HOME
    (
        "The bed is not quite at home. Press RETURN, then press again.",
        "home switch open in HOME: let go of just before it, wound off it, or broken",
    ),
)


def words_of(number: int) -> tuple:
    """(words for the person on the table, words for the engineer) of a fault."""
    return WORDS[number]
