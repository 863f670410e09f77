"""The walk: breadth first over every reachable abstract state, each by every path of the code."""

import gc
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import Any

from inversion_table.safety import faults, states
from tests.explore.choices import EVERYTHING, Chooser, Domain, Known, Run
from tests.explore.invariants import GROUPS, Broken, licence
from tests.explore.pieces import OUT_PLACES, Frame, Goal, Tracked, source_of
from tests.explore.world import (
    LICENCE_HOME,
    LICENCE_STARTED,
    Packed,
    Space,
    World,
    told_known,
)

LICENCES = {LICENCE_HOME: "home and well", LICENCE_STARTED: "started"}


class End:
    """Where steps from one control lead, for those flags that are told."""

    __slots__ = ("after", "flags", "guards")

    def __init__(self, answer: Any, guards: list[tuple[int, Any]]) -> None:
        self.after, self.flags = answer
        self.guards = guards

    def state(self, flags: Packed) -> Packed | None:
        """The state that follows one with these flags; None if it cannot be."""
        for place, domain in self.guards:
            if flags[place] not in domain:
                return None
        written = self.flags
        return (*self.after, *[w[0] if w else v for w, v in zip(written, flags, strict=True)])


class Step:
    """All steps from one control: where they lead, and which checks may not hold."""

    __slots__ = ("classes", "ends", "suspects")

    def __init__(self) -> None:
        self.ends: list[End] = []
        self.suspects: list[int] = []
        self.classes = 0


class Judge:
    """The steps of a kernel's controls, and the checks on them."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.width = len(space.control)
        self._follow: dict[Packed, Goal] = {}
        self.places = {f"k.{name}": i for i, name in enumerate((*space.flags, "licence"))}

    def following(self, control: Packed) -> Goal:
        def question(run: Run, k: Any, out: Any) -> Any:
            now = licence(World(space, run, control, k, out))
            flags = (*space.flags_after(k), () if now is None else (now,))
            return space.control_after(k), flags

        space = self.space
        found = self._follow.get(control)
        if found is None:
            found = self._follow[control] = Goal(question, space.flag_names)
        return found

    def _checking(self, number: int, control: Packed) -> Goal:
        def question(run: Run, k: Any, out: Any) -> Any:
            try:
                check(World(space, run, control, k, out))
            except Broken as broken:
                return str(broken)
            return None

        space, check = self.space, GROUPS[number].check
        return Goal(question)

    def ends(self, control: Packed, held_to: Known = EVERYTHING) -> list[End]:
        """Where the steps from this control lead, in an environment that is held to this."""
        space, places = self.space, self.places
        ends = space.stepper.step(space.frame(control), self.following(control), held_to)
        return [
            End(answer, [(places[name], domain) for name, domain in known if name in places])
            for answer, known in ends
        ]

    def step(self, control: Packed, checks: bool = True) -> Step:
        """One control: where it leads, and which checks may break on a transition."""
        space, found = self.space, Step()
        joins = space.stepper.joins
        found.ends = self.ends(control)
        for number, group in enumerate(GROUPS):
            if checks and control[0] in group.when:
                goal = self._checking(number, control)
                if space.stepper.step(space.frame(control), goal, EVERYTHING):
                    found.suspects.append(number)
        found.classes = space.stepper.joins - joins
        return found

    def broken(self, packed: Packed, number: int) -> tuple[str, dict[str, Domain], Frame] | None:
        """What this check says against a step from this very state, and what is seen in it."""
        space = self.space
        trace: list[Any] = []
        control = packed[: self.width]
        goal, held_to = self._checking(number, control), flags_known(space, packed)
        for what, known in space.stepper.step(space.frame(control), goal, held_to, trace):
            return what, *space.stepper.way(trace, what, known)
        return None

    def witness(
        self, packed: Packed, after: Packed, environment: Known = EVERYTHING
    ) -> tuple[dict[str, Domain], Frame]:
        """What may be seen in the step from one state to another."""
        control = packed[: self.width]
        space = self.space
        trace: list[Any] = []
        goal, held_to = self.following(control), flags_known(space, packed) | environment
        for answer, known in space.stepper.step(space.frame(control), goal, held_to, trace):
            if End(answer, []).state(packed[self.width :]) == after:
                return space.stepper.way(trace, answer, known)
        raise AssertionError("a transition is not there when it is told")


def flags_known(space: Space, packed: Packed) -> Known:
    """The flags of a state, as something known."""
    flags = packed[len(space.control) :]
    names = (*space.flags, "licence")
    return frozenset((f"k.{n}", frozenset((v,))) for n, v in zip(names, flags, strict=True))


_judge: Judge | None = None


def _begin_worker(source: str, active: tuple[int, ...] | None) -> None:
    global _judge  # noqa: PLW0603 - each process its own
    gc.disable()
    _judge = Judge(Space(source, active))


def _judge_here(control: Packed, checks: bool) -> Step:
    assert _judge is not None
    return _judge.step(control, checks)


class Walk:
    """Which states are reached, how, and the first transition that breaks an invariant."""

    def __init__(self, source: str | None = None, active: tuple[int, ...] | None = None) -> None:
        self.source = source if source is not None else source_of()
        self.active = active
        self.space = Space(self.source, active)
        self.came: dict[Packed, Packed | None] = {}
        self.steps: dict[Packed, Step] = {}
        self.classes = 0
        self.transitions = 0
        self.seconds = 0.0
        self.complete = False
        self.judge = Judge(self.space)
        self.broken = ""
        self.broken_at: Packed | None = None
        self.broken_check = 0

    def run(self, seconds: float = 1e9, workers: int = 1, checks: bool = True) -> "Walk":
        """Until all is walked, an invariant is broken, or the time is over."""
        start = time.perf_counter()
        layer = self.space.firsts()
        self.came = dict.fromkeys(layer)
        pool = None
        if workers > 1:
            beginning = (self.source, self.active)
            pool = ProcessPoolExecutor(workers, get_context("fork"), _begin_worker, beginning)
        width = len(self.space.control)
        over = False  # the time is
        try:
            while layer and not self.broken and not over:
                if pool is not None:
                    new = dict.fromkeys(p[:width] for p in layer)
                    controls = [control for control in new if control not in self.steps]
                    made = pool.map(_judge_here, controls, repeat(checks), chunksize=2)
                    for control, step in zip(controls, made, strict=False):
                        self._note(control, step)
                        over = time.perf_counter() - start > seconds
                        if over:
                            break
                further: list[Packed] = []
                for packed in layer:
                    over = over or time.perf_counter() - start > seconds
                    if over:
                        break
                    if packed[:width] not in self.steps:
                        self._note(packed[:width], self.judge.step(packed[:width], checks))
                    self._follow(packed, further)
                    if self.broken_at is not None:
                        break
                layer = further
        finally:
            if pool is not None:
                pool.shutdown(cancel_futures=True)
        self.complete = not over and not self.broken
        self.seconds = time.perf_counter() - start
        return self

    def _note(self, control: Packed, step: Step) -> None:
        self.steps[control] = step
        self.classes += step.classes

    def _follow(self, packed: Packed, further: list[Packed]) -> None:
        width = len(self.space.control)
        step = self.steps[packed[:width]]
        flags = packed[width:]
        for number in step.suspects:
            broken = self.judge.broken(packed, number)
            if broken is not None:
                self.broken, self.broken_at, self.broken_check = broken[0], packed, number
                return
        after = dict.fromkeys(a for a in [e.state(flags) for e in step.ends] if a is not None)
        self.transitions += len(after)
        for following in after:
            if following not in self.came:
                self.came[following] = packed
                further.append(following)

    def way_to(self, packed: Packed) -> list[Packed]:
        """The states on a shortest way to this one, it included."""
        states_on_way = [packed]
        while True:
            before = self.came[states_on_way[-1]]
            if before is None:
                return states_on_way[::-1]
            states_on_way.append(before)

    def counter_example(self) -> list[Packed]:
        """The states that lead to the broken invariant, the last one is where it breaks."""
        return self.way_to(self.broken_at) if self.broken_at is not None else []

    def told(self) -> list[str]:
        """The counter-example, a line for each step, what is wrong last."""
        steps = self.counter_example()
        lines = []
        for number, packed in enumerate(steps, 1):
            last = number == len(steps)
            seen, frame = self._witness(packed, None if last else steps[number])
            lines += told_step(self.space, number, packed, seen, frame)
        lines.append(f"     BROKEN   {self.broken}")
        return lines

    def _witness(self, packed: Packed, after: Packed | None) -> tuple[dict[str, Domain], Frame]:
        """What is seen in the step to `after`, or, without it, in one that breaks a check."""
        if after is not None:
            return self.judge.witness(packed, after)
        found = self.judge.broken(packed, self.broken_check)
        assert found is not None
        return found[1], found[2]


def told_step(
    space: Space, number: int, packed: Packed, seen: dict[str, Domain], frame: Frame
) -> list[str]:
    """One step in words: the state before, what was seen, what was decided."""
    run = Run(Chooser(), space.domains, frozenset(seen.items()))
    out = Tracked(run, OUT_PLACES, frame[1])
    return [
        f"{number:3}  {told_state(space, packed)}",
        f"     sees     {'; '.join(told_known(seen))}",
        f"     decides  {_state_name(int(out.state))}, duty {int(out.duty_permille)},"
        f" power {'on' if out.power else 'off'}, fault {faults.FAULTS[int(out.fault)][0]}",
    ]


def _state_name(state: int) -> str:
    known = 0 <= state < len(states.STATE_NAMES)
    return states.STATE_NAMES[state] if known else f"state {state}, which is none"


def told_state(space: Space, packed: Packed) -> str:
    """An abstract state in words: what is not as it is at the beginning."""
    values = space.named(packed)
    words = [_state_name(values.pop("state"))]
    for name, value in values.items():
        if name in ("fault", "excused"):
            if value:
                words.append(f"{name} {faults.FAULTS[value][0]}")
        elif name == "duty_permille":
            if value:
                words.append("duty " + ("outward" if value > 0 else "homeward"))
        elif name == "wind_down":
            if value >= 0:
                words.append(f"coming to rest for {_state_name(value)}")
        elif name == "mode":
            if value:
                words.append(("", "session", "jog")[value])
        elif value is True:
            words.append(name)
        elif value:
            words.append(f"{name} {value}")
    if packed[-1] in LICENCES:
        words.append(f"[{LICENCES[packed[-1]]}]")
    return ", ".join(words)
