"""A part of device programs that take all of the memory, and give it back (tests of RQ-165)."""

FILL = """\
import gc

taken = []


def fill():
    hold = bytearray(5_000)
    try:
        while True:
            taken.append(bytearray(64))
    except MemoryError:
        hold = None
        gc.collect()


def free():
    taken.clear()
    gc.collect()
"""
"""`fill()` leaves a heap in which a long plan finds no room; `free()` gives back what it took."""
