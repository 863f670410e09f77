"""Keeps bench and firmware on one CPU: a round trip between them is then seven times cheaper.

Several benches on one machine spread over the CPUs: each holds a lock file for its place.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

_MOST_PER_CPU = 64


class CpuPlace:
    """A claimed CPU; threads that exchange with the firmware pin themselves to it."""

    def __init__(self, cpu: int | None = None) -> None:
        self._lock: IO[bytes] | None = None
        self._before: dict[int, set[int]] = {}
        self.cpu = self._claim() if cpu is None else cpu

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
                self._lock = lock
                return cpu
        return allowed[0]

    def pin_thread(self, thread_id: int) -> None:
        """Pin the calling thread (`thread_id` is its native id); once is enough."""
        if thread_id not in self._before:
            self._before[thread_id] = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {self.cpu})

    def release(self) -> None:
        """Give the CPU back and let the threads run anywhere again."""
        for thread_id, cpus in self._before.items():
            try:
                os.sched_setaffinity(thread_id, cpus)
            except ProcessLookupError:
                continue
        self._before.clear()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
