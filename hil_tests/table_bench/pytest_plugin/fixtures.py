"""Operators at tables on the chosen bench; every table is closed with its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from table_bench.bench import Bench, LacksAbility
from table_bench.benches import bench_class, open_bench
from table_bench.factory import calibrated, table_calibration
from table_bench.operator import Operator, simple_plan
from table_bench.pytest_plugin.health import Belongings, left_on_purpose, unhealthy
from table_bench.pytest_plugin.measurements import Measurements
from table_bench.pytest_plugin.options import bench_name, bench_options
from table_bench.pytest_plugin.run_info import ask_the_table
from table_bench.pytest_plugin.story import story_of
from table_bench.timeline import Recording

READY_MS = 60_000
NEEDED_FOR = {
    "rider": "riders",
    "provision": "provision",
    "with_manifest": "provision",
    "entry": "entry",
    "turned": "specimens",
    "start_tilt_deg": "start_anywhere",
}
"""Argument of a bench -> the ability that it takes."""


@pytest.fixture(scope="session")
def bench_type(pytestconfig: pytest.Config) -> type[Bench]:
    """The class of the bench that was chosen."""
    return bench_class(bench_name(pytestconfig), bench_options(pytestconfig))


@pytest.fixture(scope="session")
def used_flash(
    bench_type: type[Bench],
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path | None:
    """Flash of a table that was switched on once, so that the log has its place already."""
    if bench_type.FLASH_FILE is None:
        return None
    state_dir = tmp_path_factory.mktemp("factory")
    options = {**bench_options(pytestconfig), **_at_once(bench_type)}
    with open_bench(bench_type.NAME, state_dir=state_dir, **options) as table:
        operator = Operator(table)
        operator.wait_for_state("HOME", READY_MS)
        ask_the_table(pytestconfig, operator, table)
        operator.close()
    return state_dir / bench_type.FLASH_FILE


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """After the test, tables closed, this process has nothing that it had not before."""
    if "make_operator" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("used_flash")  # what it leaves is no test's doing
    before = Belongings()
    yield
    if story_of(request.node).passed and (leaks := before.leaks()):
        pytest.fail("; ".join(leaks), pytrace=False)


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measurements:
    """The measurements that the test's marks declare: `measured["overshoot"] = 0.3`."""
    return story_of(request.node).measured


@pytest.fixture
def make_operator(
    request: pytest.FixtureRequest,
    nothing_leaks: None,
    bench_type: type[Bench],
    pytestconfig: pytest.Config,
    used_flash: Path | None,
    tmp_path: Path,
) -> Iterator[Callable[..., Operator]]:
    """Make operators at tables, with the arguments of the bench and these.

    `ready`: wait for HOME. `calibrate`: it is calibrated as it leaves the factory. `used`: it was
    switched on before. After the test every table must come home and rest (`health.unhealthy`).
    """
    options = bench_options(pytestconfig)
    story = story_of(request.node)
    with ExitStack() as stack:
        operators: list[Operator] = []

        def make(
            *,
            seed: int = 1,
            ready: bool = True,
            calibrate: bool = True,
            used: bool = True,
            **arguments: object,
        ) -> Operator:
            for name in arguments:
                if (ability := NEEDED_FOR.get(name)) and ability not in bench_type.OFFERS:
                    raise LacksAbility(bench_type.NAME, ability)
            state_dir = tmp_path / f"table{len(operators) + 1}"
            state_dir.mkdir()
            if used and used_flash is not None:
                shutil.copyfile(used_flash, state_dir / used_flash.name)
            if calibrate and "provision" in bench_type.OFFERS:
                given = dict(arguments.get("provision", {}))  # type: ignore[call-overload]
                arguments["provision"] = {**calibrated(seed), **given}
            if ready and used and not arguments.keys() & _OWN_START:
                arguments.update(_at_once(bench_type))
            table = stack.enter_context(
                open_bench(bench_type.NAME, seed=seed, state_dir=state_dir, **options, **arguments)
            )
            story.recordings.append(Recording(table))
            operator = Operator(table)
            operators.append(operator)
            if calibrate and "provision" not in bench_type.OFFERS:
                calibrate_by_link(operator, seed)
            if ready:
                operator.wait_for_state("HOME", READY_MS)
            return operator

        yield make
        for operator in operators:
            operator.close()
        if story.passed:  # else one complaint is enough
            left = left_on_purpose(request.node)
            problems = [line for one in story.recordings for line in unhealthy(one, left)]
            if problems:
                pytest.fail(f"not healthy after the test: {'; '.join(problems)}", pytrace=False)


_OWN_START = {"entry", "start_tilt_deg", "with_manifest"}
"""Arguments of tables whose start is what the test is about."""


def _at_once(bench_type: type[Bench]) -> dict[str, bool]:
    return {"ready": True} if bench_type.KEEPS_STARTS else {}


def calibrate_by_link(operator: Operator, seed: int) -> None:
    """Give the table its calibration as a host does, where no file can be put on it."""
    operator.wait_for_state("HOME", READY_MS)
    if operator.result("calibration.get")["calibrated"]:
        return
    operator.wait(6)
    operator.result("calibration.put", calibration=table_calibration(seed))
    operator.close()
    operator.wait(3)


@pytest.fixture
def operator(make_operator: Callable[..., Operator]) -> Operator:
    """Somebody at a calibrated table that rests at home, with no plan yet."""
    return make_operator()


@pytest.fixture
def head_down(operator: Operator) -> Operator:
    """Somebody holding at 40 deg head-down in a session."""
    operator.upload(simple_plan((40, 100)))
    operator.press("START")
    operator.wait_for_state("HOLDING", step_ms=500)
    assert operator.table.truth.tilt_deg > 39
    return operator
