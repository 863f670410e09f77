"""The exchange with the bench, over two pipes: a frame out, a frame or one value in.

Nothing here allocates: the tick, which runs under a heap lock, may exchange.
"""

import array

import bench_frame as frame
from bench_size import REQUEST_LONGS, SNAPSHOT_LONGS

out = array.array("l", [0] * REQUEST_LONGS)
inp = array.array("l", [0] * SNAPSHOT_LONGS)
status = array.array("l", [0])

_KIND = frame.KIND
_SNAPSHOT_BYTES = SNAPSHOT_LONGS * 8

BENCH_IS_GONE = SystemExit()


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
        raise BENCH_IS_GONE


def ask(kind, payload=None):
    """Send a request whose reply is one status value, and return that."""
    out[_KIND] = kind
    _Pipes.write(out)
    if payload is not None:
        _Pipes.write(payload)
    if _Pipes.readinto(status) != 8:
        raise BENCH_IS_GONE
    return status[0]


def read_answer(buf):
    """Read the data that follow a good status."""
    _Pipes.readinto(buf)
