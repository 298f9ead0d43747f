"""The order in which the peers of a large swarm are chosen, and when each was recorded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LEECHERS = sa.text('"left" > 0')


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("peers", sa.Column("place", number, server_default="0", nullable=False))
    op.add_column("peers", sa.Column("recorded_at", sa.Double(), server_default="0", nullable=False))
    op.create_index("ix_peers_file_id_place", "peers", ["file_id", "place"])
    op.create_index(
        "ix_peers_leechers",
        "peers",
        ["file_id", "place"],
        sqlite_where=_LEECHERS,
        postgresql_where=_LEECHERS,
    )
    op.create_index("ix_peers_file_id_host", "peers", ["file_id", "host"])


def downgrade() -> None:
    for index in ("ix_peers_file_id_host", "ix_peers_leechers", "ix_peers_file_id_place"):
        op.drop_index(index, "peers")
    op.drop_column("peers", "recorded_at")
    op.drop_column("peers", "place")
