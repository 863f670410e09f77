"""A read plan against a device's settings: the shared check, its problems at their keys' lines."""

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from itable.plans import findings, timeline
from itable.plans.findings import Finding
from itable.plans.reader import PlanFile

LIMIT_KINDS = {
    plans.BAD_FORM: findings.FORM,
    plans.BAD_TILT: findings.TILT,
    plans.BAD_RATE: findings.RATE,
    plans.BAD_HOLD: findings.HOLD,
    plans.BAD_REPEAT: findings.TIMES,
    plans.TOO_MANY_STEPS: findings.TOO_MANY_STEPS,
    plans.TOO_LONG: findings.TOO_LONG,
    plans.TOO_LONG_HEAD_DOWN: findings.TOO_LONG_HEAD_DOWN,
    plans.BAD_RETURN: findings.RETURN,
    plans.BAD_NAME: findings.NAME,
    plans.NO_STEPS: findings.NO_STEPS,
}

_ALLOWED = {
    plans.BAD_REPEAT: "times = 1 or more",
    plans.TOO_MANY_STEPS: "fewer steps; use times for what repeats",
    plans.TOO_LONG: "shorter holds, fewer times",
    plans.TOO_LONG_HEAD_DOWN: "shorter holds, or a rest at tilt_deg = 0 in between",
    plans.BAD_NAME: 'a short name, as in name = "Monday"',
    plans.NO_STEPS: "at least one [[set]] with one [[set.step]], or a mode as [set.static]",
}


def judge(plan_file: PlanFile, settings: limits.Settings) -> list[Finding]:
    """Every problem of the file, of form and of limits, in the order of its lines."""
    found = list(plan_file.found)
    if plan_file.plan is not None:
        found += _limit_findings(plan_file, plan_file.plan, settings)
    # What a mode repeats has one cause.
    return sorted(dict.fromkeys(found), key=lambda finding: (finding.line, finding.column))


def _limit_findings(
    plan_file: PlanFile, plan: plans.Plan, settings: limits.Settings
) -> list[Finding]:
    if len(plan.sets) > limits.MAX_SETS:
        line = plan_file.line("set", plan_file.written_sets[limits.MAX_SETS])
        return [
            Finding(
                line,
                "set",
                findings.TOO_MANY_SETS,
                f"{len(plan.sets)} sets are needed (intermittent needs two)"
                if len(plan.sets) > len(plan_file.sets)
                else f"{len(plan.sets)} sets are written",
                f"at most {limits.MAX_SETS} sets; use times for what repeats",
            )
        ]
    found = []
    # A list that is no list was already reported; that there is then no step follows from it.
    already = {(finding.key, finding.line) for finding in plan_file.found}
    numbered = _numbered(plan_file, plan)
    for problem in plans.check(numbered, settings):
        if plan_file.found and problem.code in (plans.TOO_LONG, plans.TOO_LONG_HEAD_DOWN):
            continue  # times of a plan with holes in it mean nothing
        if problem.code == plans.NO_STEPS and not problem.line and ("set", 0) in plan_file.lines:
            continue  # a set is written, and what is wrong with it was reported
        place = _place(plan_file, numbered, settings, problem)
        if place is not None and not (problem.code == plans.NO_STEPS and place in already):
            key, line = place
            kind = LIMIT_KINDS[problem.code]
            found.append(
                Finding(line, key, kind, problem.text, _allowed(problem.code, settings, key))
            )
    return found


def _numbered(plan_file: PlanFile, plan: plans.Plan) -> plans.Plan:
    """The plan with the numbers of steps and written sets, from 1, for lines.

    A line may hold several steps and a step several lines: with numbers a problem knows its cause.
    """
    sets, number = [], 0
    for step_set, written_set in zip(plan.sets, plan_file.written_sets, strict=True):
        steps = []
        for step in step_set.steps:
            number += 1
            steps.append(
                plans.Step(step.tilt_mdeg, step.rate_mdeg_per_s, step.hold_ms, line=number)
            )
        sets.append(plans.StepSet(step_set.times, steps, line=written_set + 1))
    return plans.Plan(plan.name, sets, plan.return_rate_mdeg_per_s, plan.rest_ms)


def _place(
    plan_file: PlanFile, numbered: plans.Plan, settings: limits.Settings, problem: plans.Problem
) -> tuple[str, int] | None:
    """Key and line of what caused a problem; None when it only follows from another one."""
    code, number = problem.code, problem.line - 1
    if code in (plans.BAD_TILT, plans.BAD_RATE, plans.BAD_HOLD):
        origin = plan_file.origins[number]
        if code == plans.BAD_TILT:
            return origin.tilt  # between two tilts: one of them is outside as well
        return origin.rate if code == plans.BAD_RATE else origin.hold
    if code == plans.TOO_LONG_HEAD_DOWN:
        number = timeline.longest_head_down_line(numbered, settings.acceleration_mdeg_per_s2) - 1
        return plan_file.origins[number].table, plan_file.origins[number].line
    if code == plans.TOO_LONG:
        number = timeline.longest_set_line(numbered, settings.acceleration_mdeg_per_s2) - 1
        return "set", plan_file.line("set", number)
    if code == plans.BAD_REPEAT:
        return "set.times", plan_file.line("set", number, "times")
    if code == plans.NO_STEPS and number >= 0:
        return "set.step", plan_file.line("set", number, "step")
    if code == plans.BAD_RETURN:
        for key in ("rate_deg_per_s",) if "rate" in problem.text else ("rest_s", "rest_min"):
            if ("return", key) in plan_file.lines:
                return "return." + key, plan_file.line("return", key)
        return "return", plan_file.line("return")
    if code == plans.BAD_NAME:
        return "name", plan_file.line("name")
    return "set", plan_file.line("set")


def _allowed(code: int, settings: limits.Settings, key: str) -> str:
    if code == plans.BAD_TILT:
        lowest, highest = limits.HOME_TILT_MDEG, plans.tilt_limit(settings)
        name = key.rpartition(".")[2]
        return f"{name} from {lowest / 1000:g} (home) to {highest / 1000:g} (tilt_max_mdeg)"
    if code == plans.BAD_RATE or key == "return.rate_deg_per_s":
        lowest, highest = limits.RATE_MIN_MDEG_PER_S, plans.rate_limit(settings)
        name = key.rpartition(".")[2]
        return f"{name} from {lowest / 1000:g} to {highest / 1000:g} (rate_max_mdeg_per_s)"
    if code == plans.BAD_HOLD:
        stem = key.rpartition(".")[2].rpartition("_")[0]
        return f"{stem}_s from 0 to {limits.HOLD_MAX_MS // 1000}, or {stem}_min"
    if code == plans.BAD_RETURN:
        return f"rest_s from 0 to {limits.REST_MAX_MS // 1000}, or rest_min"
    return _ALLOWED.get(code, "")
