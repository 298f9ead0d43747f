"""The info-hashes of files that were removed from their groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ONLY_REMOVALS = sa.text("info_hash IS NOT NULL")


def upgrade() -> None:
    op.add_column("events", sa.Column("info_hash", sa.LargeBinary(20), nullable=True))
    op.create_index(
        "ix_events_info_hash",
        "events",
        ["info_hash"],
        sqlite_where=_ONLY_REMOVALS,
        postgresql_where=_ONLY_REMOVALS,
    )


def downgrade() -> None:
    op.drop_index("ix_events_info_hash", "events")
    op.drop_column("events", "info_hash")
