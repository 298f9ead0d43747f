"""Accounts that the operator has blocked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("blocked_at", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "blocked_at")
