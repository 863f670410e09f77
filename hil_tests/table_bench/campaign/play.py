"""Plays one run: reach the phase, break something, let the firmware react, then be the person.

The person watches the bed alone. When it has not come nearer to home for a while, the person sets
right what a person can (releases the E-stop), and presses RETURN, again if nothing happens; at
last asks the laptop. What does not come home is then mended, and must come home on RETURN.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from inversion_table.contract import frame
from inversion_table.safety import limits
from table_bench.campaign.catalogue import (
    AT_RESET,
    BEFORE_RETURN,
    CASES,
    ESTOP,
    HANDS,
    NOBODY,
    POWER_CUT,
    POWER_OFF_S,
)
from table_bench.campaign.plan_of_runs import COURSES, RIDERS, Run
from table_bench.factory import calibrated
from table_bench.plant.contacts import HOME_OPENS_DEG
from table_bench.simulated.stepped_serial import SteppedSerial
from table_bench.virtual import VirtualTable

PATIENCE_S = (6.0, 12.0)
"""The person waits so long for the bed to come nearer; drawn for each run."""
PATIENCE_FROM_HOME_S = (10.0, 40.0)
"""The same when the fault was there at home, so that sessions begun with it get somewhere."""
ANSWER_S = 8.0
RESTARTED_S = 6.0
"""Self-test, and the contacts have settled."""
"""Alarm (3 s), relay (0.4 s), rest at horizontal (5 s): a return may take so long to show."""
CALLS_MOST = 4
"""Three times RETURN, then the laptop."""
HOME_DEG = HOME_OPENS_DEG
"""At or below this truth is in the region of the home switch."""
NEAR_HOME_DEG = (limits.HOME_TILT_MDEG + limits.HOME_TOLERANCE_MDEG) / 1000 + 0.5
"""How far from home the firmware may believe the switch, and the error of its tilt."""
AT_REST_S = 1.5
LONGEST_S = 360.0
JOG_HELD_S = 3.0
JOGGED_TO_DEG = -42.0
"""A jog at 2 deg/s gets no further in limits.STUCK_BUTTON_MS."""
START_AFTER_S = 1.5
PROGRESS_DEG = 0.3
_POLL_S = 0.5
_FINE_S = 2.0

Row = tuple[float, float, float, int]


@dataclass
class Outcome:
    """What truly happened in a run. Times in s since the table was switched on."""

    time_s: np.ndarray[Any, Any]
    tilt_deg: np.ndarray[Any, Any]
    drive: np.ndarray[Any, Any]
    relay: np.ndarray[Any, Any]
    limit_deg: float
    """What the plan (or, while jogging, the device) allows."""
    head_down_max_s: float
    injected_s: float
    called_s: float | None
    """When RETURN was first pressed after the fault."""
    over_s: float
    """When the person was home, or gave up and had the table mended."""
    ended: str
    """home | held (home once mended) | stranded."""
    end_tilt_deg: float
    end_drive: float
    end_relay: bool
    calls: int
    events: list[tuple[float, str]] = field(default_factory=list)
    firmware: list[tuple[float, str, str]] = field(default_factory=list)
    """The firmware's own word (s, state, fault): for the picture, never for the verdict."""


class Unreachable(AssertionError):
    """The phase was never reached, so nothing could be tried."""


@cache
def used_flash() -> Path:
    """Flash of a table that was switched on once; made once in a process."""
    state_dir = Path(tempfile.mkdtemp(prefix="campaign-flash-"))
    with VirtualTable(state_dir=state_dir) as table:
        if not table.advance_until(lambda t: t.ticks > 100, 60_000, 200):
            raise Unreachable("the factory's table never started")
        table.advance(3_000)
    return state_dir / "flash.bin"


def play(run: Run, flash: Path | None = None) -> Outcome:
    """Play `run` on a fresh table with a copy of `flash` (default: `used_flash()`)."""
    flash = flash or used_flash()
    course = COURSES[run.course]
    provision = {
        **calibrated(run.seed),
        "/data/plan.json": frame.encode(course.plan.to_wire()),
        "/data/settings.json": frame.encode(course.settings.to_dict()),
    }
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        shutil.copyfile(flash, Path(folder) / "flash.bin")
        with VirtualTable(
            seed=run.seed, rider=RIDERS[run.rider], state_dir=folder, provision=provision
        ) as table:
            return _Player(run, table).play()


class _Player:
    """Hands, eyes and patience for one run at one table."""

    def __init__(self, run: Run, table: VirtualTable) -> None:
        self.run = run
        self.table = table
        self.course = COURSES[run.course]
        self.draw = random.Random(run.run_id)
        self.cases = [CASES[name] for name in run.faults]
        self.hands = {case.fault for case in self.cases} & set(HANDS)
        self.present = [case for case in self.cases if case.fault not in HANDS]
        self.rows: list[Row] = []
        self.events: list[tuple[float, str]] = []
        self.firmware: list[tuple[float, str, str]] = []
        self.plan_top_deg = (
            max(step.tilt_mdeg for part in self.course.plan.sets for step in part.steps) / 1000
        )
        self.injected_s = 0.0
        self.boots = 0
        self.todo: list[tuple[float, Callable[[], None]]] = []
        self.off_since_s: float | None = None
        self.called_s: float | None = None
        self.calls = 0
        self.laptop: SteppedSerial | None = None
        self.polled_s = -1.0
        self.heard = b""

    @property
    def now_s(self) -> float:
        return self.table.now_ms / 1000

    # --- the run -------------------------------------------------------------------------------

    def play(self) -> Outcome:
        self._reach(self.run.phase)
        self._inject()
        home = self._be_the_person()
        over_s, truth = self.now_s, self.table.truth
        ended = "home" if home else "held" if self._mend_and_return() else "stranded"
        self._note(ended)
        return self._outcome(ended, over_s, truth)

    def _reach(self, phase: str) -> None:
        self._until(lambda: self.table.ticks > 100, 60, "the table never started")
        self._pass(3.5)  # self-test
        if phase == "home":
            return
        if phase == "jogging":
            self.table.hold("JOG_DOWN")
            self._note("JOG_DOWN held")
            self._until_tilt(self.draw.uniform(-65, JOGGED_TO_DEG))
            return
        self._press("START")
        if phase == "tilting":
            self._until_tilt(self.draw.uniform(-60, self.plan_top_deg - 6))
            return
        self._until_tilt(self.plan_top_deg - 0.7)
        self._until_still()
        self._pass(self.draw.uniform(0.2, 2.0))
        if phase == "holding":
            return
        self._press("PAUSE" if phase == "paused" else "RETURN")
        if phase == "paused":
            self._pass(self.draw.uniform(0.5, 3.0))
        elif phase == "returning":
            self._until_tilt(self.draw.uniform(-55, self.plan_top_deg - 4), falling=True)
        else:
            self._until_tilt(0.5, falling=True)
            self._until_still()
            self._pass(0.3)

    def _inject(self) -> None:
        table = self.table
        self.injected_s = self.now_s
        self.boots = table.boots
        self._note("fault: " + " + ".join(self.run.faults))
        for case in self.cases:
            if case.fault == ESTOP:
                table.set_estop(True)
            elif case.fault == POWER_CUT:
                table.power_cut()
            elif case.fault != NOBODY:
                table.inject(case.fault, **case.parameters)
        if self.run.phase == "home":
            self.todo.append((self.now_s + START_AFTER_S, lambda: self._press("START")))
        elif self.run.phase == "jogging":
            self.todo.append((self.now_s + JOG_HELD_S, self._let_go))

    def _let_go(self) -> None:
        self.table.release("JOG_DOWN")
        self._note("JOG_DOWN released")

    def _be_the_person(self) -> bool:
        """Until home (True), or until nothing that a person can do helps (False)."""
        low, high = PATIENCE_FROM_HOME_S if self.run.phase == "home" else PATIENCE_S
        patience_s = self.draw.uniform(low, high) * self.course.patience
        ready_s = self.injected_s + (START_AFTER_S + 3.0 if self.run.phase == "home" else 2.0)
        return self._come_home(patience_s, ready_s, CALLS_MOST, NOBODY in self.hands)

    def _come_home(self, patience_s: float, ready_s: float, calls: int, alone: bool) -> bool:
        mark_deg, progress_s, home_s = self.table.truth.tilt_deg, self.now_s, None
        longest_s = self.now_s + LONGEST_S
        while self.now_s < longest_s:
            self._step()
            tilt_deg = self.table.truth.tilt_deg
            if not self._safe_at_home():
                home_s = None
            elif home_s is None:
                home_s = self.now_s
            elif self.now_s - home_s >= AT_REST_S and self.now_s >= ready_s:
                return True
            if tilt_deg < mark_deg - PROGRESS_DEG:
                mark_deg, progress_s = tilt_deg, self.now_s
                patience_s = min(patience_s, ANSWER_S)
            mark_deg = max(mark_deg, tilt_deg)
            if alone or home_s is not None or self.now_s - progress_s < patience_s:
                continue
            if not self.table.powered:
                continue
            if calls == 0:
                if self.table.truth.relay_closed:
                    continue  # the firmware keeps power on: its own limits are still to come
                return False
            calls -= 1
            self._call(ask_laptop=calls == 0)
            progress_s, patience_s = self.now_s, ANSWER_S
        return False

    def _call(self, ask_laptop: bool) -> None:
        """Set right what a person can, then press RETURN."""
        if ESTOP in self.hands:
            self.hands.discard(ESTOP)
            self.table.set_estop(False)
            self._note("E-stop released")
            self._pass(1.0)
        for case in [case for case in self.present if case.passes == BEFORE_RETURN]:
            self._clear(case.fault)
            self._pass(1.0)
        self.calls += 1
        if self.called_s is None:
            self.called_s = self.now_s
        if ask_laptop:
            self._send("session.return")
            self._note("laptop: return")
        else:
            self._press("RETURN")

    def _mend_and_return(self) -> bool:
        """Held with RETURN available is: once the cause is mended, RETURN brings the bed home.

        Or, where it was refused because it moved the bed outward, once power was off and on again.
        """
        self._note("mended")
        for case in list(self.present):
            self._clear(case.fault)
        self.hands.clear()
        self.table.set_estop(False)
        self._pass(4.0)
        self._press("RETURN")
        if self._come_home(ANSWER_S, self.now_s, 2, False):
            return True
        self.table.power_cut()
        self._note("power off and on")
        self._pass(1.0)
        self.table.power_on()
        self._pass(RESTARTED_S)
        self._press("RETURN")
        return self._come_home(ANSWER_S, self.now_s, 2, False)

    # --- looking -------------------------------------------------------------------------------

    def _safe_at_home(self) -> bool:
        truth = self.table.truth
        near = any(case.ends_near for case in self.cases)
        relay_stays = any(case in self.present and case.relay_stays for case in self.cases)
        return (
            truth.tilt_deg <= (NEAR_HOME_DEG if near else HOME_DEG)
            and truth.motor_drive == 0
            and (relay_stays or not truth.relay_closed)
            and self.table.powered
        )

    def _step(self) -> None:
        """Let a little time pass, with all that is due in it, and look."""
        fine = self.injected_s and self.now_s - self.injected_s < _FINE_S
        self.table.advance(20 if fine else 100)
        now_s = self.now_s
        truth = self.table.truth
        self.rows.append((now_s, truth.tilt_deg, truth.motor_drive, int(truth.relay_closed)))
        while self.todo and self.todo[0][0] <= now_s:
            self.todo.pop(0)[1]()
        if self.injected_s and self.table.boots > self.boots:
            for case in [case for case in self.present if case.passes == AT_RESET]:
                self._clear(case.fault)
        if self.table.powered:
            self.off_since_s = None
        elif self.off_since_s is None:
            self.off_since_s = now_s
            self._note("no power")
        elif now_s - self.off_since_s >= POWER_OFF_S:
            self.table.power_on()
            self._note("power is back")
        self._listen()

    def _pass(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._step()

    def _until(self, reached: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        end_s = self.now_s + timeout_s
        while not reached():
            if self.now_s >= end_s:
                said = self.firmware[-1][1:] if self.firmware else "nothing"
                raise Unreachable(f"{self.run.run_id}: {otherwise}; the firmware says {said}")
            self._step()

    def _until_tilt(self, tilt_deg: float, falling: bool = False) -> None:
        def passed() -> bool:
            here_deg = self.table.truth.tilt_deg
            return here_deg <= tilt_deg if falling else here_deg >= tilt_deg

        self._until(passed, 120, f"the bed never passed {tilt_deg:.1f} deg")

    def _until_still(self) -> None:
        def still() -> bool:
            return abs(self.table.truth.rate_deg_per_s) < 0.05 and not self.table.truth.motor_drive

        self._until(still, 30, "the bed never came to rest")

    # --- doing ---------------------------------------------------------------------------------

    def _note(self, text: str) -> None:
        self.events.append((self.now_s, text))

    def _press(self, button: str) -> None:
        self.table.press(button)
        self._note(button)

    def _clear(self, fault: str) -> None:
        self.present = [case for case in self.present if case.fault != fault]
        self.table.clear_fault(fault)
        self._note(f"gone: {fault}")

    # --- laptop: asks what the firmware says, without waiting for it ---------------------------

    def _listen(self) -> None:
        if self.now_s - self.polled_s >= _POLL_S:
            self.polled_s = self.now_s
            self._send("status")
        if self.laptop is None:
            return
        try:
            self.heard += self.laptop.read(self.laptop.in_waiting)
        except OSError:
            self._unplug()
            return
        while b"\n" in self.heard:
            line, self.heard = self.heard.split(b"\n", 1)
            try:
                reply = frame.decode(line + b"\n")
            except frame.FrameError:
                continue
            result = reply.get("result") if isinstance(reply, dict) else None
            if isinstance(result, dict) and "fault" in result:
                said = (str(result["state"]), str(result["fault"]))
                if not self.firmware or self.firmware[-1][1:] != said:
                    self.firmware.append((self.now_s, *said))

    def _send(self, method: str) -> None:
        try:
            if self.laptop is None:
                self.laptop = self.table.stepped_serial(timeout=0)
                self.heard = b""
            self.laptop.write(frame.encode({"jsonrpc": "2.0", "id": 1, "method": method}))
        except OSError:
            self._unplug()

    def _unplug(self) -> None:
        if self.laptop is not None:
            with contextlib.suppress(OSError):
                self.laptop.close()
        self.laptop = None

    # --- result --------------------------------------------------------------------------------

    def _outcome(self, ended: str, over_s: float, truth: Any) -> Outcome:
        trace = self.table.trace
        rows = np.array(self.rows, dtype=float)
        time_s = np.concatenate([trace["time_us"] * 1e-6, rows[:, 0]])
        order = np.argsort(time_s, kind="stable")

        def column(name: str, index: int) -> np.ndarray[Any, Any]:
            joined: np.ndarray[Any, Any] = np.concatenate(
                [trace[name].astype(float), rows[:, index]]
            )[order]
            return joined

        jogging = self.run.phase == "jogging" or any(
            case.parameters.get("button") == "JOG_DOWN" for case in self.cases
        )
        settings = self.course.settings
        return Outcome(
            time_s=time_s[order],
            tilt_deg=column("tilt_deg", 1),
            drive=column("motor_drive", 2),
            relay=column("relay_closed", 3),
            limit_deg=settings.tilt_max_mdeg / 1000 if jogging else self.plan_top_deg,
            head_down_max_s=settings.head_down_max_ms / 1000,
            injected_s=self.injected_s,
            called_s=self.called_s,
            over_s=over_s,
            ended=ended,
            end_tilt_deg=truth.tilt_deg,
            end_drive=truth.motor_drive,
            end_relay=truth.relay_closed,
            calls=self.calls,
            events=self.events,
            firmware=self.firmware,
        )
