"""Notes what is done to one bench: hands, faults, power and every byte of the link, with its time.

The signals themselves are the bench's own trace; where it has none the truth is looked at as time
is let pass.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from table_bench.bench import FAULT, Bench, LacksAbility, SerialLink
from table_bench.faults import FAULTS
from table_bench.timeline.store import SIGNALS, Timeline, led_bits
from table_bench.wiring import BUTTONS

TO_DEVICE, TO_HOST = ">", "<"
_LOOK_MS = 50.0


class Note(NamedTuple):
    """Something that was done to the table. `kind`: hand, fault, power or reset."""

    time_ms: float
    kind: str
    text: str


class Frame(NamedTuple):
    """Bytes that went over the link, as they came; `way` is TO_DEVICE or TO_HOST."""

    time_ms: float
    way: str
    data: bytes


class Recording:
    """Listens to one bench from now on, by standing before the methods of that object."""

    def __init__(self, bench: Bench) -> None:
        self.notes: list[Note] = []
        self.frames: list[Frame] = []
        self.held: set[str] = set()
        self.faults: set[str] = set()
        self.bench = bench
        self._looked: list[tuple[float, ...]] = []
        self._listen()

    def timeline(self) -> Timeline:
        """All that was recorded so far."""
        return Timeline(
            self._signals(),
            sorted([*self.notes, *self._resets()]),
            [(frame.time_ms, frame.way, frame.data.decode("latin-1")) for frame in self.frames],
        )

    def _resets(self) -> list[Note]:
        return [Note(ms, "reset", "the controller was reset") for ms in self.bench.resets_ms]

    @property
    def elapsed_s(self) -> float:
        """The bench's time so far."""
        return self.bench.now_ms / 1000.0

    def put_back(self) -> None:
        """Fingers off, E-stop out, ankle lock closed, power on, and every fault repaired."""
        bench = self.bench
        for button in sorted(self.held):
            bench.release(button)
        for fault in sorted(self.faults):
            bench.clear_fault(fault)
        truth = bench.truth
        if truth.estop_pressed:
            bench.set_estop(False)
        if not truth.ankle_locked:
            bench.set_ankle_lock(True)
        if not bench.powered:
            bench.power_on()

    def _signals(self) -> dict[str, np.ndarray[Any, Any]]:
        if "trace" in self.bench.OFFERS:
            rows = self.bench.trace.whole()
            return {name: rows[name] for name in SIGNALS}
        looked = np.array(self._looked, float).reshape(-1, len(SIGNALS))
        return {name: looked[:, column] for column, name in enumerate(SIGNALS)}

    # --- listening ---------------------------------------------------------------------------

    def _listen(self) -> None:
        self._before("press", "hand", lambda name, ms=150: f"{name} {ms:g} ms")
        self._before("hold", "hand", lambda name: f"{name} held")
        self._before("release", "hand", lambda name: f"{name} let go")
        self._before("set_estop", "hand", lambda pressed: "E-stop" if pressed else "E-stop out")
        self._before("set_ankle_lock", "hand", lambda locked: f"ankle lock {_open(not locked)}")
        self._before("inject", "fault", lambda fault, **given: _told(fault, given))
        self._before("clear_fault", "fault", lambda fault: f"{fault} repaired")
        self._before("power_cut", "power", lambda: "power cut")
        self._before("power_on", "power", lambda: "power on")
        self._before("press_run", "power", lambda: "RUN pin")
        self._before("soft_reset", "power", lambda: "soft reset")
        plain_serial = self.bench.stepped_serial
        self._replace("stepped_serial", lambda *a, **k: RecordedLink(plain_serial(*a, **k), self))
        if "trace" not in self.bench.OFFERS:
            plain_advance = self.bench.advance
            self._replace("advance", lambda ms: self._advance(plain_advance, ms))

    def _before(self, method: str, kind: str, tell: Callable[..., str]) -> None:
        plain = getattr(self.bench, method)

        def noted(*arguments: Any, **named: Any) -> Any:
            if method == "inject":
                self._check_offered(str(arguments[0]))
            # A wrong call is the bench's to refuse, in its own words.
            with contextlib.suppress(TypeError):
                self.notes.append(Note(self.bench.now_ms, kind, tell(*arguments, **named)))
            result = plain(*arguments, **named)
            self._remember(method, *arguments)
            return result

        self._replace(method, noted)

    def _check_offered(self, fault: str) -> None:
        """Raise LacksAbility for a fault that only other benches can make."""
        if fault in FAULTS and fault not in self.bench.FAULTS:
            raise LacksAbility(self.bench.NAME, FAULT + fault)

    def _remember(self, method: str, *arguments: Any) -> None:
        if method == "hold":
            self.held.add(arguments[0])
        elif method == "release":
            self.held.discard(arguments[0])
        elif method == "inject":
            self.faults.add(arguments[0])
        elif method == "clear_fault":
            self.faults.discard(arguments[0])

    def _replace(self, method: str, function: Callable[..., Any]) -> None:
        setattr(self.bench, method, function)

    def _advance(self, plain: Callable[[float], None], ms: float) -> None:
        while ms > 0:
            plain(min(ms, _LOOK_MS))
            ms -= _LOOK_MS
            truth = self.bench.truth
            self._looked.append(
                (
                    truth.time_ms * 1000,
                    truth.tilt_deg,
                    truth.rate_deg_per_s,
                    truth.current_a,
                    truth.supply_v,
                    truth.motor_drive,
                    truth.relay_closed,
                    led_bits(truth.led),
                    truth.buzzer_hz,
                )
            )


def _open(is_open: bool) -> str:
    return "open" if is_open else "closed"


def _told(fault: str, given: dict[str, Any]) -> str:
    if given.get("button") in BUTTONS:
        return f"{fault} {given['button']}"
    return " ".join([fault, *(f"{name}={value}" for name, value in given.items())])


class RecordedLink:
    """A serial link whose bytes are noted."""

    def __init__(self, plain: SerialLink, recording: Recording) -> None:
        self._plain = plain
        self._frames = recording.frames
        self._bench = recording.bench

    @property
    def timeout(self) -> float | None:
        """In seconds of the bench's time."""
        return self._plain.timeout

    @timeout.setter
    def timeout(self, value: float | None) -> None:
        self._plain.timeout = value

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read without waiting."""
        return self._plain.in_waiting

    def read(self, size: int = 1, /) -> bytes:
        """Up to `size` bytes."""
        return self._came(self._plain.read(size))

    def readline(self) -> bytes:
        """Up to and including a newline."""
        return self._came(self._plain.readline())

    def write(self, data: bytes, /) -> int:
        """Send."""
        self._frames.append(Frame(self._bench.now_ms, TO_DEVICE, bytes(data)))
        return self._plain.write(data)

    def flush(self) -> None:
        """Wait until all is sent."""
        self._plain.flush()

    def reset_input_buffer(self) -> None:
        """Drop what has come."""
        self._plain.reset_input_buffer()

    def close(self) -> None:
        """Pull out of the port."""
        self._plain.close()

    def __enter__(self) -> RecordedLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _came(self, data: bytes) -> bytes:
        if data:
            self._frames.append(Frame(self._bench.now_ms, TO_HOST, data))
        return data
