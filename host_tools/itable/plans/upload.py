"""Storing a judged plan on a table, and its refusal in the words of the file."""

from inversion_table.contract import messages
from itable.errors import RefusedError
from itable.link.client import Client
from itable.plans.loading import Judged


def upload(client: Client, judged: Judged) -> None:
    """Store the plan; raises RefusedError, with the device's reasons at the file's lines."""
    try:
        client.put_plan(judged.plan.to_wire(), judged.plan.plan_id())
    except RefusedError as error:
        if error.code != messages.PLAN_REFUSED:
            raise
        reasons = _reasons(error.data)
        raise RefusedError(
            "the table refused the plan: " + "; ".join(reasons) if reasons else error.what,
            error.code,
            error.data,
            where=f"{judged.path}, refused by the table at {client.name}",
            next_step=error.next_step,
        ) from error


def _reasons(data: object) -> list[str]:
    """The device's problems as "line 7: why"; none when it gave none in the agreed form."""
    problems = data.get("problems") if isinstance(data, dict) else data
    reasons = []
    for problem in problems if isinstance(problems, list) else []:
        if isinstance(problem, dict) and "text" in problem:
            line = problem.get("line")
            reasons.append((f"line {line}: " if line else "") + str(problem["text"]))
    return reasons
