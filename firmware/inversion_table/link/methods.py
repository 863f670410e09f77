"""What each method of the wire does on the device. None can move the table outward (RQ-061)."""

from inversion_table import VERSION
from inversion_table.contract import messages
from inversion_table.contract.names import FAULTS, STATE_NAMES
from inversion_table.contract.resets import cause_name
from inversion_table.estimation.calibration import CalibrationError
from inversion_table.estimation.rest import VERDICTS
from inversion_table.link.server import Refusal
from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.store.lock import SealError
from inversion_table.store.values import StoreError

PROBLEMS_MOST = 16
"""Problems of a plan that fit in one reply; the host finds all of them by itself."""


class Methods:
    """Binds the methods to the application `app` (inversion_table/app.py)."""

    def __init__(self, app, device: str) -> None:
        self._app = app
        self._device = device
        self._contract = messages.contract_hash()
        self.table = {
            "hello": self._hello,
            "firmware.get": self._firmware_get,
            "status": self._status,
            "plan.put": self._plan_put,
            "plan.get": self._plan_get,
            "plan.list": self._plan_list,
            "lock.get": self._lock_get,
            "session.return": self._session_return,
            "session.stop": self._session_stop,
            "log.list": self._log_list,
            "log.read": self._log_read,
            "log.pulled": self._log_pulled,
            "clock.set": self._clock_set,
            "settings.get": self._settings_get,
            "settings.put": self._settings_put,
            "device.get": self._device_get,
            "imu.rest": self._imu_rest,
            "calibration.get": self._calibration_get,
            "calibration.put": self._calibration_put,
        }

    def _hello(self, params: dict) -> tuple:
        theirs = params.get("contract")
        if theirs is not None and theirs != self._contract:  # RQ-072
            raise Refusal(
                messages.CONTRACT_MISMATCH,
                "update whichever is older",
                {"contract": self._contract, "firmware": VERSION},
            )
        return {
            "contract": self._contract,
            "protocol": messages.PROTOCOL,
            "firmware": VERSION,
            "build": self._app.firmware.build,  # RQ-143
            "slot": self._app.firmware.slot,
            "device": self._device,
        }, None

    def _firmware_get(self, params: dict) -> tuple:
        return self._app.firmware.to_dict(), None

    def _status(self, params: dict) -> tuple:
        app = self._app
        decision = app.decision
        estimate = app.estimate
        inputs = app.inputs
        program = app.program
        fault = FAULTS[decision.fault]
        refused = FAULTS[decision.refused]
        return (
            {
                "state": STATE_NAMES[decision.state],
                "tilt_mdeg": estimate.tilt_mdeg,
                "target_mdeg": app.wish.target_mdeg,
                "goal_mdeg": app.wish.goal_mdeg,
                "rate_mdeg_per_s": estimate.rate_mdeg_per_s,
                "tilt_valid": estimate.valid,
                "tilt_error_mdeg": estimate.error_mdeg,
                "current_ma": inputs.current_ma,
                "supply_mv": inputs.supply_mv,
                "fault": fault[0],
                "fault_patient": fault[3],  # RQ-080
                "fault_engineer": fault[4],
                "last_fault": self._last_fault(),
                "refused": refused[0],
                "refused_patient": refused[3],
                "plan_id": program.plan_id if program else "",
                "plan_name": program.name if program else "",
                "step": app.sequencer.step_number,
                "steps": program.step_total if program else 0,
                "session_ms": decision.session_ms,
                "left_ms": app.sequencer.left_ms(program, decision, estimate.tilt_mdeg),
                "step_left_ms": app.sequencer.step_left_ms(program, decision, estimate.tilt_mdeg),
                "head_down_ms": decision.head_down_ms,
                "head_down_max_ms": app.settings.head_down_max_ms,
                "inputs": {
                    "estop_pressed": inputs.estop_pressed,
                    "end_reached": inputs.end_reached,
                    "ankle_locked": inputs.ankle_locked,
                    "home_switch": inputs.home_switch,
                    "relay_closed": inputs.relay_closed,
                },
                "uptime_ms": app.uptime_ms(),
                "ticks": app.ticks,
                "late_ticks": app.late_ticks,
                "heap_free": app.heap_free,
                "log_lost": app.recorder.lost_records + app.recorder.lost_pages,  # RQ-076
                "program": app.program_check.problem[:200],
                "build": app.firmware.build,
                "firmware_note": app.firmware.note(),
                "calibrated": app.calibration.calibrated,  # RQ-113
                "home_off_mdeg": self._home_off_mdeg(),
                "last_start": cause_name(app.start_cause),  # RQ-094
                "unix_s": app.unix_time_s(),
            },
            None,
        )

    def _last_fault(self) -> dict | None:
        """What was latched last, how long ago, and what was measured in that tick (RQ-106)."""
        last = self._app.last_fault
        if not last.count:
            return None
        return {
            "code": last.fault,
            "name": FAULTS[last.fault][0],
            "age_ms": self._app.fault_age_ms(),
            "state": STATE_NAMES[last.state],
            "tilt_mdeg": last.tilt_mdeg,
            "rate_mdeg_per_s": last.rate_mdeg_per_s,
            "current_ma": last.current_ma,
            "supply_mv": last.supply_mv,
        }

    def _home_off_mdeg(self) -> int | None:
        """How far the worse IMU is off at home, as measured last; None: not measured yet."""
        angle = self._app.home_angle
        if not angle.measured:
            return None
        if abs(angle.monitor_mdeg) > abs(angle.primary_mdeg):
            return angle.monitor_mdeg
        return angle.primary_mdeg

    def _plan_put(self, params: dict) -> tuple:
        try:
            plan = plans.from_wire(params["plan"])
        except plans.PlanError as error:
            raise _plan_refusal(error.problems) from None
        if plan.plan_id() != params["id"]:  # RQ-068
            raise Refusal(messages.INVALID_PARAMS, "'id' is not the id of this plan")
        problems = plans.check(plan, self._app.settings)
        if problems:
            if not self._app.calibration.calibrated:
                _tell_why_so_low(problems)
            raise _plan_refusal(problems)
        counter, seal = params.get("counter"), params.get("seal")
        try:
            self._app.plan_lock.check(plan, counter, seal)
        except SealError as error:
            raise Refusal(messages.SEAL_REFUSED, str(error)) from None
        try:
            self._app.store_plan(plan, counter, seal)
        except (OSError, StoreError) as error:
            raise Refusal(messages.STORE_FAILED, str(error)) from None
        return {"id": plan.plan_id()}, None

    def _plan_get(self, params: dict) -> tuple:
        program = self._app.program
        if program is None:
            return {"plan": None, "id": None}, None
        return {"plan": program.plan.to_wire(), "id": program.plan_id}, None

    def _plan_list(self, params: dict) -> tuple:
        program = self._app.program
        if program is None:
            return {"plans": []}, None
        return {"plans": [{"id": program.plan_id, "name": program.name}]}, None

    def _lock_get(self, params: dict) -> tuple:
        lock = self._app.plan_lock
        return {
            "locked": lock.locked,
            "key_id": lock.key_id,
            "device": lock.device,
            "counter": lock.counter,
            "problem": lock.problem[:200],
        }, None

    def _session_return(self, params: dict) -> tuple:
        self._app.ask_return()
        return self._state()

    def _session_stop(self, params: dict) -> tuple:
        self._app.ask_stop()
        return self._state()

    def _state(self) -> tuple:
        return {"state": STATE_NAMES[self._app.decision.state]}, None

    def _log_list(self, params: dict) -> tuple:
        sessions, more = self._app.log_sessions(params.get("below"))
        return {
            "sessions": sessions,
            "more": more,
            "lost_records": self._app.recorder.lost_records + self._app.recorder.lost_pages,
        }, None

    def _log_read(self, params: dict) -> tuple:
        session = params["session"]
        offset = params["offset"]
        try:
            total, source = self._app.log_read(
                session, params.get("last"), offset, params["length"]
            )
        except KeyError:
            raise Refusal(messages.NOT_FOUND, "session %d" % session) from None
        return {
            "session": session,
            "offset": offset,
            "length": source.left,
            "total": total,
        }, source

    def _log_pulled(self, params: dict) -> tuple:
        if not self._app.may_erase():  # RQ-044
            raise Refusal(messages.BUSY, "log.pulled")
        session = params["session"]
        try:
            self._app.log_pulled(session, params["last"])
        except KeyError:
            raise Refusal(messages.NOT_FOUND, "session %d, or it went on" % session) from None
        except (OSError, StoreError) as error:
            raise Refusal(messages.STORE_FAILED, str(error)) from None
        return {"pulled": True}, None

    def _clock_set(self, params: dict) -> tuple:
        self._app.set_clock(params["unix_s"])
        return {"unix_s": self._app.unix_time_s()}, None

    def _settings_get(self, params: dict) -> tuple:
        bounds = {}
        for name in limits.SETTINGS:
            lowest, highest, default, hazard = limits.SETTINGS[name]
            bounds[name] = [lowest, highest, default, hazard]
        kept = self._app.kept_settings
        return {
            "settings": self._app.settings.to_dict(),
            "stored": kept.stored.to_dict(),
            "id": kept.id(),
            "proved": kept.proved(),
            "damaged": not kept.ok,
            "bounds": bounds,
        }, None

    def _settings_put(self, params: dict) -> tuple:
        app = self._app
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
            "plan": self._plan_against(app.kept_settings.stored),
            "restarts_ms": messages.RESTART_MS if changed else None,
        }, None

    def _plan_against(self, settings) -> str:
        """What is wrong with the plan in use by these settings; "" when it fits, or without one."""
        program = self._app.program
        problems = plans.check(program.plan, settings) if program is not None else ()
        return problems[0].text[:200] if problems else ""

    def _device_get(self, params: dict) -> tuple:
        app = self._app
        board = app.board
        pages, following, ahead = app.ring.span()
        return {
            "micropython": board.interpreter()[:64],
            "machine": board.machine_name()[:96],
            "clock_set_s": app.clock_set_s,
            "pressed": app.pressed(),
            "imus": {
                "primary": board.primary_imu.problem,
                "monitor": board.monitor_imu.problem,
            },
            "log_pages": pages,
            "log_next": following,
            "log_ahead": ahead,
            "lock_problem": app.plan_lock.problem[:200],
        }, None

    def _imu_rest(self, params: dict) -> tuple:
        app = self._app
        estimate = app.estimate
        return {
            "primary": _rest(app.primary_rest, estimate.primary_ok, estimate.primary_tilt_mdeg),
            "monitor": _rest(app.monitor_rest, estimate.monitor_ok, estimate.monitor_tilt_mdeg),
        }, None

    def _calibration_get(self, params: dict) -> tuple:
        app = self._app
        values = app.calibration.to_dict()
        values["tilt_max_mdeg"] = app.settings.tilt_max_mdeg
        values["arrivals"] = app.home_angle.arrivals
        return values, None

    def _calibration_put(self, params: dict) -> tuple:
        app = self._app
        if not app.on_home_switch():  # RQ-112
            raise Refusal(messages.BUSY, "calibration.put needs the bed at home, without power")
        try:
            version = app.replace_calibration(params["calibration"])
        except CalibrationError as error:
            raise Refusal(messages.CALIBRATION_REFUSED, str(error)) from None
        except (OSError, StoreError) as error:
            raise Refusal(messages.STORE_FAILED, str(error)) from None
        return {"version": version, "restarts_ms": messages.RESTART_MS}, None


def _rest(rest, ok: bool, tilt_mdeg: int) -> dict:
    """One IMU's last window; read again if the tick finished another one meanwhile."""
    while True:
        window = rest.windows
        values = {
            "window": window,
            "verdict": VERDICTS[rest.verdict],
            "mean": list(rest.mean),
            "accel_scatter_ug": rest.accel_scatter_ug,
            "gyro_scatter_udps": rest.gyro_scatter_udps,
            "accel_shift_ug": rest.accel_shift_ug,
            "gyro_shift_udps": rest.gyro_shift_udps,
            "temperature_mdegc": rest.temperature_mdegc,
            "ok": ok,
            "tilt_mdeg": tilt_mdeg,
        }
        if rest.windows == window:
            return values


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
