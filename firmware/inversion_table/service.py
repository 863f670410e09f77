"""What a host may ask of the REPL in SERVICE. Nothing that runs in a session imports this."""

from inversion_table.contract import frame
from inversion_table.contract.messages import contract_hash
from inversion_table.startup import STORE_FOLDER
from inversion_table.store.lock import SealError, set_key
from inversion_table.store.values import Store, StoreError


def set_seal_key(text: str) -> None:
    """Keep the clinic's key (64 hex digits), once, and print how it went (RQ-133).

    Prints one frame: {"contract", "key_id"}, or {"contract", "refused"} with the reason.
    """
    answer = {"contract": contract_hash()}
    try:
        answer["key_id"] = set_key(Store(STORE_FOLDER), text)
    except (SealError, StoreError, OSError) as error:
        answer["refused"] = str(error)
    print(frame.encode(answer).decode(), end="")  # noqa: T201 - to the REPL
