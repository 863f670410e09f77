"""Plays a soak: one session after another, drawn by a seed, and a sample after each."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from itable.link.client import Client
from table_bench.factory import calibrated
from table_bench.operator import Operator, simple_plan
from table_bench.soak.samples import Sample
from table_bench.virtual import VirtualTable

PASSING_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("imu_primary_nack", {}),
    ("imu_monitor_nack", {}),
    ("imu_primary_bus_stuck", {}),
    ("imu_monitor_bus_stuck", {}),
    ("imu_monitor_frozen", {}),
    ("imu_monitor_saturated", {}),
    ("motor_stalled", {}),
    ("supply_sag", {"volts": 7.0}),
    ("button_bouncing", {"button": "PAUSE"}),
    ("button_stuck", {"button": "JOG_UP"}),
    ("usb_unplugged", {}),
    ("ankle_lock_opens", {}),
    ("estop_wire_broken", {}),
)
"""Those that leave nothing behind when they are over: no restart is needed."""
_PATIENCE_S = 12.0
_LONGEST_S = 900.0
_HOME_LIMIT_S = 120.0


class Stranded(AssertionError):
    """The table did what no soak goes on after; the text says what."""


class Soak:
    """One table, switched on once. `play` yields a sample for each session."""

    def __init__(self, seed: int, state_dir: Path) -> None:
        self._draw = random.Random(f"soak {seed}")
        self.table = VirtualTable(seed=seed, state_dir=_used(state_dir), provision=calibrated(seed))
        self._operator = Operator(self.table)
        self._present = ""
        self._mended_ms = 0.0
        self._late_before: int | None = None
        self._session_ms = 0
        self._late_away = self._sessions = self._faults = self._frames = 0
        self.overshoot_deg = 0.0

    def close(self) -> None:
        """Switch it off."""
        self._operator.close()
        self.table.close()

    @property
    def now_s(self) -> float:
        """The bench's time."""
        return self.table.now_ms / 1000

    def play(self, seconds: float) -> Iterator[Sample]:
        """Go on until `seconds` of the bench's time are over; raises Stranded."""
        self._operator.wait_for_state("HOME", 60_000)
        self.table.trace.clear()
        while self.now_s < seconds:
            self._rest_at_home()
            yield self._sample()
            self._session()

    # --- one session -------------------------------------------------------------------------

    def _session(self) -> None:
        draw = self._draw
        top_deg = draw.choice([-50, -30, 0, 20, 35, 50])
        steps = [(top_deg - draw.choice([0, 10, 25]), draw.uniform(2, 30)) for _ in range(2)]
        steps.append((top_deg, draw.uniform(5, 40)))
        rate = draw.choice([1.5, 2.5, 3.0])
        plan = simple_plan(*steps, rate_deg_per_s=rate, rest_s=draw.uniform(1, 15))
        self._operator.upload(plan)
        self.table.trace.forget()
        self._operator.press("START")
        self._sessions += 1
        began_s = self.now_s
        stuck_s = self.now_s
        still_deg = self.table.truth.tilt_deg
        while True:
            self._pass(draw.uniform(0.5, 3.0))
            truth = self.table.truth
            if truth.at_home_switch and not truth.relay_closed and self.now_s > began_s + 3:
                break
            if abs(truth.tilt_deg - still_deg) > 0.3:
                still_deg, stuck_s = truth.tilt_deg, self.now_s
            self._something()
            if self.now_s > stuck_s + _PATIENCE_S + 60:
                self._be_the_person()
                stuck_s = self.now_s
            if self.now_s > began_s + _LONGEST_S:
                raise Stranded(f"a session of {_LONGEST_S:.0f} s; {truth}")
        self._mend()
        tilt_deg = self.table.trace["tilt_deg"]
        if len(tilt_deg):
            self.overshoot_deg = max(self.overshoot_deg, float(max(tilt_deg)) - top_deg)
        self.table.trace.forget()

    def _something(self) -> None:
        """What happens next, besides time: mostly nothing or a look at the status."""
        choice = self._draw.random()
        if self._present and self.table.now_ms > self._mended_ms:
            self._mend()
        elif choice < 0.55:
            with suppress(OSError, TimeoutError):
                self._status()
        elif choice < 0.60:
            self._operator.press("PAUSE")
            self._pass(self._draw.uniform(1, 6))
            self._operator.press("START", 300)
        elif choice < 0.62:
            self._operator.press(self._draw.choice(["JOG_UP", "JOG_DOWN", "RETURN"]))
        elif choice < 0.66:
            self._noise()
        elif choice < 0.69:
            self._pull()
        elif choice < 0.72 and not self._present:
            self._break()

    def _be_the_person(self) -> None:
        """Nothing has moved for long: release what is pressed, and press RETURN."""
        self._mend()
        self._pass(1.0)
        self._operator.press("RETURN")

    def _break(self) -> None:
        fault, parameters = self._draw.choice(PASSING_FAULTS)
        self.table.inject(fault, **parameters)
        self._present = fault
        self._faults += 1
        self._mended_ms = self.table.now_ms + self._draw.uniform(500, 15_000)

    def _mend(self) -> None:
        if self._present:
            self.table.clear_fault(self._present)
            self._present = ""
            self._operator.close()

    # --- laptop ------------------------------------------------------------------------------

    def _status(self) -> dict[str, Any]:
        self._frames += 1
        try:
            status = self._operator.status()
        except (OSError, TimeoutError):
            self._operator.close()
            raise
        self._count_late(status)
        return status

    def _count_late(self, status: dict[str, Any]) -> None:
        """Add up late ticks between two looks at one session away from home.

        At home flash is erased and ticks are late, as they may be (RQ-044).
        """
        if status["session_ms"] < self._session_ms or status["inputs"]["home_switch"]:
            self._late_before = None  # it was at home since
        if not status["inputs"]["home_switch"]:
            if self._late_before is not None:
                self._late_away += status["late_ticks"] - self._late_before
            self._late_before = status["late_ticks"]
        self._session_ms = status["session_ms"]

    def _noise(self) -> None:
        with suppress(OSError):
            self._operator.send_raw(self._draw.randbytes(300) + b"\n")
            self._frames += 1

    def _pull(self) -> None:
        with suppress(OSError, TimeoutError, AssertionError, IndexError):
            self._operator.log()
            self._frames += 1

    def _log_list(self) -> list[int]:
        """Numbers of all sessions in the log, newest first."""
        self._operator.close()
        with Client(
            self.table.stepped_serial(timeout=0.05), first_id=1, clock=lambda: self.now_s
        ) as client:
            return [entry.session for entry in client.list_log().sessions]

    def _pass(self, seconds: float) -> None:
        self.table.advance(seconds * 1000)

    # --- at home -----------------------------------------------------------------------------

    def _status_once_there(self) -> dict[str, Any]:
        end_s = self.now_s + 30
        while True:
            try:
                return self._status()
            except (OSError, TimeoutError):
                if self.now_s > end_s:
                    raise Stranded("no status within 30 s of the way home") from None
                self._pass(0.5)

    def _rest_at_home(self) -> None:
        """Wait until it is HOME and has been so for a while, so that all is written and clean."""
        end_s = self.now_s + _HOME_LIMIT_S
        while (status := self._status_once_there())["state"] != "HOME":
            if self.now_s > end_s:
                raise Stranded(f"not HOME within {_HOME_LIMIT_S:.0f} s: {status['fault']}")
            self._pass(1.0)
            if status["state"] not in ("FAULT", "SELF_TEST"):
                self._operator.press("RETURN")
        self._pass(self._draw.uniform(8, 20))
        if self.table.boots != 1 or self.table.timer_failures:
            raise Stranded(
                f"{self.table.boots - 1} restarts, {self.table.timer_failures} timers ended"
            )

    def _sample(self) -> Sample:
        status = self._status_once_there()
        now_s = self.now_s
        sessions = self._log_list()
        truth = self.table.truth
        return Sample(
            time_s=now_s,
            uptime_s=status["uptime_ms"] / 1000,
            ticks=status["ticks"],
            late_ticks_away=self._late_away,
            truth_deg=truth.tilt_deg,
            tilt_deg=status["tilt_mdeg"] / 1000,
            heap_free=status["heap_free"],
            log_lost=status["log_lost"],
            oldest_session=sessions[-1] if sessions else 0,
            newest_session=sessions[0] if sessions else 0,
            open_files=len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,
            sessions=self._sessions,
            faults=self._faults,
            frames=self._frames,
        )


def _used(state_dir: Path) -> Path:
    """Make the flash of a table that was switched on once: the log has its place already."""
    with tempfile.TemporaryDirectory(prefix="soak-factory-") as folder:
        with VirtualTable(state_dir=folder) as table:
            operator = Operator(table)
            operator.wait_for_state("HOME", 60_000)
            operator.close()
        state_dir.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(folder) / "flash.bin", state_dir / "flash.bin")
    return state_dir


Say = Callable[[str], None]


def run(hours: float, seed: int, say: Say) -> tuple[list[Sample], float, str]:
    """Samples, the worst overshoot in deg, and what stranded it ("" = nothing)."""
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(seed, Path(folder))
        said_s = 0.0
        stranded = ""
        try:
            for sample in soak.play(hours * 3600):
                samples.append(sample)
                if sample.time_s - said_s >= 600:
                    said_s = sample.time_s
                    say(
                        f"{sample.time_s / 3600:5.2f} h: {sample.sessions} sessions,"
                        f" {sample.faults} faults, heap {sample.heap_free} B free,"
                        f" speed {soak.table.speed:.0f} x"
                    )
        except Stranded as error:
            stranded = str(error)
        finally:
            soak.close()
    return samples, soak.overshoot_deg, stranded
