"""Planted defects: the kernel with one guard spoiled; the walk must find each of them."""

import re

from tests.explore.pieces import source_of

# What is spoiled, the text as it is, the text instead.
# ruff: noqa: E501 - one line for each
DEFECTS = (
    ("the ankle lock does not matter outward", "        and inputs.ankle_locked\n", ""),
    ("the outward end does not matter", "        and not inputs.end_reached\n", ""),
    ("corrupt settings do not matter", "        and inputs.settings_ok\n", ""),
    ("the relay does not matter outward", "ready = powered and (inputs.relay_closed or k.excused == faults.RELAY_DEAD)", "ready = powered"),
    ("a tilt that is not trusted is good enough", "        and monitors.tilt_trusted\n        and estimate.valid\n", "        and estimate.valid\n"),
    ("a tilt that is not valid is good enough", "        and estimate.valid\n", ""),
    ("an old tilt is good enough", "        and estimate.age_ms <= limits.ESTIMATE_AGE_MAX_MS\n", ""),
    ("no limit of tilt", "        and estimate.tilt_mdeg < _limit_mdeg(wish, settings)\n", ""),
    ("over-speed does not matter", "        and abs(estimate.rate_mdeg_per_s) < limits.OVERSPEED_MDEG_PER_S\n", ""),
    ("a jog needs no hand", "and inputs.jog_down and not inputs.jog_up", "and not inputs.jog_up"),
    ("the home check is inverted", "return inputs.home_switch and (", "return not inputs.home_switch and ("),
    ("the tilt does not contradict the home switch", "(not monitors.tilt_trusted or _near_home(estimate))", "True"),
    ("coming to rest has no bound", " or k.wind_down_ms >= limits.WIND_DOWN_MAX_MS", ""),
    ("duty in HOLDING", "state == states.MOVING and wish.request == states.WISH_MOVE", "state <= states.HOLDING and wish.duty_permille"),
    ("the E-stop is skipped in power", "powered = states.MOVING <= state <= states.RETURNING and not inputs.estop_pressed", "powered = states.MOVING <= state <= states.RETURNING"),
    ("RETURN is refused in FAULT", "inputs.return_edge or inputs.host_return or assessed", "assessed"),
    ("the head-down clock stops in PAUSED", "    k.head_down_ms = advanced_ms(k.head_down_ms, dt_ms)\n", "    if k.state != states.PAUSED:\n        k.head_down_ms = advanced_ms(k.head_down_ms, dt_ms)\n"),
    ("the head-down limit is not looked at", "    if hanging:\n        return faults.HEAD_DOWN_TIMEOUT\n", ""),
    ("a fault is not latched", "    k.fault = code\n    if k.state == states.HOME", "    if k.state == states.HOME"),
    ("a cleared fault goes on with the motion", "            _arrive(k, at_home)\n        return\n    assessed", "            _enter(k, states.MOVING)\n        return\n    assessed"),
    ("a fault is forgotten while it is reported", "clear = monitors.active == faults.NO_FAULT", "clear = True"),
    ("a fault is forgotten at once", "        if k.clear_ms >= limits.CLEAR_MS:\n", "        if clear:\n"),
    ("a stop lets the power on", "by_person(code) else states.FAULT)", "by_person(code) else states.RETURNING)"),
    ("the laptop can start", "wants_session = inputs.start_edge", "wants_session = inputs.start_edge or inputs.host_return"),
    ("a paused return goes on as a session", "(inputs.start_edge and k.paused_return)", "False"),
    ("a return has no end", "(k.blind and k.return_ms >= limits.RETURN_BLIND_MAX_MS)", "False"),
    ("a return that is not led goes on so", "not (led and monitors.tilt_trusted)", "not monitors.tilt_trusted"),
    ("a blind return pushes on", "    if met_something or ", "    if "),
    ("START asks no interlock", "refusal = interlocks.refusal(estimate, inputs, monitors, at_home)", "refusal = faults.NO_FAULT"),
    ("after a power loss the table moves by itself", "    assessed = k.assessing and", "    assessed ="),
    ("outward duty on the way home", "duty = min(0, wished)", "duty = wished"),
    ("duty rises at once", "return min(wanted_permille, max(then_permille, 0) + limits.DUTY_STEP_PERMILLE)", "return wanted_permille"),
    ("a corrupt program does not matter", "        and inputs.program_ok\n", ""),
    ("clocks that disagree do not matter", "        and inputs.clocks_ok\n", ""),
    ("a RETURN in the very step of a stop wins", "if was_held or k.fault == faults.HOST_STOP:", "if True:"),
)  # fmt: skip

# Defects that no single step shows: only that something never ends, or never works.
LIVENESS_DEFECTS = (
    ("a stop that stays reported is never excused", "    elif lasting and faults.reaction(code) == faults.REACT_STOP:\n        k.excused = code\n", ""),
    ("what was excused stops the return again", "code = faults.NO_FAULT if monitors.active == k.excused else monitors.active", "code = monitors.active"),
    ("the session's clock is set back by each step", "        k.session_ms = advanced_ms(k.session_ms, dt_ms)\n", "        k.session_ms = advanced_ms(0, dt_ms)\n"),
    ("the session's clock stops in PAUSED", "    if k.mode != ports.MODE_NONE:\n", "    if k.mode != ports.MODE_NONE and k.state != states.PAUSED:\n"),
    ("the session has no limit", "    if k.session_ms >= min(settings.session_max_ms, limits.SESSION_MAX_MS):\n        return faults.SESSION_TIMEOUT", "    if False:\n        return faults.SESSION_TIMEOUT"),
    ("a jog runs on no clock", "    if k.mode != ports.MODE_NONE:\n", "    if k.mode == ports.MODE_SESSION:\n"),
    ("a return begins its time anew when it is blind again", "    if not k.blind and not (led and monitors.tilt_trusted):\n", "    if not (led and monitors.tilt_trusted):\n"),
    ("coming to rest is begun anew by RETURN", "        k.wind_down = states.RETURNING\n    elif", "        k.wind_down = states.RETURNING\n        k.wind_down_ms = 0\n    elif"),
)  # fmt: skip

# Of the same kind, to be seen only where the laptop may say stop.
LAPTOP_DEFECTS = (
    ("a laptop that says stop over and over is never excused", "    elif k.fault == faults.HOST_STOP and inputs.return_edge:\n        k.excused = k.fault\n", ""),
)  # fmt: skip

EVERY_DEFECT = (*DEFECTS, *LIVENESS_DEFECTS, *LAPTOP_DEFECTS)


class PatchError(Exception):
    """A planted defect does not fit the kernel any more."""


def spoiled(defect: tuple[str, str, str]) -> str:
    """The kernel's text with this defect; raises PatchError."""
    what, old, new = defect
    source = re.sub(r"  # .*", "", source_of())  # remarks come and go, the code is what is spoiled
    if source.count(old) != 1:
        raise PatchError(f"'{what}': its text is there {source.count(old)} times, not once")
    return source.replace(old, new)
