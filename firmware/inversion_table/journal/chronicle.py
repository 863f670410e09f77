"""What is worth recording in a tick: samples at 10 Hz, every change at tick resolution; for the
black box, everything.
"""

from array import array

from inversion_table.contract import events
from inversion_table.contract.flags import (
    BUTTON_JOG_DOWN,
    BUTTON_JOG_UP,
    BUTTON_PAUSE,
    BUTTON_RETURN,
    BUTTON_START,
    FLAG_BOX_HOST,
    FLAG_BOX_JOG_DOWN,
    FLAG_BOX_JOG_UP,
    FLAG_BOX_PAUSE,
    FLAG_BOX_RETURN,
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
from inversion_table.estimation import portable as micropython
from inversion_table.estimation.portable import const, ptr32
from inversion_table.journal.black_box import CHANGED, START_PRESSED
from inversion_table.safety import faults, states
from inversion_table.safety.limits import HEAD_DOWN_TILT_MDEG
from inversion_table.safety.ports import MODE_JOG, MODE_NONE
from inversion_table.safety.states import MOVING
from inversion_table.safety.ticks import CLOCK_MAX_MS, TICKS_MASK, elapsed_ms

SAMPLE_MS = 100
_OF_SAMPLE = 0x7F
"""Those flags that stand in a sample."""
_NEWS = START_PRESSED | CHANGED | FLAG_BOX_PAUSE | FLAG_BOX_RETURN | FLAG_BOX_HOST
_SENT_HOME = FLAG_BOX_RETURN | FLAG_BOX_HOST
_JOGS = FLAG_BOX_JOG_UP | FLAG_BOX_JOG_DOWN

# Where what stands in a session's sums.
_SUMS = const(6)
_MAX_TILT_MDEG = const(0)
_WORST_ERROR_MDEG = const(1)
_HEAD_DOWN = const(2)
_HEAD_DOWN_MS = const(3)
_THEN_MS = const(4)
_SAMPLE_MS = const(5)
_LIFT = const(1 << 20)
"""Added to a tilt: a 64-bit machine reads a cell of an array without its sign."""
_LOWEST_MDEG = const(-90_000)


@micropython.viper
def _sum_up(sums, flags: int, state: int, tilt_mdeg: int, target_mdeg: int, now_ms: int) -> int:
    """Take a tick into the session's sums; returns whether a sample is due."""
    so_far = ptr32(sums)
    # Not the kernel's clock: that one runs on for a while after each stretch.
    if so_far[_HEAD_DOWN]:
        head_down_ms = so_far[_HEAD_DOWN_MS]
        passed_ms = (now_ms - so_far[_THEN_MS]) & int(TICKS_MASK)
        most_ms = int(CLOCK_MAX_MS) - head_down_ms
        so_far[_HEAD_DOWN_MS] = head_down_ms + (passed_ms if passed_ms < most_ms else most_ms)
    so_far[_THEN_MS] = now_ms
    if flags & int(FLAG_TILT_VALID):
        so_far[_HEAD_DOWN] = 1 if tilt_mdeg > int(HEAD_DOWN_TILT_MDEG) else 0
        if tilt_mdeg + _LIFT > so_far[_MAX_TILT_MDEG]:
            so_far[_MAX_TILT_MDEG] = tilt_mdeg + _LIFT
        error_mdeg = tilt_mdeg - target_mdeg
        if error_mdeg < 0:
            error_mdeg = -error_mdeg
        if state == int(MOVING) and error_mdeg > so_far[_WORST_ERROR_MDEG]:
            so_far[_WORST_ERROR_MDEG] = error_mdeg
    if ((now_ms - so_far[_SAMPLE_MS]) & int(TICKS_MASK)) < int(SAMPLE_MS):
        return 0
    # Missed periods are not made up for, so the samples keep their distance.
    so_far[_SAMPLE_MS] = now_ms
    return 1


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
        self._jogs = 0
        self._jog_up_ms = 0
        self._jog_down_ms = 0
        self._sums = array("i", [0] * _SUMS)
        self._first_fault = faults.NO_FAULT
        self._faults = 0
        self._kind = KIND_PLAN
        self._reason = END_UNKNOWN
        self.done_whole = 0
        """Counts sessions whose plan ran to its end and which came home without any fault."""

    def write(self, decision, estimate, inputs, wish, step_number: int, now_ms: int) -> int:
        """Record what changed since the last tick, and a sample when one is due.

        Returns 0 when state and fault are what they were in the tick before.
        """
        flags = self._box.take(decision, estimate, inputs, wish, now_ms)  # RQ-095
        state = decision.state
        away = state != states.SELF_TEST and state != states.SERVICE
        if (state == states.HOME or state == states.FAULT) and decision.at_home:
            away = False
        if away and not self._open:
            self._begin(decision, now_ms)
        if flags & _NEWS or step_number != self._step_number:
            self._events(decision, inputs, wish, step_number, flags, now_ms)
        if not self._open:
            return flags & CHANGED
        if self._reason == END_UNKNOWN and (
            state == states.RETURNING
            or state == states.HOME
            or flags & _SENT_HOME
            or self._first_fault
        ):
            self._why_home(decision, inputs)
        if _sum_up(self._sums, flags, state, estimate.tilt_mdeg, wish.target_mdeg, now_ms):
            self._recorder.sample(
                now_ms,
                estimate.tilt_mdeg,  # RQ-074
                wish.target_mdeg,
                estimate.rate_mdeg_per_s,
                inputs.current_ma if decision.duty_permille >= 0 else -inputs.current_ma,
                inputs.supply_mv,
                state,
                flags & _OF_SAMPLE,
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
                self._sums[_MAX_TILT_MDEG] - _LIFT,
                self._sums[_HEAD_DOWN_MS],
                self._sums[_WORST_ERROR_MDEG],
            )
        return flags & CHANGED

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
        sums = self._sums
        for index in range(_SUMS):
            sums[index] = 0
        sums[_MAX_TILT_MDEG] = _LOWEST_MDEG + _LIFT
        sums[_THEN_MS] = now_ms
        sums[_SAMPLE_MS] = (now_ms - SAMPLE_MS) & TICKS_MASK
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

    def _events(self, decision, inputs, wish, step_number: int, flags: int, now_ms: int) -> None:
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
        if flags & _JOGS != self._jogs:
            self._jog_events(flags, now_ms)
            self._jogs = flags & _JOGS
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

    def _jog_events(self, flags: int, now_ms: int) -> None:
        recorder = self._recorder
        changed = flags ^ self._jogs
        if changed & FLAG_BOX_JOG_UP:
            if flags & FLAG_BOX_JOG_UP:
                self._jog_up_ms = now_ms
                recorder.event(now_ms, events.BUTTON_PRESSED, BUTTON_JOG_UP, 0)
            else:
                held_ms = elapsed_ms(now_ms, self._jog_up_ms)
                recorder.event(now_ms, events.BUTTON_RELEASED, BUTTON_JOG_UP, held_ms)
        if changed & FLAG_BOX_JOG_DOWN:
            if flags & FLAG_BOX_JOG_DOWN:
                self._jog_down_ms = now_ms
                recorder.event(now_ms, events.BUTTON_PRESSED, BUTTON_JOG_DOWN, 0)
            else:
                held_ms = elapsed_ms(now_ms, self._jog_down_ms)
                recorder.event(now_ms, events.BUTTON_RELEASED, BUTTON_JOG_DOWN, held_ms)
