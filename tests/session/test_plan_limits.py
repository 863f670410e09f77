"""`check`: each bound found at one past it and let pass at it, with the line that caused it."""

import pytest
from hypothesis import given

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from inversion_table.session import profile
from inversion_table.session.plan import Plan, Step, StepSet, check
from tests.session.plans import PLANS, make, wide_open


def found(plan: Plan, settings: limits.Settings | None = None) -> list[tuple[int, int]]:
    problems = check(plan, settings or limits.Settings())
    for problem in problems:
        assert problem.text
        assert problem.to_dict() == {
            "line": problem.line,
            "code": problem.code,
            "text": problem.text,
        }
    return [(problem.line, problem.code) for problem in problems]


def test_a_good_plan_has_no_problem() -> None:
    assert found(make((60_000, 3_000, 180_000), (0, 3_000, 30_000), times=3)) == []


@pytest.mark.requirement("RQ-011", "RQ-019")
@pytest.mark.parametrize(
    ("inside", "outside", "code"),
    [
        ((60_000, 3_000, 1_000), (60_001, 3_000, 1_000), plans.BAD_TILT),
        ((-75_000, 3_000, 1_000), (-75_001, 3_000, 1_000), plans.BAD_TILT),
        ((0, 3_000, 1_000), (0, 3_001, 1_000), plans.BAD_RATE),
        ((0, 200, 1_000), (0, 199, 1_000), plans.BAD_RATE),
        ((0, 3_000, 0), (0, 3_000, -1), plans.BAD_HOLD),
        ((0, 3_000, 900_000), (0, 3_000, 900_001), plans.BAD_HOLD),
    ],
)
def test_each_number_of_a_step(inside: tuple, outside: tuple, code: int) -> None:
    assert found(make(inside)) == []
    assert found(make((0, 1_000, 0), outside)) == [(11, code)]


@pytest.mark.requirement("RQ-011", "RQ-019")
def test_the_hard_constants_stand_above_any_settings() -> None:
    settings = wide_open()
    settings.tilt_max_mdeg = 120_000
    settings.rate_max_mdeg_per_s = 20_000
    settings.head_down_max_ms = 10_000_000
    settings.session_max_ms = 10_000_000
    assert found(make((90_000, 6_000, 0), return_rate_mdeg_per_s=6_000), settings) == []
    assert found(make((90_001, 6_000, 0)), settings) == [(10, plans.BAD_TILT)]
    assert found(make((90_000, 6_001, 0)), settings) == [(10, plans.BAD_RATE)]
    assert found(make((0, 2_000, 0), return_rate_mdeg_per_s=6_001), settings) == [
        (0, plans.BAD_RETURN)
    ]
    assert found(make((30_000, 6_000, 900_000)), settings) == [(10, plans.TOO_LONG_HEAD_DOWN)]
    assert found(make((0, 6_000, 900_000), times=3), settings) == [(0, plans.TOO_LONG)]


@pytest.mark.requirement("RQ-019", "RQ-027")
def test_return_rate_and_rest() -> None:
    for rate, right in ((199, False), (200, True), (3_000, True), (3_001, False)):
        problems = found(make((0, 3_000, 0), return_rate_mdeg_per_s=rate))
        assert problems == ([] if right else [(0, plans.BAD_RETURN)])
    for rest, right in ((-1, False), (0, True), (300_000, True), (300_001, False)):
        assert found(make((5_000, 3_000, 0), rest_ms=rest)) == (
            [] if right else [(0, plans.BAD_RETURN)]
        )


def test_repeats() -> None:
    home = (-75_000, 3_000, 0)
    for times, right in ((0, False), (1, True), (200, True), (201, False)):
        assert found(make(home, times=times)) == ([] if right else [(9, plans.BAD_REPEAT)])


def test_names_are_counted_in_utf8_bytes() -> None:
    for name, right in (
        ("", False),
        ("a", True),
        ("a" * 48, True),
        ("a" * 49, False),
        ("é" * 24, True),
        ("é" * 25, False),
        ("🙃" * 12, True),
        ("🙃" * 13, False),
    ):
        assert found(make((0, 3_000, 0), name=name)) == ([] if right else [(0, plans.BAD_NAME)])


def test_no_steps_and_no_sets() -> None:
    assert found(Plan("n", [], 2_000, 0)) == [(0, plans.NO_STEPS)]
    assert found(Plan("n", [StepSet(1, [], 4)], 2_000, 0)) == [(4, plans.NO_STEPS)]


def test_too_many_steps_written() -> None:
    step = Step(-75_000, 3_000, 0, 1)
    for count, right in ((limits.MAX_STEPS, True), (limits.MAX_STEPS + 1, False)):
        plan = Plan("n", [StepSet(1, [step] * count)], 2_000, 0)
        assert found(plan) == ([] if right else [(0, plans.TOO_MANY_STEPS)])


def test_every_problem_is_told_at_once() -> None:
    plan = Plan(
        "",
        [
            StepSet(0, [Step(70_000, 9_000, -1, 3)], 2),
            StepSet(1, [], 5),
            StepSet(1, [Step(-90_000, 1, 950_000, 8)], 7),
        ],
        1, 900_000,
    )  # fmt: skip
    assert found(plan) == [
        (0, plans.BAD_NAME), (0, plans.BAD_RETURN), (0, plans.BAD_RETURN),
        (2, plans.BAD_REPEAT), (3, plans.BAD_TILT), (3, plans.BAD_RATE), (3, plans.BAD_HOLD),
        (5, plans.NO_STEPS), (8, plans.BAD_TILT), (8, plans.BAD_RATE), (8, plans.BAD_HOLD),
    ]  # fmt: skip


def text_of(plan: Plan) -> str:
    (problem,) = check(plan, limits.Settings())
    return problem.text


def test_a_value_just_past_a_bound_does_not_read_like_the_bound() -> None:
    assert "60.001 deg" in text_of(make((60_001, 3_000, 0)))
    assert "3.001 deg/s" in text_of(make((0, 3_001, 0)))
    assert "hold 900.001 s" in text_of(make((0, 3_000, 900_001)))
    assert "300.001 s" in text_of(make((0, 3_000, 0), rest_ms=300_001))
    assert "-0.5 deg" in plans._degrees_text(-500)
    assert plans._degrees_text(60_000) == "60.0 deg"
    assert plans._degrees_text(0) == "0.0 deg"


def edge(right) -> int:
    """The largest hold in ms for which `right(hold_ms)` still holds."""
    low, high = 0, limits.HOLD_MAX_MS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if right(middle) else (low, middle)
    return low


@pytest.mark.requirement("RQ-017")
@pytest.mark.parametrize("limit_ms", [10_000, 60_000, 359_999, 360_000])
def test_the_head_down_limit_to_the_millisecond(limit_ms: int) -> None:
    settings = limits.Settings()
    settings.head_down_max_ms = limit_ms

    def plan(hold_ms: int) -> Plan:
        return make((3_000, 3_000, hold_ms), return_rate_mdeg_per_s=3_000)

    def stretch_ms(hold_ms: int) -> int:
        totals = profile.Totals()
        for segment in profile.segments(plan(hold_ms), settings.acceleration_mdeg_per_s2):
            totals.add(segment)
        return totals.head_down_stretch_ms

    hold_ms = edge(lambda hold_ms: found(plan(hold_ms), settings) == [])
    assert stretch_ms(hold_ms) == limit_ms
    assert found(plan(hold_ms + 1), settings) == [(10, plans.TOO_LONG_HEAD_DOWN)]


@pytest.mark.requirement("RQ-017")
def test_the_session_limit_to_the_millisecond() -> None:
    settings = limits.Settings()
    settings.session_max_ms = 600_000

    def plan(hold_ms: int) -> Plan:
        return make((0, 3_000, hold_ms), (-75_000, 3_000, 1_000))

    hold_ms = edge(lambda hold_ms: found(plan(hold_ms), settings) == [])
    totals = profile.Totals()
    for segment in profile.segments(plan(hold_ms), settings.acceleration_mdeg_per_s2):
        totals.add(segment)
    assert totals.total_ms == 600_000
    assert found(plan(hold_ms + 1), settings) == [(0, plans.TOO_LONG)]
    text = check(plan(hold_ms + 1), settings)[0].text
    assert "takes 601 s; the limit is 600 s" in text


def test_an_endless_plan_is_refused_quickly() -> None:
    steps = [Step(0, 3_000, 900_000, n) for n in range(4)]
    plan = Plan("n", [StepSet(200, steps, 1)] * 16, 2_000, 0)
    assert found(plan) == [(0, plans.TOO_LONG)]
    assert "more than 2400 s" in check(plan, limits.Settings())[0].text


@given(PLANS)
def test_check_answers_for_any_plan_and_the_same_twice(plan: Plan) -> None:
    once = found(plan)
    assert found(plan) == once
    for step_set in plan.sets:
        for step in step_set.steps:
            bad = step.tilt_mdeg > 60_000 or step.rate_mdeg_per_s > 3_000
            told = any(
                line == step.line and code in (plans.BAD_TILT, plans.BAD_RATE)
                for line, code in once
            )
            assert told or not bad
