"""Which transfers began as uploads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = """
    id, user, "group", name, info_hash, metainfo, path, complete, paused, bitfield, facts,
    uploaded, downloaded, added_at, error
"""


def upgrade() -> None:
    columns = sa.inspect(op.get_bind()).get_columns("transfers")
    if any(column["name"] == "is_upload" for column in columns):
        return
    op.rename_table("transfers", "transfers_before")
    op.create_table(
        "transfers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("info_hash", sa.LargeBinary(), nullable=False),
        sa.Column("metainfo", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("is_upload", sa.Boolean(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("bitfield", sa.LargeBinary(), nullable=True),
        sa.Column("facts", sa.String(), nullable=True),
        sa.Column("uploaded", sa.Integer(), nullable=False),
        sa.Column("downloaded", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user", "group", "name"),
    )
    # What was complete without having been downloaded was shared.
    op.execute(f"""
        INSERT INTO transfers ({_KEPT}, is_upload)
        SELECT {_KEPT}, complete AND downloaded = 0 FROM transfers_before
    """)
    op.drop_table("transfers_before")
