"""Transfers whose content is repaired where it lies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "in_place",
        sa.Column("transfer", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("transfer"),
        if_not_exists=True,
    )
