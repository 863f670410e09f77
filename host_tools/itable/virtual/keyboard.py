"""Keys from standard input: single ones from a terminal, else every character of what comes."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def single_keys() -> Iterator[None]:
    """While inside, a terminal hands over each key at once and does not echo it."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class Keyboard:
    """Reads keys with a time-out; after the end of the input there are just no more keys."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._ended = False

    def keys(self, timeout_s: float) -> str:
        """What was typed within `timeout_s`; "" when nothing was."""
        watched = [] if self._ended else [self._descriptor]
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if not ready:
            return ""
        data = os.read(self._descriptor, 256)
        self._ended = not data
        return data.decode(errors="ignore")
