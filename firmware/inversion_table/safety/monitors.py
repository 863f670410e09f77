"""Monitors: each tick, the one fault that the readings show, or none. Pure, integers, in place."""

from inversion_table.safety import faults, limits
from inversion_table.safety.ticks import advanced_ms, step_ms
from inversion_table.safety.travel import Travel


class Monitors:
    """How long each suspicion has lasted, in ms, and the fault that is active now."""

    def __init__(self) -> None:
        self.active = faults.NO_FAULT
        self.tilt_trusted = False
        """The tilt is valid, fresh, and not contradicted by the other IMU."""
        self.excused = faults.NO_FAULT
        """What RETURN was pressed in spite of: not reported, so that it hides nothing else."""
        self.travel = Travel()
        self.backed_off = False
        """The bed has moved homeward by BACK_OFF_MDEG since it began to back off."""
        self.return_futile = False
        """Returns have only moved the bed outward."""
        self.current_dead_ms = 0
        self.current_dead = False
        """Latched until the next restart: at home nothing turns that could show it."""
        self.home_stuck = False
        self.home_stuck_closed = False
        self.started = False
        self.then_ms = 0
        self.age_ms = 0
        self.power_on_ms = 0
        self.power_off_ms = 0
        self.primary_lost_ms = 0
        self.monitor_lost_ms = 0
        self.tilt_lost_ms = 0
        self.disagree_ms = 0
        self.rates_apart_ms = 0
        self.overspeed_ms = 0
        self.overcurrent_ms = 0
        self.stall_ms = 0
        self.undriven_ms = 0
        self.backward_ms = 0
        self.supply_low_ms = 0
        self.home_stuck_ms = 0
        self.ankle_ms = 0

    def _raise(self, code: int) -> None:
        """Keep the strongest reaction; of equals, the first reported."""
        if code != self.excused and faults.reaction(code) > faults.reaction(self.active):
            self.active = code

    def update(self, decision, estimate, inputs, now_ms: int) -> None:
        """Compare this tick's readings with the last decision; sets `active`.

        Of faults with equal reactions the machine's own come before a person's doing, save the
        E-stop: a lock that stays open, or a laptop that keeps saying stop, must not hide them.
        """
        dt_ms = step_ms(now_ms, self.then_ms) if self.started else 0
        self.then_ms = now_ms
        self.started = True
        self.age_ms = advanced_ms(self.age_ms, dt_ms)
        self.active = faults.NO_FAULT
        self.excused = decision.excused
        # A contact that never settles is taken at its safe side, and nothing starts (RQ-066).
        believed = inputs.settled or self.age_ms >= limits.SETTLE_MAX_MS
        if believed:
            self._watch_switches(decision, inputs)
        if self.age_ms >= limits.SELF_TEST_MS:
            self._watch_tilt(estimate, inputs, dt_ms)
        self._watch_power(decision, inputs, dt_ms)
        self._watch_motion(decision, estimate, inputs, dt_ms)
        if decision.power and dt_ms > limits.TICK_LATE_MS:
            self._raise(faults.TICK_LATE)  # RQ-041
        if believed:
            self._watch_people(decision, inputs, dt_ms)

    def _watch_switches(self, decision, inputs) -> None:
        if inputs.estop_pressed:
            self._raise(faults.ESTOP_PRESSED)
        if inputs.end_reached:
            self._raise(faults.OUTWARD_END)  # RQ-010
        if (inputs.button_stuck or not inputs.settled) and decision.at_home:
            self._raise(faults.BUTTON_STUCK)  # RQ-063
        if not inputs.settings_ok:
            self._raise(faults.SETTINGS_CORRUPT)  # RQ-070
        if not inputs.home_angle_ok and decision.at_home:
            self._raise(faults.HOME_DRIFT)  # RQ-115
        if not inputs.program_ok:
            self._raise(faults.PROGRAM_CORRUPT)  # RQ-083
        if not inputs.clocks_ok:
            self._raise(faults.CLOCKS_APART)  # RQ-082

    def _watch_people(self, decision, inputs, dt_ms: int) -> None:
        # At home people get on and off: an open lock is no fault there, START refuses it.
        unlocked = not inputs.ankle_locked and not decision.at_home
        self.ankle_ms = _lasting_ms(self.ankle_ms, dt_ms, unlocked)
        if self.ankle_ms >= limits.ANKLE_MS:
            self._raise(faults.ANKLE_LOCK_OPEN)  # RQ-056
        if inputs.host_stop:
            self._raise(faults.HOST_STOP)

    def _watch_tilt(self, estimate, inputs, dt_ms: int) -> None:
        trusted = estimate.valid and estimate.age_ms <= limits.ESTIMATE_AGE_MAX_MS
        self.tilt_lost_ms = _lasting_ms(self.tilt_lost_ms, dt_ms, not trusted)
        if self.tilt_lost_ms >= limits.ESTIMATE_AGE_MAX_MS:
            self._raise(faults.TILT_LOST)  # RQ-049
        both = estimate.primary_ok and estimate.monitor_ok
        apart = both and estimate.disagreement_mdeg > limits.DISAGREEMENT_MDEG
        self.disagree_ms = _lasting_ms(self.disagree_ms, dt_ms, apart)
        rates_apart = estimate.rate_disagreement_mdeg_per_s > limits.RATE_DISAGREEMENT_MDEG_PER_S
        self.rates_apart_ms = _lasting_ms(self.rates_apart_ms, dt_ms, both and rates_apart)
        disagree = (
            self.disagree_ms >= limits.DISAGREEMENT_MS
            or self.rates_apart_ms >= limits.RATE_DISAGREEMENT_MS
        )
        if disagree:
            self._raise(faults.IMU_DISAGREE)  # RQ-047
        self.tilt_trusted = trusted and not disagree
        self.primary_lost_ms = _lasting_ms(self.primary_lost_ms, dt_ms, not estimate.primary_ok)
        if self.primary_lost_ms >= limits.IMU_LOST_MS:
            self._raise(faults.IMU_PRIMARY_LOST)  # RQ-048
        self.monitor_lost_ms = _lasting_ms(self.monitor_lost_ms, dt_ms, not estimate.monitor_ok)
        if self.monitor_lost_ms >= limits.IMU_LOST_MS:
            self._raise(faults.IMU_MONITOR_LOST)  # RQ-048
        from_home_mdeg = estimate.tilt_mdeg - limits.HOME_TILT_MDEG
        if inputs.home_switch:
            contradicted = from_home_mdeg > limits.HOME_TOLERANCE_MDEG
        else:
            contradicted = from_home_mdeg < -limits.HOME_OVERSHOOT_MDEG
        self.home_stuck_ms = _lasting_ms(self.home_stuck_ms, dt_ms, trusted and contradicted)
        if self.home_stuck_ms >= limits.HOME_SWITCH_MS:
            self.home_stuck = True
            self.home_stuck_closed = inputs.home_switch
        elif inputs.home_switch != self.home_stuck_closed:
            self.home_stuck = False  # it moves: only that shows that it works again (RQ-103)
        if self.home_stuck:
            self._raise(faults.HOME_SWITCH_STUCK)  # RQ-058
        fast = estimate.valid and abs(estimate.rate_mdeg_per_s) > limits.OVERSPEED_MDEG_PER_S
        self.overspeed_ms = _lasting_ms(self.overspeed_ms, dt_ms, fast)
        if self.overspeed_ms >= limits.OVERSPEED_MS:
            self._raise(faults.OVERSPEED)  # RQ-020

    def _watch_power(self, decision, inputs, dt_ms: int) -> None:
        self.power_on_ms = _lasting_ms(self.power_on_ms, dt_ms, decision.power)
        self.power_off_ms = _lasting_ms(self.power_off_ms, dt_ms, not decision.power)
        if self.power_on_ms > limits.RELAY_CLOSE_MAX_MS and not inputs.relay_closed:
            self._raise(faults.RELAY_DEAD)  # RQ-046
        if self.power_off_ms > limits.RELAY_OPEN_MAX_MS and inputs.relay_closed:
            self._raise(faults.RELAY_WELDED)  # RQ-045
        over = inputs.current_ma > limits.CURRENT_TRIP_MA
        self.overcurrent_ms = _lasting_ms(self.overcurrent_ms, dt_ms, over)
        if self.overcurrent_ms >= limits.CURRENT_TRIP_MS:
            self._raise(faults.OVERCURRENT)  # RQ-035
        low = inputs.supply_mv < limits.SUPPLY_LOW_MV
        self.supply_low_ms = _lasting_ms(self.supply_low_ms, dt_ms, low)
        if self.supply_low_ms >= limits.SUPPLY_LOW_MS:
            dead = inputs.supply_mv < limits.SUPPLY_DEAD_MV
            self._raise(faults.SUPPLY_DEAD if dead else faults.SUPPLY_LOW)  # RQ-030, RQ-031

    def _watch_current(self, turning: bool, inputs, dt_ms: int) -> None:
        none = turning and inputs.current_ma < limits.CURRENT_DEAD_MA
        self.current_dead_ms = _lasting_ms(self.current_dead_ms, dt_ms, none)
        if self.current_dead_ms >= limits.CURRENT_DEAD_MS:
            self.current_dead = True
        if self.current_dead:
            self._raise(faults.CURRENT_SENSOR_DEAD)  # RQ-086

    def _watch_motion(self, decision, estimate, inputs, dt_ms: int) -> None:
        # A duty that is not zero means that the kernel held the relay to be closed.
        duty = decision.duty_permille
        rate = estimate.rate_mdeg_per_s
        # A rate that the other IMU denies proves nothing: it would stop a return for no reason.
        doubtful = estimate.rate_disagreement_mdeg_per_s > limits.RATE_DOUBT_MDEG_PER_S
        seen = self.tilt_trusted and not doubtful
        driven = seen and abs(duty) >= limits.DRIVEN_DUTY_PERMILLE
        still = driven and abs(rate) < limits.STALL_RATE_MDEG_PER_S
        self.stall_ms = _lasting_ms(self.stall_ms, dt_ms, still)
        if self.stall_ms >= limits.STALL_MS:
            self._raise(faults.STALLED)  # RQ-036
        self._watch_current(driven and not still, inputs, dt_ms)
        # What little duty there is explains so much and no more; against it, nothing.
        along = rate if duty > 0 else -rate
        explained = limits.UNDRIVEN_RATE_MDEG_PER_S
        if along > 0:
            explained += abs(duty) * limits.MDEG_PER_S_PER_PERMILLE
        undriven = seen and not driven and abs(rate) > explained
        self.undriven_ms = _lasting_ms(self.undriven_ms, dt_ms, undriven)
        if self.undriven_ms >= limits.UNDRIVEN_MS:
            self._raise(faults.MOVED_UNDRIVEN)  # RQ-024, RQ-100
        against = rate if duty < 0 else -rate
        backward = driven and against > limits.BACKWARD_RATE_MDEG_PER_S
        self.backward_ms = _lasting_ms(self.backward_ms, dt_ms, backward)
        self.travel.update(decision, estimate, self.tilt_trusted, doubtful, dt_ms)
        self.backed_off = self.travel.backed_off
        self.return_futile = self.travel.futile
        if self.backward_ms >= limits.BACKWARD_MS or self.travel.wrong_way:
            self._raise(faults.MOVED_BACKWARD)  # RQ-025, RQ-097
        if self.travel.crept:
            self._raise(faults.BED_CREEPS)  # RQ-099


def _lasting_ms(before_ms: int, dt_ms: int, present: bool) -> int:
    """How long something has lasted by now, if it is `present`; else 0."""
    return advanced_ms(before_ms, dt_ms) if present else 0
