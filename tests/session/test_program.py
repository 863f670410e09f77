from inversion_table.safety import limits
from inversion_table.session import profile
from inversion_table.session.plan import Plan, Step, StepSet
from inversion_table.session.program import Program

PLAN = Plan(
    "three sets",
    [
        StepSet(2, [Step(1_000, 1_100, 10), Step(2_000, 1_200, 20)]),
        StepSet(1, [Step(3_000, 1_300, 30)]),
        StepSet(5, [Step(4_000, 1_400, 40), Step(-5_000, 1_500, 50), Step(6_000, 1_600, 60)]),
    ],
    2_500,
    7_000,
)


def test_a_plan_laid_out_flat() -> None:
    program = Program(PLAN, 2_000)
    assert program.name == "three sets"
    assert program.plan_id == PLAN.plan_id()
    assert program.tilt_mdeg == [1_000, 2_000, 3_000, 4_000, -5_000, 6_000]
    assert program.rate_mdeg_per_s == [1_100, 1_200, 1_300, 1_400, 1_500, 1_600]
    assert program.hold_ms == [10, 20, 30, 40, 50, 60]
    assert program.set_first == [0, 2, 3]
    assert program.set_count == [2, 1, 3]
    assert program.set_times == [2, 1, 5]
    assert program.step_total == 2 * 2 + 1 + 5 * 3
    assert (program.return_rate_mdeg_per_s, program.rest_ms) == (2_500, 7_000)


def test_left_from_every_step_is_the_sum_of_the_segments_that_follow() -> None:
    program = Program(PLAN, 2_000)
    here = limits.HOME_TILT_MDEG
    segments = list(profile.segments(PLAN, 2_000))
    left_ms = sum(segment.duration_ms for segment in segments)
    for set_index, step_set in enumerate(PLAN.sets):
        for pass_index in range(step_set.times):
            for step_index, step in enumerate(step_set.steps):
                place = (set_index, pass_index, step_index)
                assert program.left_ms(*place, 0, here) == left_ms
                moved_ms = profile.move_ms(abs(step.tilt_mdeg - here), step.rate_mdeg_per_s, 2_000)
                here = step.tilt_mdeg
                left_ms -= moved_ms
                assert program.left_ms(*place, 0, here) == left_ms
                left_ms -= step.hold_ms
                assert program.left_ms(*place, step.hold_ms, here) == left_ms
    assert program.return_left_ms(here, PLAN.rest_ms) == left_ms
    assert program.return_left_ms(limits.HOME_TILT_MDEG, 0) == 0
