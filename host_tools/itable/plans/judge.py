"""A read plan against a device's settings: the shared check, its problems at their keys' lines."""

from inversion_table.safety import limits
from inversion_table.session import plan as plans
from itable.plans import timeline
from itable.plans.findings import Finding
from itable.plans.reader import PlanFile

LIMIT_KINDS = {
    plans.BAD_FORM: "form",
    plans.BAD_TILT: "tilt",
    plans.BAD_RATE: "rate",
    plans.BAD_HOLD: "hold",
    plans.BAD_REPEAT: "times",
    plans.TOO_MANY_STEPS: "too-many-steps",
    plans.TOO_LONG: "session-too-long",
    plans.TOO_LONG_HEAD_DOWN: "head-down-too-long",
    plans.BAD_RETURN: "return",
    plans.BAD_NAME: "name",
    plans.NO_STEPS: "no-steps",
}

_STEP_KEYS = {
    plans.BAD_TILT: ("tilt_deg",),
    plans.BAD_RATE: ("rate_deg_per_s",),
    plans.BAD_HOLD: ("hold_s", "hold_min"),
}

_WHY = {
    plans.BAD_REPEAT: "times = 1 or more",
    plans.TOO_MANY_STEPS: "fewer steps; use times for what repeats",
    plans.TOO_LONG: "shorter holds, fewer times",
    plans.TOO_LONG_HEAD_DOWN: "shorter holds, or a rest at tilt_deg = 0 in between",
    plans.BAD_NAME: 'a short name, as in name = "Monday"',
    plans.NO_STEPS: "at least one [[set]] with one [[set.step]]",
}


def judge(plan_file: PlanFile, settings: limits.Settings) -> list[Finding]:
    """Every problem of the file, of form and of limits, in the order of its lines."""
    found = list(plan_file.found)
    if plan_file.plan is not None:
        found += _limit_findings(plan_file, plan_file.plan, settings)
    return sorted(found, key=lambda finding: (finding.line, finding.column))


def _limit_findings(
    plan_file: PlanFile, plan: plans.Plan, settings: limits.Settings
) -> list[Finding]:
    if len(plan.sets) > limits.MAX_SETS:
        line = plan_file.line("set", limits.MAX_SETS)
        return [
            Finding(
                line,
                "set",
                "too-many-sets",
                f"{len(plan.sets)} sets are written",
                f"at most {limits.MAX_SETS} sets; use times for what repeats",
            )
        ]
    found = []
    # A list that is no list was already reported; that there is then no step follows from it.
    already = {(finding.key, finding.line) for finding in plan_file.found}
    for problem in plans.check(plan, settings):
        if plan_file.found and problem.code in (plans.TOO_LONG, plans.TOO_LONG_HEAD_DOWN):
            continue  # times of a plan with holes in it mean nothing
        key, line = _place(plan_file, plan, settings, problem)
        if (key, line) not in already:
            kind = LIMIT_KINDS[problem.code]
            found.append(
                Finding(line, key, kind, problem.text, _allowed(problem.code, settings, key))
            )
    return found


def _place(
    plan_file: PlanFile, plan: plans.Plan, settings: limits.Settings, problem: plans.Problem
) -> tuple[str, int]:
    """Key and line of what caused a problem: nearer than the line of its step."""
    if problem.code in _STEP_KEYS:
        for set_number, step_set in enumerate(plan.sets):
            for step_number, step in enumerate(step_set.steps):
                if step.line != problem.line:
                    continue
                path = ("set", set_number, "step", step_number)
                for key in _STEP_KEYS[problem.code]:
                    if (*path, key) in plan_file.lines:
                        return "set.step." + key, plan_file.line(*path, key)
                return "set.step." + _STEP_KEYS[problem.code][0], problem.line
    if problem.code == plans.BAD_REPEAT:
        for number, step_set in enumerate(plan.sets):
            if step_set.line == problem.line:
                return "set.times", plan_file.line("set", number, "times")
    if problem.code == plans.BAD_RETURN:
        for key in ("rate_deg_per_s",) if "rate" in problem.text else ("rest_s", "rest_min"):
            if ("return", key) in plan_file.lines:
                return "return." + key, plan_file.line("return", key)
        return "return", plan_file.line("return")
    if problem.code == plans.BAD_NAME:
        return "name", plan_file.line("name")
    if problem.code == plans.TOO_LONG:
        return "set", timeline.longest_set_line(plan, settings.acceleration_mdeg_per_s2)
    if problem.code == plans.TOO_LONG_HEAD_DOWN:
        return "set.step", timeline.longest_head_down_line(plan, settings.acceleration_mdeg_per_s2)
    if problem.code == plans.NO_STEPS and problem.line:
        for number, step_set in enumerate(plan.sets):
            if step_set.line == problem.line:
                return "set.step", plan_file.line("set", number, "step")
    return "set", problem.line or plan_file.line("set")


def _allowed(code: int, settings: limits.Settings, key: str) -> str:
    if code == plans.BAD_TILT:
        lowest, highest = limits.HOME_TILT_MDEG, plans.tilt_limit(settings)
        return f"tilt_deg from {lowest / 1000:g} (home) to {highest / 1000:g} (tilt_max_mdeg)"
    if code == plans.BAD_RATE or key == "return.rate_deg_per_s":
        lowest, highest = limits.RATE_MIN_MDEG_PER_S, plans.rate_limit(settings)
        return f"rate_deg_per_s from {lowest / 1000:g} to {highest / 1000:g} (rate_max_mdeg_per_s)"
    if code == plans.BAD_HOLD:
        return f"hold_s from 0 to {limits.HOLD_MAX_MS // 1000}, or hold_min"
    if code == plans.BAD_RETURN:
        return f"rest_s from 0 to {limits.REST_MAX_MS // 1000}, or rest_min"
    return _WHY.get(code, "")
