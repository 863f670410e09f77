"""Bench: what a hardware-in-the-loop test may do with a table, whichever bench it lies on.

Three benches offer it: virtual (the firmware in a real MicroPython process), chip (the firmware on
an emulated RP2040) and rig (a real controller, or two processes, with a second Pico as the table).
What only some of them can do has a name in `ABILITIES`; a test says what it `needs`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from table_bench.faults import FAULTS, Fault
from table_bench.plant.truth import Truth

ABILITIES: Mapping[str, str] = {
    "exact_time": "time passes only when told to: same calls, same edges",
    "power_cut": "cut and restore the controller's power, at any instant",
    "run_pin": "pull the controller's RUN pin to ground",
    "flash_log": "tell every flash operation, and what was the case then",
    "flash_cut": "cut the power in the middle of a flash operation",
    "provision": "put files on the device before it starts",
    "entry": "let the device run another main.py",
    "specimens": "choose how the sensors are mounted and what errors they have",
    "riders": "choose who lies on the table",
    "start_anywhere": "let the bed stand away from home when the bench starts",
    "trace": "keep the truth of every tick as columns",
    "tick_count": "count the control ticks that the firmware has run",
    "heap_lock": "run every tick under a heap lock, so that an allocation is an error",
    "console": "show what the firmware printed besides its frames",
    "cycles": "count the cycles of the chip",
    "mpremote": "let mpremote talk to the device",
}
"""Name -> what it means."""


class SerialLink(Protocol):
    """The host's end of the serial link: the part of pyserial's Serial that the tests use.

    Time-outs count the bench's time, in seconds. Errors of a vanished port are OSError.
    """

    timeout: float | None

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes; fewer if the time-out passes."""

    def readline(self) -> bytes:
        """Up to and including a newline; what came until then if time runs out."""

    def write(self, data: bytes) -> int:
        """Send; returns how many bytes went."""

    def reset_input_buffer(self) -> None:
        """Drop what has come."""

    def close(self) -> None:
        """Pull out of the port."""


class Bench(ABC):
    """A controller under test with its table. Times are in the bench's own milliseconds."""

    NAME: ClassVar[str]
    """As in `pytest --bench NAME`."""
    OFFERS: ClassVar[frozenset[str]]
    """Those of `ABILITIES` that it has."""
    FAULTS: ClassVar[Mapping[str, Fault]] = FAULTS
    """The faults that it can inject: all of the catalogue, or those that it can really make."""
    state_dir: Path
    """A folder for what belongs to this table; the flash outlives the bench if it was given."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Switch everything off and remove what is temporary; again has no effect."""

    # --- time --------------------------------------------------------------------------------

    @property
    @abstractmethod
    def now_ms(self) -> float:
        """The bench's time since it was made."""

    @abstractmethod
    def advance(self, ms: float) -> None:
        """Let `ms` pass: as fast as the machine allows, or waiting where time is real."""

    def advance_until(
        self, predicate: Callable[[Self], bool], timeout_ms: float, step_ms: float = 50
    ) -> bool:
        """Advance until `predicate(bench)` holds; False if it does not within `timeout_ms`."""
        end_ms = self.now_ms + timeout_ms
        while not predicate(self):
            if self.now_ms >= end_ms:
                return False
            self.advance(min(step_ms, end_ms - self.now_ms))
        return True

    @contextmanager
    def run_free(self, speed: float | None = None) -> Iterator[None]:
        """While inside, time passes by itself; `speed` times the wall clock where it can be set."""
        del speed  # where time is real it passes anyway
        yield

    # --- hands -------------------------------------------------------------------------------

    @abstractmethod
    def press(self, name: str, ms: float = 150) -> None:
        """Press a button now; it is released after `ms`. Does not wait for that."""

    @abstractmethod
    def hold(self, name: str) -> None:
        """Press a button and keep it pressed."""

    @abstractmethod
    def release(self, name: str) -> None:
        """Take the finger off a button."""

    @abstractmethod
    def set_estop(self, pressed: bool) -> None:
        """Press or release the latching E-stop."""

    @abstractmethod
    def set_ankle_lock(self, locked: bool) -> None:
        """Close or open the ankle lock."""

    # --- truth -------------------------------------------------------------------------------

    @property
    @abstractmethod
    def truth(self) -> Truth:
        """What is really the case now, by the bench's own word, never by the firmware's."""

    # --- faults and power --------------------------------------------------------------------

    @abstractmethod
    def inject(self, fault: str, **parameters: Any) -> None:
        """Make a fault of `FAULTS` present; raises faults.UnknownFault."""

    @abstractmethod
    def clear_fault(self, fault: str) -> None:
        """Repair a fault; no effect if it is not present."""

    @property
    @abstractmethod
    def powered(self) -> bool:
        """Whether the controller has power."""

    @abstractmethod
    def power_cut(self) -> None:
        """All power fails at this instant (ability power_cut)."""

    @abstractmethod
    def power_on(self) -> None:
        """Power returns; no effect while it is there."""

    # --- link --------------------------------------------------------------------------------

    @property
    @abstractmethod
    def serial_port(self) -> str:
        """Path that pyserial opens."""

    @abstractmethod
    def stepped_serial(self, timeout: float | None = 1.0) -> SerialLink:
        """A port whose waiting lets the bench's time pass; `timeout` in seconds of that."""
