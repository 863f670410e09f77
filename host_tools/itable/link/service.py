"""What a table is asked for in SERVICE, through its REPL."""

from inversion_table.contract import frame
from inversion_table.contract.messages import contract_hash
from itable.errors import LinkError, MismatchError, RefusedError
from itable.link.repl import in_service
from itable.link.transport import Transport


def set_seal_key(transport: Transport, key: bytes, name: str = "") -> str:
    """Give the table the clinic's key; returns the key's id.

    Raises LinkError when it is not in SERVICE, RefusedError when it has a key, MismatchError.
    """
    program = f"from inversion_table.service import set_seal_key as s\ns('{key.hex()}')\n"
    repl = in_service(transport, name)
    printed = repl.run(program)
    repl.exit_raw_repl()
    try:
        answer = frame.decode(printed)
    except frame.FrameError:
        answer = None
    if not isinstance(answer, dict):
        raise LinkError(
            "the table's answer came damaged",
            where=name,
            next_step="`itable lock status`, after switching it off and on, says whether it"
            " was locked",
        )
    if "refused" in answer:
        raise RefusedError(
            f"the table refused: {answer['refused']}",
            0,
            where=name,
            next_step="`itable lock status`, after switching it off and on, says which key it has",
        )
    if answer.get("contract") != contract_hash() or not isinstance(answer.get("key_id"), str):
        raise MismatchError(
            "tool and table speak different versions",
            where=name,
            next_step="install tool and firmware of the same version",
        )
    identity: str = answer["key_id"]
    return identity
