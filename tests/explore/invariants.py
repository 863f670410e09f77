"""The invariants, checked on every transition; written from the design, not from the kernel.

Each check raises `Broken`, or does not. What a check reads and the kernel did not is chosen here: a
condition that the kernel forgot is found by its bad value. Each is walked by itself, so that a step
is divided only by what this check asks for.
"""

from collections.abc import Callable
from typing import Any

from inversion_table.safety import faults, limits, ports, states
from inversion_table.safety.memory import NO_WIND_DOWN
from tests.explore.choices import Clock
from tests.explore.world import LICENCE_HOME, LICENCE_NONE, LICENCE_STARTED, World

POWERED = (states.MOVING, states.HOLDING, states.PAUSED, states.RETURNING)
HELD = (states.STOPPED, states.FAULT)
UNDER_WAY = (states.MOVING, states.HOLDING, states.PAUSED)


class Broken(Exception):
    """An invariant does not hold: its number, and what is wrong."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"invariant {number}: {what}")
        self.number = number
        self.what = what


def demand(number: int, condition: object, what: str) -> None:
    """Raise `Broken` unless the condition holds."""
    if not condition:
        raise Broken(number, what)


def licence(w: World) -> int | None:
    """Who may move outward after this step: home and well first, then a press there.

    None is: as before.
    """
    before, after = w.was, w.k.state
    if w.k.fault != faults.NO_FAULT or after not in (states.HOME, *UNDER_WAY):
        return LICENCE_NONE
    if after == states.HOME:
        return LICENCE_HOME
    if before.state == states.RETURNING and after == states.MOVING:
        return LICENCE_STARTED
    if before.state == states.HOME:
        return LICENCE_STARTED if w.licence == LICENCE_HOME else LICENCE_NONE
    if w.k.excused != faults.NO_FAULT or before.paused_return:
        return LICENCE_NONE
    # Home and well lasts as long as HOME does, so what comes from elsewhere can keep no more.
    return None


def at_home(w: World) -> bool:
    """Home: the switch is closed, and no tilt that can be trusted is far from home."""
    return w.inputs.home_switch and not (w.monitors.tilt_trusted and not near_home(w))


def near_home(w: World) -> bool:
    """The tilt is one at which the home switch may be closed."""
    return w.estimate.tilt_mdeg <= limits.HOME_TILT_MDEG + limits.HOME_TOLERANCE_MDEG


def return_wanted(w: World) -> bool:
    """RETURN, on the table or from the laptop."""
    return w.inputs.return_edge or w.inputs.host_return


def reported(w: World) -> int:
    """What the monitors report and RETURN was not pressed in spite of."""
    active = w.monitors.active
    return faults.NO_FAULT if active == w.was.excused else active


def expired(w: World) -> bool:
    """The time head-down is over."""
    limit_ms = min(w.settings.head_down_max_ms, limits.HEAD_DOWN_MAX_MS)
    return w.k.head_down_ms >= limit_ms


def backing_off(thing: Any) -> bool:
    """Whether this kernel (it may know no such thing) goes a little way from what it met."""
    return bool(getattr(thing, "backing_off", False))


def met_at_once(w: World) -> bool:
    """In this one long step a blind return has begun, and has met something for long enough."""
    ended = w.k.state == states.FAULT and w.k.fault == faults.RETURN_TIMEOUT
    return bool(ended and w.was.state != states.RETURNING and w.lasted(limits.BLIND_CURRENT_MS))


def _power(w: World) -> None:
    """6: power goes in the same step as the decision for it; and the decision says what is."""
    out, after = w.out, w.k.state
    demand(6, out.state == w.k.state, "the decision tells another state")
    demand(4, out.fault == w.k.fault, "the decision tells another fault")
    if after not in POWERED:
        demand(6, not out.power, "power in a state that has none")
    elif w.inputs.estop_pressed:
        demand(6, not out.power, "power with the E-stop pressed")
    else:
        demand(2, out.power, "no power in a state that needs it to go home")
    if not out.power:
        demand(6, out.duty_permille == 0, "duty without power")
        demand(6, not out.ready, "ready without power")


def _duty(w: World) -> None:
    """1: duty is bounded, smooth, and only where the state allows it."""
    duty, then, after = w.out.duty_permille, w.then_duty, w.k.state
    if after not in (states.MOVING, states.RETURNING):
        demand(1, duty == 0, "duty in a state that holds")
        return
    demand(1, abs(duty) <= limits.DUTY_MAX_PERMILLE, "duty above the most there is")
    step = limits.DUTY_STEP_PERMILLE
    if duty > 0:
        demand(1, duty <= max(then, 0) + step, "outward duty rises at once")
    elif duty < 0:
        demand(1, duty >= min(then, 0) - step, "homeward duty rises at once")
        demand(1, w.inputs.relay_closed or w.was.excused or w.k.excused, "duty without a relay")
        demand(1, not at_home(w), "homeward duty at home")
        jogging = after == states.MOVING and w.k.mode == ports.MODE_JOG
        demand(1, not jogging or w.inputs.jog_up, "homeward jog without a hand on it")
    if after == states.RETURNING:
        demand(1, duty <= 0, "outward duty on the way home")
        if w.k.blind:
            demand(1, -duty <= limits.RETURN_BLIND_DUTY_PERMILLE, "a blind return with more duty")


def _forgets(w: World) -> None:
    """4: a fault is forgotten at home only, when its cause has been clear for long enough."""
    if w.was.fault != faults.NO_FAULT and w.k.fault == faults.NO_FAULT:
        demand(4, at_home(w), "a fault is forgotten away from home")
        demand(4, w.monitors.active == faults.NO_FAULT, "a fault is forgotten while it is reported")
        long_clear = w.reached("clear_ms", limits.CLEAR_MS)
        demand(4, long_clear, "a fault is forgotten before it was clear for long enough")
    if w.advanced("clear_ms") > 0:
        demand(4, w.monitors.active == faults.NO_FAULT, "clear while the cause is reported")


def _begins(w: World) -> None:
    """1, 3, 4: a motion begins at home (or on arrival there), and only as it should."""
    if w.k.state in UNDER_WAY and w.k.fault == faults.NO_FAULT:
        if w.was.state == states.HOME or w.k.state == states.MOVING:
            _start(w)


def _start(w: World) -> None:
    """1, 3, 4: what must be so for a motion to begin."""
    inputs, estimate = w.inputs, w.estimate
    session = w.k.mode == ports.MODE_SESSION
    jog = w.k.mode == ports.MODE_JOG
    demand(4, session or jog, "a motion of no kind began")
    pressed = inputs.start_edge if session else inputs.jog_down_edge
    demand(3, pressed, "a motion began without a press")
    demand(4, at_home(w), "a motion began away from home")
    demand(1, not inputs.estop_pressed, "a motion began with the E-stop pressed")
    demand(1, inputs.ankle_locked, "a motion began with the ankle lock open")
    demand(1, not inputs.end_reached, "a motion began at the outward end")
    demand(1, not inputs.relay_closed, "a motion began with a relay that is welded")
    demand(1, inputs.settings_ok, "a motion began with corrupt settings")
    demand(1, inputs.program_ok, "a motion began with a corrupt program")
    demand(1, inputs.clocks_ok, "a motion began with clocks that disagree")
    demand(1, inputs.home_angle_ok, "a motion began with a home that is elsewhere")
    demand(1, inputs.started_up, "a motion began before the start was over")
    demand(1, w.monitors.tilt_trusted, "a motion began without a tilt")
    demand(1, estimate.primary_ok, "a motion began without the primary IMU")
    demand(1, estimate.monitor_ok, "a motion began without the monitor IMU")
    demand(1, inputs.plan_ready or not session, "a session began without a plan")
    active = w.monitors.active
    overruled = active == faults.HOST_STOP and expired(w)
    # A press in the very step of an arrival begins a motion before the faults are looked at again:
    # the relay is open in that step (demanded above), so nothing moves, and the next one stops it.
    arriving = w.was.state == states.RETURNING
    clear = overruled or arriving or active == faults.NO_FAULT
    demand(4, clear, "a motion began with a fault present")


def _outward(w: World) -> None:
    """1: outward power with every interlock good, the tilt inside all three limits."""
    duty = w.out.duty_permille
    if duty <= 0:
        return
    k, inputs, estimate, wish = w.k, w.inputs, w.estimate, w.wish
    demand(1, k.state == states.MOVING, "outward duty outside MOVING")
    demand(4, k.fault == faults.NO_FAULT, "outward duty with a fault")
    now = licence(w)
    started = (w.licence if now is None else now) == LICENCE_STARTED
    demand(4, started, "outward duty without home, cleared and a fresh START")
    demand(1, w.out.power, "outward duty without power")
    demand(1, inputs.relay_closed, "outward duty without a relay")
    demand(1, inputs.ankle_locked, "outward duty with the ankle lock open")
    demand(1, not inputs.end_reached, "outward duty at the outward end")
    demand(1, inputs.settings_ok, "outward duty with corrupt settings")
    demand(1, inputs.program_ok, "outward duty with a corrupt program")
    demand(1, inputs.clocks_ok, "outward duty with clocks that disagree")
    demand(1, w.monitors.tilt_trusted, "outward duty with a tilt that is not trusted")
    demand(1, estimate.valid, "outward duty with a tilt that is not valid")
    demand(1, estimate.age_ms <= limits.ESTIMATE_AGE_MAX_MS, "outward duty with an old tilt")
    demand(1, wish.request == states.WISH_MOVE, "outward duty that nobody wishes")
    demand(1, wish.duty_permille >= duty, "more outward duty than is wished")
    tilt = estimate.tilt_mdeg
    demand(1, tilt < limits.TILT_MAX_MDEG, "outward duty past the hard limit")
    demand(1, tilt < w.settings.tilt_max_mdeg, "outward duty past the settings' limit")
    demand(1, tilt < wish.limit_mdeg, "outward duty past the plan's limit")
    fast = abs(estimate.rate_mdeg_per_s) >= limits.OVERSPEED_MDEG_PER_S
    demand(1, not fast, "outward duty at over-speed")
    jog = k.mode == ports.MODE_JOG
    demand(1, jog or k.mode == ports.MODE_SESSION, "outward duty in no mode")
    demand(1, not jog or inputs.jog_down, "outward jog without a hand on it")
    demand(1, not jog or not inputs.jog_up, "outward jog with both buttons")
    active = faults.reaction(w.monitors.active)
    demand(4, active <= faults.REACT_REFUSE, "outward duty while a fault is reported")
    if w.out.winding_down:
        demand(2, duty <= w.then_duty, "outward duty rises while coming to rest")


def _reactions(w: World) -> None:
    """4: what is reported is latched in the same step, with its reaction; and 6."""
    before, after, k = w.was, w.k.state, w.k
    if before.state in (states.SELF_TEST, states.SERVICE):
        demand(6, after not in POWERED, "power from a state that judges or serves")
        return
    if before.state == states.RETURNING and after in (states.HOME, states.SERVICE, states.FAULT):
        return  # it has arrived (see there), or has stopped: nothing that is reported asks for more
    if before.state == states.RETURNING and after == states.MOVING:
        return  # arrived, and begun again: see there
    if before.state == after == states.RETURNING and w.advanced("state_ms") < 1:
        return  # arrived somewhere that is not home, and RETURN was pressed: see there
    code = reported(w)
    reaction = faults.reaction(code)
    if code == faults.NO_FAULT or (code == faults.HOST_STOP and expired(w)):
        return
    if _stop_overruled(w) and after == states.RETURNING:
        return
    demand(4, faults.reaction(k.fault) >= reaction, "a reported fault is not latched")
    if reaction == faults.REACT_STOP and before.state in POWERED:
        # Of all stops the laptop's alone gives way to a RETURN pressed in the very same step.
        pressed = after == states.RETURNING and return_wanted(w) and code == faults.HOST_STOP
        demand(6, pressed or after in HELD, "a stop that does not hold")
    elif reaction >= faults.REACT_RETURN and before.state in UNDER_WAY:
        sent = after == states.RETURNING or met_at_once(w)
        demand(2, sent, "a fault that does not send home")
    elif before.state == states.HOME:
        shown = after == states.FAULT or (after == states.RETURNING and return_wanted(w))
        demand(4, shown, "a fault at home that is not shown")
    if code == faults.ESTOP_PRESSED:
        demand(4, k.fault == code, "the E-stop gives way to something else")


def _stop_overruled(w: World) -> bool:
    """The laptop's stop ends with the time head-down; what else is reported comes a step later."""
    return w.was.state == states.STOPPED and w.was.fault == faults.HOST_STOP and expired(w)


def _over_tilt(w: World) -> None:
    """1: past the lowest limit by more than the over-travel, the table does not stay."""
    if w.k.state not in UNDER_WAY or not w.monitors.tilt_trusted:
        return
    limit_mdeg = min(w.settings.tilt_max_mdeg, limits.TILT_MAX_MDEG)
    if w.wish.request != states.WISH_NONE:
        limit_mdeg = min(limit_mdeg, w.wish.limit_mdeg)
    if w.estimate.tilt_mdeg > limit_mdeg + limits.OVERTRAVEL_MDEG:
        raise Broken(1, "the table stays past its limit")


def _arrives(w: World) -> None:
    """2: home is the end of a return, whenever it is reached."""
    _arrived(w)


def _arrived(w: World) -> bool:
    """A return ended at home in this step; 2: for a reason, and whenever there is one."""
    k = w.k
    if at_home(w):
        # Home and well, the same step may obey a press as HOME does.
        served = k.state == states.SERVICE and w.inputs.service_gesture
        begun = k.state == states.MOVING and w.inputs.relay_closed is False
        arrived = k.state in (states.HOME, states.FAULT)
        demand(2, arrived or served or begun, "home, and the return goes on")
        demand(2, begun or k.mode == ports.MODE_NONE, "home, and the session goes on")
        return True
    if k.state == states.HOME:
        raise Broken(2, "HOME without being there")
    if not w.monitors.tilt_trusted:
        return False
    past = w.estimate.tilt_mdeg < limits.HOME_TILT_MDEG - limits.ARRIVED_MDEG
    blocked = w.monitors.active in (faults.STALLED, faults.OVERCURRENT)
    if not past and not (blocked and near_home(w)):
        return False
    again = k.state == states.RETURNING and return_wanted(w)
    demand(2, again or k.state == states.FAULT, "past home, and the return goes on")
    demand(2, k.mode == ports.MODE_NONE, "past home, and the session goes on")
    return True


def _moving(w: World) -> None:
    """2: RETURN is obeyed, PAUSE asked for; coming to rest has an end."""
    before, after, k = w.was, w.k.state, w.k
    if after in (states.MOVING, states.HOLDING):
        coming_home = before.wind_down == states.RETURNING or return_wanted(w)
        demand(2, not coming_home or k.wind_down == states.RETURNING, "RETURN is forgotten")
        if k.wind_down != -1:
            _runs_to(w, "wind_down_ms", limits.WIND_DOWN_MAX_MS, "coming to rest has no end")
    elif after == states.PAUSED:
        returning = return_wanted(w) or before.wind_down == states.RETURNING
        demand(2, not returning, "PAUSED instead of RETURNING")
        paused = before.wind_down == states.PAUSED or w.inputs.pause_edge
        demand(2, paused, "PAUSED without PAUSE")
    elif after == states.HOME:
        demand(2, at_home(w), "HOME without being there")


def _paused(w: World) -> None:
    """2: RETURN and START end it, nothing else; a return stays one."""
    before, after = w.was, w.k.state
    if after in UNDER_WAY:
        demand(2, not return_wanted(w), "RETURN is refused in PAUSED")
        demand(2, after == states.PAUSED or w.inputs.start_edge, "PAUSED ends without START")
        demand(2, after == states.PAUSED or not before.paused_return, "a return became a session")


def _home(w: World) -> None:
    """2, 4: HOME ends by a press, or shows that the table is not there any more."""
    after, k = w.k.state, w.k
    if after == states.RETURNING:
        demand(2, return_wanted(w), "leaves HOME without RETURN")
    elif after == states.HOME and return_wanted(w) and not w.inputs.service_gesture:
        demand(2, at_home(w), "RETURN is refused off the home switch")
    if w.monitors.tilt_trusted and not near_home(w):
        demand(4, k.fault != faults.NO_FAULT, "moved away from home, and no fault")
    follows = (states.HOME, states.RETURNING, states.FAULT, states.MOVING, states.SERVICE)
    demand(2, after in follows, "leaves HOME for a state that follows no press")
    if after == states.SERVICE:
        demand(2, w.inputs.service_gesture, "SERVICE without its gesture")


def _service(w: World) -> None:
    """2: only a reset ends SERVICE."""
    demand(2, w.k.state == states.SERVICE, "SERVICE ends without a reset")


def _lost(w: World) -> None:
    """6: what is no state ends in one that has no power, or on the way home."""
    returning = w.k.state == states.RETURNING and return_wanted(w)
    demand(6, returning or w.k.state in HELD, "a state that is none goes on")


def _held(w: World) -> None:
    """2: RETURN is never refused; nothing else moves, save after the alarm of a watchdog reset."""
    before, after, k = w.was, w.k.state, w.k
    if after == states.HOME:
        demand(2, at_home(w), "HOME without being there")
        return
    demand(2, after in (*HELD, states.RETURNING), "a held table leaves for an outward state")
    if after == states.RETURNING:
        if _stop_overruled(w):
            return
        demand(2, not at_home(w), "a return that begins at home")
        demand(6, not w.inputs.estop_pressed, "a return with the E-stop pressed")
        if return_wanted(w):
            return
        if backing_off(before):
            demand(4, backing_off(k), "backing off becomes a return that nobody asked for")
            return
        demand(4, before.assessing, "a return that nobody asked for")
        alarmed = w.reached("state_ms", limits.ASSESS_MS)
        demand(4, alarmed, "a return before the alarm was given")
        return
    if at_home(w):
        return
    if not w.inputs.estop_pressed:
        refused = return_wanted(w) and not met_at_once(w) and not w.may_refuse()
        demand(2, not refused, "RETURN is refused while held")
        if _stop_overruled(w):
            # Another stop may be latched instead, or the return may have met something at once.
            what = "the laptop's stop outlasts the head-down limit"
            demand(5, k.fault != faults.HOST_STOP, what)
        if before.assessing and k.assessing and not w.may_refuse():
            _runs_to(w, "state_ms", limits.ASSESS_MS, "after a watchdog reset nothing happens")


def _self_test(w: World) -> None:
    """2, 4: it has an end, at home or with an alarm."""
    after, k = w.k.state, w.k
    if after == states.SELF_TEST:
        _runs_to(w, "state_ms", limits.SETTLE_MAX_MS, "the self-test has no end")
        if w.inputs.settled:
            _runs_to(w, "state_ms", limits.SELF_TEST_MS, "the self-test has no end")
        return
    bound_ms = limits.SELF_TEST_MS if w.inputs.settled else limits.SETTLE_MAX_MS
    demand(4, w.reached("state_ms", bound_ms), "the self-test ends early")
    if after == states.HOME:
        demand(2, at_home(w), "HOME without being there")
        return
    demand(4, after in HELD and k.fault != faults.NO_FAULT, "away from home and no alarm")
    if w.was.boot == ports.BOOT_WATCHDOG:
        demand(2, k.assessing, "after a watchdog reset nobody goes home")
    else:
        demand(4, not k.assessing, "after a power loss the table would move by itself")


def _runs_to(w: World, name: str, bound_ms: int, what: str) -> None:
    """A clock that bounds a state runs, from the state's beginning, and ends it."""
    clock = getattr(w.k, name)
    if isinstance(clock, Clock):
        demand(2, clock.advanced == 1, what)
        demand(2, clock < bound_ms, what)
    else:
        demand(2, w.k.state != w.was.state or clock > 0 or w.was.state == states.FAULT, what)


def _return_under_way(w: World) -> None:
    """2: a return drives, ends, and is taken from whoever does not lead it."""
    before, k, out = w.was, w.k, w.out
    if k.state == states.RETURNING:
        demand(2, out.state == states.RETURNING, "the return is not told")
        if before.state == states.RETURNING:
            if isinstance(k.state_ms, Clock):
                _stays_returning(w)
            else:
                demand(2, return_wanted(w), "a return begins anew and nobody pressed")
        if (
            out.power
            and not at_home(w)
            and (w.inputs.relay_closed or k.excused == faults.RELAY_DEAD)
        ):
            if k.blind or backing_off(k):
                demand(2, out.duty_permille < 0, "a blind return does not drive")
            elif k.wind_down != NO_WIND_DOWN:
                asked = before.wind_down == k.wind_down or w.inputs.pause_edge
                demand(2, asked, "a return comes to rest by itself")
            elif w.wish.request == states.WISH_MOVE and w.wish.duty_permille < 0:
                demand(2, out.duty_permille < 0, "a return does not follow its leader")
        return
    if before.state != states.RETURNING:
        return
    if k.state == states.PAUSED:
        demand(2, before.wind_down == states.PAUSED, "a return pauses by itself")
        demand(2, k.paused_return, "a paused return forgets that it was one")
        demand(2, before.fault == faults.NO_FAULT, "a return for a fault pauses")
        demand(2, not before.blind, "a blind return pauses")
    else:
        gone = _arrived(w) or k.state in (states.HOME, *HELD)
        demand(2, gone, "a return leaves for an outward state")
        if k.state in HELD and not at_home(w):
            demand(4, k.fault != faults.NO_FAULT, "a return ends without a reason")


def _stays_returning(w: World) -> None:
    before, k = w.was, w.k
    if backing_off(k):
        demand(2, backing_off(before), "a return becomes the little way only")
        bound_ms = getattr(limits, "BACK_OFF_MAX_MS", 0)
        _runs_to(w, "return_ms", bound_ms, "backing off has no end")
        if w.inputs.current_ma > limits.BLIND_CURRENT_TRIP_MA:
            what = "backing off pushes on against something"
            _runs_to(w, "blind_current_ms", limits.BLIND_CURRENT_MS, what)
        return
    if before.blind:
        demand(2, k.blind, "a blind return believes again")
        _runs_to(w, "return_ms", limits.RETURN_BLIND_MAX_MS, "a blind return has no end")
        if w.inputs.current_ma > limits.BLIND_CURRENT_TRIP_MA:
            what = "a blind return pushes on against something"
            _runs_to(w, "blind_current_ms", limits.BLIND_CURRENT_MS, what)
        return
    if k.blind:
        return
    demand(2, w.monitors.tilt_trusted, "led by a tilt that is not trusted")
    _runs_to(w, "return_ms", limits.RETURN_MAX_MS, "a return has no end")
    if w.estimate.tilt_mdeg > limits.HEAD_DOWN_TILT_MDEG:
        slow = abs(w.estimate.rate_mdeg_per_s) < limits.STALL_RATE_MDEG_PER_S
        if w.then_duty == 0 or slow:
            _runs_to(w, "idle_ms", limits.RETURN_IDLE_MS, "a return hangs head-down")


def _head_down(w: World) -> None:
    """5: the clock runs whenever the head is down, in every state; at its limit the way is home."""
    before, after, k = w.was, w.k.state, w.k
    down = before.was_head_down
    if w.estimate.valid:
        down = w.estimate.tilt_mdeg > limits.HEAD_DOWN_TILT_MDEG
    up_ms, down_ms = k.head_up_ms, k.head_down_ms
    if down:
        demand(5, not isinstance(up_ms, Clock) and up_ms == 0, "head-up counted while head-down")
    elif isinstance(up_ms, Clock):
        demand(5, up_ms.advanced == 1, "head-up counted twice")
    if isinstance(down_ms, Clock):
        demand(5, down_ms.advanced == 1, "the head-down clock stands still")
    else:
        demand(5, down_ms == 0, "the head-down clock is set")
        rested = w.reached("head_up_ms", limits.HEAD_UP_RESETS_MS)
        demand(5, rested, "the head-down clock begins anew too early")
        return
    if after in UNDER_WAY:
        # From HOME and from RETURNING a tick may pass until the clock is looked at.
        if w.out.duty_permille > 0 or before.state not in (states.HOME, states.RETURNING):
            demand(5, not expired(w), "the table stays past the head-down limit")


ANYWHERE = frozenset(range(len(states.STATE_NAMES) + 1))


class Group:
    """A check, and the states before the step in which it has something to say."""

    def __init__(self, check: Callable[[World], None], when: frozenset[int] = ANYWHERE) -> None:
        self.check = check
        self.when = when


GROUPS = (
    Group(_power),
    Group(_duty),
    Group(_forgets),
    Group(_begins, frozenset((states.HOME, states.RETURNING))),
    Group(_outward),
    Group(_reactions),
    Group(_over_tilt, frozenset(UNDER_WAY)),
    Group(_arrives, frozenset((states.RETURNING,))),
    Group(_moving, frozenset((states.MOVING, states.HOLDING))),
    Group(_paused, frozenset((states.PAUSED,))),
    Group(_home, frozenset((states.HOME,))),
    Group(_held, frozenset(HELD)),
    Group(_self_test, frozenset((states.SELF_TEST,))),
    Group(_service, frozenset((states.SERVICE,))),
    Group(_lost, frozenset((len(states.STATE_NAMES),))),
    Group(_return_under_way),
    Group(_head_down),
)
