"""Indexes for users' notices: by group without reading the events, by subject and kind."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["group_id", "at", "kind", "actor"]
    op.create_index("ix_events_group_id_at_kind_actor", "events", columns)
    op.create_index("ix_events_subject_kind", "events", ["subject", "kind"])
    op.drop_index("ix_events_subject", "events")


def downgrade() -> None:
    op.create_index("ix_events_subject", "events", ["subject"])
    op.drop_index("ix_events_subject_kind", "events")
    op.drop_index("ix_events_group_id_at_kind_actor", "events")
