"""Virtual time, timers and interrupts, as seen from inside a device's process.

Both boards have them: the controller, and the rig in front of it. How time passes is the board's
own (`bench_passing`). Everything that a control tick can reach allocates nothing: the tick runs
under a heap lock.
"""

import array
import sys

import bench_frame as frame
import micropython
from bench_passing import clock_us, pass_to, timer_period_us
from bench_pipes import BENCH_IS_GONE, ask, exchange, inp, open_pipes, out, read_answer

__all__ = (
    "BENCH_IS_GONE",
    "ask",
    "clock_us",
    "exchange",
    "inp",
    "open_pipes",
    "out",
    "read_answer",
)

# state[...]: plain integers in an array, since a store to a global could allocate.
IN_TIMER = 0
IRQ_OFF = 1
NEXT_DUE_US = 2
PULLED_UP = 3
state = array.array("l", [0] * 4)

NEVER_US = 1 << 60
IDLE_US = 10_000

timers = []

_NOW = frame.NOW_US
_FLAGS = frame.FLAGS
_CALLS = frame.TIMER_CALLS

_INTERRUPTED = KeyboardInterrupt()

state[NEXT_DUE_US] = NEVER_US
out[frame.KBD_INTR] = 3


def schedule_changed():
    """Recompute when the next timer is due."""
    due = NEVER_US
    for timer in timers:
        if timer.due_us < due:
            due = timer.due_us
    state[NEXT_DUE_US] = due


def wait(until_us):
    """Let time run to `until_us` or to the next due timer, whichever is first, and fire that."""
    due = state[NEXT_DUE_US]
    if state[IRQ_OFF] or due > until_us:
        due = until_us
    if due < out[_NOW]:
        due = out[_NOW]
    pass_to(due)
    flags = inp[_FLAGS]
    if not state[IRQ_OFF] and state[NEXT_DUE_US] <= due:
        _fire_due(due, flags & frame.TICKS_STOP)
    if flags & frame.INTERRUPT:
        raise _INTERRUPTED


def wait_in_background(until_us):
    """`wait` for the background loop, which goes on only when no timer is overdue.

    Under the fault "background hangs" it never goes on.
    """
    wait(until_us)
    while True:
        if inp[_FLAGS] & frame.BACKGROUND_HANGS:
            wait(out[_NOW] + IDLE_US)
        elif state[NEXT_DUE_US] <= out[_NOW] and not state[IRQ_OFF]:
            wait(out[_NOW])
        else:
            return


def spend(cost_us):
    """Let the CPU be busy for `cost_us`; a timer that falls due meanwhile fires at the end."""
    now = out[_NOW] + cost_us
    out[_NOW] = now
    if now >= state[NEXT_DUE_US] and not state[IN_TIMER] and not state[IRQ_OFF]:
        wait_in_background(now)


def _fire_due(now, stopped):
    for timer in timers:
        if timer.due_us <= now:
            timer.due_us += timer_period_us(timer.period_us)
            schedule_changed()
            if not stopped:
                _fire(timer)
            return


def _fire(timer):
    state[IN_TIMER] = 1
    out[_CALLS] += 1
    failure = None
    micropython.heap_lock()
    try:
        timer.callback(timer)
    except BaseException as error:  # noqa: BLE001 - shown as the chip shows it
        failure = error
    micropython.heap_unlock()
    state[IN_TIMER] = 0
    if failure is not None:
        timer.deinit()
        out[frame.TIMER_FAILURES] += 1
        for stream in (sys.stdout, sys.stderr):
            stream.write("uncaught exception in Timer callback\n")
            sys.print_exception(failure, stream)
    elif timer.one_shot:
        timer.deinit()
