"""What logs of format 2 say more: calibration, first fault, number of faults, black boxes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Empty at first: opening the store derives them anew from the pages."""
    with op.batch_alter_table("session") as table:
        table.add_column(sa.Column("calibration_id", sa.String(16)))
        table.add_column(sa.Column("end_fault", sa.Integer))
        table.add_column(sa.Column("fault_count", sa.BigInteger))
        table.add_column(sa.Column("box_count", sa.Integer))
