"""Virtual time, timers, interrupts and the exchange with the bench, inside the rig's process.

Takes the place of the virtual bench's module of this name; the stand-ins that both share ask the
same of it.
"""

import array
import sys

import bench_frame as frame
import micropython
import rig_frame as rig
import uctypes

out = array.array("l", [0] * rig.REQUEST_LONGS)
inp = array.array("l", [0] * rig.SNAPSHOT_LONGS)
_out_bytes = uctypes.bytearray_at(uctypes.addressof(out), rig.REQUEST_LONGS * 8)

IN_TIMER = 0
IRQ_OFF = 1
NEXT_DUE_US = 2
state = array.array("l", [0] * 3)

NEVER_US = 1 << 60
IDLE_US = 10_000

timers = []
targets = [None] * rig.TARGETS
edge_handlers = []
"""(GPIO, handler, what it is called with); one at most."""

_NOW = frame.NOW_US
_WAKE = frame.WAKE_US
_CALLS = frame.TIMER_CALLS
_SNAPSHOT_BYTES = rig.SNAPSHOT_LONGS * 8
_MILLION = 1_000_000

_BENCH_IS_GONE = SystemExit()

state[NEXT_DUE_US] = NEVER_US


class _Pipes:
    write = None
    readinto = None


class _Edges:
    rest = 0


def open_pipes(replies_fd, requests_fd):
    """Connect to the bench over two inherited file descriptors."""
    _Pipes.write = open(requests_fd, "wb").write
    _Pipes.readinto = open(replies_fd, "rb").readinto


def exchange(kind):
    """Send the outputs with a request of `kind`; receive a snapshot of the inputs."""
    out[frame.KIND] = kind
    for index in range(rig.TARGETS):
        target = targets[index]
        at = rig.TARGET0 + index * rig.TARGET_LONGS
        out[at] = 0
        if target is not None:
            out[at] = target.address
            start = (at + 1) * 8
            _out_bytes[start : start + len(target.memory)] = target.memory
    _Pipes.write(out)
    if _Pipes.readinto(inp) != _SNAPSHOT_BYTES:
        raise _BENCH_IS_GONE


def clock_us(clock):
    """Every clock of the rig is right."""
    return out[_NOW]


def timer_period_us(period_us):
    """Time that passes between two calls of a timer."""
    return period_us


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
    while due > inp[rig.GRANTED_US]:
        out[_WAKE] = due
        exchange(frame.WAIT)
        _pass_to(inp[rig.NOW_US])
        _serve_events()
        if out[_NOW] >= due:
            break
    _pass_to(due)
    if not state[IRQ_OFF] and state[NEXT_DUE_US] <= due:
        _fire_due(due)


def _pass_to(now_us):
    elapsed_us = now_us - out[_NOW]
    if elapsed_us <= 0:
        return
    out[_NOW] = now_us
    if edge_handlers and inp[rig.EDGE_HZ]:
        edges = _Edges.rest + elapsed_us * inp[rig.EDGE_HZ]
        _Edges.rest = edges % _MILLION
        _, handler, pin = edge_handlers[0]
        for _ in range(edges // _MILLION):
            handler(pin)


def _serve_events():
    for index in range(inp[rig.EVENT_COUNT]):
        event = inp[rig.EVENT0 + index]
        target = targets[event & 1]
        if target is None:
            continue  # it fell silent since
        kind = event >> 1 & 7
        if kind == rig.WRITE:
            target.receive(event >> 8 & 0xFF, event >> 16 & 0xFF, event >> 24)
        elif kind == rig.END_WRITE:
            target.written()
        else:
            target.read(event >> 8 & 0xFF, event >> 16 & 0xFF)
    inp[rig.EVENT_COUNT] = 0


def wait_in_background(until_us):
    """`wait` for the background loop, which goes on only when no timer is overdue."""
    wait(until_us)
    while state[NEXT_DUE_US] <= out[_NOW] and not state[IRQ_OFF]:
        wait(out[_NOW])


def spend(cost_us):
    """Let the CPU be busy for `cost_us`; a timer that falls due meanwhile fires at the end."""
    now = out[_NOW] + cost_us
    out[_NOW] = now
    if now >= state[NEXT_DUE_US] and not state[IN_TIMER] and not state[IRQ_OFF]:
        wait_in_background(now)


def _fire_due(now):
    for timer in timers:
        if timer.due_us <= now:
            timer.due_us += timer.period_us
            schedule_changed()
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
