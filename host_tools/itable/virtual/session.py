"""A whole session on a virtual table: upload, START, home; what was seen on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from itable.errors import InternalError
from itable.link.client import Client
from itable.link.models import Status
from itable.plans.loading import Judged
from itable.plans.upload import upload

if TYPE_CHECKING:
    from table_bench.virtual import VirtualTable

LOOK_MS = 2_000
"""How often the demo looks: each look costs wall time."""
_PRESS_MS = 150
_SPARE_MS = 300_000


@dataclass
class Course:
    """How a session went in bench time: `start_ms` is when the session's clock was at 0."""

    begun_ms: float
    ended_ms: float
    start_ms: float
    uncertain_ms: float


def run_session(
    table: "VirtualTable", client: Client, judged: Judged, seen: Callable[[Status], None]
) -> Course:
    """Run the plan from START to home; `seen` gets every look. Raises InternalError."""
    upload(client, judged)
    begun_ms = table.now_ms
    table.press("START", _PRESS_MS)
    table.advance(3 * _PRESS_MS)
    give_up_ms = begun_ms + judged.sums().total_ms + _SPARE_MS
    # Each look says how old the session was at some moment between asking and answer; all of them
    # together tell when it began.
    earliest_ms, latest_ms = begun_ms, table.now_ms
    while True:
        before_ms = table.now_ms
        status = client.status()
        seen(status)
        if status.session_ms:
            earliest_ms = max(earliest_ms, before_ms - status.session_ms)
            latest_ms = min(latest_ms, table.now_ms - status.session_ms)
        elif status.state == "HOME" and table.now_ms > begun_ms + 10 * _PRESS_MS:
            break
        if status.state in ("STOPPED", "FAULT") or table.now_ms > give_up_ms:
            raise InternalError(
                f"the session did not end at home: {status.state}, {status.fault_engineer}",
                next_step="run it again with another --seed, and report this one",
            )
        table.advance(LOOK_MS)
    middle_ms = (earliest_ms + latest_ms) / 2
    return Course(begun_ms, table.now_ms, middle_ms, abs(latest_ms - earliest_ms) / 2)
