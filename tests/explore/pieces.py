"""The real kernel's `step`, cut into its statements, each run by itself; what follows is memoised.

A statement's outcome depends on the kernel's fields, the step's local names, and what the
statement itself reads of the world. So each statement is run once from every frame (fields and
locals) with a world of which nothing is known; the outcomes are then joined along the step, and
those that contradict what an earlier statement has found out are dropped. What no later statement
(and no check) will ask for again is forgotten on the way, which lets paths that differ in nothing
else become one.
"""

import ast
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from inversion_table.safety import faults, ports
from inversion_table.safety import kernel as real_kernel
from tests.explore.choices import (
    Chooser,
    Clock,
    Domain,
    Known,
    Lazy,
    Now,
    Number,
    OneOf,
    Run,
    Unknown,
    meet,
)

ARGUMENTS = ("k", "wish", "estimate", "inputs", "monitors", "settings", "now_ms", "out")
# Fields of the kernel's state that decide nothing: `then_ms` only measures the step, the refusals
# are told to people.
IGNORED: dict[str, Any] = {"started": True, "then_ms": 0, "refused": 0, "refusals": 0}
# Of these only the next comparison counts: any value may be theirs when a step begins.
FORGOTTEN = ("_ms", "_mdeg", "_mdeg_per_s", "_ma", "_mv")


class PieceError(Exception):
    """The kernel is not written as the explorer expects."""


def source_of(kernel: ModuleType = real_kernel) -> str:
    """The kernel's text."""
    assert kernel.__file__ is not None
    return Path(kernel.__file__).read_text(encoding="utf-8")


class _Ends(ast.NodeTransformer):
    """A `return` in a statement of `step` ends the step."""

    def visit_Return(self, node: ast.Return) -> ast.AST:
        return ast.copy_location(ast.Return(ast.Constant(None)), node)


class Pieces:
    """The statements of `step` as functions of their own: (arguments, locals) -> locals or None."""

    def __init__(self, source: str) -> None:
        tree = ast.parse(source)
        steps = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "step"]
        if len(steps) != 1:
            raise PieceError("the kernel has no function 'step', or several")
        step = steps[0]
        names = [argument.arg for argument in step.args.args]
        if tuple(names) != ARGUMENTS:
            raise PieceError(f"step({', '.join(names)}): the explorer expects {ARGUMENTS}")
        body = step.body[1:] if ast.get_docstring(step) is not None else step.body
        found = {n.id for n in ast.walk(step) if isinstance(n, ast.Name)
                 and isinstance(n.ctx, ast.Store)}  # fmt: skip
        self.local_names = tuple(sorted(found - set(names)))
        self.written_fields, self.compared_faults = _read(tree)
        everything = ", ".join((*ARGUMENTS, *self.local_names))
        back = f"return ({''.join(name + ', ' for name in self.local_names)})"
        for number, statement in enumerate(body):
            piece = ast.parse(f"def _piece_{number}({everything}):\n    pass\n    {back}").body[0]
            assert isinstance(piece, ast.FunctionDef)
            piece.body[0] = _Ends().visit(statement)
            tree.body.append(piece)
        self.module = _loaded(ast.unparse(ast.fix_missing_locations(tree)))
        self.functions = [getattr(self.module, f"_piece_{n}") for n in range(len(body))]


def _read(tree: ast.Module) -> tuple[frozenset[str], frozenset[str]]:
    """The attributes of `k` that are written, and the faults that something is compared with."""
    written = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and getattr(node.value, "id", "") != "self"
    }
    compared: set[str] = set()
    of_faults = ast.parse(Path(faults.__file__).read_text(encoding="utf-8"))
    for node in (*ast.walk(tree), *ast.walk(of_faults)):
        if isinstance(node, ast.Compare):
            for part in ast.walk(node):
                name = part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "")
                if name.isupper() and isinstance(getattr(faults, name, None), int):
                    compared.add(name)
    return frozenset(written), frozenset(compared)


def _loaded(source: str) -> ModuleType:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel_in_pieces.py"
        path.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


OUT_NAMES = tuple(vars(ports.Decision()))
UNWRITTEN = "not written"


# A value in a frame: itself, or, if it is not known, a Ref to its variable.
class Ref(tuple[Any, ...]):
    """(kind, variable, offset) of a value that is not known."""

    __slots__ = ()


KINDS: dict[str, type[Unknown]] = {"Number": Number, "Clock": Clock, "OneOf": OneOf}


def kept(value: Any) -> Any:
    """A value as a frame keeps it."""
    if isinstance(value, Unknown):
        kind = type(value).__name__
        if kind not in KINDS:
            raise PieceError(f"the kernel keeps a value that the explorer cannot: {kind}")
        return Ref((kind, value.name, value.offset))
    return value


def given(run: Run, value: Any) -> Any:
    """A value of a frame, as the code sees it in this run."""
    if type(value) is Ref:
        return KINDS[value[0]](run, value[1], value[2])
    return value


class Tracked:
    """Kernel state or decision in a run: what was read of it before it was written is noted."""

    def __init__(self, run: Run, places: dict[str, int], values: tuple[Any, ...]) -> None:
        self.__dict__["_"] = (run, places, values, set())

    def __getattr__(self, name: str) -> Any:
        run, places, values, read = self.__dict__["_"]
        place = places.get(name)
        if place is None:
            raise AttributeError(f"the code reads '{name}', which nobody has written")
        read.add(place)
        value = self.__dict__[name] = given(run, values[place])
        return value

    def read(self) -> set[int]:
        """The places that were read."""
        found: set[int] = self.__dict__["_"][3]
        return found

    def changes(self) -> tuple[tuple[int, Any], ...]:
        """(place, value) of whatever was written, unless it was read and is as it was."""
        _, places, values, read = self.__dict__["_"]
        found = []
        for name, value in self.__dict__.items():
            if name != "_" and name not in IGNORED:
                place = places.get(name)
                if place is None:
                    raise PieceError(f"step writes '{name}', which is no field")
                now = kept(value)
                if place not in read or now is not values[place]:
                    found.append((place, now))
        return tuple(sorted(found, key=_place))


def _place(change: tuple[int, Any]) -> int:
    return change[0]


def changed(values: tuple[Any, ...], changes: tuple[tuple[int, Any], ...]) -> tuple[Any, ...]:
    """`values` with these changes."""
    if not changes:
        return values
    found = list(values)
    for place, value in changes:
        found[place] = value
    return tuple(found)


class Memo:
    """Results by what was read to get them: the same values there, the same result."""

    __slots__ = ("_by",)

    def __init__(self) -> None:
        self._by: dict[tuple[tuple[int, ...], tuple[int, ...]], dict[Any, Any]] = {}

    def find(self, fields: tuple[Any, ...], outs: tuple[Any, ...], rest: Any) -> Any:
        """The result for this frame; None if there is none yet."""
        for (of_k, of_out), results in self._by.items():
            key = (tuple([fields[i] for i in of_k]), tuple([outs[i] for i in of_out]), rest)
            found = results.get(key)
            if found is not None:
                return found
        return None

    def keep(
        self, read: tuple[set[int], set[int]], fields: Any, outs: Any, rest: Any, result: Any
    ) -> None:
        """Note the result for all frames that agree in what was read."""
        of_k, of_out = tuple(sorted(read[0])), tuple(sorted(read[1]))
        key = (tuple([fields[i] for i in of_k]), tuple([outs[i] for i in of_out]), rest)
        self._by.setdefault((of_k, of_out), {})[key] = result


# (kernel's fields, decision's fields, locals or None if the step has ended)
Frame = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...] | None]
# The numbers of: what it found out, the frame after it.
Leaf = tuple[int, int]


class Numbers:
    """Things by number, the same number for equal ones."""

    __slots__ = ("_numbers", "_things")

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._things: list[Any] = []

    def number(self, thing: Any) -> int:
        """The number of this thing; a new one if it was never seen."""
        found = self._numbers.get(thing)
        if found is None:
            found = self._numbers[thing] = len(self._things)
            self._things.append(thing)
        return found

    def of(self, number: int) -> Any:
        """The thing with this number."""
        return self._things[number]


JOINS_KEPT = 2_000_000
"""Some 300 MB."""
OUT_PLACES = {name: place for place, name in enumerate(OUT_NAMES)}


class Stepper:
    """One step from a frame: every outcome, with what must be known of the world for it."""

    def __init__(self, pieces: Pieces, domains: dict[str, Domain]) -> None:
        self.pieces = pieces
        self.domains = domains
        self.fields = tuple(vars(pieces.module.KernelState()))
        self.places = {name: place for place, name in enumerate(self.fields)}
        self.runs = 0
        self.joins = 0
        self.count = len(pieces.functions)
        self._memos = [Memo() for _ in pieces.functions]
        # Frames and what is known of the world are met again and again: each has a number.
        self._frames = Numbers()
        self._knowns = Numbers()
        self._keeps = Numbers()
        self._leaves: dict[tuple[int, int], tuple[list[Leaf], frozenset[str]]] = {}
        self._joins: dict[tuple[int, int, int], int] = {}

    def leaves(self, number: int, at: int) -> tuple[list[Leaf], frozenset[str]]:
        """Every outcome of one piece from this frame, and all that it asks for."""
        found = self._leaves.get((number, at))
        if found is not None:
            return found
        fields, outs, local = self._frames.of(at)
        memo = self._memos[number]
        shared = memo.find(fields, outs, local)
        if shared is None:
            shared = self._outcomes(number, (fields, outs, local))
            memo.keep(shared[2], fields, outs, local, shared)
        leaves = [
            (
                self._knowns.number(known),
                self._frames.number((changed(fields, of_k), changed(outs, of_out), after)),
            )
            for known, of_k, of_out, after in shared[0]
        ]
        result = (list(dict.fromkeys(leaves)), shared[1])
        self._leaves[number, at] = result
        return result

    def _outcomes(self, number: int, frame: Frame) -> Any:
        fields, outs, local = frame
        chooser = Chooser()
        outcomes: dict[Any, None] = {}
        touched: set[str] = set()
        read: tuple[set[int], set[int]] = (set(), set())
        while True:
            run = Run(chooser, self.domains, frozenset())
            k = Tracked(run, self.places, fields)
            out = Tracked(run, OUT_PLACES, outs)
            after = None if local is None else self._piece(number, run, k, out, local)
            read[0].update(k.read())
            read[1].update(out.read())
            outcomes[run.narrowed(), k.changes(), out.changes(), after] = None
            touched |= run.touched
            self.runs += 1
            if not chooser.next():
                return list(outcomes), frozenset(touched), read

    def _piece(self, number: int, run: Run, k: Any, out: Any, local: tuple[Any, ...]) -> Any:
        after = self.pieces.functions[number](
            k,
            Lazy(run, "wish"),
            Lazy(run, "estimate"),
            Lazy(run, "inputs"),
            Lazy(run, "monitors"),
            Lazy(run, "settings"),
            Now(run),
            out,
            *[given(run, value) for value in local],
        )
        return None if after is None else tuple([kept(value) for value in after])

    def ask(self, goal: "Goal", at: int) -> tuple[list[Any], frozenset[str]]:
        """Every answer to the goal's question about this last frame, and all that it asks for."""
        frame = self._frames.of(at)
        found = goal.answers.find(frame[0], frame[1], None)
        if found is None:
            chooser = Chooser()
            answers: dict[tuple[Known, Any], None] = {}
            touched: set[str] = set()
            read: tuple[set[int], set[int]] = (set(), set())
            while True:
                run = Run(chooser, self.domains, frozenset())
                k = Tracked(run, self.places, frame[0])
                out = Tracked(run, OUT_PLACES, frame[1])
                answer = goal.question(run, k, out)
                read[0].update(k.read())
                read[1].update(out.read())
                if answer is not None:
                    answers[run.narrowed(), answer] = None
                touched |= run.touched
                self.runs += 1
                if not chooser.next():
                    break
            # With nothing to answer, nothing need be known.
            found = (list(answers), frozenset(touched) if answers else frozenset())
            goal.answers.keep(read, frame[0], frame[1], None, found)
        return found

    def live(self, goal: "Goal", number: int, at: int) -> frozenset[str] | None:
        """What may still be asked for, from this piece on; None if no way leads to an answer."""
        key = (number, at)
        if key not in goal.live:
            found: frozenset[str] | None
            if number == self.count:
                answers, touched = self.ask(goal, at)
                found = touched if answers else None
            else:
                leaves, touched = self.leaves(number, at)
                later = [self.live(goal, number + 1, after) for _, after in leaves]
                hopeful = [names for names in later if names is not None]
                found = touched.union(*hopeful) if hopeful else None
            goal.live[key] = found
        return goal.live[key]

    def _plan(self, goal: "Goal", number: int, at: int) -> list[tuple[int, Any, int]]:
        """(number of what is found out, of the frame after it, of what is kept)."""
        found = goal.plans.get((number, at))
        if found is None:
            found = []
            if number == self.count:
                keep = self._keeps.number(goal.needs)
                for known, answer in self.ask(goal, at)[0]:
                    found.append((self._knowns.number(known), answer, keep))
            else:
                for what, after in self.leaves(number, at)[0]:
                    names = self.live(goal, number + 1, after)
                    if names is not None:
                        found.append((what, after, self._keeps.number(names | goal.needs)))
            goal.plans[number, at] = found
        return found

    def step(
        self, frame: Frame, goal: "Goal", known: Known, trace: list[Any] | None = None
    ) -> list[tuple[Any, Known]]:
        """Every (answer, what is known of the goal's needs); `trace` takes the way to each."""
        if len(self._joins) > JOINS_KEPT:
            self._joins.clear()
        first = (self._frames.number(frame), self._knowns.number(known))
        layer: dict[Any, Any] = {first: None}
        memo = self._joins
        for number in range(self.count + 1):
            after_all: dict[Any, Any] = {}
            for at in layer:
                before, had = at
                plan = self._plan(goal, number, before)
                self.joins += len(plan)
                for found, after, keep in plan:
                    joined = memo.get((had, found, keep))
                    if joined is None:
                        joined = self._join(had, found, keep)
                        memo[had, found, keep] = joined
                    if joined >= 0:
                        key = (after, joined)
                        if key not in after_all:
                            after_all[key] = (at, found) if trace is not None else None
            if trace is not None:
                trace.append(after_all)
            layer = after_all
        return [(answer, self._knowns.of(seen)) for answer, seen in layer]

    def _join(self, had: int, found: int, keep: int) -> int:
        """Both together, less what is not kept; -1 if they contradict each other."""
        joined: dict[str, Domain] = dict(self._knowns.of(had))
        for name, domain in self._knowns.of(found):
            before = joined.get(name)
            if before is not None:
                both = meet(before, domain)
                if both is None:
                    return -1
                joined[name] = both
            else:
                joined[name] = domain
        names = self._keeps.of(keep)
        return self._knowns.number(frozenset([item for item in joined.items() if item[0] in names]))

    def way(
        self, trace: list[dict[Any, Any]], answer: Any, seen: Known
    ) -> tuple[dict[str, Domain], Frame]:
        """All that is known of the world on the way to this end, and the last frame."""
        known: dict[str, Domain] = {}
        at: Any = (answer, self._knowns.number(seen))
        frame: Frame | None = None
        for layer in reversed(trace):
            before, found = layer[at]
            if frame is None:
                frame = self._frames.of(before[0])
            for name, domain in (*self._knowns.of(found), *self._knowns.of(before[1])):
                both = meet(known.get(name, domain), domain)
                assert both is not None
                known[name] = both
            at = before
        assert frame is not None
        return known, frame


class Goal:
    """A question about a step, asked at its end, and what must be known to the end besides.

    `question(run, k, out)` gives an answer, or None if there is nothing to tell. What is known of
    the world at the end decides which of its answers can be; what it never asks for is soon
    forgotten.
    """

    def __init__(
        self, question: Callable[[Run, Any, Any], Any], needs: frozenset[str] = frozenset()
    ) -> None:
        self.question = question
        self.needs = needs
        self.answers = Memo()
        self.live: dict[tuple[int, int], frozenset[str] | None] = {}
        self.plans: dict[tuple[int, int], list[tuple[int, Any, int]]] = {}
