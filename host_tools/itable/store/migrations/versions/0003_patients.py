"""Patients: screenings, approvals, programmes, uploads, outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """New tables beside those of the sessions, which stay as they are."""
    op.create_table(
        "patient",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patient"),
        sa.UniqueConstraint("key", name="uq_patient_key"),
    )
    op.create_table(
        "screening",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("patient_id", sa.Integer, nullable=False),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("list_version", sa.Integer, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_screening"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_screening_patient_id"),
    )
    op.create_index("ix_screening_patient_id", "screening", ["patient_id"])
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("screening_id", sa.Integer, nullable=False),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screening.id"], name="fk_approval_screening_id"
        ),
    )
    op.create_index("ix_approval_screening_id", "approval", ["screening_id"])
    op.create_table(
        "programme",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("patient_id", sa.Integer, nullable=False),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        sa.Column("ended_s", sa.BigInteger),
        sa.Column("template", sa.String(32), nullable=False),
        sa.Column("start_day", sa.String(10), nullable=False),
        sa.Column("days_a_week", sa.Integer, nullable=False),
        sa.Column("sets", sa.Integer, nullable=False),
        sa.Column("rest_ms", sa.Integer, nullable=False),
        sa.Column("levels", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_programme"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_programme_patient_id"),
    )
    op.create_index("ix_programme_patient_id", "programme", ["patient_id"])
    op.create_table(
        "week_report",
        sa.Column("programme_id", sa.Integer, nullable=False),
        sa.Column("week", sa.Integer, nullable=False),
        sa.Column("bad", sa.Boolean, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("programme_id", "week", name="pk_week_report"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name="fk_week_report_programme_id"
        ),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("patient_id", sa.Integer, nullable=False),
        sa.Column("screening_id", sa.Integer, nullable=False),
        sa.Column("approval_id", sa.Integer),
        sa.Column("programme_id", sa.Integer),
        sa.Column("week", sa.Integer),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("plan_id", sa.String(16), nullable=False),
        sa.Column("plan_name", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(16), nullable=False),
        sa.Column("source_text", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("total_ms", sa.BigInteger, nullable=False),
        sa.Column("head_down_ms", sa.BigInteger, nullable=False),
        sa.Column("tilt_max_mdeg", sa.BigInteger, nullable=False),
        sa.Column("stored", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_upload_patient_id"),
        sa.ForeignKeyConstraint(["screening_id"], ["screening.id"], name="fk_upload_screening_id"),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name="fk_upload_approval_id"),
        sa.ForeignKeyConstraint(["programme_id"], ["programme.id"], name="fk_upload_programme_id"),
    )
    for column in ("patient_id", "programme_id", "plan_id"):
        op.create_index(f"ix_upload_{column}", "upload", [column])
    op.create_table(
        "session_patient",
        sa.Column("session_id", sa.Integer, nullable=False),
        sa.Column("patient_id", sa.Integer, nullable=False),
        sa.Column("upload_id", sa.Integer),
        sa.PrimaryKeyConstraint("session_id", name="pk_session_patient"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_session_patient_session_id"
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name="fk_session_patient_patient_id"
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name="fk_session_patient_upload_id"),
    )
    for column in ("patient_id", "upload_id"):
        op.create_index(f"ix_session_patient_{column}", "session_patient", [column])
    op.create_table(
        "outcome",
        sa.Column("session_id", sa.Integer, nullable=False),
        sa.Column("pain_before", sa.Integer),
        sa.Column("pain_after", sa.Integer),
        sa.Column("comfort", sa.Integer),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_outcome"),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name="fk_outcome_session_id"),
    )
