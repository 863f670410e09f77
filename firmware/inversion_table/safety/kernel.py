"""The kernel: the last gate before the motor. Pure, total, denies by default.

`step` reads a wish, the estimate, the inputs and what the monitors found, and writes the decision.
It believes nobody: every bound is checked here again, at the point of use. What it writes depends
on its arguments alone; it allocates nothing and calls nothing outside `safety`.

Order of a step: clocks, then faults, then the state's own transitions, then the gate.
"""

from inversion_table.safety import faults, interlocks, limits, ports, states
from inversion_table.safety.memory import NO_WIND_DOWN, KernelState
from inversion_table.safety.ticks import advanced_ms, step_ms


def step(k: KernelState, wish, estimate, inputs, monitors, settings, now_ms, out) -> None:
    """One tick: from (state, wish, estimate, inputs, monitors, settings, now) to decision `out`.

    k: KernelState; wish: ports.Wish; estimate: tilt_mdeg, rate_mdeg_per_s, valid, age_ms;
    inputs: ports.Inputs; monitors: `active`, a fault code, and `tilt_trusted`; settings:
    limits.Settings; now_ms wraps at 2**30; out: ports.Decision, wholly rewritten.
    """
    dt_ms = step_ms(now_ms, k.then_ms) if k.started else 0
    k.then_ms = now_ms
    k.started = True
    k.state_ms = advanced_ms(k.state_ms, dt_ms)
    was_held = k.state == states.STOPPED or k.state == states.FAULT
    at_home = _at_home(estimate, inputs, monitors)
    _run_clocks(k, estimate, dt_ms)
    if k.state == states.RETURNING and _reached_home(estimate, monitors, at_home):
        _arrive(k, at_home)
    else:
        _take_fault(k, wish, estimate, monitors, settings, at_home)

    if k.state == states.SELF_TEST:
        _self_test(k, inputs, at_home)
    elif k.state == states.HOME:
        _home(k, estimate, inputs, monitors, at_home)
    elif k.state == states.MOVING or k.state == states.HOLDING:
        _moving(k, wish, inputs, at_home, dt_ms)
    elif k.state == states.PAUSED:
        _paused(k, inputs)
    elif k.state == states.RETURNING:
        _returning(k, wish, estimate, inputs, monitors, dt_ms)
    elif k.state == states.STOPPED or k.state == states.FAULT:
        # A stop wins over a RETURN pressed in the same tick, but for the laptop's (RQ-001).
        if was_held or k.fault == faults.HOST_STOP:
            _held(k, inputs, monitors, at_home, dt_ms)
    elif k.state != states.SERVICE:
        k.fault = faults.INTERNAL  # RQ-042
        _enter(k, states.FAULT)

    _gate(k, wish, estimate, inputs, monitors, settings, at_home, out)


def _near_home(estimate) -> bool:
    return estimate.tilt_mdeg <= limits.HOME_TILT_MDEG + limits.HOME_TOLERANCE_MDEG


def _at_home(estimate, inputs, monitors) -> bool:
    """The home switch, unless a tilt that can be trusted contradicts it (RQ-057)."""
    return inputs.home_switch and (not monitors.tilt_trusted or _near_home(estimate))


def _reached_home(estimate, monitors, at_home: bool) -> bool:
    """Home by the switch; should it be broken, by tilt or the end stop near home (RQ-059)."""
    if at_home:
        return True
    past_home = estimate.tilt_mdeg < limits.HOME_TILT_MDEG - limits.ARRIVED_MDEG
    blocked = faults.met_something(monitors.active) and _near_home(estimate)
    return monitors.tilt_trusted and (past_home or blocked)


def _enter(k, state: int) -> None:
    k.state = state
    k.state_ms = 0
    k.clear_ms = 0
    k.return_ms = 0
    k.idle_ms = 0
    k.blind_current_ms = 0
    k.blind = False
    k.assessing = False
    k.backing_off = False
    k.wind_down = NO_WIND_DOWN
    k.wind_down_ms = 0


def _run_clocks(k, estimate, dt_ms: int) -> None:
    """The session's clock and the head-down clock; the latter in every state (RQ-012, RQ-013)."""
    if k.mode != ports.MODE_NONE:
        k.session_ms = advanced_ms(k.session_ms, dt_ms)
    if estimate.valid:
        k.was_head_down = estimate.tilt_mdeg > limits.HEAD_DOWN_TILT_MDEG
    k.head_up_ms = 0 if k.was_head_down else advanced_ms(k.head_up_ms, dt_ms)
    k.head_down_ms = advanced_ms(k.head_down_ms, dt_ms)
    if k.head_up_ms >= limits.HEAD_UP_RESETS_MS:
        k.head_down_ms = 0


def _take_fault(k, wish, estimate, monitors, settings, at_home: bool) -> None:
    """Latch a fault that is stronger than the one held, and begin its reaction."""
    if k.state == states.SERVICE or k.state == states.SELF_TEST:
        return
    code = faults.NO_FAULT if monitors.active == k.excused else monitors.active
    # The laptop may stop the table, but not leave somebody hanging: when the time head-down is
    # over, its stop ends, and it can make no other (RQ-016).
    hanging = k.head_down_ms >= min(settings.head_down_max_ms, limits.HEAD_DOWN_MAX_MS)
    if hanging and code == faults.HOST_STOP:
        code = faults.NO_FAULT
    stops = faults.reaction(code) == faults.REACT_STOP
    if hanging and k.state == states.STOPPED and k.fault == faults.HOST_STOP and not stops:
        k.fault = faults.HEAD_DOWN_TIMEOUT
        _enter(k, states.RETURNING)
        return
    if code == faults.NO_FAULT and k.state != states.HOME and k.state != states.RETURNING:
        code = _own_fault(k, wish, estimate, monitors, settings, hanging)
    # A stop that may end by itself gives way to any other, and every stop to the E-stop.
    passing = k.fault == faults.HOST_STOP or k.fault == faults.POWER_RESTORED
    passing = passing or code == faults.ESTOP_PRESSED
    anew = passing and code != faults.HOST_STOP and code != k.fault
    stops_anew = stops and (anew or k.state == states.RETURNING)
    if faults.reaction(code) <= faults.reaction(k.fault) and not stops_anew:
        return
    k.fault = code
    if k.state == states.HOME or (at_home and k.state == states.FAULT):
        _enter(k, states.FAULT)
    elif stops:
        k.paused_return = False
        met_outward = faults.met_something(code) and k.duty_permille > 0
        _enter(k, states.STOPPED if faults.by_person(code) else states.FAULT)
        k.backing_off = met_outward  # RQ-087
    elif states.MOVING <= k.state < states.RETURNING:
        _enter(k, states.RETURNING)


def _own_fault(k, wish, estimate, monitors, settings, hanging: bool) -> int:
    """The faults that need the kernel's own clocks, or the commanded limit."""
    if hanging:
        return faults.HEAD_DOWN_TIMEOUT  # RQ-014
    if k.session_ms >= min(settings.session_max_ms, limits.SESSION_MAX_MS):
        return faults.SESSION_TIMEOUT  # RQ-015
    over_mdeg = estimate.tilt_mdeg - _limit_mdeg(wish, settings)
    if monitors.tilt_trusted and over_mdeg > limits.OVERTRAVEL_MDEG:
        return faults.OVER_TILT  # RQ-009
    return faults.NO_FAULT


def _limit_mdeg(wish, settings) -> int:
    """The lowest of three: wished now, allowed by the settings, ever allowed (RQ-008)."""
    limit_mdeg = min(settings.tilt_max_mdeg, limits.TILT_MAX_MDEG)
    return limit_mdeg if wish.request == states.WISH_NONE else min(limit_mdeg, wish.limit_mdeg)


def _self_test(k, inputs, at_home: bool) -> None:
    """Wait until everything can be believed, though not for a broken contact; then judge."""
    if k.state_ms < (limits.SELF_TEST_MS if inputs.settled else limits.SETTLE_MAX_MS):
        return
    if at_home:
        _enter(k, states.HOME)
    elif k.boot == ports.BOOT_WATCHDOG:
        k.fault = faults.WATCHDOG_RESET
        _enter(k, states.FAULT)
        k.assessing = True  # RQ-040
    else:
        k.fault = faults.POWER_RESTORED  # RQ-032
        _enter(k, states.STOPPED)


def _home(k, estimate, inputs, monitors, at_home: bool) -> None:
    k.mode = ports.MODE_NONE
    k.session_ms = 0
    k.excused = faults.NO_FAULT
    if monitors.tilt_trusted and not _near_home(estimate):
        k.fault = faults.MOVED_UNDRIVEN
        _enter(k, states.FAULT)
        return
    if inputs.service_gesture:  # RQ-067
        _enter(k, states.SERVICE)
        return
    if not at_home and (inputs.return_edge or inputs.host_return):
        _enter(k, states.RETURNING)  # off the switch: by hand, by backlash, or the switch is broken
        return
    wants_session = inputs.start_edge
    if not wants_session and not inputs.jog_down_edge:
        return
    refusal = interlocks.refusal(estimate, inputs, monitors, at_home)
    if refusal == faults.NO_FAULT and wants_session and not inputs.plan_ready:
        refusal = faults.NO_PLAN
    if _refuse(k, refusal):
        return
    k.mode = ports.MODE_SESSION if wants_session else ports.MODE_JOG
    _enter(k, states.MOVING)


def _refuse(k, code: int) -> bool:
    """Note why a press is refused, if it is."""
    k.refused = code
    if code != faults.NO_FAULT:
        k.refusals = (k.refusals + 1) & 0xFFFF
    return code != faults.NO_FAULT


def _moving(k, wish, inputs, at_home: bool, dt_ms: int) -> None:
    """Follow the wish; PAUSE and RETURN let the sequencer come to rest first (RQ-001, RQ-023)."""
    if inputs.return_edge or inputs.host_return:
        k.wind_down = states.RETURNING
    elif inputs.pause_edge and k.mode == ports.MODE_SESSION and k.wind_down != states.RETURNING:
        k.wind_down = states.PAUSED
    if k.wind_down != NO_WIND_DOWN:
        _come_to_rest(k, wish, dt_ms)
        return
    if k.mode == ports.MODE_JOG and at_home and not inputs.jog_down:
        _arrive(k, at_home)
    elif wish.request == states.WISH_GO_HOME:
        _enter(k, states.RETURNING)
    else:
        state = states.MOVING if wish.request == states.WISH_MOVE else states.HOLDING
        if k.state != state:
            _enter(k, state)


def _come_to_rest(k, wish, dt_ms: int) -> None:
    """Enter what was asked for once the sequencer stands, or has had its time (RQ-023)."""
    k.wind_down_ms = advanced_ms(k.wind_down_ms, dt_ms)
    if wish.request != states.WISH_MOVE or k.wind_down_ms >= limits.WIND_DOWN_MAX_MS:
        _enter(k, k.wind_down)


def _paused(k, inputs) -> None:
    if inputs.return_edge or inputs.host_return or (inputs.start_edge and k.paused_return):
        _enter(k, states.RETURNING)
        k.paused_return = False
    elif inputs.start_edge:
        _enter(k, states.HOLDING)


def _returning(k, wish, estimate, inputs, monitors, dt_ms: int) -> None:
    """Go home: led while the sequencer leads (RQ-005, RQ-006), blindly if not (RQ-003)."""
    if k.backing_off and (inputs.return_edge or inputs.host_return):
        _enter(k, states.RETURNING)  # not the little way only
    k.return_ms = advanced_ms(k.return_ms, dt_ms)
    careful = k.blind or k.backing_off
    over = careful and inputs.current_ma > limits.BLIND_CURRENT_TRIP_MA
    k.blind_current_ms = advanced_ms(k.blind_current_ms, dt_ms) if over else 0
    met_something = k.blind_current_ms >= limits.BLIND_CURRENT_MS  # RQ-004
    if k.backing_off:  # RQ-087
        done = monitors.backed_off or not monitors.tilt_trusted or inputs.pause_edge
        if done or met_something or k.return_ms >= limits.BACK_OFF_MAX_MS:
            _enter(k, states.FAULT)
        return
    still = k.duty_permille == 0 or abs(estimate.rate_mdeg_per_s) < limits.STALL_RATE_MDEG_PER_S
    idle = still and estimate.tilt_mdeg > limits.HEAD_DOWN_TILT_MDEG
    k.idle_ms = advanced_ms(k.idle_ms, dt_ms) if idle else 0
    led = k.idle_ms < limits.RETURN_IDLE_MS and k.return_ms < limits.RETURN_MAX_MS
    if not k.blind and not (led and monitors.tilt_trusted):
        k.blind = True
        k.return_ms = 0
    if k.fault != faults.NO_FAULT or k.blind or inputs.return_edge or inputs.host_return:
        k.wind_down = NO_WIND_DOWN
    elif k.wind_down == states.PAUSED:
        _come_to_rest(k, wish, dt_ms)
        k.paused_return = k.state == states.PAUSED
    elif inputs.pause_edge and k.return_pauses < limits.RETURN_PAUSES:
        k.return_pauses += 1  # RQ-102
        k.wind_down = states.PAUSED
        k.wind_down_ms = 0
    if met_something or (k.blind and k.return_ms >= limits.RETURN_BLIND_MAX_MS):
        k.fault = faults.RETURN_TIMEOUT
        _enter(k, states.FAULT)


def _held(k, inputs, monitors, at_home: bool, dt_ms: int) -> None:
    """No power. At home a cleared cause ends it (RQ-065), elsewhere RETURN (RQ-001, RQ-007)."""
    if at_home:
        clear = monitors.active == faults.NO_FAULT
        k.clear_ms = advanced_ms(k.clear_ms, dt_ms) if clear else 0
        if k.clear_ms >= limits.CLEAR_MS:
            k.fault = faults.NO_FAULT
            _arrive(k, at_home)
        return
    assessed = k.assessing and k.state_ms >= limits.ASSESS_MS
    if inputs.estop_pressed or not (inputs.return_edge or inputs.host_return or assessed):  # RQ-034
        if k.backing_off:
            _await_back_off(k, inputs, monitors)
        return
    if monitors.return_futile:  # RQ-098
        _refuse(k, faults.MOVED_BACKWARD)
        return
    # What must not stop this return too, since no waiting would remove it: an open lock, or its
    # broken wire; the mirror contact (with a dead relay nothing moves anyway); and what is still
    # reported long after power was removed, current among it: a broken sensor; and a laptop that
    # says stop over and over, if the finger is one on the table (RQ-002).
    code = monitors.active
    lasting = k.state_ms >= limits.RELAY_OPEN_MAX_MS and not faults.by_person(code)
    if k.fault == faults.ANKLE_LOCK_OPEN or k.fault == faults.RELAY_DEAD:
        k.excused = k.fault
    elif k.fault == faults.HOST_STOP and inputs.return_edge:
        k.excused = k.fault
    elif lasting and faults.reaction(code) == faults.REACT_STOP:
        k.excused = code
    _enter(k, states.RETURNING)


def _await_back_off(k, inputs, monitors) -> None:
    """At rest after meeting something outward: once, a little homeward (RQ-087)."""
    rested = k.state_ms >= limits.BACK_OFF_REST_MS
    stops = faults.reaction(monitors.active) == faults.REACT_STOP
    stopped = stops and (rested or monitors.active != k.fault)
    stopped = stopped or inputs.estop_pressed or inputs.pause_edge
    if stopped or not monitors.tilt_trusted:
        k.backing_off = False
    elif rested:
        _enter(k, states.RETURNING)
        k.backing_off = True


def _arrive(k, at_home: bool) -> None:
    """Home. A fault stays latched, and shown, until its cause has been clear for a while."""
    if not at_home:
        k.fault = faults.HOME_SWITCH_STUCK
    k.mode = ports.MODE_NONE
    k.paused_return = False
    k.return_pauses = 0
    k.excused = faults.NO_FAULT
    _enter(k, states.HOME if k.fault == faults.NO_FAULT else states.FAULT)


def _gate(k, wish, estimate, inputs, monitors, settings, at_home: bool, out) -> None:
    """Whatever the wish says, the duty that may reach the motor. Zero unless a rule allows it."""
    state = k.state
    powered = states.MOVING <= state <= states.RETURNING and not inputs.estop_pressed  # RQ-033
    ready = powered and (inputs.relay_closed or k.excused == faults.RELAY_DEAD)
    wished = max(-limits.DUTY_MAX_PERMILLE, min(limits.DUTY_MAX_PERMILLE, wish.duty_permille))
    duty = 0
    if ready and state == states.MOVING and wish.request == states.WISH_MOVE:
        duty = wished
        if k.wind_down != NO_WIND_DOWN:  # coming to rest: outward power may only fall (RQ-023)
            duty = min(duty, max(k.duty_permille, 0))
        if duty > 0 and not _outward_allowed(k, wish, estimate, inputs, monitors, settings):
            duty = 0
        elif duty < 0 and (at_home or (k.mode == ports.MODE_JOG and not inputs.jog_up)):
            duty = 0
    elif ready and state == states.RETURNING and not at_home:
        if k.blind or k.backing_off:
            duty = -limits.RETURN_BLIND_DUTY_PERMILLE
        elif wish.request == states.WISH_MOVE:
            duty = min(0, wished)
            if k.wind_down != NO_WIND_DOWN:
                duty = max(duty, min(k.duty_permille, 0))
    duty = _slew(k.duty_permille, duty)
    k.duty_permille = duty
    out.state = state
    out.mode = k.mode
    out.power = powered
    out.duty_permille = duty
    out.backing_off = k.backing_off and state == states.RETURNING
    out.ready = ready and not k.backing_off
    out.winding_down = k.wind_down != NO_WIND_DOWN
    out.at_home = at_home
    out.fault = k.fault
    out.excused = k.excused
    out.refused = k.refused
    out.refusals = k.refusals
    out.session_ms = k.session_ms
    out.head_down_ms = k.head_down_ms


def _outward_allowed(k, wish, estimate, inputs, monitors, settings) -> bool:
    """Every condition under which power may flow outward; all must hold (RQ-061, RQ-065)."""
    jogged = k.mode == ports.MODE_JOG and inputs.jog_down and not inputs.jog_up  # RQ-037
    return (
        k.fault == faults.NO_FAULT
        and not inputs.estop_pressed
        and inputs.relay_closed  # RQ-046
        and inputs.ankle_locked
        and not inputs.end_reached  # RQ-010
        and inputs.settings_ok
        and inputs.program_ok
        and inputs.clocks_ok
        and monitors.tilt_trusted
        and estimate.valid
        and estimate.age_ms <= limits.ESTIMATE_AGE_MAX_MS  # RQ-049
        and estimate.tilt_mdeg < _limit_mdeg(wish, settings)
        and abs(estimate.rate_mdeg_per_s) < limits.OVERSPEED_MDEG_PER_S  # RQ-020
        and (k.mode == ports.MODE_SESSION or jogged)
    )


def _slew(then_permille: int, wanted_permille: int) -> int:
    """More power only step by step (RQ-022), less at once; from zero on a change of direction."""
    if wanted_permille > 0:
        return min(wanted_permille, max(then_permille, 0) + limits.DUTY_STEP_PERMILLE)
    if wanted_permille < 0:
        return max(wanted_permille, min(then_permille, 0) - limits.DUTY_STEP_PERMILLE)
    return 0
