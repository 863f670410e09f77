"""Storing a judged plan on a table, and its refusal in the words of the file."""

from inversion_table.contract import messages
from inversion_table.contract.seal import key_id, seal
from itable.errors import InputError, RefusedError
from itable.link.client import Client
from itable.plans.loading import Judged


def upload(client: Client, judged: Judged, key: bytes | None = None) -> bool:
    """Store the plan, sealed by `key` if the table is locked; whether it was sealed.

    Raises InputError when the table's key is not at hand, RefusedError with the device's reasons
    at the file's lines.
    """
    counter, text = _seal(client, judged, key)
    try:
        client.put_plan(judged.plan.to_wire(), judged.plan.plan_id(), counter, text)
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
    return text is not None


def _seal(client: Client, judged: Judged, key: bytes | None) -> tuple[int | None, str | None]:
    """Number and seal that the table asks for; (None, None) when it is not locked."""
    lock = client.get_lock()
    if not lock.locked:
        return None, None
    if key is None:
        raise InputError(
            f"this table takes only plans sealed with its clinic's key {lock.key_id}",
            where=client.name,
            next_step="name the file of that key: --key FILE, or set ITABLE_KEY",
        )
    if lock.key_id and key_id(key) != lock.key_id:
        raise InputError(
            f"this is the key {key_id(key)}, but the table is locked with {lock.key_id}",
            where=client.name,
            next_step="name the file of the table's own key: --key FILE",
        )
    counter = lock.counter + 1
    return counter, seal(key, lock.device, counter, judged.plan.canonical())


def _reasons(data: object) -> list[str]:
    """The device's problems as "line 7: why"; none when it gave none in the agreed form."""
    problems = data.get("problems") if isinstance(data, dict) else data
    reasons = []
    for problem in problems if isinstance(problems, list) else []:
        if isinstance(problem, dict) and "text" in problem:
            line = problem.get("line")
            reasons.append((f"line {line}: " if line else "") + str(problem["text"]))
    return reasons
