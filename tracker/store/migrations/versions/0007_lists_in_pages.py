"""Indexes for long lists: files by size and age, and a group's members by role."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_files_group_id_size", "files", ["group_id", "size"])
    op.create_index("ix_files_group_id_added_at", "files", ["group_id", "added_at"])
    op.create_index("ix_memberships_group_id_role", "memberships", ["group_id", "role"])


def downgrade() -> None:
    op.drop_index("ix_memberships_group_id_role", "memberships")
    op.drop_index("ix_files_group_id_added_at", "files")
    op.drop_index("ix_files_group_id_size", "files")
