"""What is worth recording in a tick: samples at 10 Hz, every change at tick resolution; for the
black box, everything.
"""

from inversion_table.contract import events
from inversion_table.contract.flags import (
    BUTTON_JOG_DOWN,
    BUTTON_JOG_UP,
    BUTTON_PAUSE,
    BUTTON_RETURN,
    BUTTON_START,
    FLAG_ANKLE_LOCKED,
    FLAG_END_REACHED,
    FLAG_ESTOP,
    FLAG_HOME_SWITCH,
    FLAG_POWER,
    FLAG_RELAY_CLOSED,
    FLAG_TILT_VALID,
)
from inversion_table.contract.records import (
    END_FAULT,
    END_HOST_RETURN,
    END_JOGGED_HOME,
    END_PLAN_DONE,
    END_RETURN_PRESSED,
    END_UNKNOWN,
    KIND_JOG,
    KIND_PLAN,
    KIND_RETURN,
)
from inversion_table.safety import faults, limits, states
from inversion_table.safety.ports import MODE_JOG, MODE_NONE
from inversion_table.safety.ticks import elapsed_ms

SAMPLE_MS = 100


class Chronicle:
    """Watches the tick's results and tells the recorder; allocates nothing.

    A record begins when the bed leaves home, or is found away from it, and ends at home (RQ-073).
    """

    def __init__(self, recorder) -> None:
        self._recorder = recorder
        self._box = recorder.box
        self._open = False
        self._state = states.SELF_TEST
        self._fault = faults.NO_FAULT
        self._step_number = 0
        self._jog_up = False
        self._jog_down = False
        self._jog_up_ms = 0
        self._jog_down_ms = 0
        self._sample_ms = 0
        self._max_tilt_mdeg = 0
        self._head_down = False
        self._head_down_ms = 0
        self._then_ms = 0
        self._worst_error_mdeg = 0
        self._first_fault = faults.NO_FAULT
        self._faults = 0
        self._kind = KIND_PLAN
        self._reason = END_UNKNOWN
        self.done_whole = 0
        """Counts sessions whose plan ran to its end and which came home without any fault."""

    def write(self, decision, estimate, inputs, wish, step_number: int, now_ms: int) -> None:
        """Record what changed since the last tick, and a sample when one is due."""
        flags = self._flags(decision, estimate, inputs)
        self._box.take(decision, estimate, inputs, wish, flags, now_ms)  # RQ-095
        away = decision.state != states.SELF_TEST and decision.state != states.SERVICE
        if decision.at_home and (decision.state == states.HOME or decision.state == states.FAULT):
            away = False
        if away and not self._open:
            self._begin(decision, now_ms)
        self._events(decision, inputs, wish, step_number, now_ms)
        if not self._open:
            return
        if self._reason == END_UNKNOWN:
            self._why_home(decision, inputs)
        self._sum_up(decision, estimate, wish, now_ms)
        if elapsed_ms(now_ms, self._sample_ms) >= SAMPLE_MS:
            # Missed periods are not made up for, so the samples keep their distance.
            self._sample_ms = now_ms
            self._recorder.sample(
                now_ms,
                estimate.tilt_mdeg,  # RQ-074
                wish.target_mdeg,
                estimate.rate_mdeg_per_s,
                inputs.current_ma if decision.duty_permille >= 0 else -inputs.current_ma,
                inputs.supply_mv,
                decision.state,
                flags,
            )
        if not away:
            self._open = False
            if self._reason == END_PLAN_DONE and self._faults == 0:
                self.done_whole = (self.done_whole + 1) & 0xFFFF
            self._recorder.end(
                now_ms,
                self._reason,
                self._first_fault,
                self._faults,
                self._max_tilt_mdeg,
                self._head_down_ms,
                self._worst_error_mdeg,
            )

    def _begin(self, decision, now_ms: int) -> None:
        self._open = True
        kind = KIND_PLAN
        if decision.mode == MODE_JOG:
            kind = KIND_JOG
        elif decision.mode == MODE_NONE:
            kind = KIND_RETURN
        self._recorder.begin(now_ms, kind)
        self._kind = kind
        self._reason = END_UNKNOWN
        self._sample_ms = now_ms - SAMPLE_MS
        self._max_tilt_mdeg = -90_000
        self._head_down = False
        self._head_down_ms = 0
        self._then_ms = now_ms
        self._worst_error_mdeg = 0
        self._first_fault = faults.NO_FAULT
        self._faults = 0

    def _why_home(self, decision, inputs) -> None:
        """The first thing that sends the table home is why the session ended (RQ-123)."""
        if self._first_fault != faults.NO_FAULT:
            self._reason = END_FAULT
        elif inputs.return_edge:
            self._reason = END_RETURN_PRESSED
        elif inputs.host_return:
            self._reason = END_HOST_RETURN
        elif decision.state == states.RETURNING or decision.state == states.HOME:
            if self._kind == KIND_PLAN:
                self._reason = END_PLAN_DONE
            elif self._kind == KIND_JOG:
                self._reason = END_JOGGED_HOME

    def _events(self, decision, inputs, wish, step_number: int, now_ms: int) -> None:
        recorder = self._recorder
        if inputs.start_edge:
            recorder.event(now_ms, events.BUTTON_PRESSED, BUTTON_START, 0)
        if inputs.pause_edge:
            recorder.event(now_ms, events.BUTTON_PRESSED, BUTTON_PAUSE, 0)
        if inputs.return_edge:
            recorder.event(now_ms, events.BUTTON_PRESSED, BUTTON_RETURN, 0)
        if inputs.host_return:
            recorder.event(now_ms, events.HOST_RETURN, 0, 0)
        if inputs.host_stop:
            recorder.event(now_ms, events.HOST_STOP, 0, 0)
        self._jog_events(inputs, now_ms)
        if decision.fault != self._fault:
            if decision.fault != faults.NO_FAULT:
                self._box.latch(decision.fault)
                recorder.event(now_ms, events.FAULT_RAISED, decision.fault, self._state)
                self._faults += 1
                if self._first_fault == faults.NO_FAULT:
                    self._first_fault = decision.fault
            else:
                recorder.event(now_ms, events.FAULT_CLEARED, self._fault, 0)
            self._fault = decision.fault
        if decision.state != self._state:
            recorder.event(now_ms, events.STATE_CHANGED, self._state, decision.state)
            self._state = decision.state
        if step_number != self._step_number:
            self._step_number = step_number
            if step_number:
                recorder.event(now_ms, events.STEP_STARTED, step_number, wish.goal_mdeg)

    def _jog_events(self, inputs, now_ms: int) -> None:
        recorder = self._recorder
        if inputs.jog_up != self._jog_up:
            self._jog_up = inputs.jog_up
            if inputs.jog_up:
                self._jog_up_ms = now_ms
                recorder.event(now_ms, events.BUTTON_PRESSED, BUTTON_JOG_UP, 0)
            else:
                held_ms = elapsed_ms(now_ms, self._jog_up_ms)
                recorder.event(now_ms, events.BUTTON_RELEASED, BUTTON_JOG_UP, held_ms)
        if inputs.jog_down != self._jog_down:
            self._jog_down = inputs.jog_down
            if inputs.jog_down:
                self._jog_down_ms = now_ms
                recorder.event(now_ms, events.BUTTON_PRESSED, BUTTON_JOG_DOWN, 0)
            else:
                held_ms = elapsed_ms(now_ms, self._jog_down_ms)
                recorder.event(now_ms, events.BUTTON_RELEASED, BUTTON_JOG_DOWN, held_ms)

    def _sum_up(self, decision, estimate, wish, now_ms: int) -> None:
        # Not the kernel's clock: that one runs on for a while after each stretch.
        if self._head_down:
            self._head_down_ms += elapsed_ms(now_ms, self._then_ms)
        self._then_ms = now_ms
        if estimate.valid:
            self._head_down = estimate.tilt_mdeg > limits.HEAD_DOWN_TILT_MDEG
            if estimate.tilt_mdeg > self._max_tilt_mdeg:
                self._max_tilt_mdeg = estimate.tilt_mdeg
            error_mdeg = abs(estimate.tilt_mdeg - wish.target_mdeg)
            if decision.state == states.MOVING and error_mdeg > self._worst_error_mdeg:
                self._worst_error_mdeg = error_mdeg

    def _flags(self, decision, estimate, inputs) -> int:
        flags = FLAG_TILT_VALID if estimate.valid else 0
        if decision.power:
            flags |= FLAG_POWER
        if inputs.relay_closed:
            flags |= FLAG_RELAY_CLOSED
        if inputs.home_switch:
            flags |= FLAG_HOME_SWITCH
        if inputs.estop_pressed:
            flags |= FLAG_ESTOP
        if inputs.ankle_locked:
            flags |= FLAG_ANKLE_LOCKED
        if inputs.end_reached:
            flags |= FLAG_END_REACHED
        return flags
