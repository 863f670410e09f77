"""What a session's pages say, as rows: made when pages come in, anew when this program reads more.

The pages are the truth; everything here can be thrown away and made again.
"""

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from itable.store import schema
from itable.store.schema import session, session_event, session_raw

if TYPE_CHECKING:
    from itable.log.decode import SessionLog

AT_ONCE = 50
"""So many sessions are read in one go: a store of thousands does not have to fit into memory."""


def derive(connection: sa.Connection, row_id: int, data: bytes) -> "SessionLog":
    """Write all rows that follow from the pages of a session; returns what they say."""
    from itable.log.decode import decode

    log = decode(data)
    connection.execute(sa.update(session).where(session.c.id == row_id).values(**_sums(log)))
    connection.execute(sa.delete(session_event).where(session_event.c.session_id == row_id))
    rows = [
        {"session_id": row_id, "position": position, **event._asdict()}
        for position, event in enumerate(log.events)
    ]
    if rows:
        connection.execute(sa.insert(session_event), rows)
    return log


def renew(connection: sa.Connection) -> bool:
    """Make some derived rows anew that an older itable made; whether there may be more of them."""
    query = (
        sa.select(session.c.id, session_raw.c.data)
        .join(session_raw)
        .where(session.c.derived < schema.DERIVED)
        .order_by(session.c.id)
        .limit(AT_ONCE)
    )
    found = connection.execute(query).all()
    for row_id, data in found:
        derive(connection, int(row_id), bytes(data))
    return len(found) == AT_ONCE


def _sums(log: "SessionLog") -> dict[str, Any]:
    """What a session's row says of its pages."""
    header, end = log.header, log.end
    return {
        "derived": schema.DERIVED,
        "byte_count": log.byte_count,
        "sample_count": len(log.columns),
        "event_count": len(log.events),
        "whole": not log.missing,
        "missing": json.dumps(log.missing),
        "duration_ms": log.duration_ms,
        "kind": header and header.kind,
        "plan_id": header and header.plan_id,
        "plan_name": header and header.plan_name,
        "firmware": header and header.firmware,
        "contract": header and header.contract,
        "settings_id": header and header.settings_id,
        "calibration_id": header and header.calibration_id,
        "reset_cause": header and header.reset_cause,
        "start_unix_s": header and header.start_unix_s,
        "end_reason": end and end.reason,
        "end_fault": end and end.fault,
        "fault_count": end and end.faults,
        "box_count": len(log.boxes),
        "max_tilt_mdeg": end and end.max_tilt_mdeg,
        "head_down_ms": end and end.head_down_ms,
        "worst_error_mdeg": end and end.worst_error_mdeg,
    }
