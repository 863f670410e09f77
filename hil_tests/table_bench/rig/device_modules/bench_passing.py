"""How time passes for the rig: by itself until the bench may change what it sees.

An exchange takes the I2C targets' memories along and brings what hosts did with them, and the
edges at the watched pin.
"""

import bench_frame as frame
import rig_frame as rig
import uctypes
from bench_pipes import exchange, inp, out

_out_bytes = uctypes.bytearray_at(uctypes.addressof(out), rig.REQUEST_LONGS * 8)

targets = [None] * rig.TARGETS
edge_handlers = []
"""(handler, what it is called with); one at most."""

_NOW = frame.NOW_US
_MILLION = 1_000_000


class _Edges:
    rest = 0


def pass_to(due_us):
    """Let time run to `due_us`."""
    while due_us > inp[rig.GRANTED_US]:
        out[frame.WAKE_US] = due_us
        _show_targets()
        exchange(frame.WAIT)
        _run_to(inp[rig.NOW_US])
        _serve_events()
        if out[_NOW] >= due_us:
            break
    _run_to(due_us)


def clock_us(clock):
    """Every clock of the rig is right."""
    return out[_NOW]


def timer_period_us(period_us):
    """Time that passes between two calls of a timer."""
    return period_us


def _show_targets():
    for index in range(rig.TARGETS):
        target = targets[index]
        at = rig.TARGET0 + index * rig.TARGET_LONGS
        out[at] = 0
        if target is not None:
            out[at] = target.address
            start = (at + 1) * 8
            _out_bytes[start : start + len(target.memory)] = target.memory


def _run_to(now_us):
    elapsed_us = now_us - out[_NOW]
    if elapsed_us <= 0:
        return
    out[_NOW] = now_us
    if edge_handlers and inp[rig.EDGE_HZ]:
        edges = _Edges.rest + elapsed_us * inp[rig.EDGE_HZ]
        _Edges.rest = edges % _MILLION
        handler, pin = edge_handlers[0]
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
