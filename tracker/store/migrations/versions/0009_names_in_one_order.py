"""In PostgreSQL: names in the order of their characters, and numbers that suffice for peers.

Each announce makes new rows, and a number is never given twice there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NAMES = (("groups", 64), ("files", 255))


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, length in _NAMES:
        op.alter_column(table, "name", type_=sa.String(length, collation="C"))
    op.alter_column("peers", "id", type_=sa.BigInteger())
    op.execute("ALTER SEQUENCE peers_id_seq AS bigint")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DELETE FROM peers")  # all come back by themselves
    op.execute("ALTER SEQUENCE peers_id_seq AS integer RESTART")
    op.alter_column("peers", "id", type_=sa.Integer())
    for table, length in _NAMES:
        op.alter_column(table, "name", type_=sa.String(length, collation="default"))
