"""What goes into the kernel and what comes out: plain objects, preset, written in place."""

from inversion_table.safety import limits, states
from inversion_table.safety.faults import NO_FAULT

# Why the controller started.
BOOT_POWER_ON = 0
BOOT_WATCHDOG = 1

# What kind of motion the kernel has let begin.
MODE_NONE = 0
MODE_SESSION = 1
MODE_JOG = 2


class Inputs:
    """Switches, buttons, electrical readings and requests, debounced, as of this tick."""

    def __init__(self) -> None:
        self.estop_pressed = True
        self.end_reached = True
        self.ankle_locked = False
        self.home_switch = False
        self.relay_closed = True
        self.start_edge = False
        self.pause_edge = False
        self.return_edge = False
        self.return_hasty = False
        """This press of RETURN came so soon after the last that it may be a bad contact's."""
        self.jog_up = False
        self.jog_down = False
        self.jog_down_edge = False
        self.button_stuck = False
        """Pressed for longer than anyone presses, or changing faster than anyone can."""
        self.service_gesture = False
        self.current_ma = 0
        self.supply_mv = 0
        self.host_return = False
        self.host_stop = False
        self.plan_ready = False
        self.settings_ok = False
        self.home_angle_ok = False
        """What the IMUs read at home is the home angle; said anew at each rest there."""
        self.program_ok = False
        self.clocks_ok = False
        self.started_up = False
        """What a start leaves to be done before anything may move outward is done."""
        self.settled = False
        """Every debouncer has seen enough samples to be believed."""


class Wish:
    """What the sequencer would like: a request, a duty, the tilt that it means to stay under."""

    def __init__(self) -> None:
        self.request = states.WISH_NONE
        self.duty_permille = 0
        """Outward positive, -1000 .. 1000."""
        self.limit_mdeg = limits.HOME_TILT_MDEG
        self.target_mdeg = limits.HOME_TILT_MDEG
        """Where the trajectory is now; for the log."""
        self.rate_mdeg_per_s = 0
        self.goal_mdeg = limits.HOME_TILT_MDEG
        """Where the motion leads; for people and the log."""


class Decision:
    """What the machine does in this tick. Only the kernel writes it; only `actuation` obeys it."""

    def __init__(self) -> None:
        self.state = states.SELF_TEST
        self.mode = MODE_NONE
        self.power = False
        """True: the heartbeat runs, so that the relay closes."""
        self.duty_permille = 0
        self.ready = False
        """True: the relay is closed and the state lets the sequencer move."""
        self.winding_down = False
        """True: the sequencer must come to rest, for PAUSE or RETURN."""
        self.backing_off = False
        """True: RETURNING leads only a little homeward, away from what was met (RQ-087)."""
        self.at_home = False
        self.fault = NO_FAULT
        """The fault that holds the machine now, latched until home and cleared."""
        self.excused = NO_FAULT
        """A reason to stop that does not stop this return; the monitors look past it."""
        self.refused = NO_FAULT
        """Why the last START was refused; cleared by the next accepted one."""
        self.refusals = 0
        """How many were refused, so that two alike are seen as two."""
        self.session_ms = 0
        self.head_down_ms = 0
