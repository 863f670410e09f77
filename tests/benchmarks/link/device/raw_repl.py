"""The raw REPL with raw paste, which the unix build has not, so that mpremote finds a device.

It answers as MicroPython's documentation of the raw REPL says; what mpremote sends is run by the
same interpreter that serves the log in the other measurement.
"""

import sys

WINDOW = 128
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PASTE = b"\x05A\x01"


def pasted(read, write):
    """A program in raw paste mode, acknowledged window by window."""
    write(b"R\x01\x80\x00\x01")
    program = bytearray()
    while True:
        byte = read(1)
        if byte == b"\x04":
            write(b"\x04")
            return program
        program += byte
        if len(program) % WINDOW == 0:
            write(b"\x01")


def plain(read, write, first):
    """A program in the plain raw mode."""
    program = bytearray(first)
    while True:
        byte = read(1)
        if byte == b"\x04":
            write(b"OK")
            return program
        program += byte


def serve(read, write, names):
    while True:
        first = read(1)
        if first == b"\x01":
            write(PROMPT)
        elif first == b"\x05":
            read(2)
            run(pasted(read, write), write, names)
        elif first not in b"\r\n\x02\x03":
            run(plain(read, write, first), write, names)


def run(program, write, names):
    error = b""
    try:
        exec(str(program, "utf-8"), names)  # noqa: S102 - that is what a REPL does
    except Exception as problem:  # noqa: BLE001 - told to whoever sent it
        error = repr(problem).encode()
    write(b"\x04" + error + b"\x04>")


serve(sys.stdin.buffer.read, sys.stdout.buffer.write, {})
