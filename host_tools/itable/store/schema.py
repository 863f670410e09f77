"""The tables of the store as they are now; migrations/ leads there from every older version.

Times are milliseconds of the session, dates seconds since 1970, angles millidegrees. What is in
`session_raw` is the truth; all else of a session is derived from it, except what its device said.
"""

import sqlalchemy as sa

HEAD = "0003"
"""The version of the schema that this program reads and writes."""
DERIVED = 2
"""Counts up whenever the same pages give other rows; older rows are then made anew."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

device = sa.Table(
    "device",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sa.Column("first_seen_s", sa.BigInteger, nullable=False),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("device_id", sa.ForeignKey("device.id"), nullable=False),
    # Which session it is. A device whose flash was erased counts anew: `mark` tells them apart.
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("first_page", sa.BigInteger, nullable=False),
    sa.Column("mark", sa.String(32), nullable=False),
    # Said by the device when it was pulled, as JSON.
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("pulled_s", sa.BigInteger, nullable=False),
    # Derived from the pages.
    sa.Column("derived", sa.Integer, nullable=False),
    sa.Column("byte_count", sa.Integer, nullable=False),
    sa.Column("sample_count", sa.Integer, nullable=False),
    sa.Column("event_count", sa.Integer, nullable=False),
    sa.Column("whole", sa.Boolean, nullable=False),
    sa.Column("missing", sa.Text, nullable=False),
    sa.Column("kind", sa.Integer),
    sa.Column("plan_id", sa.String(16)),
    sa.Column("plan_name", sa.String(64)),
    sa.Column("firmware", sa.String(32)),
    sa.Column("contract", sa.String(16)),
    sa.Column("settings_id", sa.String(16)),
    sa.Column("calibration_id", sa.String(16)),
    sa.Column("reset_cause", sa.Integer),
    sa.Column("start_unix_s", sa.BigInteger),
    sa.Column("duration_ms", sa.BigInteger, nullable=False),
    sa.Column("end_reason", sa.Integer),
    sa.Column("end_fault", sa.Integer),
    sa.Column("fault_count", sa.BigInteger),
    sa.Column("box_count", sa.Integer),
    sa.Column("max_tilt_mdeg", sa.BigInteger),
    sa.Column("head_down_ms", sa.BigInteger),
    sa.Column("worst_error_mdeg", sa.BigInteger),
    sa.UniqueConstraint("device_id", "number", "first_page", "mark"),
)

session_raw = sa.Table(
    "session_raw",
    metadata,
    sa.Column("session_id", sa.ForeignKey("session.id"), primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
)

session_event = sa.Table(
    "session_event",
    metadata,
    sa.Column("session_id", sa.ForeignKey("session.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("t_ms", sa.BigInteger, nullable=False),
    sa.Column("code", sa.Integer, nullable=False),
    sa.Column("a", sa.BigInteger, nullable=False),
    sa.Column("b", sa.BigInteger, nullable=False),
)
