"""Virtual time, timers and the exchange with the bench, as seen from inside the device process.

Everything that a control tick can reach allocates nothing: the tick runs under a heap lock.
"""

import array
import sys

import bench_frame as frame
import micropython
import uctypes

out = array.array("l", [0] * frame.REQUEST_LONGS)
inp = array.array("l", [0] * frame.SNAPSHOT_LONGS)
status = array.array("l", [0])

# state[...]: plain integers in an array, since a store to a global could allocate.
IN_TIMER = 0
IRQ_OFF = 1
NEXT_DUE_US = 2
SLOTS_VALID = 3
PULLED_UP = 4
state = array.array("l", [0] * 5)

NEVER_US = 1 << 60
IDLE_US = 10_000

timers = []
slot_keys = array.array("l", [0] * frame.SLOTS)
slot_views = [None] * frame.SLOTS
_inp_bytes = memoryview(uctypes.bytearray_at(uctypes.addressof(inp), frame.SNAPSHOT_LONGS * 8))
_ALL_SLOTS = (1 << frame.SLOTS) - 1

_NOW = frame.NOW_US
_WAKE = frame.WAKE_US
_KIND = frame.KIND
_FLAGS = frame.FLAGS
_USED = frame.PREFETCH_USED
_CALLS = frame.TIMER_CALLS
_WAIT = frame.WAIT
_SNAPSHOT_BYTES = frame.SNAPSHOT_LONGS * 8

# Of each clock: how fast it is, where that began, and what it had gained by then.
clock_ppm = array.array("l", [0] * frame.CLOCKS)
clock_from_us = array.array("l", [0] * frame.CLOCKS)
clock_gained_us = array.array("l", [0] * frame.CLOCKS)
_PPM0 = frame.CLOCK_PPM0
_MILLION = 1_000_000

_BENCH_IS_GONE = SystemExit()
_INTERRUPTED = KeyboardInterrupt()

state[NEXT_DUE_US] = NEVER_US
out[frame.KBD_INTR] = 3


class _Pipes:
    """The two pipe ends to the bench and their bound methods."""

    write = None
    readinto = None


def open_pipes(replies_fd, requests_fd):
    """Connect to the bench over two inherited file descriptors."""
    _Pipes.write = open(requests_fd, "wb").write
    _Pipes.readinto = open(replies_fd, "rb").readinto


def exchange(kind):
    """Send the outputs with a request of `kind`; receive a snapshot of the inputs."""
    out[_KIND] = kind
    _Pipes.write(out)
    if _Pipes.readinto(inp) != _SNAPSHOT_BYTES:
        raise _BENCH_IS_GONE


def ask(kind, payload=None):
    """Send a request whose reply is one status value, and return that."""
    out[_KIND] = kind
    _Pipes.write(out)
    if payload is not None:
        _Pipes.write(payload)
    if _Pipes.readinto(status) != 8:
        raise _BENCH_IS_GONE
    return status[0]


def read_answer(buf):
    """Read the data that follow a good status."""
    _Pipes.readinto(buf)


def clock_us(clock):
    """What a clock that may be wrong says, in microseconds since power-on of the bench."""
    now = out[_NOW]
    if clock_ppm[clock]:
        now += (now - clock_from_us[clock]) * clock_ppm[clock] // _MILLION
    return now + clock_gained_us[clock]


def _adopt_rate(clock):
    clock_gained_us[clock] = clock_us(clock) - out[_NOW]
    clock_from_us[clock] = out[_NOW]
    clock_ppm[clock] = inp[_PPM0 + clock]


def timer_period_us(period_us):
    """Time that passes between two calls of a timer."""
    ppm = clock_ppm[frame.TICKS]
    return period_us * _MILLION // (_MILLION + ppm) if ppm else period_us


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
    out[_WAKE] = due
    exchange(_WAIT)
    out[_NOW] = due
    out[_USED] = 0
    state[SLOTS_VALID] = _ALL_SLOTS
    flags = inp[_FLAGS]
    if flags & frame.SLOTS_CHANGED:
        _adopt_slots()
    for clock in range(frame.CLOCKS):
        if inp[_PPM0 + clock] != clock_ppm[clock]:
            _adopt_rate(clock)
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


def _adopt_slots():
    for i in range(frame.SLOTS):
        key = inp[frame.SLOT_KEY0 + i]
        if key != slot_keys[i]:
            slot_keys[i] = key
            start = frame.SLOT_DATA0 * 8 + i * frame.SLOT_BYTES
            slot_views[i] = _inp_bytes[start : start + (key & 0xFF)]
