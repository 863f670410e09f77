"""Liveness: what must happen in the end does, within a time. A game that the environment plays.

The transitions that `walk` found are a graph. A question cuts out a part of it: some states, in an
environment that is held to something (nobody presses PAUSE, say). All else the environment
chooses, each time anew: sensors, switches, faults, how long a step lasts. If it could keep the
table in that part for ever there would be a cycle in it; a cycle ends only by a clock that no step
of it sets back, and that each of its steps has seen below a bound. The longest way through, each
cycle counted with the bounds of its clocks, is the stated time.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

from inversion_table.safety import faults, limits, ports, states
from inversion_table.safety.ticks import CLOCK_MAX_MS
from tests.explore.choices import Clock, Known, Run
from tests.explore.pieces import Goal
from tests.explore.walk import End, Walk, told_state, told_step
from tests.explore.world import FUTILE, Packed, known

NOBODY = frozenset(
    (f"inputs.{name}", frozenset((False,)))
    for name in vars(ports.Inputs())
    if name.endswith("_edge") or name in ("jog_up", "jog_down", "service_gesture")
)
NO_LAPTOP = known(inputs_host_return=False, inputs_host_stop=False)
HELD = (states.STOPPED, states.FAULT)
STAY, RESET = "stays", "is set"

# (the state after it, for each clock: STAY, RESET, or the bound that it was seen below; None: none)
Edge = tuple[Packed, tuple[Any, ...]]


class Question:
    """A part of the graph, in an environment that is held to something."""

    def __init__(
        self,
        name: str,
        inside: Callable[[dict[str, Any]], bool],
        held_to: Callable[[dict[str, Any]], Known],
        at_most_ms: int = 0,
        goes_on: Callable[[dict[str, Any], dict[str, Any]], bool] = lambda before, after: True,
    ) -> None:
        self.name = name
        self.inside = inside
        self.held_to = held_to
        self.at_most_ms = at_most_ms
        self.goes_on = goes_on


class Answer:
    """How large the part is, the longest time in it in ms, or a cycle that has no end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.states = 0
        self.edges = 0
        self.longest_ms = 0
        self.presses = 0
        self.seconds = 0.0
        self.trouble = ""
        self.cycle: list[Packed] = []


class Graph:
    """The part of a walk's graph that a question asks about."""

    def __init__(self, walk: Walk, question: Question) -> None:
        self.walk = walk
        self.question = question
        self.space = walk.space
        self.clocks = self.space.clocks
        self.edges: dict[Packed, list[Edge]] = {}
        needs = self.space.flag_names | {f"k.{name}+" for name in self.clocks}
        ends: dict[Any, list[tuple[End, tuple[Any, ...]]]] = {}
        width = len(self.space.control)
        for packed in walk.came:
            values = self.space.named(packed)
            if not question.inside(values):
                continue
            held_to = question.held_to(values)
            key = (packed[:width], held_to)
            if key not in ends:
                ends[key] = self._ends(packed[:width], held_to, needs)
            found: dict[Edge, None] = {}
            for end, clocks in ends[key]:
                after = end.state(packed[width:])
                if after is None:
                    continue
                later = self.space.named(after)
                if question.inside(later) and question.goes_on(values, later):
                    found[after, clocks] = None
            self.edges[packed] = list(found)

    def _ends(
        self, control: Packed, held_to: Known, needs: frozenset[str]
    ) -> list[tuple[End, tuple[Any, ...]]]:
        following = self.walk.judge.following(control)

        def question(run: Run, k: Any, out: Any) -> Any:
            how = []
            for name in self.clocks:
                value = getattr(k, name)
                if not isinstance(value, Clock):
                    how.append(RESET)
                else:
                    how.append(value.name if value.advanced else STAY)
            return following.question(run, k, out), tuple(how)

        places = self.walk.judge.places
        goal = Goal(question, needs)
        frame = self.space.frame(control)
        found: dict[Any, None] = {}
        for (answer, how), seen in self.space.stepper.step(frame, goal, held_to):
            bounds = dict(seen)
            clocks: list[Any] = []
            for told in how:
                if told is RESET or told is STAY:
                    clocks.append(told)
                    continue
                domain = bounds.get(told)
                bounded = isinstance(domain, tuple) and domain[1] < CLOCK_MAX_MS
                clocks.append(domain[1] + 1 if isinstance(domain, tuple) and bounded else None)
            guards = tuple((places[n], d) for n, d in seen if n in places)
            found[answer, guards, tuple(clocks)] = None
        return [(End(answer, list(guards)), clocks) for answer, guards, clocks in found]


def components(edges: dict[Packed, list[Edge]]) -> list[list[Packed]]:
    """The strongly connected components, those that are reached from others first in the list."""
    number: dict[Packed, int] = {}
    low: dict[Packed, int] = {}
    stack: list[Packed] = []
    on_stack: set[Packed] = set()
    found: list[list[Packed]] = []
    for root in edges:
        if root in number:
            continue
        work = [(root, iter([after for after, _ in edges[root]]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, further = work[-1]
            for after in further:
                if after not in edges:
                    continue
                if after not in number:
                    number[after] = low[after] = len(number)
                    stack.append(after)
                    on_stack.add(after)
                    work.append((after, iter([a for a, _ in edges[after]])))
                    break
                if after in on_stack:
                    low[node] = min(low[node], number[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    found.append(component)
    return found


Bounds = frozenset[tuple[int, int]]


def lasting(graph: Graph, component: list[Packed]) -> tuple[Bounds, list[Packed]]:
    """({(clock, its bound in ms)} that end this component, []); or (none, a cycle without end)."""
    members = set(component)
    steps = [
        (before, after, clocks)
        for before in component
        for after, clocks in graph.edges[before]
        if after in members
    ]
    used: dict[int, int] = {}
    candidates = {
        place
        for place in range(len(graph.clocks))
        if all(clocks[place] is not RESET for _, _, clocks in steps)
    }
    while steps:
        bounded = {
            place: [c[place] for _, _, c in steps if type(c[place]) is int] for place in candidates
        }
        # The one that ends most of it; of those, the soonest.
        best = max(
            bounded,
            key=lambda place: (len(bounded[place]), -max(bounded[place], default=0)),
            default=None,
        )
        if best is None or not bounded[best]:
            return frozenset(), cycle_in(steps)
        used[best] = max(bounded[best])
        steps = [step for step in steps if type(step[2][best]) is not int]
    return frozenset(used.items()), []


def longest_ms(graph: Graph, parts: list[list[Packed]], used: list[Bounds]) -> int:
    """The longest way through. A clock's time counts anew only after it was set back."""
    part_of = {packed: number for number, part in enumerate(parts) for packed in part}
    leads: list[set[tuple[int, frozenset[int]]]] = []
    all_used = {place for bounds in used for place, _ in bounds}
    for number, part in enumerate(parts):
        found = set()
        for packed in part:
            for after, clocks in graph.edges[packed]:
                if part_of[after] != number:
                    back = frozenset(place for place in all_used if clocks[place] is RESET)
                    found.add((part_of[after], back))
        leads.append(found)
    memo: dict[tuple[int, Bounds], int] = {}

    def left_ms(number: int, paid: Bounds) -> int:
        found = memo.get((number, paid))
        if found is None:
            had = dict(paid)
            own_ms = 0 if used[number] else limits.TICK_MS
            for place, bound_ms in used[number]:
                own_ms += max(0, bound_ms - had.get(place, 0))
                had[place] = max(bound_ms, had.get(place, 0))
            found = own_ms + max(
                (
                    left_ms(after, frozenset(item for item in had.items() if item[0] not in back))
                    for after, back in leads[number]
                ),
                default=0,
            )
            memo[number, paid] = found
        return found

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * len(parts) + 1_000))
    return max((left_ms(number, frozenset()) for number in range(len(parts))), default=0)


def cycle_in(
    steps: list[tuple[Packed, Packed, Any]], through: list[Packed] | None = None
) -> list[Packed]:
    """A cycle of these steps, through one of these states; if there is none, the first step."""
    edges: dict[Packed, list[Edge]] = {}
    for before, after, clocks in steps:
        edges.setdefault(before, []).append((after, clocks))
        edges.setdefault(after, [])
    for start in edges if through is None else through:
        came: dict[Packed, Packed] = {}
        layer = [start]
        while layer:
            further = []
            for node in layer:
                for after, _ in edges[node]:
                    if after == start:
                        way = [node]
                        while way[-1] != start:
                            way.append(came[way[-1]])
                        return [*way[::-1], start]
                    if after not in came:
                        came[after] = node
                        further.append(after)
            layer = further
    return [steps[0][0], steps[0][1]]


def ends_in_time(walk: Walk, question: Question) -> Answer:
    """Whether, whatever the environment does, this part is left; and when at the latest."""
    start = time.perf_counter()
    answer = Answer(question.name)
    graph = Graph(walk, question)
    answer.states = len(graph.edges)
    answer.edges = sum(len(edges) for edges in graph.edges.values())
    parts = components(graph.edges)
    used = []
    for part in parts:
        bounds, cycle = lasting(graph, part)
        used.append(bounds)
        if cycle:
            answer.trouble, answer.cycle = "a cycle that no clock ends", cycle
            break
    if not answer.trouble:
        answer.longest_ms = longest_ms(graph, parts, used)
    if not answer.trouble and answer.longest_ms > question.at_most_ms:
        answer.trouble = f"{answer.longest_ms} ms, more than {question.at_most_ms} ms"
    answer.seconds = time.perf_counter() - start
    return answer


def obeyed(walk: Walk, question: Question, at_most: int = 4) -> Answer:
    """RETURN, pressed whenever the table is held, is stopped so often at most by what is reported.

    A step from a held state is a press; the longest way counts them; a cycle with one has no end.
    """
    start = time.perf_counter()
    answer = Answer(question.name)
    graph = Graph(walk, question)
    answer.states = len(graph.edges)
    answer.edges = sum(len(edges) for edges in graph.edges.values())
    presses: dict[Packed, int] = {}
    space = walk.space
    for component in components(graph.edges):
        members = set(component)
        pressing = [p for p in component if space.named(p)["state"] in HELD]
        inner = [
            (before, after, clocks)
            for before in component
            for after, clocks in graph.edges[before]
            if after in members
        ]
        if pressing and inner:
            answer.trouble = "RETURN is pressed again and again, and each time stopped"
            answer.cycle = cycle_in(inner, pressing)
            break
        later = [
            presses[after]
            for node in component
            for after, _ in graph.edges[node]
            if after not in members
        ]
        most = max(later, default=0) + bool(pressing)
        presses.update(dict.fromkeys(component, most))
        answer.presses = max(answer.presses, most)
    if not answer.trouble and answer.presses > at_most:
        answer.trouble = f"RETURN must be pressed {answer.presses} times"
    answer.seconds = time.perf_counter() - start
    return answer


def told_cycle(walk: Walk, question: Question, answer: Answer) -> list[str]:
    """How the cycle is reached, and its steps."""
    if not answer.cycle:
        return [f"     BROKEN   {answer.trouble}"]
    lines = [f"     in {len(walk.way_to(answer.cycle[0]))} states from the start, this:"]
    for number, packed in enumerate(answer.cycle[:-1], 1):
        held_to = question.held_to(walk.space.named(packed))
        seen, frame = walk.judge.witness(packed, answer.cycle[number], held_to)
        lines += told_step(walk.space, number, packed, seen, frame)
    lines.append(f"     and again {told_state(walk.space, answer.cycle[-1])}")
    lines.append(f"     BROKEN   {answer.trouble}")
    return lines


def _coming_home(values: dict[str, Any]) -> bool:
    state = values["state"]
    winding_down = values["wind_down"] == states.RETURNING
    return state == states.RETURNING or (winding_down and state in (states.MOVING, states.HOLDING))


def _under_way(values: dict[str, Any]) -> bool:
    state = values["state"]
    if state == states.PAUSED and values["mode"] == ports.MODE_NONE:
        return False  # a paused return from next to home: it is at rest, and RETURN and START go on
    return bool(states.MOVING <= state <= states.RETURNING)


def _away(values: dict[str, Any]) -> bool:
    return values["state"] in (*HELD, states.RETURNING)


def _nobody_halts(values: dict[str, Any]) -> Known:
    """No PAUSE; and, once it returns, no RETURN: that would begin another where one ends."""
    found = known(inputs_pause_edge=False)
    if values["state"] == states.RETURNING:
        found |= known(inputs_return_edge=False, inputs_host_return=False)
    return found


HOME_IN_MS = 800_000
"""RQ-006: from RETURN to home, or held."""

WAY_HOME = Question(
    "from RETURN to home, or held",
    _coming_home,
    _nobody_halts,
    HOME_IN_MS,
)
WHOLE = Question(
    "from anywhere, nobody pressing, to home, or held",
    _under_way,
    lambda values: NOBODY | NO_LAPTOP,
    HOME_IN_MS + limits.SESSION_MAX_MS,
)
ENDS = (WAY_HOME, WHOLE)


def in_spite_of(code: int) -> Question:
    """This is reported in every step; nothing else stops a return; RETURN is pressed when held."""

    def held_to(values: dict[str, Any]) -> Known:
        found = {
            **dict(NOBODY | NO_LAPTOP),
            "monitors.active": frozenset((code,)),
            "inputs.host_stop": frozenset((code == faults.HOST_STOP,)),
            "inputs.estop_pressed": frozenset((code == faults.ESTOP_PRESSED,)),
            "inputs.current_ma": (0, 0),
            f"monitors.{FUTILE}": frozenset((False,)),
            "inputs.home_switch": frozenset((False,)),
            "estimate.tilt_mdeg": (limits.HOME_TILT_MDEG + 5_000, limits.TILT_MAX_MDEG),
            "k.return_ms+": (0, limits.RETURN_BLIND_MAX_MS - 1),
        }
        if code == faults.HOST_STOP:  # it is ignored from then on
            found["k.head_down_ms+"] = (0, 359_999)
        if values["state"] in HELD:
            found["inputs.return_edge"] = frozenset((True,))
            found["k.state_ms+"] = (limits.RELAY_OPEN_MAX_MS, limits.HEAD_DOWN_MAX_MS)
        return frozenset(found.items())

    return Question(f"RETURN in spite of {faults.FAULTS[code][0]}", _away, held_to)


# Obeyed for as long as it lasts, since moving may be what hurts.
OBEYED_FOR_EVER = (faults.ESTOP_PRESSED,)


def questions(active: tuple[int, ...]) -> list[Question]:
    """Everything that is asked of a walk in which these may be reported."""
    return [*ENDS, *[in_spite_of(code) for code in active if code not in OBEYED_FOR_EVER]]


def ask(walk: Walk, question: Question) -> Answer:
    """The answer to one question about a walk that is complete."""
    if question in ENDS:
        return ends_in_time(walk, question)
    return obeyed(walk, question)
