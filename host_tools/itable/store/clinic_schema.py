"""The tables about patients, beside those of schema.py. A patient is a pseudonym and nothing else.

Dates are seconds since 1970, or days as in "2026-11-22"; angles millidegrees, durations ms.
"""

import sqlalchemy as sa

from itable.store.schema import metadata

patient = sa.Table(
    "patient",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(16), nullable=False),
    # The name in lower case: P-017 and p-017 are one patient.
    sa.Column("key", sa.String(16), nullable=False, unique=True),
    sa.Column("created_s", sa.BigInteger, nullable=False),
)

screening = sa.Table(
    "screening",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patient.id"), nullable=False, index=True),
    sa.Column("at_s", sa.BigInteger, nullable=False),
    sa.Column("asked_by", sa.String(64), nullable=False),
    sa.Column("list_version", sa.Integer, nullable=False),
    # JSON: question -> yes, no or unanswered.
    sa.Column("answers", sa.Text, nullable=False),
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("screening_id", sa.ForeignKey("screening.id"), nullable=False, index=True),
    sa.Column("at_s", sa.BigInteger, nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

programme = sa.Table(
    "programme",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patient.id"), nullable=False, index=True),
    sa.Column("created_s", sa.BigInteger, nullable=False),
    sa.Column("ended_s", sa.BigInteger),
    sa.Column("template", sa.String(32), nullable=False),
    sa.Column("start_day", sa.String(10), nullable=False),
    sa.Column("days_a_week", sa.Integer, nullable=False),
    sa.Column("sets", sa.Integer, nullable=False),
    sa.Column("rest_ms", sa.Integer, nullable=False),
    # JSON: [[tilt_mdeg, hold_ms], ...], one level a week as prescribed.
    sa.Column("levels", sa.Text, nullable=False),
)

week_report = sa.Table(
    "week_report",
    metadata,
    sa.Column("programme_id", sa.ForeignKey("programme.id"), primary_key=True),
    sa.Column("week", sa.Integer, primary_key=True),
    sa.Column("bad", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at_s", sa.BigInteger, nullable=False),
)

upload = sa.Table(
    "upload",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patient.id"), nullable=False, index=True),
    sa.Column("screening_id", sa.ForeignKey("screening.id"), nullable=False),
    sa.Column("approval_id", sa.ForeignKey("approval.id")),
    sa.Column("programme_id", sa.ForeignKey("programme.id"), index=True),
    sa.Column("week", sa.Integer),
    sa.Column("at_s", sa.BigInteger, nullable=False),
    sa.Column("device", sa.String(64), nullable=False),
    # What the table holds and logs: the plan with the patient and the release code in its name.
    sa.Column("plan_id", sa.String(16), nullable=False, index=True),
    sa.Column("plan_name", sa.String(64), nullable=False),
    # The plan as it was written, before it was named for the patient; its text, to read it again.
    sa.Column("source_id", sa.String(16), nullable=False),
    sa.Column("source_text", sa.Text, nullable=False),
    # Who was screened, who approved and why, as JSON; the code in the name is a hash of it.
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("code", sa.String(8), nullable=False),
    sa.Column("total_ms", sa.BigInteger, nullable=False),
    sa.Column("head_down_ms", sa.BigInteger, nullable=False),
    sa.Column("tilt_max_mdeg", sa.BigInteger, nullable=False),
    # False until the table has answered that it keeps the plan.
    sa.Column("stored", sa.Boolean, nullable=False),
)

session_patient = sa.Table(
    "session_patient",
    metadata,
    sa.Column("session_id", sa.ForeignKey("session.id"), primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patient.id"), nullable=False, index=True),
    sa.Column("upload_id", sa.ForeignKey("upload.id"), index=True),
)

outcome = sa.Table(
    "outcome",
    metadata,
    sa.Column("session_id", sa.ForeignKey("session.id"), primary_key=True),
    # 0 to 10; NULL: not asked.
    sa.Column("pain_before", sa.Integer),
    sa.Column("pain_after", sa.Integer),
    sa.Column("comfort", sa.Integer),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at_s", sa.BigInteger, nullable=False),
)
