"""The sequencer: plan, tilt and time -> a wish. It proposes; the kernel disposes."""

from inversion_table.safety import faults, limits, states
from inversion_table.safety.ports import MODE_JOG
from inversion_table.safety.ticks import step_ms
from inversion_table.session.motion import Motion

# Phases of a step, and of the way home.
MOVE = 0
HOLD = 1
DONE = 2
TO_FLAT = 0
REST = 1
TO_HOME = 2
CREEP = 3

FLAT_MDEG = 500
"""From above this the way home rests at horizontal; from below there is nothing to rest from."""
CREEP_FROM_MDEG = limits.HOME_TILT_MDEG + 1_500
CREEP_TO_MDEG = limits.HOME_TILT_MDEG - 3_000
"""Beyond home, so that only the home switch (or the kernel) ends the approach."""
CREEP_RATE_MDEG_PER_S = 600


class Sequencer:
    """Where the session is: set, pass, step, phase; and the motion under way."""

    def __init__(self) -> None:
        self.motion = Motion()
        self.turning_mdeg_per_s = 0
        """What the bed does now, as measured."""
        self.started = False
        self.then_ms = 0
        self.returning = False
        self.phase = MOVE
        self.set_index = 0
        self.pass_index = 0
        self.step_index = 0
        self.step_number = 0
        """Steps begun since START, 1 for the first; 0 when no session runs."""
        self.held_ms = 0
        self.before_mdeg = limits.HOME_TILT_MDEG
        self.return_phase = TO_FLAT
        self.rested_ms = 0

    def step(self, program, decision, estimate, inputs, settings, now_ms, wish) -> None:
        """One tick: `decision` is the last one made; writes `wish`. `program` may be None."""
        dt_ms = step_ms(now_ms, self.then_ms) if self.started else 0
        self.then_ms = now_ms
        self.started = True
        state = decision.state
        wish.duty_permille = 0
        tilt_mdeg = estimate.tilt_mdeg
        self.turning_mdeg_per_s = estimate.rate_mdeg_per_s
        backing_off = decision.backing_off  # no return yet, though it may become one
        if backing_off or (state != states.RETURNING and state != states.PAUSED):
            self.returning = False
        if state == states.MOVING or state == states.HOLDING:
            if decision.winding_down:
                self._wind_down(tilt_mdeg, settings, dt_ms, wish)
            elif decision.mode == MODE_JOG:
                self._jog(decision, inputs, tilt_mdeg, settings, dt_ms, wish)
            elif program is None:
                self._wish_hold(tilt_mdeg, wish)
            else:
                self._session(program, decision, tilt_mdeg, settings, dt_ms, wish)
        elif state == states.RETURNING and decision.winding_down:  # PAUSE on the way home
            self._wind_down(tilt_mdeg, settings, dt_ms, wish)
        elif state == states.RETURNING:
            self._return(program, decision, inputs, tilt_mdeg, settings, dt_ms, wish)
        elif state == states.PAUSED:
            self._wish_hold(tilt_mdeg, wish)
        else:
            self._reset(tilt_mdeg)
            wish.request = states.WISH_NONE
            wish.limit_mdeg = limits.HOME_TILT_MDEG
            wish.goal_mdeg = limits.HOME_TILT_MDEG
        wish.target_mdeg = self.motion.ref_mdeg()
        wish.rate_mdeg_per_s = self.motion.rate_mdeg_per_s

    def left_ms(self, program, decision, tilt_mdeg: int) -> int:
        """Time to home, for people; 0 when no session runs. Not for the tick."""
        if program is None or decision.mode == MODE_JOG:
            return 0
        state = decision.state
        if state == states.RETURNING or (state == states.PAUSED and self.returning):
            rest_ms = self._rest_ms(program.rest_ms, decision)
            if self.returning:
                resting = self.return_phase == TO_FLAT or self.return_phase == REST
                rest_ms -= self.rested_ms
            else:
                resting = tilt_mdeg > FLAT_MDEG
            return program.return_left_ms(tilt_mdeg, max(0, rest_ms) if resting else 0)
        under_way = state == states.MOVING or state == states.HOLDING or state == states.PAUSED
        if not under_way or self.step_number == 0:
            return 0
        return program.left_ms(
            self.set_index, self.pass_index, self.step_index, self.held_ms, tilt_mdeg
        )

    def step_left_ms(self, program, decision, tilt_mdeg: int) -> int:
        """Time left of the step, or of the rest at horizontal; 0 else. Not for the tick."""
        if program is None or decision.mode == MODE_JOG:
            return 0
        state = decision.state
        if state == states.RETURNING or (state == states.PAUSED and self.returning):
            if not self.returning or self.return_phase != REST:
                return 0
            return max(0, self._rest_ms(program.rest_ms, decision) - self.rested_ms)
        under_way = state == states.MOVING or state == states.HOLDING or state == states.PAUSED
        if not under_way or self.step_number == 0 or self.phase == DONE:
            return 0
        index = program.set_first[self.set_index] + self.step_index
        if self.phase == HOLD:
            return max(0, program.hold_ms[index] - self.held_ms)
        return program.step_ms(index, tilt_mdeg)

    def _reset(self, tilt_mdeg: int) -> None:
        self.motion.hold_at(tilt_mdeg)
        self.phase = MOVE
        self.set_index = 0
        self.pass_index = 0
        self.step_index = 0
        self.step_number = 0
        self.held_ms = 0
        self.before_mdeg = limits.HOME_TILT_MDEG

    def _wish_hold(self, tilt_mdeg: int, wish) -> None:
        self.motion.hold_at(tilt_mdeg)
        wish.request = states.WISH_HOLD

    def _go(
        self, tilt_mdeg: int, target_mdeg: int, rate: int, acceleration: int, dt_ms: int
    ) -> bool:
        return self.motion.move(
            tilt_mdeg, self.turning_mdeg_per_s, target_mdeg, rate, acceleration, dt_ms
        )

    def _wish_move(self, wish) -> None:
        wish.request = states.WISH_MOVE
        wish.duty_permille = self.motion.duty_permille

    def _wind_down(self, tilt_mdeg: int, settings, dt_ms: int, wish) -> None:
        # RQ-023: never slower than this, whatever the settings.
        slowing = max(settings.acceleration_mdeg_per_s2, limits.WIND_DOWN_ACCELERATION_MDEG_PER_S2)
        if self.motion.come_to_rest(tilt_mdeg, self.turning_mdeg_per_s, slowing, dt_ms):
            self._wish_hold(tilt_mdeg, wish)
        else:
            self._wish_move(wish)

    def _jog(self, decision, inputs, tilt_mdeg: int, settings, dt_ms: int, wish) -> None:
        wish.limit_mdeg = min(settings.tilt_max_mdeg, limits.TILT_MAX_MDEG)
        if inputs.jog_down == inputs.jog_up:
            self._wish_hold(tilt_mdeg, wish)
            return
        if not decision.ready:
            self.motion.hold_at(tilt_mdeg)
        else:
            target_mdeg = wish.limit_mdeg if inputs.jog_down else CREEP_TO_MDEG
            wish.goal_mdeg = max(target_mdeg, limits.HOME_TILT_MDEG)
            rate = min(settings.jog_rate_mdeg_per_s, settings.rate_max_mdeg_per_s)
            self._go(tilt_mdeg, target_mdeg, rate, settings.acceleration_mdeg_per_s2, dt_ms)
        self._wish_move(wish)

    def _session(self, program, decision, tilt_mdeg: int, settings, dt_ms: int, wish) -> None:
        if self.step_number == 0:
            self.step_number = 1
        if self.phase == HOLD:
            self._hold(program, decision, tilt_mdeg, dt_ms, wish)
        if self.phase == DONE:
            self._wish_hold(tilt_mdeg, wish)
            wish.request = states.WISH_GO_HOME
        elif self.phase == MOVE:
            self._move(program, decision, tilt_mdeg, settings, dt_ms, wish)

    def _move(self, program, decision, tilt_mdeg: int, settings, dt_ms: int, wish) -> None:
        index = program.set_first[self.set_index] + self.step_index
        target_mdeg = program.tilt_mdeg[index]
        wish.limit_mdeg = max(self.before_mdeg, target_mdeg)
        wish.goal_mdeg = target_mdeg
        arrived = False
        if not decision.ready:
            self.motion.hold_at(tilt_mdeg)
        else:
            rate = min(program.rate_mdeg_per_s[index], settings.rate_max_mdeg_per_s)  # RQ-018
            acceleration = settings.acceleration_mdeg_per_s2
            arrived = self._go(tilt_mdeg, target_mdeg, rate, acceleration, dt_ms)
        if arrived:
            self.phase = HOLD
            self.held_ms = 0
            self.before_mdeg = target_mdeg
            self._wish_hold(target_mdeg, wish)
        else:
            self._wish_move(wish)

    def _hold(self, program, decision, tilt_mdeg: int, dt_ms: int, wish) -> None:
        index = program.set_first[self.set_index] + self.step_index
        target_mdeg = program.tilt_mdeg[index]
        wish.limit_mdeg = target_mdeg
        wish.request = states.WISH_HOLD
        self.held_ms += dt_ms
        if self.held_ms < program.hold_ms[index]:
            self.motion.hold_at(target_mdeg)
            return
        self._next_step(program)
        self.motion.hold_at(tilt_mdeg)

    def _next_step(self, program) -> None:
        self.phase = MOVE
        self.held_ms = 0
        self.step_index += 1
        if self.step_index >= program.set_count[self.set_index]:
            self.step_index = 0
            self.pass_index += 1
            if self.pass_index >= program.set_times[self.set_index]:
                self.pass_index = 0
                if self.set_index + 1 >= len(program.set_first):
                    self.phase = DONE
                    return
                self.set_index += 1
        self.step_number += 1

    def _return(
        self, program, decision, inputs, tilt_mdeg: int, settings, dt_ms: int, wish
    ) -> None:
        """To horizontal, rest there (RQ-027), then head-up, at last slowly up to the switch."""
        if not self.returning:  # a return that was paused goes on where it was
            self.returning = True
            self.motion.hold_at(tilt_mdeg)
            wish.limit_mdeg = tilt_mdeg  # from here it goes one way only, also after a pause
            if tilt_mdeg > FLAT_MDEG:
                self.return_phase = TO_FLAT
            elif tilt_mdeg > CREEP_FROM_MDEG:
                self.return_phase = TO_HOME
            else:
                self.return_phase = CREEP
            self.rested_ms = 0
        in_session = program is not None and decision.mode != MODE_JOG
        rate = settings.return_rate_mdeg_per_s
        rest_ms = settings.rest_ms
        if in_session:
            rate = min(program.return_rate_mdeg_per_s, settings.rate_max_mdeg_per_s)
            rest_ms = program.rest_ms
        rest_ms = self._rest_ms(rest_ms, decision)
        wish.goal_mdeg = 0 if self.return_phase <= REST else limits.HOME_TILT_MDEG
        if not decision.ready:
            self.motion.hold_at(tilt_mdeg)
            self._wish_move(wish)
            return
        if self.return_phase == REST:
            self.rested_ms += dt_ms
            ended = inputs.return_edge and not inputs.return_hasty  # RQ-029, RQ-104
            if self.rested_ms < rest_ms and not ended:
                self._wish_hold(tilt_mdeg, wish)
                return
            self.return_phase = TO_HOME
        self._return_move(tilt_mdeg, rate, settings.acceleration_mdeg_per_s2, dt_ms)
        self._wish_move(wish)

    def _rest_ms(self, rest_ms: int, decision) -> int:
        """The rest at horizontal: short when a fault sends the person home (RQ-028)."""
        return rest_ms if decision.fault == faults.NO_FAULT else min(rest_ms, limits.FAULT_REST_MS)

    def _return_move(self, tilt_mdeg: int, rate: int, acceleration: int, dt_ms: int) -> None:
        if self.return_phase == TO_FLAT:
            if self._go(tilt_mdeg, 0, rate, acceleration, dt_ms):
                self.return_phase = REST
        elif self.return_phase == TO_HOME:
            if self._go(tilt_mdeg, CREEP_FROM_MDEG, rate, acceleration, dt_ms):
                self.return_phase = CREEP
        else:
            self._go(tilt_mdeg, CREEP_TO_MDEG, CREEP_RATE_MDEG_PER_S, acceleration, dt_ms)
