"""Clients present over IPv4 and IPv6 at once; completions counted once per client."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("peers", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_peers_file_id_user_id_peer_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_peers_file_id_user_id_peer_id_host"),
            ["file_id", "user_id", "peer_id", "host"],
        )

    op.create_table(
        "completions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("peer_id", sa.LargeBinary(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["files.id"], name=op.f("fk_completions_file_id_files"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_completions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completions")),
        sa.UniqueConstraint(
            "file_id", "user_id", "peer_id", name=op.f("uq_completions_file_id_user_id_peer_id")
        ),
    )
    with op.batch_alter_table("completions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_completions_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("completions")

    # The former key doesn't allow two addresses of one client: all come back by themselves.
    op.execute("DELETE FROM peers")
    with op.batch_alter_table("peers", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("uq_peers_file_id_user_id_peer_id_host"), type_="unique"
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_peers_file_id_user_id_peer_id"), ["file_id", "user_id", "peer_id"]
        )
