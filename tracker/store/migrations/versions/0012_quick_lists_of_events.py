"""Indexes of events in their order, and the event after which a member joined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0015"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OF_ACCOUNTS = sa.text("group_id < 1")
_ADDED = {
    "ix_events_group_id_id": ["group_id", "id"],
    "ix_events_group_id_kind_id_actor": ["group_id", "kind", "id", "actor"],
    "ix_events_subject_kind_actor": ["subject", "kind", "actor"],
}
_DROPPED = {
    "ix_events_group_id": ["group_id"],
    "ix_events_group_id_at_kind_actor": ["group_id", "at", "kind", "actor"],
    "ix_events_subject_kind": ["subject", "kind"],
}


def upgrade() -> None:
    column = sa.Column("joined_after_event_id", _NUMBER, server_default="0", nullable=False)
    op.add_column("memberships", column)
    op.execute(
        "UPDATE memberships SET joined_after_event_id = COALESCE("
        "(SELECT id - 1 FROM events WHERE events.group_id = memberships.group_id"
        " AND events.at >= memberships.joined_at ORDER BY events.at LIMIT 1),"
        " (SELECT MAX(id) FROM events), 0)"
    )
    for name, columns in _ADDED.items():
        op.create_index(name, "events", columns)
    op.create_index(
        "ix_events_of_accounts",
        "events",
        ["subject", "id"],
        sqlite_where=_OF_ACCOUNTS,
        postgresql_where=_OF_ACCOUNTS,
    )
    for name in _DROPPED:
        op.drop_index(name, "events")


def downgrade() -> None:
    for name, columns in _DROPPED.items():
        op.create_index(name, "events", columns)
    for name in ("ix_events_of_accounts", *_ADDED):
        op.drop_index(name, "events")
    op.drop_column("memberships", "joined_after_event_id")
