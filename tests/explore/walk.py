"""The walk: breadth first over every reachable abstract state, each by every path of the code."""

import time
from collections import deque
from typing import Any

from inversion_table.safety import faults, limits, states
from inversion_table.safety import kernel as real_kernel
from tests.explore.choices import Chooser
from tests.explore.invariants import Broken, check
from tests.explore.world import (
    KEPT,
    LICENCE_HOME,
    LICENCE_STARTED,
    Environment,
    Packed,
    World,
    first_states,
    late_states,
    pack,
)

LICENCES = {LICENCE_HOME: "home and well", LICENCE_STARTED: "started"}


class Walk:
    """Which states are reached, how, and the first transition that breaks an invariant."""

    def __init__(self, kernel: Any = real_kernel, environment: Environment | None = None) -> None:
        self.kernel = kernel
        self.environment = environment or Environment()
        self.came: dict[Packed, tuple[Packed | None, tuple[int, ...]]] = {}
        self.classes = 0
        self.most_classes = 1 << 60
        self.transitions = 0
        self.seconds = 0.0
        self.complete = False
        self.outward = 0
        self.broken: Broken | None = None
        self.broken_at: Packed | None = None
        self.broken_path: tuple[int, ...] = ()

    def run(self, most_classes: int = 1 << 60) -> "Walk":
        """Until all is walked, an invariant is broken, or `most_classes` are tried."""
        start = time.perf_counter()
        queue: deque[Packed] = deque()
        firsts = first_states()[: self.environment.firsts] or late_states()
        for first in firsts:
            if first not in self.came:
                self.came[first] = (None, ())
                queue.append(first)
        self.most_classes = most_classes
        while queue and self.classes < most_classes and self.broken is None:
            self._expand(queue.popleft(), queue)
        self.complete = not queue and self.broken is None
        self.seconds = time.perf_counter() - start
        return self

    def _expand(self, packed: Packed, queue: deque[Packed]) -> None:
        chooser = Chooser()
        came = self.came
        successors: set[Packed] = set()
        while True:
            world = World(chooser, self.environment, packed)
            world.step(self.kernel)
            self.classes += 1
            try:
                licence = check(world)
            except Broken as broken:
                self.broken, self.broken_at, self.broken_path = broken, packed, chooser.path()
                return
            self.outward += world.out.duty_permille > 0
            after = pack(world.k, licence)
            successors.add(after)
            if after not in came:
                came[after] = (packed, chooser.path())
                queue.append(after)
            if self.classes >= self.most_classes:
                queue.append(packed)  # not to its end: the walk is not complete
                break
            if not chooser.next():
                break
        self.transitions += len(successors)

    def counter_example(self) -> list[tuple[Packed, tuple[int, ...]]]:
        """The steps that lead to the broken invariant: state before, choices."""
        if self.broken_at is None:
            return []
        steps = [(self.broken_at, self.broken_path)]
        at = self.broken_at
        while True:
            before, path = self.came[at]
            if before is None:
                return steps[::-1]
            steps.append((before, path))
            at = before

    def told(self) -> list[str]:
        """The counter-example, a line for each step, what is wrong last."""
        lines = []
        for number, (packed, path) in enumerate(self.counter_example(), 1):
            world = World(Chooser(path), self.environment, packed)
            world.step(self.kernel)
            try:
                check(world)
            except Broken as broken:
                trouble = str(broken)
            else:
                trouble = ""
            lines.append(f"{number:3}  {told_state(packed)}")
            lines.append(f"     sees     {_told_seen(world)}")
            lines.append(
                f"     decides  {_state_name(world.out.state)}, duty {world.out.duty_permille},"
                f" power {'on' if world.out.power else 'off'},"
                f" fault {faults.FAULTS[world.out.fault][0]}"
            )
            if trouble:
                lines.append(f"     BROKEN   {trouble}")
        return lines


def _state_name(state: int) -> str:
    known = 0 <= state < len(states.STATE_NAMES)
    return states.STATE_NAMES[state] if known else f"state {state}, which is none"


def told_state(packed: Packed) -> str:
    """An abstract state in words: what is not as it is at the beginning."""
    values = dict(zip(KEPT, packed, strict=False))
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
        elif value:
            words.append(name)
    if packed[-1] in LICENCES:
        words.append(f"[{LICENCES[packed[-1]]}]")
    return ", ".join(words)


def _told_seen(world: World) -> str:
    words = []
    requests = ("NONE", "HOLD", "MOVE", "GO_HOME")
    for thing in (world.monitors, world.inputs, world.estimate, world.wish, world.settings):
        for name, value in thing.chosen().items():
            if name == "active":
                words.append(f"reported {faults.FAULTS[value][0]}")
            elif name == "request":
                words.append(f"wish {requests[value]}")
            elif name.endswith("_max_ms"):
                continue
            elif value is True or value is False:
                words.append(f"{'' if value else 'not '}{name}")
            else:
                words.append(f"{name} {value!r}")
    for name, clock in world.clocks.items():
        if clock.lo:
            words.append(f"{name} reaches {clock.lo}")
    return "; ".join(words)


def longest_way_home_ms() -> int:
    """The stated time of invariant 2: each stretch between RETURN and home, or held.

    Coming to rest, a led return, a blind one: invariant 2 shows that each has an end there.
    """
    return limits.WIND_DOWN_MAX_MS + limits.RETURN_MAX_MS + limits.RETURN_BLIND_MAX_MS
