"""A thread that lets virtual time pass, unpaced or tied to the wall clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pacer:
    """Calls `advance(chunk_ms)` again and again; an error in it is raised by `stop`."""

    def __init__(
        self, advance: Callable[[float], None], chunk_ms: float, speed: float | None
    ) -> None:
        if speed is not None and speed <= 0:
            raise ValueError("speed must be positive")
        self._advance = advance
        self._chunk_ms = chunk_ms
        self._speed = speed
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="virtual time", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present chunk."""
        self._stop.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        due_s = time.monotonic()
        try:
            while not self._stop.is_set():
                self._advance(self._chunk_ms)
                if self._speed is None:
                    time.sleep(0)  # let a waiting hand have the table
                    continue
                due_s = max(due_s, time.monotonic() - 1.0) + self._chunk_ms / 1000.0 / self._speed
                self._stop.wait(max(0.0, due_s - time.monotonic()))
        except BaseException as error:  # noqa: BLE001 - raised again by stop()
            self._error = error
