"""In PostgreSQL as in SQLite: names in the order of their characters, numbers of 64 bits.

Each announce makes new rows, and a number is never given twice there: 32 bits don't suffice.
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
    _change_numbers(sa.INTEGER, sa.BIGINT)


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DELETE FROM peers")  # all come back by themselves
    op.execute("ALTER SEQUENCE peers_id_seq RESTART")
    _change_numbers(sa.BIGINT, sa.INTEGER)
    for table, length in _NAMES:
        op.alter_column(table, "name", type_=sa.String(length, collation="default"))


_LARGE = {("files", "size"), ("files", "metainfo_size")}
_LARGE |= {("peers", column) for column in ("left", "uploaded", "downloaded")}
"""What had 64 bits before."""


def _change_numbers(old: type[sa.types.Integer], new: type[sa.types.Integer]) -> None:
    tables = sa.inspect(op.get_bind())
    for table in tables.get_table_names():
        for column in tables.get_columns(table):
            if isinstance(column["type"], old) and (table, column["name"]) not in _LARGE:
                op.alter_column(table, column["name"], type_=new())
    for sequence in tables.get_sequence_names():
        op.execute(f"ALTER SEQUENCE {sequence} AS {new.__name__}")
