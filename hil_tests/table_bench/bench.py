"""Bench: what a hardware-in-the-loop test may do with a table, whichever bench it lies on.

Three benches offer it: virtual (the firmware in a real MicroPython process), chip (the firmware on
an emulated RP2040) and rig (a real controller, or two processes, with a second Pico as the table).
What only some of them can do has a name in `ABILITIES`; a test says what it `needs`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from table_bench.faults import FAULTS, Fault
from table_bench.imu.errors import ImuErrors
from table_bench.plant.truth import Truth

if TYPE_CHECKING:
    import numpy as np

    from table_bench.simulated.controller import FlashOperation

ABILITIES: Mapping[str, str] = {
    "exact_time": "time passes only when told to: same calls, same edges",
    "power_cut": "cut and restore the controller's power, at any instant",
    "run_pin": "pull the controller's RUN pin to ground",
    "soft_reset": "start the interpreter afresh, as Ctrl-D at the REPL does",
    "boot_count": "count the controller's starts, and tell the cause of the latest",
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
    "minutes": "run what takes more than a minute of the table's time without being asked to",
    "mpremote": "let mpremote talk to the device",
}
"""Name -> what it means."""


LEAST_MS = 0.001
"""Benches count whole microseconds: what is left of one, by rounding, never passes."""
FAULT = "fault:"
"""A test that needs a fault says so with this before the fault's name."""


class BenchUnavailable(RuntimeError):
    """The bench cannot be had here; the text is one line that says why and what to do."""


class LacksAbility(RuntimeError):
    """A test asked this bench for something that it does not offer."""

    def __init__(self, bench: str, need: str) -> None:
        meaning = ABILITIES.get(need, "a fault that it cannot make")
        super().__init__(f"bench {bench} does not offer {need}: {meaning}")
        self.need = need
        """Of ABILITIES, or "fault:" and a fault's name."""


class Columns(Protocol):
    """The truth of every tick since the bench was made or `clear` was called, as columns."""

    def clear(self) -> None:
        """Begin anew with what comes next."""

    def whole(self) -> np.ndarray[Any, Any]:
        """All that was ever recorded, one record with named fields an instant."""

    def __len__(self) -> int:
        """How many instants."""

    def __getitem__(self, column: str) -> np.ndarray[Any, Any]:
        """One value an instant: time_us, tilt_deg, rate_deg_per_s, current_a, supply_v, ..."""


class SerialLink(Protocol):
    """The host's end of the serial link: the part of pyserial's Serial that the tests use.

    Time-outs count the bench's time, in seconds. Errors of a vanished port are OSError.
    """

    timeout: float | None

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read without waiting."""

    def read(self, size: int = 1, /) -> bytes:
        """Up to `size` bytes; fewer if the time-out passes."""

    def readline(self) -> bytes:
        """Up to and including a newline; what came until then if time runs out."""

    def write(self, data: bytes, /) -> int:
        """Send; returns how many bytes went."""

    def flush(self) -> None:
        """Wait until all is sent."""

    def reset_input_buffer(self) -> None:
        """Drop what has come."""

    def close(self) -> None:
        """Pull out of the port."""

    def __enter__(self) -> Self:
        """Close it in the end."""

    def __exit__(self, *_: object) -> None:
        """Close it."""


class Bench(ABC):
    """A controller under test with its table. Times are in the bench's own milliseconds."""

    NAME: ClassVar[str]
    """As in `pytest --bench NAME`."""
    OFFERS: ClassVar[frozenset[str]]
    """Those of `ABILITIES` that it has."""
    FAULTS: ClassVar[Mapping[str, Fault]] = FAULTS
    """The faults that it can inject: all of the catalogue, or those that it can really make."""
    FLASH_FILE: ClassVar[str | None] = None
    """The file in `state_dir` that holds the flash; a copy of it makes a table as used as this."""
    KEEPS_STARTS: ClassVar[bool] = False
    """It takes the argument `ready`: a table that stands at HOME as one like it did before."""
    state_dir: Path
    """A folder for what belongs to this table; the flash outlives the bench if it was given."""

    @classmethod
    def variant(cls, options: Mapping[str, Any]) -> type[Bench]:
        """The class that stands for this one with these options: it may offer less."""
        del options
        return cls

    @classmethod
    def check_available(cls, **options: Any) -> None:
        """Raise BenchUnavailable unless the bench can be opened here with these options."""
        del options  # a bench in this process takes any, and its class checks them

    def versions(self) -> dict[str, str]:
        """What runs on it besides this project, for reports: name -> version."""
        return {}

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
            left_ms = end_ms - self.now_ms
            if left_ms < LEAST_MS:
                return False
            self.advance(min(step_ms, left_ms))
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

    # --- what only some benches have: LacksAbility elsewhere -----------------------------------

    @property
    def trace(self) -> Columns:
        """What is recorded of the truth up to now (ability trace).

        Asking may take time, in which more is recorded: ask once for columns that belong together.
        """
        raise LacksAbility(self.NAME, "trace")

    @property
    def ticks(self) -> int:
        """Control ticks that the firmware has run, over all its starts (ability tick_count)."""
        raise LacksAbility(self.NAME, "tick_count")

    @property
    def timer_failures(self) -> int:
        """Timers that an exception in a tick has ended (ability heap_lock)."""
        raise LacksAbility(self.NAME, "heap_lock")

    @property
    def boots(self) -> int:
        """How often the controller started: 1 after power-on (ability boot_count)."""
        raise LacksAbility(self.NAME, "boot_count")

    @property
    def resets_ms(self) -> Sequence[float]:
        """When the controller's watchdog or its program reset it, as far as the bench can tell."""
        return ()

    @property
    def reset_cause(self) -> int:
        """Cause of the latest start, as machine.reset_cause() says (ability boot_count)."""
        raise LacksAbility(self.NAME, "boot_count")

    @property
    def console(self) -> str:
        """What the firmware printed besides its frames (ability console)."""
        raise LacksAbility(self.NAME, "console")

    @property
    def program_ended(self) -> bool:
        """Whether the program is over and the REPL has the chip (ability console)."""
        raise LacksAbility(self.NAME, "console")

    @property
    def flash_log(self) -> list[FlashOperation]:
        """Every erase and program of the controller's flash so far (ability flash_log)."""
        raise LacksAbility(self.NAME, "flash_log")

    @property
    def imu_errors(self) -> dict[str, ImuErrors]:
        """True errors of the sensors, "primary" and "monitor" (ability specimens)."""
        raise LacksAbility(self.NAME, "specimens")

    def press_run(self) -> None:
        """Pull the controller's RUN pin to ground for a moment (ability run_pin)."""
        raise LacksAbility(self.NAME, "run_pin")

    def soft_reset(self) -> None:
        """The interpreter starts afresh; the chip keeps what it keeps (ability soft_reset)."""
        raise LacksAbility(self.NAME, "soft_reset")
