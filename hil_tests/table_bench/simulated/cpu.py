"""Keeps bench and firmware on one CPU: a round trip between them is then seven times cheaper.

Several benches on one machine spread over the CPUs: each holds a lock file for its place.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_MOST_PER_CPU = 64


class CpuPlace:
    """A claimed CPU, which bench and firmware share, and the order of the threads there."""

    def __init__(self, cpu: int | None = None) -> None:
        self._claimed: IO[bytes] | None = None
        self._before: dict[int, set[int]] = {}
        self._in_turn = threading.RLock()
        self._pinned = threading.local()
        self.cpu = self._claim() if cpu is None else cpu

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Until the end no other thread is at work: for a look that exchanges nothing."""
        with self._in_turn:
            yield

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The same for one that exchanges with the firmware: it stays on the CPU from then on."""
        with self._in_turn:
            if not getattr(self._pinned, "done", False):
                self._before.setdefault(threading.get_native_id(), os.sched_getaffinity(0))
                os.sched_setaffinity(0, {self.cpu})
                self._pinned.done = True
            yield

    def _claim(self) -> int:
        allowed = sorted(os.sched_getaffinity(0))
        directory = Path(tempfile.gettempdir())
        for place in range(_MOST_PER_CPU):
            for cpu in allowed:
                path = directory / f"table-bench-{os.getuid()}-cpu{cpu}-{place}.lock"
                lock = path.open("wb")
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    lock.close()
                    continue
                self._claimed = lock
                return cpu
        return allowed[0]

    def release(self) -> None:
        """Give the CPU back and let the threads run anywhere again."""
        for thread_id, cpus in self._before.items():
            try:
                os.sched_setaffinity(thread_id, cpus)
            except ProcessLookupError:
                continue
        self._before.clear()
        if self._claimed is not None:
            self._claimed.close()
            self._claimed = None
