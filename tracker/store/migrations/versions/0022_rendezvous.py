"""Rendezvous: where clients connect from, and what they are to be told of each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("connections", sa.Column("host", sa.String(64)))
    op.add_column("connections", sa.Column("port", number))
    op.create_table(
        "rendezvous",
        sa.Column("id", number, nullable=False),
        sa.Column("connection_id", sa.String(64), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name="fk_rendezvous_connection_id_connections",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rendezvous"),
    )
    op.create_index("ix_rendezvous_connection_id", "rendezvous", ["connection_id"])


def downgrade() -> None:
    op.drop_table("rendezvous")
    op.drop_column("connections", "port")
    op.drop_column("connections", "host")
