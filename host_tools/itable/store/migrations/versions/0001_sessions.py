"""Devices and their sessions: raw pages, what they say in sum, their events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From an empty database."""
    op.create_table(
        "device",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("first_seen_s", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("name", name="uq_device_name"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("device_id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("first_page", sa.BigInteger, nullable=False),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("pulled_s", sa.BigInteger, nullable=False),
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
        sa.Column("reset_cause", sa.Integer),
        sa.Column("start_unix_s", sa.BigInteger),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("end_reason", sa.Integer),
        sa.Column("max_tilt_mdeg", sa.BigInteger),
        sa.Column("head_down_ms", sa.BigInteger),
        sa.Column("worst_error_mdeg", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_session_device_id"),
        sa.UniqueConstraint(
            "device_id", "number", "first_page", "mark", name="uq_session_device_id"
        ),
    )
    op.create_table(
        "session_raw",
        sa.Column("session_id", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_session_raw"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_session_raw_session_id"),
    )
    op.create_table(
        "session_event",
        sa.Column("session_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("t_ms", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Integer, nullable=False),
        sa.Column("a", sa.BigInteger, nullable=False),
        sa.Column("b", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "position", name="pk_session_event"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_session_event_session_id"),
    )
