"""Who adds files to a group, the role that an invitation gives, quotas, and members' traffic."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0011"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _owned_by(table: str, owner: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    """Return a column of `table` that refers to an owner, a user or group, and its constraint."""
    column = f"{owner}_id"
    name = f"fk_{table}_{column}_{owner}s"
    return (
        sa.Column(column, _NUMBER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint([column], [f"{owner}s.id"], name=name, ondelete="CASCADE"),
    )


def upgrade() -> None:
    # Not in batches: SQLite would copy the tables, and dropping the old ones drops what refers
    # to them.
    op.add_column(
        "groups", sa.Column("upload", sa.String(16), server_default="members", nullable=False)
    )
    op.add_column(
        "invitations", sa.Column("role", sa.String(16), server_default="member", nullable=False)
    )
    op.drop_index("ix_files_added_by_metainfo_size", "files")
    op.create_index("ix_files_added_by_sizes", "files", ["added_by", "metainfo_size", "size"])
    op.create_table(
        "user_quotas",
        *_owned_by("user_quotas", "user"),
        sa.Column("files", _NUMBER, nullable=True),
        sa.Column("bytes", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_quotas"),
    )
    op.create_table(
        "group_quotas",
        *_owned_by("group_quotas", "group"),
        sa.Column("files", _NUMBER, nullable=True),
        sa.Column("bytes", _NUMBER, nullable=True),
        sa.Column("members", _NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("group_id", name="pk_group_quotas"),
    )
    for column in ("up", "down"):
        op.add_column(
            "memberships", sa.Column(column, _NUMBER, server_default="0", nullable=False)
        )


def downgrade() -> None:
    for column in ("up", "down"):
        op.drop_column("memberships", column)
    for table in ("group_quotas", "user_quotas"):
        op.drop_table(table)
    op.drop_index("ix_files_added_by_sizes", "files")
    op.create_index("ix_files_added_by_metainfo_size", "files", ["added_by", "metainfo_size"])
    op.drop_column("invitations", "role")
    op.drop_column("groups", "upload")
    op.execute("UPDATE memberships SET role = 'member' WHERE role IN ('uploader', 'reader')")
