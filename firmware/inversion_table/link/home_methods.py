"""What the methods do that are answered at home alone; loaded when one of them is asked for.

Nothing here may be needed while the table moves, and nothing that it makes may keep a function or
class of this module, or of one that only this one loads: they could not be let go of.
"""

from inversion_table.contract import messages
from inversion_table.estimation.calibration import CalibrationError
from inversion_table.link.server import Refusal
from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.store.lock import SealError
from inversion_table.store.values import StoreError

PROBLEMS_MOST = 16
"""Problems of a plan that fit in one reply; the host finds all of them by itself."""


def _plan_put(app, params: dict) -> tuple:
    try:
        plan = plans.from_wire(params["plan"])
    except plans.PlanError as error:
        raise _plan_refusal(error.problems) from None
    if plan.plan_id() != params["id"]:  # RQ-068
        raise Refusal(messages.INVALID_PARAMS, "'id' is not the id of this plan")
    problems = plans.check(plan, app.settings)
    if problems:
        if not app.calibration.calibrated:
            _tell_why_so_low(problems)
        raise _plan_refusal(problems)
    counter, seal = params.get("counter"), params.get("seal")
    try:
        app.plan_lock.check(plan, counter, seal)
    except SealError as error:
        raise Refusal(messages.SEAL_REFUSED, str(error)) from None
    try:
        app.store_plan(plan, counter, seal)
    except (OSError, StoreError) as error:
        raise Refusal(messages.STORE_FAILED, str(error)) from None
    return {"id": plan.plan_id()}, None


def _plan_get(app, params: dict) -> tuple:
    program = app.program
    if program is None:
        return {"plan": None, "id": None}, None
    return {"plan": plans.of_program(program).to_wire(), "id": program.plan_id}, None


def _lock_get(app, params: dict) -> tuple:
    lock = app.plan_lock
    return {
        "locked": lock.locked,
        "key_id": lock.key_id,
        "device": lock.device,
        "counter": lock.counter,
        "problem": lock.problem[:200],
    }, None


def _log_pulled(app, params: dict) -> tuple:
    if not app.may_erase():  # RQ-044
        raise Refusal(messages.BUSY, "log.pulled")
    session = params["session"]
    try:
        app.log_pulled(session, params["last"])
    except KeyError:
        raise Refusal(messages.NOT_FOUND, "session %d, or it went on" % session) from None
    except (OSError, StoreError) as error:
        raise Refusal(messages.STORE_FAILED, str(error)) from None
    return {"pulled": True}, None


def _settings_get(app, params: dict) -> tuple:
    bounds = {}
    for name in limits.SETTINGS:
        lowest, highest, default, hazard = limits.SETTINGS[name]
        bounds[name] = [lowest, highest, default, hazard]
    kept = app.kept_settings
    return {
        "settings": app.settings.to_dict(),
        "stored": kept.stored.to_dict(),
        "id": kept.id(),
        "proved": kept.proved(),
        "damaged": not kept.ok,
        "bounds": bounds,
    }, None


def _settings_put(app, params: dict) -> tuple:
    if not app.may_set():  # RQ-145
        raise Refusal(messages.BUSY, "settings.put needs the bed at home, without power")
    try:
        changed = app.replace_settings(params["settings"], params["base"])
    except limits.SettingsError as error:
        raise Refusal(messages.SETTINGS_REFUSED, str(error)) from None
    except (OSError, StoreError) as error:
        raise Refusal(messages.STORE_FAILED, str(error)) from None
    return {
        "id": app.kept_settings.id(),
        "plan": _plan_against(app, app.kept_settings.stored),
        "restarts_ms": messages.RESTART_MS if changed else None,
    }, None


def _plan_against(app, settings) -> str:
    """What is wrong with the plan in use by these settings; "" when it fits, or without one."""
    program = app.program
    problems = plans.check(plans.of_program(program), settings) if program is not None else ()
    return problems[0].text[:200] if problems else ""


def _calibration_put(app, params: dict) -> tuple:
    if not app.on_home_switch():  # RQ-112
        raise Refusal(messages.BUSY, "calibration.put needs the bed at home, without power")
    try:
        version = app.replace_calibration(params["calibration"])
    except CalibrationError as error:
        raise Refusal(messages.CALIBRATION_REFUSED, str(error)) from None
    except (OSError, StoreError) as error:
        raise Refusal(messages.STORE_FAILED, str(error)) from None
    return {"version": version, "restarts_ms": messages.RESTART_MS}, None


def _tell_why_so_low(problems: list) -> None:
    for problem in problems:
        if problem.code == plans.BAD_TILT:  # RQ-113
            problem.text += (
                "; it was never calibrated and limits itself to %d deg: run itable calibrate"
                % (limits.UNCALIBRATED_TILT_MAX_MDEG // 1_000)
            )


def _plan_refusal(problems: list) -> Refusal:
    return Refusal(
        messages.PLAN_REFUSED,
        problems[0].text,
        {"problems": [problem.to_dict() for problem in problems[:PROBLEMS_MOST]]},
    )


METHODS = {
    "plan.put": _plan_put,
    "plan.get": _plan_get,
    "lock.get": _lock_get,
    "log.pulled": _log_pulled,
    "settings.get": _settings_get,
    "settings.put": _settings_put,
    "calibration.put": _calibration_put,
}
"""Each: (application, parameters) -> (result, None); raises Refusal."""
