"""What must hold before any motion may begin. Pure."""

from inversion_table.safety import faults


def refusal(estimate, inputs, monitors, at_home: bool) -> int:
    """Why no motion may begin now, or NO_FAULT (RQ-064)."""
    if not at_home:
        return faults.NOT_AT_HOME
    if inputs.estop_pressed:
        return faults.ESTOP_PRESSED
    if not inputs.ankle_locked:
        return faults.ANKLE_LOCK_OPEN
    if inputs.end_reached:
        return faults.OUTWARD_END
    if inputs.relay_closed:
        return faults.NOT_READY  # RQ-045: once it has had its time to open, it is a fault
    if not inputs.settings_ok:
        return faults.SETTINGS_CORRUPT
    if not (inputs.program_ok and inputs.clocks_ok):
        return faults.CLOCKS_APART if inputs.program_ok else faults.PROGRAM_CORRUPT
    if not inputs.home_angle_ok:
        return faults.HOME_DRIFT
    if not monitors.tilt_trusted:
        return faults.TILT_LOST
    if not estimate.primary_ok:
        return faults.IMU_PRIMARY_LOST
    if not estimate.monitor_ok:
        return faults.IMU_MONITOR_LOST
    if not inputs.started_up:
        return faults.NOT_READY  # RQ-142, RQ-163
    return faults.NO_FAULT
