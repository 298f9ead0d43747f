"""Read notices, and HTTP API tokens. Existing logins stay sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("told_event", sa.Integer(), server_default="0", nullable=False)
        )

    # Don't send users notices of all past events.
    op.execute("UPDATE users SET told_event = (SELECT COALESCE(MAX(id), 0) FROM events)")

    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scope", sa.String(length=16), nullable=True))
        batch_op.add_column(
            sa.Column("label", sa.String(length=64), server_default="", nullable=False)
        )

    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_events_subject"), ["subject"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_events_subject"))

    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_column("label")
        batch_op.drop_column("scope")

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("told_event")
