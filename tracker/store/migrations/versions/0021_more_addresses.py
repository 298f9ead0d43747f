"""Other addresses of clients: those inside their networks, and one of the other family."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEX = "ix_connections_other_host"
_IS_USED = sa.text("other_host <> ''")


def upgrade() -> None:
    # Not in batches: SQLite would copy the table, and dropping the old one drops what refers to it.
    for name, length in (("local", 255), ("other_host", 64)):
        column = sa.Column(name, sa.String(length), server_default="", nullable=False)
        op.add_column("connections", column)
    op.add_column(
        "connections", sa.Column("other_port", _NUMBER, server_default="0", nullable=False)
    )
    op.create_index(
        _INDEX, "connections", ["other_host"], sqlite_where=_IS_USED, postgresql_where=_IS_USED
    )


def downgrade() -> None:
    op.drop_index(_INDEX, "connections")
    for name in ("other_port", "other_host", "local"):
        op.drop_column("connections", name)
