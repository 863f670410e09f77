"""Each mutant in a process of its own, forked from a pytest that has collected its tests.

A verdict counts only if the child wrote it: a child that dies without one has crashed, one that the
timer ends has timed out, and neither is ever "killed".

- Most mutants change a function: the child gets the function's new code, then runs the tests that
  execute the statement, the strongest first, until one fails.
- Those that change what a module does when it is imported are cold: the child is forked before
  anything of the project was imported, imports the changed module in place of the real one, and
  only then collects the tests.
"""

import importlib.abc
import importlib.util
import json
import os
import resource
import selectors
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TextIO

import coverage
import hypothesis
import pytest

from tests.mutation.mutants import Key, Mutant

KILLED = "killed"
SURVIVED = "survived"
TIMEOUT = "timeout"
CRASHED = "crashed"

MEMORY_BYTES = 4 << 30
LEAST_SECONDS = 2.0
TIMES_BASELINE = 8.0
# Processor time says whether a mutant hangs, whatever else the machine does; this is for one that
# sleeps.
WALL_SECONDS = 900.0
COLD_SECONDS = 60.0
PYTEST = (
    *("-q", "-x", "-s", "--tb=no", "--no-header", "-n", "0"),
    *("-p", "no:cacheprovider", "-p", "no:timeout", "-p", "no:cov", "-p", "no:randomly"),
)


@dataclass
class Result:
    """What became of one mutant."""

    key: Key
    verdict: str
    by: str = ""
    """The test that failed, or during which time ran out or the process died."""
    detail: str = ""
    seconds: float = 0.0
    tests: int = 0
    stamp: str = ""

    def line(self) -> str:
        """As a line of the file of results."""
        return json.dumps(asdict(self)) + "\n"

    @staticmethod
    def of_line(line: str) -> "Result":
        """From a line of the file of results."""
        values = json.loads(line)
        return Result(Key(**values.pop("key")), **values)


@dataclass
class Plan:
    """What is to be run, and how."""

    root: Path
    mutants: list[Mutant]
    tests: tuple[str, ...]
    """Files and folders that pytest collects."""
    first: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """For a mutant of this file: the tests to try before all of them."""
    hints: dict[Key, str] = field(default_factory=dict)
    """Which test killed it the last time."""
    jobs: int = 1
    select: bool = True
    """Measure first which test runs which line, and run no others."""


Report = Callable[[Result], None]


# --- the child's side -----------------------------------------------------------------------


class Told:
    """What a child tells its parent, a line at a time."""

    def __init__(self, number: int) -> None:
        self.number = number

    def say(self, kind: str, **values: object) -> None:
        """One line; short enough to be written whole."""
        os.write(self.number, (json.dumps({"kind": kind, **values}) + "\n").encode())


def _limit(seconds: float) -> None:
    """End this process by SIGPROF after so much processor time; nothing in Python can catch it."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _quiet() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)


def _fork(child: Callable[[Told], None]) -> tuple[int, int]:
    """Start a child; returns its process id and the end to read from."""
    reads, writes = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    number = os.fork()
    if number:
        os.close(writes)
        return number, reads
    status = 1
    try:
        os.close(reads)
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _quiet()
        child(Told(writes))
        status = 0
    finally:
        # Without the parent's clean-up, whatever was raised: this is not the parent.
        os._exit(status)


class Stop:
    """Remembers the first test that failed."""

    def __init__(self) -> None:
        self.by = ""
        self.detail = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.by:
            self.by = report.nodeid
            self.detail = _shortly(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.by:
            self.by = f"import of {report.nodeid}"
            self.detail = _shortly(report)


def _shortly(report: pytest.TestReport | pytest.CollectReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr or "")
    return next(iter(text.splitlines()), "")[:200]


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from changed code."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, vars(module))  # noqa: S102 - this is what a loader is for


def _cold_child(plan: Plan, mutant: Mutant, tests: Sequence[str]) -> Callable[[Told], None]:
    def child(told: Told) -> None:
        path = plan.root / mutant.key.file
        name = module_name(mutant.key.file)
        if name in sys.modules:
            raise RuntimeError(f"{name} was imported before it could be changed")
        sys.meta_path.insert(0, Changed(name, str(path), mutant.code(str(path))))
        _limit(COLD_SECONDS * 5)
        stop = Stop()
        code = pytest.main([*PYTEST, "--rootdir", str(plan.root), *tests], plugins=[stop])
        if stop.by:
            told.say("verdict", verdict=KILLED, by=stop.by, detail=stop.detail)
        elif code == pytest.ExitCode.OK:
            told.say("verdict", verdict=SURVIVED)
        # Any other end is pytest's own failure: no verdict, so a crash.

    return child


def module_name(file: str) -> str:
    """What a source file is imported as."""
    parts = Path(file).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "firmware" else parts)


# --- the parent's side ----------------------------------------------------------------------


@dataclass
class Child:
    """One child under way."""

    mutant: Mutant
    number: int
    reads: int
    started: float
    heard: bytes = b""


def run_children(
    waiting: Iterator[tuple[Mutant, Callable[[Told], None]]],
    jobs: int,
    done: Report,
    wall_seconds: float = WALL_SECONDS,
) -> None:
    """Run each child, at most `jobs` at a time, and report its end."""
    selector = selectors.DefaultSelector()
    more = True
    while more or selector.get_map():
        while more and len(selector.get_map()) < jobs:
            following = next(waiting, None)
            if following is None:
                more = False
                break
            mutant, work = following
            number, reads = _fork(work)
            child = Child(mutant, number, reads, time.monotonic())
            selector.register(reads, selectors.EVENT_READ, child)
        for entry, _ in selector.select(timeout=1.0):
            child = entry.data
            text = os.read(child.reads, 65536)
            child.heard += text
            if not text:
                selector.unregister(child.reads)
                os.close(child.reads)
                _, status = os.waitpid(child.number, 0)
                done(_judged(child, status))
        for entry in list(selector.get_map().values()):
            child = entry.data
            if time.monotonic() - child.started > wall_seconds:
                os.killpg(child.number, signal.SIGXCPU)


def _judged(child: Child, status: int) -> Result:
    """The verdict of a child that ended."""
    said = [json.loads(line) for line in child.heard.decode().splitlines()]
    result = Result(child.mutant.key, CRASHED)
    result.seconds = round(time.monotonic() - child.started, 3)
    begun = [line["test"] for line in said if line["kind"] == "test"]
    result.tests = len(begun)
    result.by = begun[-1] if begun else ""
    verdicts = [line for line in said if line["kind"] == "verdict"]
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        timed_out = number in (signal.SIGPROF, signal.SIGXCPU)
        result.verdict = TIMEOUT if timed_out else CRASHED
        result.detail = signal.Signals(number).name
    elif verdicts and os.WEXITSTATUS(status) == 0:
        result.verdict = verdicts[-1]["verdict"]
        result.by = verdicts[-1].get("by", "")
        result.detail = verdicts[-1].get("detail", "")
    else:
        result.detail = f"exit code {os.WEXITSTATUS(status)} without a verdict"
    return result


def run_cold(plan: Plan, mutants: list[Mutant], report: Report) -> None:
    """Those that must be imported anew: first against the tests at hand, then against all."""
    rest: list[Mutant] = []

    def at_hand() -> Iterator[tuple[Mutant, Callable[[Told], None]]]:
        for mutant in mutants:
            yield mutant, _cold_child(plan, mutant, plan.first[mutant.key.file])

    def judge(result: Result) -> None:
        if result.verdict == SURVIVED:
            rest.append(next(mutant for mutant in mutants if mutant.key == result.key))
        else:
            report(result)

    staged = [mutant for mutant in mutants if plan.first.get(mutant.key.file)]
    rest += [mutant for mutant in mutants if mutant not in staged]
    mutants = staged
    run_children(at_hand(), plan.jobs, judge)
    left = ((mutant, _cold_child(plan, mutant, plan.tests)) for mutant in rest)
    run_children(left, plan.jobs, report)


class Warm:
    """A pytest plugin: in place of the tests' run, every mutant's."""

    def __init__(self, plan: Plan, mutants: list[Mutant], told: Told) -> None:
        self.plan = plan
        self.mutants = mutants
        self.told = told
        self.seconds: dict[str, float] = {}
        self.running: dict[tuple[str, int], set[str]] = {}
        self.cover: coverage.Coverage | None = None
        self.kills: Counter[str] = Counter()

    def files(self) -> list[str]:
        """The sources that are changed."""
        return sorted({str(self.plan.root / mutant.key.file) for mutant in self.mutants})

    def pytest_sessionstart(self) -> None:
        """See what runs while the tests are collected, before anything is changed."""
        self.cover = coverage.Coverage(data_file=None, include=self.files(), config_file=False)
        self.cover.start()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure, then run the mutants."""
        items = {item.nodeid: item for item in session.items}
        self.leave_what_has_run()
        if self.plan.select:
            self.measure(session)
        run_children(self.work(items), self.plan.jobs, self.report)
        return True

    def leave_what_has_run(self) -> None:
        """A function that ran already cannot be changed in time: the mutant is a cold one."""
        assert self.cover is not None
        self.cover.stop()
        data = self.cover.get_data()
        ran = {file: set(data.lines(file) or ()) for file in self.files()}
        late = [m for m in self.mutants if m.line in ran[str(self.plan.root / m.key.file)]]
        self.mutants = [mutant for mutant in self.mutants if mutant not in late]
        for mutant in late:
            self.told.say("cold", key=asdict(mutant.key))

    def report(self, result: Result) -> None:
        """Hand a result on, and learn which test is strong."""
        if result.verdict == KILLED:
            self.kills[result.by] += 1
        self.told.say("result", result=result.line())

    def measure(self, session: pytest.Session) -> None:
        """Run each test once, unchanged, in a child: how long it takes, which lines it runs."""
        files = self.files()
        numbers = {item.nodeid: number for number, item in enumerate(session.items)}
        names = list(numbers)
        place = self.plan.root / "build"
        place.mkdir(exist_ok=True)
        path = place / f"measured-{os.getpid()}.json"

        def child(told: Told) -> None:
            stop = Stop()
            session.config.pluginmanager.register(stop)
            cover = coverage.Coverage(data_file=None, include=files, config_file=False)
            seconds = []
            cover.start()
            for at, item in enumerate(session.items):
                cover.switch_context(str(at))
                began = time.process_time()
                _run_item(item, session.items, at)
                seconds.append(time.process_time() - began)
                if stop.by:
                    break
            cover.stop()
            lines = {}
            for file in files:
                known = cover.get_data().contexts_by_lineno(file)
                lines[file] = {line: [int(c) for c in cs if c] for line, cs in known.items()}
            measured = {"failed": stop.by, "detail": stop.detail, "s": seconds, "lines": lines}
            path.write_text(json.dumps(measured))

        number, reads = _fork(child)
        os.close(reads)
        _, status = os.waitpid(number, 0)
        if status:
            raise pytest.UsageError(f"the tests of the unchanged source ended with {status}")
        measured = json.loads(path.read_text())
        path.unlink()
        if measured["failed"]:
            text = f"without any mutant {measured['failed']} fails: {measured['detail']}"
            raise pytest.UsageError(text)
        self.seconds = dict(zip(names, measured["s"], strict=True))
        for mutant in self.mutants:
            lines = measured["lines"][str(self.plan.root / mutant.key.file)]
            for line in range(mutant.line, mutant.last_line + 1):
                tests = {names[at] for at in lines.get(str(line), ())}
                self.running[mutant.key.file, line] = tests

    def tests_of(self, mutant: Mutant, items: dict[str, pytest.Item]) -> list[pytest.Item]:
        """Which tests are worth running, the most promising first."""
        names: list[str] = list(items)
        if self.plan.select:
            lines = range(mutant.line, mutant.last_line + 1)
            able = set().union(*(self.running[mutant.key.file, line] for line in lines))
            names = [name for name in names if name in able]
        hint = self.plan.hints.get(mutant.key, "")
        first = self.plan.first.get(mutant.key.file, ())

        def promise(name: str) -> tuple[float, ...]:
            seconds = self.seconds.get(name, 0.01) + 0.002
            strength = self.kills[name] / seconds
            near = str(self.plan.root / name.partition("::")[0]) in first
            return (name != hint, -strength, not near, seconds)

        names.sort(key=promise)
        return [items[name] for name in names]

    def work(
        self, items: dict[str, pytest.Item]
    ) -> Iterator[tuple[Mutant, Callable[[Told], None]]]:
        """Each mutant with what its child does."""
        for mutant in self.mutants:
            yield mutant, self.child(mutant, self.tests_of(mutant, items))

    def child(self, mutant: Mutant, tests: list[pytest.Item]) -> Callable[[Told], None]:
        """Change the function, then run the tests until one fails."""

        def work(told: Told) -> None:
            path = str(self.plan.root / mutant.key.file)
            found: Any = sys.modules[module_name(mutant.key.file)]
            for name in mutant.key.function.split("."):
                found = getattr(found, name)
            found.__code__ = mutant.function_code(path)
            stop = Stop()
            if tests:
                tests[0].config.pluginmanager.register(stop)
            for at, item in enumerate(tests):
                told.say("test", test=item.nodeid)
                seconds = self.seconds.get(item.nodeid, LEAST_SECONDS)
                _limit(LEAST_SECONDS + TIMES_BASELINE * seconds)
                _run_item(item, tests, at)
                if stop.by:
                    told.say("verdict", verdict=KILLED, by=stop.by, detail=stop.detail)
                    return
            told.say("verdict", verdict=SURVIVED)

        return work


def _run_item(item: pytest.Item, items: Sequence[pytest.Item], at: int) -> None:
    following = items[at + 1] if at + 1 < len(items) else None
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def run_warm(plan: Plan, mutants: list[Mutant], report: Report, log: TextIO) -> list[Mutant]:
    """Those that change a function: from one pytest that has collected everything.

    Returns the ones that turned out to be cold.
    """
    cold: list[Mutant] = []
    reads, writes = os.pipe()
    sys.stdout.flush()
    number = os.fork()
    if number == 0:
        status = 1
        try:
            os.close(reads)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            plugin = Warm(plan, mutants, Told(writes))
            root = str(plan.root)
            status = int(pytest.main([*PYTEST, "--rootdir", root, *plan.tests], plugins=[plugin]))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(writes)
    with os.fdopen(reads, "r") as lines:
        for line in lines:
            said = json.loads(line)
            if said["kind"] == "cold":
                key = Key(**said["key"])
                cold.append(next(mutant for mutant in mutants if mutant.key == key))
            else:
                report(Result.of_line(said["result"]))
    _, status = os.waitpid(number, 0)
    # What the plugin did is neither a pass nor a failure to pytest: no test of its own was run.
    if status and os.waitstatus_to_exitcode(status) != int(pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"the tests could not be run (status {status}); see {log.name}")
    return cold


def _calm_hypothesis() -> None:
    """A failure is enough: nothing is shrunk, remembered or drawn at random."""
    hypothesis.settings.register_profile(
        "mutation",
        database=None,
        deadline=None,
        derandomize=True,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutation")


def run(plan: Plan, report: Report, log: TextIO) -> None:
    """Every mutant of the plan."""
    _calm_hypothesis()
    warm = [mutant for mutant in plan.mutants if not mutant.cold]
    cold = [mutant for mutant in plan.mutants if mutant.cold]
    if warm:
        cold += run_warm(plan, warm, report, log)
    if cold:
        run_cold(plan, cold, report)
