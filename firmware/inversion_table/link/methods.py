"""What each method of the wire does on the device. None can move the table outward (RQ-061)."""

from inversion_table import VERSION, loading
from inversion_table.contract import messages
from inversion_table.contract.names import FAULT_NAMES, STATE_NAMES
from inversion_table.contract.resets import cause_name
from inversion_table.estimation.rest import VERDICTS
from inversion_table.link.server import NotLoaded, Refusal

LOADED = (
    "plan.put",
    "plan.get",
    "lock.get",
    "log.pulled",
    "settings.get",
    "settings.put",
    "calibration.put",
)
"""Methods of link/home_methods.py: they are answered only at home, and loaded for it."""


WORDS_KEPT = 4
"""Faults whose words are in memory: no fault, the one there is, what START was refused for."""


class Methods:
    """Binds the methods to the application `app` (inversion_table/app.py)."""

    def __init__(self, app, device: str) -> None:
        self._app = app
        self._device = device
        self._contract = messages.contract_hash()
        self._fault_words: dict = {}
        self.table = {
            "hello": self._hello,
            "firmware.get": self._firmware_get,
            "status": self._status,
            "plan.list": self._plan_list,
            "session.return": self._session_return,
            "session.stop": self._session_stop,
            "log.list": self._log_list,
            "log.read": self._log_read,
            "clock.set": self._clock_set,
            "device.get": self._device_get,
            "imu.rest": self._imu_rest,
            "calibration.get": self._calibration_get,
        }
        self._missing: int | None = None
        self.let_go()

    def load(self) -> None:
        """Bring what was missing into memory: words for a fault, or the methods `LOADED` (RQ-156).

        In this order, so that no import finds another file to load: that takes twice the stack.
        """
        fault = self._missing
        if fault is not None:
            self._missing = None
            self._load_words(fault)
            return
        try:
            from inversion_table.session.plan import Plan

            first: list = [Plan]
            from inversion_table.contract.setting_steps import problem

            first.append(problem)
            from inversion_table.link.home_methods import METHODS
        except (ImportError, SyntaxError, ValueError, MemoryError) as error:
            self._refuse("its code cannot be loaded: %s" % (str(error) or "no memory"))
            return
        for name in METHODS:
            self.table[name] = self._bound(METHODS[name])

    def let_go(self) -> None:
        """The methods `LOADED` are not in memory any more."""
        for name in LOADED:
            self.table[name] = self._absent
        loading.let_go()

    def _absent(self, params: dict) -> tuple:
        app = self._app
        if app.in_session() and not app.on_home_switch():
            raise Refusal(messages.BUSY, "this needs the bed at home, without power")
        raise NotLoaded(self)

    def _bound(self, method):
        return lambda params: method(self._app, params)

    def _refuse(self, why: str) -> None:
        def refuse(params: dict) -> tuple:
            raise Refusal(messages.INTERNAL_ERROR, why)

        for name in LOADED:
            self.table[name] = refuse

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
        fault = decision.fault
        refused = decision.refused
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
                "fault": FAULT_NAMES[fault],
                "fault_patient": self._words(fault)[0],  # RQ-080
                "fault_engineer": self._words(fault)[1],
                "last_fault": self._last_fault(),
                "refused": FAULT_NAMES[refused],
                "refused_patient": self._words(refused)[0],
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

    def _words(self, fault: int) -> tuple:
        """(words for the patient, words for the engineer) of a fault (RQ-080).

        All of them would take 7 KB for good: those that were told last are kept. Where they cannot
        be loaded the fault's name has to do.
        """
        if fault not in self._fault_words:
            self._missing = fault
            raise NotLoaded(self)
        return self._fault_words[fault]

    def _load_words(self, fault: int) -> None:
        try:
            from inversion_table.safety.fault_words import words_of

            words = words_of(fault)
        except (ImportError, SyntaxError, ValueError, MemoryError):
            words = ("", "its words cannot be loaded")
        if len(self._fault_words) >= WORDS_KEPT:
            self._fault_words.clear()
        self._fault_words[fault] = words

    def _last_fault(self) -> dict | None:
        """What was latched last, how long ago, and what was measured in that tick (RQ-106)."""
        last = self._app.last_fault
        if not last.count:
            return None
        return {
            "code": last.fault,
            "name": FAULT_NAMES[last.fault],
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

    def _plan_list(self, params: dict) -> tuple:
        program = self._app.program
        if program is None:
            return {"plans": []}, None
        return {"plans": [{"id": program.plan_id, "name": program.name}]}, None

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

    def _clock_set(self, params: dict) -> tuple:
        self._app.set_clock(params["unix_s"])
        return {"unix_s": self._app.unix_time_s()}, None

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
            "errors": app.own_errors.count,
            "error": app.own_errors.text,
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
