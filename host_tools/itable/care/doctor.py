"""A look at everything between this computer and the table, and at the table itself.

It moves nothing and changes nothing (RQ-148).
"""

import time
from collections.abc import Callable, Iterator

from itable import exits
from itable.care import behind, cable, clock
from itable.care.checks import QUIET, Snapshot, all_checks
from itable.care.findings import BAD, TODO, Finding
from itable.errors import LinkError, RefusedError
from itable.link.client import Client
from itable.link.models import Hello

ANSWER_S = 1.0
_LOOKS = 5
_BETWEEN_S = 0.15


def examine(port: str | None) -> Iterator[Finding]:
    """Every finding as it is made: the way to the table first, then the table."""
    from itable.link import ports

    name, found = cable.look(port)
    yield from found
    if name is None:
        return
    with ports.open_port(name) as transport:
        client = Client(transport, name=name, attempts=2, timeout_s=ANSWER_S)
        hello = None
        for each in behind.greet(client, transport, name):
            if isinstance(each, Hello):
                hello = each
            else:
                yield each
        if hello is None:
            return
        try:
            yield from of_the_table(client, hello)
        except LinkError as error:
            yield Finding(
                "link",
                BAD,
                f"the table answered, and then no longer: {error.what}",
                "check the cable and its plugs, then look again",
                exits.LINK_FAILED,
            )


def of_the_table(
    client: Client,
    hello: Hello,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """What a table that answers tells of itself; raises LinkError when it stops answering."""
    device = client.get_device()
    yield behind.versions(hello, device.micropython, device.machine)
    if device.lock_problem:
        yield Finding("lock", TODO, device.lock_problem, "`itable lock status`")
    yield from all_checks(snapshot(client, now, sleep))


def snapshot(client: Client, now: Callable[[], float], sleep: Callable[[float], None]) -> Snapshot:
    """Ask for everything; a button counts as pressed if every look finds it so."""
    reading = clock.measure(client, now, sleep)
    pressed: set[str] | None = None
    trips_ms = []
    for _ in range(_LOOKS):
        begun_s = now()
        seen = set(client.get_device().pressed)
        trips_ms.append((now() - begun_s) * 1000)
        pressed = seen if pressed is None else pressed & seen
        sleep(_BETWEEN_S)
    status = client.status()
    settings = None
    if status.state in QUIET:
        try:
            settings = client.get_settings()
        except RefusedError:
            settings = None  # somebody has just pressed START
    return Snapshot(
        status=status,
        device=client.get_device(),
        rest=client.rest(),
        calibration=client.get_calibration(),
        log=client.list_log(),
        reading=reading,
        now_s=now(),
        settings=settings,
        pressed=tuple(sorted(pressed or ())),
        round_trip_ms=sorted(trips_ms)[_LOOKS // 2],
    )
