"""The application: the control tick, top to bottom, and the background that never blocks it.

    tick        sense -> estimate -> decide -> drive -> record      100 Hz, hard interrupt
    background  talk, restart sensors, write the log, feed the watchdog

They meet in named places only: the mailbox flags of requests (host to tick), the verdicts among the
tick's inputs (`_judge`), the recorder's queue (tick to flash), `program` (replaced as a whole, only
at home), and counters that only grow.
"""

import gc

from inversion_table import loading
from inversion_table.actuation.drive import Drive
from inversion_table.contract import events
from inversion_table.contract.identity import NO_PLAN_ID, calibration_id, settings_id
from inversion_table.contract.messages import LOG_LIST_MOST, RESTART_MS, contract_hash
from inversion_table.contract.names import FAULT_NAMES, STATE_NAMES
from inversion_table.estimation import warmth
from inversion_table.estimation.estimate import Estimate
from inversion_table.estimation.rest import TAKE_EVERY, RestWatch
from inversion_table.estimation.tilt import TiltEstimator
from inversion_table.indication.indicator import Indicator
from inversion_table.integrity.clocks import Clocks
from inversion_table.integrity.errors import Errors
from inversion_table.integrity.home_angle import HomeAngle
from inversion_table.integrity.resets import boot_of
from inversion_table.integrity.values import ValuesCheck
from inversion_table.journal.absent import AbsentRing
from inversion_table.journal.chronicle import Chronicle
from inversion_table.journal.last_fault import LastFault
from inversion_table.journal.pulled import Pulled
from inversion_table.journal.session_bytes import SessionBytes
from inversion_table.safety import limits, states
from inversion_table.safety.guarded import GuardedKernel
from inversion_table.safety.monitors import Monitors
from inversion_table.safety.ports import Decision, Inputs, Wish
from inversion_table.safety.ticks import TICKS_MASK, elapsed_ms
from inversion_table.sensing.analog import Analog
from inversion_table.sensing.imu import ImuSample
from inversion_table.sensing.panel import Panel
from inversion_table.session.program import Program
from inversion_table.session.sequencer import Sequencer
from inversion_table.store.lock import PlanLock
from inversion_table.store.values import StoreError

COLLECT_MS = 10_000
PASS_MS = 20
"""The background has nothing to do that cannot wait so long; only the link is asked more often."""
CHECK_STEPS_AT_START = 16
"""Steps of the program's check in a pass: 8 KB, about 5 ms; the whole program in about 1 s."""
CHECK_PASSES = 2
"""Later one step in so many passes: the whole program in about 32 s."""
PROOF_STEPS = 3
"""Files of the log that are proved in a pass, some 7 ms each; all 192 of them in 64 passes."""
VALUES_MS = 5_000
"""One of the four parts of the values in use is looked at so often: all of them in 20 s."""
LATE_MS = 2 * limits.TICK_MS
FAILING_MS = 2_000
"""Passes of the background that all break off for so long end the program, before the watchdog."""
LOG_WALK_MOST = 64
"""Sessions looked through for one that is asked for by its number alone."""


class App:
    """Everything between the board's pins and the decision.

    board: inversion_table.board.Board; ring and recorder: the flight log; store: named values;
    settings: limits.Settings in use; kept_settings: store.settings.KeptSettings, what is stored;
    settings_ok: whether a session may begin with them; calibration:
    store.calibration.KeptCalibration; program_check: integrity.program.ProgramCheck; start_cause:
    why the controller started (contract.resets); firmware: integrity.firmware.Firmware; log_proof:
    journal.reserve.Proof of the ring's place, None where nothing is to be proved
    """

    def __init__(
        self,
        board,
        ring,
        recorder,
        store,
        settings,
        kept_settings,
        settings_ok,
        calibration,
        program_check,
        start_cause,
        firmware,
        log_proof=None,
    ) -> None:
        self.board = board
        self.ring = ring
        self._log_proof = log_proof
        self._log_lost = False
        self.recorder = recorder
        self.store = store
        self.settings = settings
        self.kept_settings = kept_settings
        self.settings_ok = settings_ok
        self.program: Program | None = None
        self.inputs = Inputs()
        self.estimate = Estimate()
        self.wish = Wish()
        self.decision = Decision()
        self.sequencer = Sequencer()
        self.clocks = Clocks()
        self.program_check = program_check
        self.firmware = firmware
        self._program_passes = 0
        self.ticks = 0
        self.late_ticks = 0
        self.heap_free = gc.mem_free()
        """Bytes free right after the last collection: garbage does not count."""
        self.start_cause = start_cause
        self._kernel = GuardedKernel(boot_of(start_cause))
        self._monitors = Monitors()
        self.calibration = calibration
        self._estimator = TiltEstimator(calibration.primary, calibration.monitor)
        self.primary_rest = RestWatch(0)
        self.monitor_rest = RestWatch(TAKE_EVERY // 2)
        self.home_angle = HomeAngle(store, calibration, self.primary_rest, self.monitor_rest)
        self.plan_lock = PlanLock(store, board.device_name())
        self._restart_asked = False
        self._firmware_failed = False
        self._restart_ms = 0
        self._values = ValuesCheck(settings, self._estimator.primary, self._estimator.monitor)
        self._values_ms = board.ticks_ms()
        self._primary_sample = ImuSample()
        self._monitor_sample = ImuSample()
        self._panel = Panel(board.panel)
        self._analog = Analog(board.current_adc, board.supply_adc)
        self._drive = Drive(
            board.motor_outward, board.motor_homeward, board.motor_enable, board.heartbeat
        )
        self._indicator = Indicator(board.red, board.green, board.blue, board.buzzer)
        self._chronicle = Chronicle(recorder)
        self._sessions_done = 0
        self.own_errors = Errors()
        self._failing = False
        self._failing_ms = 0
        self.clock_set_s = 0
        """What the clock was last set to; 0: not since the start."""
        self.last_fault = LastFault()
        self.pulled = Pulled(store)
        self._return_asked = False
        self._stop_asked = False
        self._started = False
        self._then_ms = 0
        self._sensed = 0
        self._fed_ticks = 0
        self._fed_sensed = 0
        self._collected_ms = 0
        self._uptime_ms = 0
        self._faults_seen = 0
        self._fault_uptime_ms = 0
        self._passed_ms = board.ticks_ms()
        self._of_the_tick = self._find_once()
        self._judge()
        self._log_described = False
        recorder.note(board.ticks_ms(), events.RESET, start_cause, 0)
        fell = firmware.fell()
        if fell is not None and not fell["told"]:
            recorder.note(
                board.ticks_ms(), events.FIRMWARE_GIVEN_UP, firmware.number(fell["slot"]), 0
            )

    # The control tick

    def tick(self, _timer=None) -> None:
        """One control tick, in interrupt context: no allocation (RQ-043), 5 ms at most (RQ-150).

        It waits for nothing but the IMUs' buses, 2 ms at most for each (RQ-161).
        """
        (
            ticks_ms,
            begin_primary,
            begin_monitor,
            read_primary,
            read_monitor,
            watch_primary,
            watch_monitor,
            read_panel,
            read_analog,
            update_estimate,
            step_kernel,
            apply,
            show,
            write,
            note_fault,
            primary,
            monitor,
            inputs,
            estimate,
            monitors,
            sequencer,
            settings,
            wish,
            decision,
        ) = self._of_the_tick
        now_ms = ticks_ms()
        if self._started and (now_ms - self._then_ms) & TICKS_MASK >= LATE_MS:
            self.late_ticks += 1
        self._started = True
        self._then_ms = now_ms
        self.ticks = ticks = (self.ticks + 1) & TICKS_MASK

        begin_primary()  # both buses at once, and meanwhile what needs neither
        begin_monitor()
        read_panel(inputs, now_ms)
        read_analog(inputs)
        inputs.host_return = self._return_asked
        self._return_asked = False
        inputs.host_stop = self._stop_asked
        self._stop_asked = False
        read_primary(primary, now_ms)
        read_monitor(monitor, now_ms)
        watch_primary(primary)
        watch_monitor(monitor)
        self._sensed = ticks
        update_estimate(primary, monitor, now_ms, estimate)
        monitors.update(decision, estimate, inputs, now_ms)
        sequencer.step(self.program, decision, estimate, inputs, settings, now_ms, wish)
        step_kernel(wish, estimate, inputs, monitors, settings, now_ms, decision)
        apply(decision)
        show(decision, now_ms)
        if write(decision, estimate, inputs, wish, sequencer.step_number, now_ms):
            note_fault(decision, estimate, inputs, now_ms)

    def _find_once(self) -> tuple:
        """What the tick works with: on the chip a search for an attribute takes 1 to 7 us."""
        board = self.board
        return (
            board.ticks_ms,
            board.primary_imu.begin,
            board.monitor_imu.begin,
            board.primary_imu.read,
            board.monitor_imu.read,
            self.primary_rest.update,
            self.monitor_rest.update,
            self._panel.read,
            self._analog.read,
            self._estimator.update,
            self._kernel.step,
            self._drive.apply,
            self._indicator.show,
            self._chronicle.write,
            self.last_fault.note,
            self._primary_sample,
            self._monitor_sample,
            self.inputs,
            self.estimate,
            self._monitors,
            self.sequencer,
            self.settings,
            self.wish,
            self.decision,
        )

    def drive_off(self) -> None:
        """No drive, no heartbeat; for the way out."""
        self._drive.off()

    # Mailboxes: what the background may ask of the tick

    def ask_return(self) -> None:
        """Ask for a return home, as the RETURN button does (but it skips no rest)."""
        self._return_asked = True

    def ask_stop(self) -> None:
        """Ask for power to be removed."""
        self._stop_asked = True

    # The background

    def background(self) -> None:
        """One pass: everything that may allocate, wait or write to flash."""
        now_ms = self.board.ticks_ms()
        passed_ms = elapsed_ms(now_ms, self._passed_ms)
        if passed_ms < PASS_MS:
            return
        self._passed_ms = now_ms
        self._uptime_ms += passed_ms
        self._date_fault(now_ms)
        self.clocks.look(self.ticks, self.board.ticks_ms(), self.board.rtc_s())
        self._check_program()
        self._prove_firmware(now_ms)
        if elapsed_ms(now_ms, self._values_ms) >= VALUES_MS:
            self._values_ms = now_ms
            self._values.step()
        self._judge()
        self._restart_sensors(now_ms)
        if not self._log_described:
            self._describe_log()
        if self._log_proof is None:
            self.recorder.flush(now_ms)
        else:
            self._prove_log()
        self._watch_warmth()
        self._watch_home(now_ms)
        self._judge()
        self._watch_sessions()
        if self.may_erase():
            self._erase_ahead()
        if elapsed_ms(now_ms, self._collected_ms) >= COLLECT_MS:
            self._collected_ms = now_ms
            gc.collect()
            self.heap_free = gc.mem_free()
        self._feed_on_evidence()
        self._failing = False

    def note_error(self, error: BaseException) -> None:
        """A mistake of ours: kept in `own_errors`, and counted in the log.

        A firmware on trial is given up for it, so there it is raised again.
        """
        self.own_errors.note(error)
        if self.firmware.on_trial:
            raise error
        count = self.own_errors.count
        if not count & (count - 1):  # the first, then ever fewer: a laptop may ask for it for ever
            try:
                self.recorder.note(self.board.ticks_ms(), events.PROGRAM_ERROR, count, 0)
            except MemoryError:
                pass  # `own_errors` has it

    def broke_off(self, error: BaseException) -> bool:
        """A pass of the background ended in an error: whether that is to end the program.

        One such pass is made up for by the next. But a background that gets nowhere is as good as
        one that hangs (RQ-039): passes that break off feed no watchdog, and shortly before it would
        bite, the program ends by itself, which tells more.
        """
        gc.collect()
        now_ms = self.board.ticks_ms()
        if not self._failing:
            self._failing = True
            self._failing_ms = now_ms
        self.note_error(error)
        return elapsed_ms(now_ms, self._failing_ms) >= FAILING_MS

    def _judge(self) -> None:
        """What the background finds of everything that START needs, for the tick's inputs.

        The tick writes none of these. It gets a verdict in the pass that found it, in one store.
        """
        inputs = self.inputs
        ready = not self.firmware.on_trial and self._log_proof is None  # RQ-142, RQ-163
        inputs.started_up = ready
        self._indicator.tell_ready(ready)
        inputs.plan_ready = self.program is not None
        inputs.settings_ok = self.settings_ok and self._values.ok and not self._log_lost  # RQ-105
        inputs.home_angle_ok = self.home_angle.ok
        inputs.program_ok = self.program_check.ok
        inputs.clocks_ok = self.clocks.ok

    def _watch_home(self, now_ms: int) -> None:
        """Each arrival is measured, logged and kept (RQ-114)."""
        if self.home_angle.look(self.may_erase()):
            angle = self.home_angle
            self.recorder.note(now_ms, events.HOME_MEASURED, angle.primary_mdeg, angle.monitor_mdeg)
            angle.keep()

    def _prove_log(self) -> None:
        """Nothing is written to the log's flash before its place is proved (RQ-163).

        Until then what is recorded waits in the recorder's queue, and no motion outward begins. On
        the chip that takes a second or two longer than the self-test.
        """
        proof = self._log_proof
        for _ in range(PROOF_STEPS):
            if proof.pending():
                proof.step()
        if proof.disproved:
            # Something else may lie there by now: without a log until it is laid out anew.
            self.ring = AbsentRing()
            self.recorder.use(self.ring)
            self._log_lost = True
        if not proof.pending():
            self._log_proof = None

    def _erase_ahead(self) -> None:
        """At home, with the motor off: make room for the next session's log."""
        if self._log_proof is not None:
            return
        if self._log_lost and not self._restart_asked:
            from inversion_table.journal.reserve import forget

            try:
                forget(self.store)
            except (OSError, StoreError):
                return  # tried again in the next pass
            self._restart_soon()
        self.ring.prepare(1)

    def _watch_sessions(self) -> None:
        """A session that was done whole proves the settings that it ran with (RQ-146)."""
        done = self._chronicle.done_whole
        if done != self._sessions_done and self.may_erase():
            self._sessions_done = done
            try:
                self.kept_settings.prove(self.settings)
            except (OSError, StoreError):
                pass  # the next one proves them

    def _watch_warmth(self) -> None:
        """The tilt's bound grows with the distance from the calibration's temperature (RQ-119)."""
        made = self.calibration.current
        if made is None:
            return
        primary, monitor = made.temperature_mdegc
        warmth.widen(self._estimator.primary, self.primary_rest, warmth.PRIMARY_MDEG_PER_C, primary)
        warmth.widen(self._estimator.monitor, self.monitor_rest, warmth.MONITOR_MDEG_PER_C, monitor)

    def _prove_firmware(self, now_ms: int) -> None:
        """A new firmware proves itself, or is given up for the one before it (RQ-141)."""
        firmware = self.firmware
        if not firmware.on_trial or self._firmware_failed:
            return
        state = self.decision.state
        ready = state == states.HOME and self.may_erase()
        ready = ready and self.program_check.ok and self.clocks.ok
        if firmware.look(now_ms, ready, self.on_home_switch(), self.unix_time_s):
            self._firmware_failed = True
            what = self.program_check.problem or FAULT_NAMES[self.decision.fault]
            firmware.failed("not ready after a minute: %s, %s" % (STATE_NAMES[state], what))
        elif not firmware.on_trial:
            self.recorder.note(now_ms, events.FIRMWARE_PROVED, firmware.number(firmware.slot), 0)
            loading.let_go()

    def _check_program(self) -> None:
        """Quickly at the start, since no START is accepted before it is done; slowly after it."""
        check = self.program_check
        if check.first_round():
            for _ in range(CHECK_STEPS_AT_START):
                check.step()
            return
        self._program_passes += 1
        if self._program_passes >= CHECK_PASSES:
            self._program_passes = 0
            check.step()

    def _feed_on_evidence(self) -> None:
        """Feed the watchdog if ticks, sensing and (it calls this) background moved on (RQ-039)."""
        if self.ticks == self._fed_ticks or self._sensed == self._fed_sensed:
            return
        self._fed_ticks = self.ticks
        self._fed_sensed = self._sensed
        self.board.feed_watchdog()

    def may_erase(self) -> bool:
        """Flash may be erased (a stall of up to 400 ms): home, motor off, log done (RQ-044)."""
        state = self.decision.state
        return (
            self.decision.at_home
            and (state == states.HOME or state == states.FAULT)
            and not self.decision.power
            and not self.recorder.recording()
        )

    def in_session(self) -> bool:
        """Anything but resting at home, or in self-test."""
        return not self.decision.at_home or self.decision.power

    def _date_fault(self, now_ms: int) -> None:
        """Ticks wrap, the time since a fault does not: it is kept on the background's clock."""
        if self.last_fault.count != self._faults_seen:
            self._faults_seen = self.last_fault.count
            since_ms = elapsed_ms(now_ms, self.last_fault.then_ms)
            self._fault_uptime_ms = self._uptime_ms - since_ms

    def fault_age_ms(self) -> int:
        """Milliseconds since the last fault was latched (background only)."""
        return self._uptime_ms - self._fault_uptime_ms

    def on_home_switch(self) -> bool:
        """The bed is on the home switch and nothing can drive it, whatever the IMUs say of it.

        A table whose mounts are not known yet may read any tilt there.
        """
        return (
            self.inputs.home_switch
            and self.inputs.settled
            and not self.inputs.relay_closed
            and not self.decision.power
        )

    def restart_due(self) -> bool:
        """What was stored, or a firmware given up, waits for a restart, and nothing moves."""
        if self._firmware_failed:
            return self.on_home_switch()
        return (
            self._restart_asked
            and elapsed_ms(self.board.ticks_ms(), self._restart_ms) >= RESTART_MS
            and self.on_home_switch()
        )

    def service_due(self) -> bool:
        """The way to SERVICE from a fault that keeps the table at home.

        The kernel opens it in HOME; a program that is damaged can only be mended there (RQ-067).
        """
        return (
            self.inputs.service_gesture
            and self.decision.state == states.FAULT
            and self.on_home_switch()
        )

    def _restart_sensors(self, now_ms: int) -> None:
        self._restart(self.board.primary_imu, self.board.primary_bus, now_ms)
        self._restart(self.board.monitor_imu, self.board.monitor_bus, now_ms)

    def _restart(self, imu, bus, now_ms: int) -> None:
        if imu.needs_restart and not imu.start(now_ms) and imu.problem:
            bus.recover(now_ms)

    # What the wire asks for

    def uptime_ms(self) -> int:
        """Milliseconds since the start; does not wrap (background only)."""
        return self._uptime_ms

    def pressed(self) -> list:
        """Names of the buttons that read as pressed."""
        return self._panel.pressed()

    def unix_time_s(self) -> int:
        """Seconds since 1970, 0 while the clock is not set."""
        return self.board.unix_time_s()

    def set_clock(self, unix_s: int) -> None:
        """Set the clock; only at home. The comparison with the other clocks begins anew."""
        self.board.set_clock(unix_s)
        self.clock_set_s = unix_s
        self.clocks.restart()

    def store_plan(self, plan, counter: int | None = None, seal: str | None = None) -> None:
        """Keep `plan`, already checked, and make it the one that START runs."""
        lock = self.plan_lock
        new = self.program is None or self.program.plan_id != plan.plan_id()
        if new or (lock.locked and counter != lock.counter):
            # First what may find no memory (RQ-165): what is kept is what START runs.
            program = self._laid_out(plan)
            header = self._log_header(program)
            lock.take(counter, seal)
            self.store.save("plan", lock.wrap(plan.to_wire(), counter, seal))
            self.recorder.note(self.board.ticks_ms(), events.PLAN_STORED, 0, 0)
            self._use(program)
            self.recorder.describe(*header)
            self._log_described = True

    def replace_calibration(self, values: dict) -> int:
        """Keep a new calibration and restart; returns its version.

        Raises CalibrationError, StoreError. A restart is the one way in: what is stored is loaded
        and checked there as ever, and no tick sees half of it (RQ-112).
        """
        version = self.calibration.replace(values, self.primary_rest, self.monitor_rest)
        self._ask_restart(events.CALIBRATED, version)
        return version

    def may_set(self) -> bool:
        """The bed rests at home, nothing can drive it, no session runs or is being logged."""
        state = self.decision.state
        resting = state == states.HOME or state == states.FAULT
        return resting and self.on_home_switch() and not self.recorder.recording()

    def replace_settings(self, values: dict, base: str) -> bool:
        """Keep new settings and restart (RQ-145); False when they are those that are stored.

        Raises limits.SettingsError, StoreError, OSError.
        """
        if not self.kept_settings.replace(values, base):
            return False
        self._ask_restart(events.SETTINGS_STORED, 0)
        return True

    def _ask_restart(self, event: int, detail: int) -> None:
        self.recorder.note(self.board.ticks_ms(), event, detail, 0)
        self._restart_soon()

    def _restart_soon(self) -> None:
        self._restart_asked = True
        self._restart_ms = self.board.ticks_ms()

    def use_plan(self, plan) -> None:
        """Lay `plan` out for running. Only at home: the tick sees the old one or the new one."""
        self._use(self._laid_out(plan))
        self._log_described = False

    def _laid_out(self, plan) -> Program:
        return Program(plan, self.settings.acceleration_mdeg_per_s2)

    def _use(self, program: Program) -> None:
        self._values.use_plan(program)
        self.program = program
        self._judge()

    def _describe_log(self) -> None:
        """Tell the log what its next session header says (RQ-123), before it gets to code one.

        On the chip it takes a third of a second to work out.
        """
        self.recorder.describe(*self._log_header(self.program))
        self._log_described = True

    def _log_header(self, program: Program | None) -> tuple:
        """The arguments of Recorder.describe."""
        return (
            program.plan_id if program else NO_PLAN_ID,
            program.name if program else "",
            self.firmware.name(),
            contract_hash(),
            settings_id(self.settings.to_dict()),
            calibration_id(self.calibration.in_use()),
            self.start_cause,
        )

    def log_sessions(self, below: int | None) -> tuple:
        """(the sessions that end before page `below`, newest first, where they go on or None)."""
        entries: list = []
        for info in self.ring.sessions(below):
            if len(entries) == LOG_LIST_MOST:
                return entries, entries[-1]["first"]
            entries.append(
                {
                    "session": info.session,
                    "bytes": info.total_bytes(),
                    "complete": info.complete,
                    "first": info.first_sequence,
                    "last": info.last_sequence,
                    "pulled": self.pulled.covers(info.first_sequence, info.last_sequence),
                }
            )
        return entries, None

    def log_read(self, session: int, last: int | None, offset: int, length: int) -> tuple:
        """(bytes in the whole session, source of up to `length` of them); or KeyError."""
        if last is None:
            info = self.ring.find(session, LOG_WALK_MOST)
        else:
            info = self.ring.ending_at(session, last)
        if info is None:
            raise KeyError(session)
        return info.total_bytes(), SessionBytes(self.ring, info, offset, length)

    def log_pulled(self, session: int, last: int) -> None:
        """A host keeps the session up to page `last`; raises KeyError, StoreError."""
        info = self.ring.ending_at(session, last)
        if info is None:
            raise KeyError(session)
        first = 0
        for older in self.ring.sessions(info.first_sequence):
            first = older.last_sequence + 1  # what lies between two sessions is nobody's
            break
        self.pulled.mark(first, last)
