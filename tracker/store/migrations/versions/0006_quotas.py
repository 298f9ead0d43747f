"""The user who added a file and the size of its metainfo, for counting quotas."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would copy the table, and dropping the old one drops what refers to it.
    op.add_column("files", sa.Column("added_by", sa.Integer(), nullable=True))
    op.add_column(
        "files",
        sa.Column("metainfo_size", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.execute(
        "UPDATE files SET"
        " added_by = (SELECT user_id FROM shares WHERE file_id = files.id ORDER BY id LIMIT 1),"
        " metainfo_size = COALESCE("
        "(SELECT length(content) FROM metainfos WHERE file_id = files.id), 0)"
    )
    op.create_index("ix_files_added_by_metainfo_size", "files", ["added_by", "metainfo_size"])


def downgrade() -> None:
    op.drop_index("ix_files_added_by_metainfo_size", "files")
    op.drop_column("files", "metainfo_size")
    op.drop_column("files", "added_by")
