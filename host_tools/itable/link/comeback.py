"""A table that restarts: its port goes away for a moment, and comes back."""

import time
from collections.abc import Callable

from itable.errors import LinkError, NoDeviceError
from itable.link.client import Client
from itable.link.models import Status

MOST_S = 60.0
_LOOK_S = 0.3
SELF_TEST_MS = 8_000
"""A table that is still testing itself after so long will not be home by waiting."""


def connect_again(
    connect: Callable[[], Client],
    *,
    most_s: float = MOST_S,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Client, Status]:
    """A new client of the table once it has restarted and tested itself, and its status.

    `connect` opens the port and greets. Raises LinkError when it does not come back in `most_s`.
    """
    end_s = clock() + most_s
    while True:
        client = None
        try:
            client = connect()
            while True:
                status = client.status()
                if status.state != "SELF_TEST" or status.uptime_ms > SELF_TEST_MS:
                    return client, status
                sleep(_LOOK_S)
        except (LinkError, NoDeviceError) as error:
            if client is not None:
                client.close()
            if clock() >= end_s:
                raise LinkError(
                    "the table did not come back after its restart",
                    where=error.where,
                    next_step="switch it off and on; `itable settings show` tells what it kept",
                ) from error
            sleep(_LOOK_S)
        except BaseException:
            if client is not None:
                client.close()
            raise
