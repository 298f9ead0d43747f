"""Options of downloads: priority, order of pieces, which files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("transfer", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("in_order", sa.Boolean(), nullable=False),
        sa.Column("only", sa.String(), nullable=False),
        sa.Column("placed", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("transfer"),
        if_not_exists=True,
    )
