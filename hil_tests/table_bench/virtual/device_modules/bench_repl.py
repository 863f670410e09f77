"""The REPL that is there when the program has ended, as far as mpremote and itable use it.

Raw mode runs code, pasted or not; friendly mode only knows the control characters. Silent until it
is spoken to.
"""

import select
import sys

import bench_core
import bench_frame

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D, _CTRL_E = 1, 2, 3, 4, 5
_NO_INTERRUPT = -1
_WINDOW_BYTES = 128  # as on the chip
_RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_FRIENDLY_BANNER = b"\r\nMicroPython on the virtual bench\r\n>>> "


class _Terminal:
    """Bytes of the serial port; waiting for one lets virtual time pass."""

    def __init__(self):
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._byte = bytearray(1)
        self.write = sys.stdout.buffer.write

    def read(self):
        while not self._poll.poll(0):
            bench_core.wait(bench_core.out[bench_frame.NOW_US] + bench_core.IDLE_US)
        sys.stdin.buffer.readinto(self._byte)
        return self._byte[0]


def serve(soft_reset):
    """Until a Ctrl-D in friendly mode, which starts the program again.

    `soft_reset()` is called for one in raw mode, after which the program is not started.
    """
    terminal = _Terminal()
    names = {"__name__": "__main__"}  # they last, as on the chip, until a soft reset
    while True:
        bench_core.out[bench_frame.KBD_INTR] = _NO_INTERRUPT
        byte = terminal.read()
        if byte == _CTRL_A:
            _raw(terminal, names, soft_reset)
            terminal.write(_FRIENDLY_BANNER)
        elif byte == _CTRL_B:
            terminal.write(_FRIENDLY_BANNER)
        elif byte == _CTRL_D:
            terminal.write(b"\r\nMPY: soft reboot\r\n")
            return
        elif byte in (_CTRL_C, 13):
            terminal.write(b"\r\n>>> ")


def _raw(terminal, names, soft_reset):
    code = bytearray()
    terminal.write(_RAW_BANNER)
    while True:
        byte = terminal.read()
        if byte == _CTRL_A:
            code = bytearray()
            terminal.write(_RAW_BANNER)
        elif byte == _CTRL_B:
            return
        elif byte == _CTRL_C:
            code = bytearray()
        elif byte == _CTRL_E and not code:
            terminal.read()
            terminal.read()
            _run(terminal, _pasted(terminal), names)
            terminal.write(b"\x04>")
        elif byte != _CTRL_D:
            code.append(byte)
        elif code.strip():
            terminal.write(b"OK")
            _run(terminal, bytes(code), names)
            code = bytearray()
            terminal.write(b"\x04>")
        else:
            terminal.write(b"OK\r\nMPY: soft reboot\r\n")
            names.clear()
            names["__name__"] = "__main__"
            soft_reset()
            code = bytearray()
            terminal.write(_RAW_BANNER)


def _pasted(terminal):
    """Raw paste: the host may send a window's length, and another for each _CTRL_A it gets."""
    terminal.write(b"R\x01" + bytes((_WINDOW_BYTES & 0xFF, _WINDOW_BYTES >> 8)) + b"\x01")
    code = bytearray()
    count = 0
    while True:
        byte = terminal.read()
        if byte in (_CTRL_C, _CTRL_D):
            terminal.write(b"\x04")
            return bytes(code) if byte == _CTRL_D else b"raise KeyboardInterrupt"
        code.append(byte)
        count += 1
        if count == _WINDOW_BYTES:
            count = 0
            terminal.write(b"\x01")


def _run(terminal, code, names):
    bench_core.out[bench_frame.KBD_INTR] = _CTRL_C
    failure = None
    try:
        exec(str(code, "utf-8"), names)  # noqa: S102 - it is what a REPL is for
    except BaseException as error:
        if error is bench_core.BENCH_IS_GONE:
            raise
        failure = error
    bench_core.out[bench_frame.KBD_INTR] = _NO_INTERRUPT
    terminal.write(b"\x04")
    if failure is not None:
        sys.print_exception(failure, sys.stdout)
