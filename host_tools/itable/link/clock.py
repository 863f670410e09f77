"""Keeps the table's clock right, so that its logs carry the time of day."""

from inversion_table.contract.messages import BUSY, CLOCK_SET_FROM_S
from itable.errors import RefusedError
from itable.link.client import Client

OFF_MOST_S = 2


def keep(client: Client, now_unix_s: int) -> bool:
    """Set the table's clock to `now_unix_s` if it is off by more than OFF_MOST_S; whether it was.

    Away from home a table does not take it; that is for the next time. A computer whose own clock
    was never set says nothing.
    """
    if now_unix_s < CLOCK_SET_FROM_S:
        return False
    if abs(client.status().unix_s - now_unix_s) <= OFF_MOST_S:
        return False
    try:
        client.set_clock(now_unix_s)
    except RefusedError as error:
        if error.code != BUSY:
            raise
        return False
    return True
